"""Which hosts there are: they are lost, replaced, provisioned, drained, and replaced by a deploy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from math import inf

import simpy

from mmesim.scenario import Endpoint, Scenario
from mmesim.scenario.models.groups import Model
from mmesim.scenario.values.times import always
from tests.twin.host import Host
from tests.twin.process import Process

LOOK_S = 1.0
"""How often it is looked whether a host that is drained has nothing left in flight."""


@dataclass(eq=False)
class Coming:
    """A host on its way."""

    zone: int
    side: int
    endpoint: Endpoint
    waits: bool = False
    """Whether the router does not send to it before a shift."""
    dropped: bool = False
    host: Host | None = None
    """Once it is there, and loads what it is to have before it takes calls."""


class Fleet:
    """The hosts by number, and those among them that the router sends to."""

    def __init__(
        self,
        env: simpy.Environment,
        scenario: Scenario,
        make: Callable[[int, Endpoint], Host],
        on_lost: Callable[[Host], None],
        on_changed: Callable[[bool], None],
    ) -> None:
        self.env, self.scenario = env, scenario
        self._make, self._on_lost, self._on_changed = make, on_lost, on_changed
        self.side, self.endpoint = 0, scenario.endpoint
        """Those of the hosts that scaling adds."""
        self.on_placed: Callable[[Host, Model], None] = lambda host, model: None
        self.most = {0: inf, 1: inf}
        """Hosts of each side that take calls: one in place of a lost one takes calls if its side lacks one."""
        self.all: list[Host] = []
        self.zone: list[int] = []
        self.up: list[Host] = []
        self.share = 0.0
        self.coming: list[Coming] = []
        self._steps: list[tuple[float, int]] = []  # when how many took calls
        for number in range(scenario.endpoint.instance_count):
            self._enter(Coming(number % scenario.endpoint.zones, 0, scenario.endpoint))

    @property
    def staying(self) -> list[Host]:
        """Hosts in service that are neither lost nor drained."""
        return [host for host in self.up if host.alive]

    @property
    def capacity(self) -> int:
        """Hosts in service or on their way."""
        return len(self.staying) + len(self.coming)

    def mean(self, start_s: float, end_s: float) -> float:
        """Hosts that took calls, mean over this time, which ends now or before."""
        ends = [at for at, _ in self._steps[1:]] + [self.env.now]
        parts = zip(self._steps, ends, strict=True)
        return sum(n * max(0.0, min(end, end_s) - max(at, start_s)) for (at, n), end in parts) / (end_s - start_s)

    def _note(self) -> None:
        self._steps.append((self.env.now, len(self.staying)))

    def _number(self, one: Coming) -> Host:
        host = self._make(len(self.all), one.endpoint)
        host.side, host.endpoint = one.side, one.endpoint
        self.all.append(host)
        self.zone.append(one.zone)
        return host

    def _enter(self, one: Coming) -> None:
        self.up.append(self._number(one))
        self._note()

    def add(self, hosts: int) -> list[simpy.Process]:
        """So many more hosts are provisioned."""
        return [self._provision(self._emptiest_zone(self.side), self.side, self.endpoint, False) for _ in range(hosts)]

    def _emptiest_zone(self, side: int) -> int:
        here = Counter([self.zone[host.number] for host in self.of(side)])
        here.update(one.zone for one in self.coming if one.side == side and one.host is None)
        return min(range(self.scenario.endpoint.zones), key=lambda zone: here[zone])

    def _provision(self, zone: int, side: int, endpoint: Endpoint, waits: bool) -> simpy.Process:
        one = Coming(zone, side, endpoint, waits)
        self.coming.append(one)
        return self.env.process(self._arrive(one))

    def _arrive(self, one: Coming) -> Process:
        yield self.env.timeout(always(one.endpoint.provisioning) or 0.0)
        one.host = host = self._number(one)
        if one.dropped:  # it has a number all the same
            host.alive = False
            return
        yield from self._preload(host)
        if one.dropped or not host.alive:
            return
        self.coming.remove(one)
        if one.waits or len([host for host in self.staying if host.side == one.side]) >= self.most[one.side]:
            return
        self.up.append(host)
        self._note()
        self._on_changed(True)

    def _preload(self, host: Host) -> Process:
        endpoint, names = host.endpoint, self.scenario.endpoint.preload or ()
        room = endpoint.usable_memory_bytes - endpoint.base_memory_bytes
        tasks = inf if endpoint.pid_limit is None else endpoint.pid_limit - self.scenario.server.base_tasks
        loads = []
        for model in self.scenario.model_table():
            needs = endpoint.load_peak * model.pool_memory_bytes
            if model.name in names and needs <= room and model.pool_tasks <= tasks:
                room, tasks = room - model.pool_memory_bytes, tasks - model.pool_tasks
                loads.append(host.preload(model))
                self.on_placed(host, model)
        if loads:
            yield self.env.all_of(loads)

    def drop(self, one: Coming) -> None:
        """A host that is on its way does not come."""
        one.dropped = True
        self.coming.remove(one)
        if one.host is not None:
            self.lose(one.host, False)

    def drain(self, host: Host) -> simpy.Process:
        """The router sends nothing more to this host; it goes when it is empty, or after `drain`."""
        host.leaves = True
        self.up.remove(host)
        self._note()
        self._on_changed(False)
        return self.env.process(self._drained(host))

    def _drained(self, host: Host) -> Process:
        deadline = self.env.now + self.scenario.endpoint.drain_s
        while host.alive and (host.waiting or host.handed) and self.env.now < deadline:
            yield self.env.timeout(min(LOOK_S, deadline - self.env.now))
        if host.alive:
            self._on_lost(host)

    # Deploys.

    def of(self, side: int) -> list[Host]:
        """The hosts of a side that are there to stay."""
        return [host for host in self.all if host.side == side and host.alive and not host.leaves]

    def _ready(self, side: int) -> list[Host]:
        preloading = [one.host for one in self.coming]
        return [host for host in self.of(side) if host not in preloading]

    def rest(self, hosts: int, endpoint: Endpoint, side: int) -> list[simpy.Process]:
        """So many new hosts of a side come, to which the router does not send yet."""
        return [self._provision(self._emptiest_zone(side), side, endpoint, True) for _ in range(hosts)]

    def shift(self, new: int, new_on: int, old_on: int, share: float) -> None:
        """So many hosts of each side take the calls from now on, those of the second side this share of them.

        They are taken from those that are there. Of lost ones the router does not know yet.
        """
        there, old = (self._ready(side) for side in (new, 1 - new))
        takes = [*there[:new_on], *old[max(0, len(old) - old_on) :]]
        takes.sort(key=lambda host: host.number)
        self.most = {new: new_on, 1 - new: old_on}
        came = any(host not in self.up for host in takes)
        stay = [host for host in self.up if host in takes or not host.alive]
        self.up, self.share = stay + [host for host in takes if host not in stay], share
        self._note()
        self._on_changed(came)

    def terminate(self, host: Host) -> simpy.Process:
        """A host that rests goes when it is empty, or after `drain`."""
        host.leaves = True
        return self.env.process(self._drained(host))

    # Faults.

    def lose(self, host: Host, replace: bool) -> None:
        """The host is lost; one that was there to stay is replaced, or not."""
        for one in list(self.coming):
            if one.host is host:
                self.coming.remove(one)
        self._on_lost(host)
        self._note()
        self.env.process(self._notice(host))
        if replace and not host.leaves:
            self._provision(self.zone[host.number], host.side, host.endpoint, False)

    def _notice(self, host: Host) -> Process:
        yield self.env.timeout(self.scenario.endpoint.loss_noticed_after_s)
        if host in self.up:
            self.up.remove(host)
            self._on_changed(False)
