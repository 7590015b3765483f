"""A bench for autoscaling: metrics that the test makes up, and a fleet that takes a fixed time for each change."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Any

import simpy

from mmesim.engine.control.journal import Journal
from mmesim.engine.control.task import Slots
from mmesim.engine.measure.live import Period
from mmesim.engine.scaling.scaler import Scaler
from mmesim.results.measured.happened import Kind
from mmesim.scenario.endpoint.autoscaling.autoscaling import Autoscaling
from mmesim.scenario.endpoint.autoscaling.metrics import METRICS
from mmesim.scenario.values.fields import FROM_FILE

PROVISIONING_S, DRAIN_S = 360.0, 30.0
MINUTE = 60.0


@dataclass(eq=False)
class Host:
    row: int


class FakeFleet:
    """Hosts that are in service some time after they were asked for, and gone some time after they were drained."""

    def __init__(self, env: simpy.Environment, hosts: int) -> None:
        self._env = env
        self.desired = hosts
        self.updating = Slots(env, 1)
        self.in_service = [Host(row) for row in range(hosts)]
        self.coming: list[list[bool]] = []
        """For each host on its way, whether it was dropped."""
        self.rows = hosts
        self.gone: list[int] = []
        self.over_time = [(0.0, hosts)]
        """When the hosts in service became how many."""

    def provision(self) -> simpy.Process:
        self.coming.append(dropped := [False])
        return self._env.process(self._provision(dropped))

    def drop(self, coming: list[bool]) -> None:
        coming[0] = True
        self.coming = [one for one in self.coming if one is not coming]

    def drain(self, host: Host) -> simpy.Process:
        self.in_service.remove(host)
        self.gone.append(host.row)
        self._note()
        return self._env.process(self._wait(DRAIN_S))

    def _provision(self, dropped: list[bool]):
        yield self._env.timeout(PROVISIONING_S)
        if dropped[0]:
            return
        self.coming = [one for one in self.coming if one is not dropped]
        self.in_service.append(Host(self.rows))
        self.rows += 1
        self._note()

    def _wait(self, seconds: float):
        yield self._env.timeout(seconds)

    def _note(self) -> None:
        if self.over_time[-1][0] == self._env.now:
            self.over_time.pop()
        self.over_time.append((self._env.now, len(self.in_service)))


Load = Callable[[float, FakeFleet], Mapping[str, float]]
"""The metrics of the period that ends at some time, with the fleet as it is then; the others are missing."""


class FakeLive:
    """Meters that read what the test made up."""

    def __init__(self, env: simpy.Environment, fleet: FakeFleet, load: Load) -> None:
        self._env = env
        self._fleet = fleet
        self._load = load

    def meter(self, _: Collection[str]) -> FakeLive:
        return self

    def read(self, _: float) -> Period:
        figures = dict.fromkeys(METRICS, nan) | dict(self._load(self._env.now, self._fleet))
        hosts = float(len(self._fleet.in_service))
        return Period(figures, hosts, hosts)


@dataclass(frozen=True)
class Scaled:
    """What the scaler did."""

    decisions: list[tuple[float, str, int]]
    """When, `scale_out` or `scale_in`, and how many hosts the endpoint was set to."""
    names: list[str]
    figures: list[Mapping[str, float]]
    fleet: FakeFleet


def scaling(folder: Path | None = None, **keys: Any) -> Autoscaling:
    """The section as a file gives it."""
    return Autoscaling.model_validate(keys, by_alias=True, context={FROM_FILE: True})


def tracking(target: float = 100.0, metric: str = "InvocationsPerInstance", **keys: Any) -> dict[str, Any]:
    return {"target_tracking": {"metric": metric, "target": target, **keys}}


def shared(calls: Callable[[float], float]) -> Load:
    """Calls a minute that the hosts in service share, by the time at which the minute ends."""
    return lambda now, fleet: {"InvocationsPerInstance": calls(now) / max(1, len(fleet.in_service))}


def scale(given: Autoscaling, hosts: int, load: Load, minutes: float, serial: bool = True) -> Scaled:
    """Let the scaler work on a fleet for some minutes."""
    env = simpy.Environment()
    fleet, journal = FakeFleet(env, hosts), Journal(env)  # type: ignore[arg-type]
    live: Any = FakeLive(env, fleet, load)
    Scaler(env, live, fleet, journal, given, minutes * MINUTE, serial)  # type: ignore[arg-type]
    env.run()
    happened = [one for one in journal.happened if one.kind in (Kind.scale_out, Kind.scale_in)]
    return Scaled(
        [(one.at_s, str(one.kind), int(one.figures["desired"])) for one in happened],
        [one.name for one in happened],
        [one.figures for one in happened],
        fleet,
    )
