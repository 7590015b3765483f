"""The calls of which something can be proved: those that come whatever the endpoint does, each with a model of its own.

Calls of a Poisson process, also one whose rate follows a plan, or of a constant rate: each draws its model
independently of all that has been before. Sessions, drift, traces, users who wait for answers and arrivals in bursts
are none of these; models that they call stay out of every line.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from mmesim.arrays import Flags, Floats
from mmesim.scenario.models.groups import ModelGroup
from mmesim.scenario.scenario import Scenario
from mmesim.scenario.traffic.arrivals import ConstantRate, Poisson
from mmesim.scenario.traffic.planned import Diurnal, FlashCrowd, Schedule
from mmesim.scenario.traffic.stages import Ramp
from mmesim.scenario.traffic.stream import Traffic
from mmesim.workload.arrivals.rates import arrivals_in
from mmesim.workload.block import rows_of
from mmesim.workload.draws.popularity import Mix
from mmesim.workload.hosted import hosted
from mmesim.workload.reference import rates_at_start

T = TypeVar("T")


@dataclass(frozen=True)
class Calls:
    """Calls that begin in some time."""

    together: tuple[Floats, ...]
    """[models] each: expected calls of streams whose mix stays the same throughout the time."""
    even: int
    """Streams of a constant rate: their number of calls may be one less than expected."""
    steady: bool
    """Whether they are those of Poisson processes alone that go on from the beginning to the end."""
    unknown: Flags
    """[models]: whether there are other calls for it, of which nothing is known."""

    @property
    def expected(self) -> Floats:
        """[models]: all of them."""
        total: Floats = np.sum(self.together, axis=0) if self.together else np.zeros(len(self.unknown))
        return total


@dataclass(frozen=True)
class _Key:
    """All that the calls of a scenario in some time depend on, whatever the fleet."""

    traffic: tuple[Traffic, ...]
    models: tuple[ModelGroup, ...]
    only: tuple[str, ...] | None
    without: tuple[str, ...] | None
    seed: int
    delay_s: float
    begin_s: float
    end_s: float

    @staticmethod
    def of(scenario: Scenario, begin_s: float, end_s: float) -> _Key:
        """That of a scenario."""
        endpoint, seed = scenario.endpoint, scenario.run.seed
        return _Key(
            scenario.traffic,
            scenario.models,
            endpoint.only,
            endpoint.without,
            seed,
            scenario.fixed_delay_s,
            begin_s,
            end_s,
        )


KEPT = 32
_CALLS: deque[tuple[_Key, Calls]] = deque(maxlen=KEPT)
_RATES: deque[tuple[_Key, Floats]] = deque(maxlen=KEPT)
"""What was computed last: the fleets of a plan have their traffic in common. A plan of rates has no hash."""


def _shared(kept: deque[tuple[_Key, T]], key: _Key, make: Callable[[], T]) -> T:
    found = next((value for known, value in kept if known == key), None)
    if found is None:
        found = make()
        kept.appendleft((key, found))
    return found


def calls_between(scenario: Scenario, begin_s: float, end_s: float) -> Calls:
    """The calls of a scenario that begin from one time up to another; scenarios that differ in the fleet share them."""
    key = _Key.of(scenario, begin_s, end_s)
    return _shared(_CALLS, key, lambda: _between(scenario, begin_s, end_s))


def _between(scenario: Scenario, begin_s: float, end_s: float) -> Calls:
    size, here = len(scenario.model_table()), hosted(scenario)
    steady, others, even = np.zeros(size), list[Floats](), 0
    unknown = np.zeros(size, dtype=np.bool_)
    for stream in scenario.traffic:
        chosen = scenario.models_of(stream)
        rows = rows_of(chosen)
        if not _independent(stream):
            unknown[rows] = True if here is None else here[rows]
            continue
        assert stream.arrivals is not None
        last_s = end_s if stream.end_s is None else min(end_s, stream.end_s)
        begin, end = (max(0.0, at - stream.start_s) for at in (begin_s, last_s))
        number = arrivals_in(stream.arrivals, end) - arrivals_in(stream.arrivals, begin) if end > begin else 0.0
        expected = np.zeros(size)
        expected[rows] = number * Mix.of(stream, chosen, scenario.run.seed).share
        if here is not None:
            expected *= here
        whole = stream.start_s <= begin_s and last_s >= end_s
        if isinstance(stream.arrivals, Poisson) and whole:
            steady += expected
        elif expected.any():
            others.append(expected)
            even += isinstance(stream.arrivals, ConstantRate)
    together = (steady, *others) if steady.any() else tuple(others)
    return Calls(together, even, not others and not unknown.any(), unknown)


def rates_per_s(scenario: Scenario) -> Floats:
    """`workload.reference.rates_at_start`, which fleets of one traffic share."""
    return _shared(_RATES, _Key.of(scenario, 0.0, 0.0), lambda: rates_at_start(scenario))


def _independent(stream: Traffic) -> bool:
    arrivals = stream.arrivals
    known = isinstance(arrivals, Poisson | ConstantRate | Schedule | Diurnal | FlashCrowd) or (
        isinstance(arrivals, Ramp) and arrivals.gaps == "random"
    )
    return known and stream.sessions is None and stream.drift is None and stream.calls is None
