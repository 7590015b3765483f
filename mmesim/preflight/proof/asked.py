"""What a line of `expect` allows, where it bounds a share of calls: which calls, and from when on a call counts."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from mmesim.arrays import Flags, Floats
from mmesim.preflight.proof.calls import Calls, calls_between
from mmesim.preflight.proof.chance import least_share
from mmesim.scenario.constraints import Constraint
from mmesim.scenario.figures import quantile_shares
from mmesim.scenario.run.expect import Expectation
from mmesim.scenario.run.settings import AUTO
from mmesim.scenario.scenario import Scenario
from mmesim.workload.block import rows_of

LONGEST_CUT = 0.5
"""Share of the run that a warm-up which is not known yet takes at most."""
MANY = 400.0
"""Calls expected in a window from which on it is surely not joined with the next: that happens below 100."""
HAIR = 1e-6
"""Relative: what a latency may be above a limit that it equals in the simulation is far less."""


Kind = Literal["slow", "slow cold", "misses"]
"""Calls that are slow or fail; those of the cold ones; attempts that do not find their model ready."""


@dataclass(frozen=True)
class Asked:
    """A line that fails when more than a share of some calls is bad."""

    line: Expectation
    rows: Flags
    """[models]: whose calls are meant, of those that the endpoint hosts."""
    calls: Calls
    """In the measured time, of all models."""
    length_s: float
    """Of that time."""
    allowed: float
    """Share of bad calls with which the line may still hold."""
    limit_s: float
    """A good call is answered within this time; of no meaning where misses are bad."""
    kind: Kind
    """What the line counts as bad."""
    attempts: int = 1
    """Of a call at most, where attempts are counted: all but the first may find the model ready."""

    @cached_property
    def of_model(self) -> Floats:
        """[models]: calls that are meant, on average."""
        found: Floats = np.where(self.rows, self.calls.expected, 0.0)
        return found

    @property
    def expected(self) -> float:
        """All of them."""
        return float(self.of_model.sum())

    def share_of(self, proved: float, good: float = 0.0) -> float:
        """The least share of bad ones: `chance.least_share`, of the attempts where those are counted."""
        return least_share(self.expected, proved, good + self.calls.even) / self.attempts


@dataclass(frozen=True)
class Bad:
    """What is proved of the calls of a line."""

    share: float
    """At least, 0 if nothing."""
    binds: Constraint
    text: str


def asked(scenario: Scenario) -> Iterator[Asked]:
    """The lines that are about a share of bad calls, of models that are called by known streams alone."""
    for line in scenario.expect:
        bound = _bound(line, scenario)
        if bound is None:
            continue
        allowed, limit_s, kind, attempts = bound
        time = _time(line, scenario)
        if time is None:
            continue
        rows = np.zeros(len(scenario.model_table()), dtype=np.bool_)
        rows[rows_of(scenario.hosted)] = True
        if line.calls.group is not None:
            meant = np.zeros_like(rows)
            meant[rows_of(scenario.chosen_by(line.calls))] = True
            rows &= meant
        calls = calls_between(scenario, *time)
        found = Asked(line, rows, calls, time[1] - time[0], allowed, limit_s * (1.0 + HAIR), kind, attempts)
        if rows.any() and (line.calls.every_s is None or found.expected > MANY):
            yield found


def _bound(line: Expectation, scenario: Scenario) -> tuple[float, float, Kind, int] | None:
    """Share of bad calls that is allowed, time within which a call is good, what is bad, attempts that count."""
    shares, clients = quantile_shares(line.metric), scenario.clients
    longest_s = clients.longest_call_s
    if line.metric == "cache_hit_ratio" and not line.is_upper:
        # An attempt that is throttled is neither a hit nor a miss.
        if scenario.endpoint.throttling.is_on or line.calls.state is not None:
            return None
        return 1.0 - line.limit, math.inf, "misses", 1 if clients.retries is None else clients.retries.max_attempts
    if not line.is_upper or line.calls.state == "warm":  # the bad ones may all be cold
        return None
    kind: Kind = "slow" if line.calls.state is None else "slow cold"
    if shares is not None:
        return shares[1], min(line.limit, longest_s), kind, 1
    if line.metric == "max":
        return 0.0, min(line.limit, longest_s), kind, 1
    return (line.limit, longest_s, kind, 1) if line.metric == "error_rate" else None


def _time(line: Expectation, scenario: Scenario) -> tuple[float, float] | None:
    """The time in which the calls begin that a line judges together; of several the first, since all have to hold.

    A warm-up that has to be found takes half of the run at most, and none of traffic that follows a plan: what is
    proved of the shortest time that may be measured holds for a longer one.
    """
    run = scenario.run
    if run.warmup_s != AUTO:
        cut_s = run.cut_s
    else:
        cut_s = 0.0 if scenario.changes_over_time is not None else LONGEST_CUT * run.duration_s
        if not line.calls.is_all and (line.calls.between_s is not None or line.calls.every_s is not None):
            return None
    windows = line.calls.windows(cut_s, run.duration_s)
    begin_s, end_s = windows.between(0, 1)
    return (begin_s, end_s) if end_s > begin_s else None
