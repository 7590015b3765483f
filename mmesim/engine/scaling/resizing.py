"""One change of the number of hosts: which come and go, what the journal says of it, and which cooldown it begins."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, Protocol

import simpy

from mmesim.engine.control.journal import Journal
from mmesim.engine.control.task import Slots
from mmesim.engine.environment import Environment
from mmesim.engine.measure.live import LiveMetrics
from mmesim.engine.scaling.decide import Cooldowns
from mmesim.results.measured.happened import Kind
from mmesim.scenario.endpoint.autoscaling.autoscaling import ScaledIn


class Scalable(Protocol):
    """What is scaled: the fleet."""

    desired: int
    updating: Slots

    @property
    def in_service(self) -> Sequence[Any]:
        """The hosts that take calls."""

    @property
    def coming(self) -> Sequence[Any]:
        """The hosts that are on their way into service, replacements too, the newest last."""

    def drop(self, coming: Any) -> None:
        """A host that is on its way is not wanted any more."""

    def provision(self) -> simpy.Process:
        """One more host, which comes into service at the end of the event."""

    def drain(self, host: Any) -> simpy.Process:
        """A host takes no more calls; it is gone at the end of the event."""


class Resizing:
    """Brings a fleet to a number of hosts."""

    def __init__(
        self,
        env: Environment,
        live: LiveMetrics,
        fleet: Scalable,
        journal: Journal,
        cooldowns: Cooldowns,
        scale_in: ScaledIn,
    ) -> None:
        self._env = env
        self._live = live
        self._fleet = fleet
        self._journal = journal
        self._cooldowns = cooldowns
        self._scale_in = scale_in

    def to(self, hosts: int, by: int | None, name: str, figures: dict[str, float]) -> Generator[simpy.Event, Any, None]:
        """Bring the hosts that are in service or on their way to a number: done when they are in service, or gone.

        `by`: the place of the policy that asks for it, None for the schedule; `name` and `figures`: what the journal
        says of it, without figures that are NaN.
        """
        fleet, before = self._fleet, self._fleet.desired
        if hosts == before:
            return
        fleet.desired = hosts
        kind = Kind.scale_out if hosts > before else Kind.scale_in
        known = {figure: value for figure, value in figures.items() if value == value}
        self._journal.note(kind, name, hosts=abs(hosts - before), desired=hosts, **known)
        there = len(fleet.in_service) + len(fleet.coming)  # lost hosts may be missing, or replaced already
        if hosts > before:
            self._cooldowns.out_begins(by, before, self._env.now)
            yield self._env.all_of([fleet.provision() for _ in range(hosts - there)])
            self._cooldowns.out_is_done(by, self._env.now)
        else:
            self._cooldowns.in_begins()
            dropped = fleet.coming[hosts - there :] if there > hosts else ()
            for one in dropped:
                fleet.drop(one)
            leaving = self._leaving(max(0, there - hosts - len(dropped)))
            yield self._env.all_of([fleet.drain(host) for host in leaving])
            self._cooldowns.in_is_done(by, self._env.now)

    def _leaving(self, number: int) -> list[Any]:
        """The hosts that a scale-in takes."""
        hosts = list(self._fleet.in_service)
        match self._scale_in:
            case ScaledIn.newest:
                hosts.sort(key=lambda host: -host.row)
            case ScaledIn.oldest:
                hosts.sort(key=lambda host: host.row)
            case ScaledIn.least_loaded:
                in_flight = self._live.plane.tables.views.hosts.in_flight
                hosts.sort(key=lambda host: (int(in_flight[host.row]), -host.row))
        return hosts[:number]
