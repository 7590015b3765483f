"""Which hosts there are: they are lost, replaced, provisioned, drained, and replaced by a deploy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import simpy

from mmesim.scenario import Endpoint, Scenario
from mmesim.scenario.faults.fault import Fault
from mmesim.scenario.values.times import always
from tests.twin.host import Host
from tests.twin.process import Process

LOOK_S = 1.0
"""How often it is looked whether a host that is drained has nothing left in flight."""


@dataclass(eq=False)
class Coming:
    """A host on its way into service."""

    zone: int
    dropped: bool = False


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
        self.all: list[Host] = []
        self.zone: list[int] = []
        self.up: list[Host] = []
        self.share = 0.0
        self.coming: list[Coming] = []
        self._steps: list[tuple[float, int]] = []  # when how many took calls
        for number in range(scenario.endpoint.instance_count):
            self._enter(number % scenario.endpoint.zones)

    def begin(self) -> None:
        """Losses come at their times."""
        for fault in self.scenario.faults:
            if fault.instance_loss is not None or fault.zone_loss is not None:
                self.env.process(self._fault(fault))

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

    def _number(self, zone: int, endpoint: Endpoint | None = None) -> Host:
        host = self._make(len(self.all), endpoint or self.scenario.endpoint)
        self.all.append(host)
        self.zone.append(zone)
        return host

    def _enter(self, zone: int) -> None:
        self.up.append(self._number(zone))
        self._note()

    def add(self, hosts: int) -> list[simpy.Process]:
        """So many more hosts are provisioned."""
        return [self.env.process(self._provision(self._emptiest_zone())) for _ in range(hosts)]

    def _emptiest_zone(self) -> int:
        here = Counter([self.zone[host.number] for host in self.staying] + [one.zone for one in self.coming])
        return min(range(self.scenario.endpoint.zones), key=lambda zone: here[zone])

    def _provision(self, zone: int) -> Process:
        one = Coming(zone)
        self.coming.append(one)
        return self._arrive(one)

    def _arrive(self, one: Coming) -> Process:
        yield self.env.timeout(always(self.scenario.endpoint.provisioning) or 0.0)
        if one.dropped:  # it has a number all the same
            self._number(one.zone).alive = False
        else:
            self.coming.remove(one)
            self._enter(one.zone)
            self._on_changed(True)

    def drop(self, one: Coming) -> None:
        """A host that is on its way does not come."""
        one.dropped = True
        self.coming.remove(one)

    def drain(self, host: Host) -> simpy.Process:
        """The router sends nothing more to this host; it goes when it is empty, or after `drain`."""
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

    def rests(self, endpoint: Endpoint, side: int) -> None:
        """A new host of a side is there, to which the router does not send yet."""
        self._number(0, endpoint).side = side

    def shift(self, takes: list[Host], share: float) -> None:
        """These hosts take the calls from now on, those of the second side this share of them."""
        came = any(host not in self.up for host in takes)
        stay = [host for host in self.up if host in takes]
        self.up, self.share = stay + [host for host in takes if host not in stay], share
        self._on_changed(came)

    def terminate(self, host: Host) -> simpy.Process:
        """A host that rests goes when it is empty, or after `drain`."""
        host.leaves = True
        return self.env.process(self._drained(host))

    # Faults.

    def _fault(self, fault: Fault) -> Process:
        assert fault.at_s is not None
        yield self.env.timeout(fault.at_s)
        if fault.instance_loss is not None:
            number = fault.instance_loss.instance
            assert isinstance(number, int)
            if number < len(self.all) and self.all[number].alive:
                self._lose(self.all[number], fault.instance_loss.replace)
        elif fault.zone_loss is not None:
            zone = fault.zone_loss.zone - 1
            for host in list(self.all):
                if host.alive and self.zone[host.number] == zone:
                    self._lose(host, fault.zone_loss.replace)

    def _lose(self, host: Host, replace: bool) -> None:
        stays = host in self.up
        self._on_lost(host)
        self._note()
        self.env.process(self._notice(host))
        if replace and stays:
            self.env.process(self._provision(self.zone[host.number]))

    def _notice(self, host: Host) -> Process:
        yield self.env.timeout(self.scenario.endpoint.loss_noticed_after_s)
        if host in self.up:
            self.up.remove(host)
            self._on_changed(False)
