"""Whether a finished run was in steady state, judged by its windows after the warm-up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from mmesim import units
from mmesim.arrays import Floats
from mmesim.results.answers.sections import State, SteadyState
from mmesim.results.binding.roots import Roots
from mmesim.results.binding.waits import of_refusals
from mmesim.results.figures.series import Sums, Windows, batch_means, windows
from mmesim.results.measured.run_data import CAUSES, RunData
from mmesim.scenario.constraints import NAMES, Resource
from mmesim.scenario.scenario import Scenario
from mmesim.stats.means import mean

BATCHES = 10
"""Batches of windows that the measured time is cut into."""
FEWEST_WINDOWS = 6
ALPHA = 0.01
"""Chance that one of the three trends is seen where there is none; steady runs are misjudged in at most 3 %."""
REPLICATIONS_FOR_T = 3
"""From this many replications on, their slopes are compared; with fewer the spread is that of the batches."""

GROWTH_CALLS = 5.0
GROWTH_SHARE = 0.25
"""A queue grows when over the measured time it gains this many calls, and this share of its mean."""
MISS_FALL_SHARE = 0.1
MISS_FALL = 0.002
"""Misses still fall when they lose this share of themselves over the measured time, and this much of all calls."""
LATENCY_FALL = 0.05
"""Latency still falls when it loses this share of itself over the measured time (mean of its logarithm)."""
REFUSED = 0.01
"""Share of refused calls above which the queues count as full."""
QUEUED: tuple[Resource, ...] = ("queue", "workers", "cpu")
"""What a call lacks that finds its queue full, unless it waited for a load."""


def steady_state(scenario: Scenario, runs: Sequence[RunData]) -> SteadyState:
    """The verdict on the finished replications of a scenario.

    `saturated`: the calls in the system grow over the measured time, or more than 1 % of the calls are refused by full
    queues. `too short`: the warm-up that was wanted takes more than half of the run. `warming up`: misses or latency
    still fall. Each trend is a line through the means of ten batches of windows, tested at 1 % (one-sided), and must be
    large enough to matter.
    """
    found, warmup_s = scenario.run.warmup_found, runs[0].warmup_s
    reason = scenario.changes_over_time
    if reason is not None:
        return _judged(None, f"not judged: load or endpoint may change during the run ({reason})", warmup_s)
    spawned_s = scenario.all_users_s
    if warmup_s < spawned_s:
        evidence = f"users are spawned until {units.show_seconds(spawned_s)}, and the measured time begins before"
        return _judged("warming up", evidence, warmup_s)
    if not any(run.calls for run in runs):
        return _judged(None, "not judged: no call was measured", warmup_s)
    full = _full_queues(scenario, runs)
    if full is not None:
        return _judged("saturated", full, warmup_s)
    judged = len(runs[0].windows["start_s"]) and len(windows(runs[:1], warmup_s)) >= FEWEST_WINDOWS
    growth = _growth(runs, warmup_s) if judged else None
    if growth is not None:
        return _judged("saturated", growth, warmup_s)
    if found is not None and found.run_at_least_s is not None and scenario.run.duration_s < found.run_at_least_s:
        evidence = f"run at least {units.show_seconds(found.run_at_least_s)}; the warm-up would be: {found.why}"
        return _judged("too short", evidence, warmup_s, found.run_at_least_s)
    because = "" if found is None else f"; warm-up: {found.why}"
    if not judged:
        few = f"not judged: fewer than {FEWEST_WINDOWS} whole minutes were measured"
        return _judged(None, few + because, warmup_s)
    falling = _falling(runs, warmup_s)
    if falling is not None:
        return _judged("warming up", falling + because, warmup_s)
    return _judged(
        "steady",
        f"no fall in misses or latency, no growth of the calls in the system{_failures(runs)}{because}",
        warmup_s,
    )


def counted(states: Sequence[SteadyState]) -> dict[str, object]:
    """Of several runs how many have each verdict, and how long the longest has to be (null unless one is too short)."""
    names = ("steady", "warming up", "saturated", "too short", None)
    lengths = [one.run_at_least_s for one in states if one.run_at_least_s is not None]
    return {
        **{name or "not judged": sum(one.verdict == name for one in states) for name in names},
        "run_at_least_s": max(lengths, default=None),
    }


def _judged(state: State | None, evidence: str, warmup_s: float, run_at_least_s: float | None = None) -> SteadyState:
    return SteadyState(verdict=state, evidence=evidence, warmup_s=warmup_s, run_at_least_s=run_at_least_s)


def _failures(runs: Sequence[RunData]) -> str:
    """A word on calls that fail steadily: time-outs can keep a queue from growing."""
    calls, failed = sum(run.calls for run in runs), sum(int(run.errors.sum()) for run in runs)
    return f"; but {100.0 * failed / calls:.3g} % of the calls fail" if failed > REFUSED * calls else ""


def _full_queues(scenario: Scenario, runs: Sequence[RunData]) -> str | None:
    """Refusals all through the measured time."""
    cause = CAUSES.index("queue_full")
    shares = [float(run.errors[cause]) / run.calls for run in runs if run.calls]
    if not shares or mean(shares) <= REFUSED:
        return None
    seen = windows(runs, runs[0].warmup_s)
    if len(seen) >= FEWEST_WINDOWS and not (batch_means(seen.refused, 3) > REFUSED).all():
        return None  # a burst, not a state
    refused = f"{100.0 * mean(shares):.3g} % of the calls are refused"
    roots = Roots(scenario, runs)
    lacked = of_refusals(roots, CAUSES[cause])
    most = max(lacked, key=lambda of: lacked[of])
    if most is None or most in QUEUED:
        return f"queues are full: {refused}"
    # Refused are those who waited for one load, all at once: the queue is not what binds.
    loads = f"queues are full of calls that wait for loads (what binds: {NAMES[most]})"
    return f"{loads}: {refused}, and a longer one does not help"


def _growth(runs: Sequence[RunData], warmup_s: float) -> str | None:
    trend = _trend(runs, warmup_s, "in_system", 1.0)
    if trend is None or trend.change < max(GROWTH_CALLS, GROWTH_SHARE * trend.level):
        return None
    change, first = units.show_number(trend.change), units.show_number(max(0.0, trend.first))
    return f"the calls in the system grow by {change} over the measured time, from about {first}"


def _falling(runs: Sequence[RunData], warmup_s: float) -> str | None:
    misses = _trend(runs, warmup_s, "misses", -1.0)
    if misses is not None and -misses.change >= max(MISS_FALL, MISS_FALL_SHARE * misses.level):
        return f"misses still fall, from {100.0 * misses.first:.3g} % to {100.0 * misses.last:.3g} % of the calls"
    latency = _trend(runs, warmup_s, "log_latency", -1.0)
    if latency is not None and -latency.change >= LATENCY_FALL:
        return f"latency still falls, by {100.0 * (1.0 - math.exp(latency.change)):.3g} % over the measured time"
    return None


@dataclass(frozen=True)
class _Trend:
    """A line that significantly rises or falls: its values at both ends, its mean."""

    first: float
    last: float
    level: float

    @property
    def change(self) -> float:
        return self.last - self.first


def _trend(runs: Sequence[RunData], warmup_s: float, figure: str, sign: float) -> _Trend | None:
    """The line through the batches of the measured time, None when its slope is not significant."""
    pooled: Windows = windows(runs, warmup_s)
    batches = min(BATCHES, len(pooled))
    sums: Sums = getattr(pooled, figure)
    line = _line(batch_means(sums, batches))
    if line is None:
        return None
    level, slope, residual_s, n = line
    if len(runs) >= REPLICATIONS_FOR_T:
        each = [_line(batch_means(getattr(windows([run], warmup_s), figure), batches)) for run in runs]
        slopes = np.array([one[1] for one in each if one is not None])
        if len(slopes) < REPLICATIONS_FOR_T:
            return None
        slope, error, freedom = (
            float(slopes.mean()),
            float(slopes.std(ddof=1)) / math.sqrt(len(slopes)),
            len(slopes) - 1,
        )
    else:
        spread = n * (n * n - 1) / 12.0
        error, freedom = residual_s / math.sqrt(spread), n - 2
    if sign * slope <= float(stdtrit(freedom, 1.0 - ALPHA)) * error:
        return None
    half = slope * batches / 2.0
    return _Trend(level - half, level + half, level)


def _line(y: Floats) -> tuple[float, float, float, int] | None:
    """Mean, slope a batch, standard deviation of the residuals, number of batches; None for fewer than four of them."""
    known = np.flatnonzero(~np.isnan(y))
    n = len(known)
    if n < 4:
        return None
    x = known - known.mean()
    values = y[known]
    slope = float((x * values).sum() / (x * x).sum())
    rest = values - values.mean() - slope * x
    return float(values.mean()), slope, math.sqrt(float((rest * rest).sum()) / (n - 2)), n
