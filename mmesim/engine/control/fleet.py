"""The hosts of the endpoint, as they come and go: provisioned, drained, lost, replaced.

What a new host is like is its configuration; what happens to what is on a host that goes, the loader and the kernel
know. When hosts come and go others decide: a scenario's faults, its scaling policies, its deploys, a custom process.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import simpy

from mmesim.engine.control.config import Configs
from mmesim.engine.control.gauge import Gauge
from mmesim.engine.control.host import Host
from mmesim.engine.control.journal import Journal
from mmesim.engine.control.loads.loader import Loader
from mmesim.engine.control.task import Slots
from mmesim.engine.dataplane import DataPlane
from mmesim.engine.environment import Environment
from mmesim.engine.kernel.codes import UP
from mmesim.engine.setup import cores_and_slope, placement_key
from mmesim.errors import UserError
from mmesim.results.measured.happened import Kind
from mmesim.scenario.endpoint.devices import Devices
from mmesim.scenario.endpoint.endpoint import Endpoint
from mmesim.scenario.endpoint.host_type import HostType
from mmesim.scenario.models.resolve import called
from mmesim.scenario.scenario import Scenario
from mmesim.workload.draws.generators import generator
from mmesim.workload.draws.sampler import Sampler

POLL_S = 1.0
"""How often a host that is drained is looked at."""

Process = Generator[simpy.Event, Any, Any]


@dataclass(eq=False)
class Coming:
    """A host that was asked for and is not in service yet."""

    zone: int
    side: int
    host: Host | None = None
    """Once it is there, and loads its preloads."""
    is_wanted: bool = True


class Fleet:
    """Every host that ever was there, in order of its row. Times are seconds of simulated time."""

    def __init__(
        self,
        env: Environment,
        plane: DataPlane,
        scenario: Scenario,
        replication: int,
        hosts: list[Host],
        loader: Loader,
        journal: Journal,
    ) -> None:
        self._env = env
        self._plane = plane
        self._scenario = scenario
        self._replication = replication
        self._loader = loader
        self._journal = journal
        self._configs = Configs(plane, scenario, replication)
        self._provisioned = 0
        self._rehashes = False
        self._rehashed = 0
        self._coming: list[Coming] = []
        self._in_service: Sequence[Host] | None = None
        self.hosts = hosts
        self.serving = Gauge(0, env.now)
        """How many of them the router may send to."""
        self.side = 0
        """The side of the hosts that serve the endpoint; while it is updated, new ones come on the other side, 1."""
        self._sides = {0}
        """The sides that hosts are on: two while it is updated."""
        self.taking: dict[int, int] = {}
        """How many hosts of a side take calls while a deploy says so: what is provisioned beyond that rests."""
        self.endpoint: Endpoint | None = None
        """The configuration of new hosts that a deploy has brought; None: the scenario's."""
        self.desired = scenario.endpoint.instance_count
        """How many hosts the endpoint is set to have: a host that is lost is still wanted."""
        self.updating = Slots(env, 1)
        """Taken while the endpoint is Updating: with `endpoint.serial_scaling` one change is made at a time."""
        for _ in range(self.desired):
            first = self._come(None, self._emptiest_zone(self.side), self.side)
            first.was_open = True
            self._opened(first)
        self._rehashes = scenario.endpoint.router.at_scale == "rehash"
        self._rehashed = int(plane.tables.views.clock[0].fleet_epoch)

    @property
    def alive(self) -> list[Host]:
        """The hosts that are there now, also those that are drained or not in service yet."""
        return [host for host in self.hosts if not host.is_gone]

    @property
    def in_service(self) -> Sequence[Host]:
        """The hosts that are there and to which the router sends."""
        if self._in_service is None:
            self._in_service = tuple(host for host in self.hosts if host.is_open)
        return self._in_service

    @property
    def coming(self) -> list[Coming]:
        """The hosts that will be in service on the side of those that serve, in the order in which they were asked for.

        Replacements of lost hosts are among them.
        """
        here = [one for one in self._coming if one.side == self.side and one.is_wanted]
        return [one for one in here if one.host is None or not one.host.is_gone]

    def is_on_its_way(self, host: Host) -> bool:
        """Whether a host still loads its preloads."""
        return any(one.host is host for one in self._coming)

    def take_on(self, side: int) -> None:
        """Hosts may come on this side from now on, too."""
        self._sides.add(side)

    def give_up(self, side: int) -> None:
        """The hosts of this side go: what is on its way in place of lost ones is not wanted any more."""
        self._sides.remove(side)
        for one in self._coming:
            if one.side == side:
                self.drop(one)

    def drop(self, coming: Coming) -> None:
        """A host that is on its way is not wanted any more: it goes, at the latest when it would be there."""
        coming.is_wanted = False
        if coming.host is not None and not coming.host.is_gone:
            self.lose(coming.host)

    def zone_of(self, host: Host) -> int:
        """Its Availability Zone, from 1: that with the fewest hosts of its side, for a replacement that of the lost."""
        return host.zone

    def add(self, endpoint: Endpoint | None = None) -> Host:
        """A new host, up from now and cold; `endpoint`: with other figures than hosts have now."""
        host = self._come(endpoint, self._emptiest_zone(self.side), self.side)
        self.open(host)
        return host

    def provision(
        self,
        endpoint: Endpoint | None = None,
        after: float | None = None,
        side: int | None = None,
        opens: bool = True,
    ) -> simpy.Process:
        """A new host that is in service once it has been provisioned and has loaded its preloads. The value: the host.

        It takes a time drawn from `endpoint.provisioning`, or `after` seconds. `endpoint`: with other figures than
        hosts have now; `side`: not on that of the others; `opens`: False when `open` is left to the caller. A host that
        is lost before it was in service is the value, too: it is gone then.
        """
        at = self.side if side is None else side
        return self._asked_for(endpoint, after, Coming(self._emptiest_zone(at), at), opens)

    def replace(self, host: Host) -> simpy.Process:
        """Provision a host in place of one that is gone: with the same figures, in the same zone, cold.

        During a deploy it rests, as the lost one did, unless its side lacks a host that takes calls.
        """
        coming = Coming(host.zone, host.side, is_wanted=host.side in self._sides)
        return self._asked_for(host.config.endpoint, None, coming, True)

    def open(self, host: Host) -> None:
        """The router may send to a host from now on that is new or rests."""
        self._must_be_there(host)
        self._opened(host)
        if not host.was_open:
            host.was_open = True
            self._journal.note(Kind.in_service, host=host.row, after_s=self._env.now - host.asked_s)
        self._changed()

    def rest(self, host: Host) -> None:
        """Send nothing more to a host until it is opened again; what is there goes on."""
        self._must_be_there(host)
        self._closed(host)
        self._changed()

    def split_calls(self, share: float) -> None:
        """The hosts of side 1 take this share of the calls from now on, those of side 0 the others."""
        self._plane.split_calls(self._env.now, share)
        self._changed()

    def drain(self, host: Host) -> simpy.Process:
        """Send nothing more to a host; it goes once nothing is in flight there, at the latest after `endpoint.drain`.

        What is still in flight then fails with host_lost. The event: the host is gone.
        """
        self._must_be_there(host)
        host.leaves = True
        self._closed(host)
        self._journal.note(Kind.draining, host=host.row)
        self._changed()
        return self._env.process(self._drain(host))

    def remove(self, host: Host) -> None:
        """A host goes, now and for good, with the models on it; nothing may be in flight or loading there."""
        self._must_be_there(host)
        hosts = self._plane.tables.views.hosts
        busy = int(hosts.in_flight[host.row]), int(hosts.load_queue[host.row])
        if any(busy):
            raise ValueError(f"host {host.row} is busy (in flight: {busy[0]}, loads: {busy[1]}): drain it first")
        self._end(host)
        self._notice(host)

    def lose(self, host: Host) -> None:
        """A host is no more: everything on it fails now with host_lost.

        So do calls that the router still sends there, until it knows of the loss, `endpoint.loss_noticed_after` later.
        """
        self._must_be_there(host)
        delay_s = self._scenario.endpoint.loss_noticed_after_s
        sends = int(self._plane.tables.views.hosts.state[host.row]) == UP
        self._end(host)
        if sends and delay_s > 0.0:
            noticed = self._env.timeout(delay_s)
            noticed.callbacks.append(lambda _: self._notice(host))
        else:
            self._notice(host)

    def _opened(self, host: Host) -> None:
        self._plane.open_host(self._env.now, host.row)
        self._takes_calls(host, True)

    def _closed(self, host: Host) -> None:
        self._plane.drain_host(self._env.now, host.row)
        self._takes_calls(host, False)

    def _takes_calls(self, host: Host, yes: bool) -> None:
        """Whether the router may send to a host from now on."""
        self.serving.add(yes - host.is_open, self._env.now)
        host.is_open = yes
        self._in_service = None

    def _emptiest_zone(self, side: int) -> int:
        """The lowest zone with the fewest hosts of a side that are there to stay or on their way."""
        taken = [host.zone for host in self.hosts if host.side == side and not (host.is_gone or host.leaves)]
        taken += [one.zone for one in self._coming if one.side == side and one.host is None and one.is_wanted]
        return min(range(1, 1 + self._scenario.endpoint.zones), key=lambda zone: (taken.count(zone), zone))

    def _come(self, endpoint: Endpoint | None, zone: int, side: int) -> Host:
        """A new host to which the router does not send yet."""
        scenario, number, now = self._scenario, len(self.hosts), self._env.now
        config = self._configs.of(self.endpoint if endpoint is None else endpoint, now)
        key = placement_key(scenario, self._replication, "host", number)
        hardware = config.endpoint.host
        row = int(self._plane.add_host(now, key, config.place, hardware.cpu_speed))
        self._plane.equip_host(now, row, config.kind.event_loops, hardware.vcpu, *cores_and_slope(hardware))
        if scenario.uses_devices:
            self._plane.equip_devices(now, row, _devices(hardware, scenario))
        if scenario.endpoint.model_cache == "disabled":
            self._plane.want(now, row, 1)
        rng = generator(scenario.run.seed, self._replication, "eviction", number)
        host = Host(self._env, row, config, zone, rng)
        if side:
            host.side = side
            self._plane.take_side(now, row, side)
        self.hosts.append(host)
        return host

    def _asked_for(self, endpoint: Endpoint | None, after: float | None, coming: Coming, opens: bool) -> simpy.Process:
        self._coming.append(coming)
        return self._env.process(self._provision(endpoint, after, coming, opens))

    def _provision(self, endpoint: Endpoint | None, after: float | None, coming: Coming, opens: bool) -> Process:
        self._journal.note(Kind.provisioning)
        drawn_s, asked_s = self._draw_s(), self._env.now
        yield self._env.timeout(drawn_s if after is None else after)
        coming.host = host = self._come(endpoint, coming.zone, coming.side)
        host.asked_s = asked_s
        loads = self._preload(host) if coming.is_wanted else []
        if loads:
            yield self._env.all_of(loads)
        self._coming.remove(coming)
        if not host.is_gone and not coming.is_wanted:
            self.lose(host)
        if opens and not host.is_gone and self._takes_more(host.side):
            self.open(host)
        return host

    def _takes_more(self, side: int) -> bool:
        """Whether one more host of a side may take calls."""
        return side not in self.taking or sum(host.side == side for host in self.in_service) < self.taking[side]

    def _draw_s(self) -> float:
        """The provisioning time of the next host that is asked for."""
        self._provisioned += 1
        number, seed = self._provisioned, self._scenario.run.seed
        sampler = Sampler((self._scenario.endpoint.provisioning,))
        rngs = {name: generator(seed, self._replication, "provisioning", name, number) for name in sampler.families}
        return float(sampler.draw(rngs, np.zeros(1, dtype=np.int64))[0])

    def _preload(self, host: Host) -> list[simpy.Process]:
        """Begin to load what a new host loads before it takes calls, in the order of the table, as far as it fits."""
        names = self._scenario.endpoint.preload
        room, tasks = host.free
        begun = []
        for model in () if names is None else called(names, host.config.models):
            needs, its_tasks = host.config.peak_bytes[model.index], host.config.tasks[model.index]
            if needs <= room and its_tasks <= tasks:
                room, tasks = room - host.config.memory_bytes[model.index], tasks - its_tasks
                begun.append(self._loader.load(model.index, host.row))
        return begun

    def _drain(self, host: Host) -> Process:
        hosts, until = self._plane.tables.views.hosts, self._env.now + self._scenario.endpoint.drain_s
        while not host.is_gone and int(hosts.in_flight[host.row]) and self._env.now < until:
            yield self._env.timeout(min(POLL_S, until - self._env.now))
            hosts = self._plane.tables.views.hosts
        if not host.is_gone:
            self._end(host)
            self._notice(host)

    def _end(self, host: Host) -> None:
        """Everything on the host ends now."""
        self._takes_calls(host, False)
        self._loader.abandon(host)
        self._plane.kill_host(self._env.now, host.row)
        self._journal.note(Kind.gone, host=host.row)

    def _notice(self, host: Host) -> None:
        """The router knows that the host is gone."""
        self._plane.notice_loss(self._env.now, host.row)
        self._changed()

    def _changed(self) -> None:
        """A host came, went or rests, or the calls are split: the router may send to other hosts than before."""
        if self._rehashes:
            epoch = int(self._plane.tables.views.clock[0].fleet_epoch)
            if epoch != self._rehashed:
                self._rehashed = epoch
                self._plane.rehash(self._env.now)

    def _must_be_there(self, host: Host) -> None:
        if host.gone_s is not None:
            raise ValueError(f"host {host.row} is gone, since {host.gone_s:g} s")


def _devices(host: HostType, scenario: Scenario) -> Devices:
    """The devices of a new host; UserError for one on which the models cannot use as many as on the scenario's."""
    devices, usual = host.devices, scenario.endpoint.host.devices
    if devices is None or usual is None or devices.count > usual.count:
        has = 0 if devices is None else devices.count
        raise UserError(
            f"a new host has {has} devices, those of the scenario have {0 if usual is None else usual.count}: "
            "models that use devices cannot be deployed to hosts without any, or with more"
        )
    return devices
