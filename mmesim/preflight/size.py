"""How much work a simulation will be, before it begins."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mmesim import units
from mmesim.scenario.scenario import Scenario
from mmesim.scenario.traffic.planned import ModelSweep
from mmesim.workload.arrivals.rates import arrivals_in

CALLS_PER_S = 1e6
"""Calls that one core simulates in a second, about; `docs/performance.md` measures it."""
MINUTES_PER_S = 1e4
"""Windows of a minute that one core measures in a second, about."""

MOST_CALLS = 1e9
MOST_S = 3 * 3600.0
"""What a run may be without being asked for explicitly: calls, and seconds on one core."""


@dataclass(frozen=True)
class Size:
    """Expected calls of a simulation, and simulated minutes; recorded traffic counts as nothing."""

    calls: float
    minutes: float

    @property
    def seconds(self) -> float:
        """How long one core takes, about."""
        return self.calls / CALLS_PER_S + self.minutes / MINUTES_PER_S

    @property
    def too_large(self) -> str | None:
        """The size in words when it is hardly meant, None when it may be."""
        if self.calls <= MOST_CALLS and self.seconds <= MOST_S:
            return None
        simulated = f"{units.show_seconds(60.0 * self.minutes)} of simulated time"
        of = simulated if self.calls < self.minutes else f"{self.calls:,.0f} calls"
        return f"about {of}, which take {units.show_seconds(self.seconds)} or more on one core"


def size(scenario: Scenario, replications: int) -> Size:
    """The size of that many replications of a scenario."""
    run = scenario.run
    calls = 0.0
    for stream in scenario.traffic:
        length_s = max(0.0, scenario.end_of(stream) - stream.start_s)
        each = 1.0 if stream.sessions is None else stream.sessions.mean_calls
        match stream.arrivals:
            case None:
                continue
            case ModelSweep() as sweep:
                rounds = 1.0 if sweep.every_s is None else 1.0 + length_s / sweep.every_s
                calls += len(scenario.models_of(stream)) * rounds
            case process:
                calls += arrivals_in(process, length_s, max(scenario.fixed_delay_s, 1e-3)) * each
    calls = calls if math.isfinite(calls) else math.inf
    return Size(calls * replications, run.duration_s / 60.0 * replications)
