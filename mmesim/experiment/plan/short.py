"""Short runs: ten of them turn a fleet down that is far outside, and show one that is clearly inside.

A short run is the scenario from a stationary start, with a part of its time. What it lacks against the whole run is a
cold cache and the time in which queues grow. Of latency, errors, hits and loads both make the whole run worse, so what
a short run turns down is outside; memory fills meanwhile, so a line about it needs the whole run, unless the scenario
starts stationary itself. Where there is no stationary start, where a line asks for a time of the run, or where the
traffic changes, a short run is the scenario as written.

The limits of plain lines of the latency, such as p99 < 500 ms, are not part of a short run's name in the store: a run
that was made for another limit has the share over this one between two edges of its buckets, 0.4 % apart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mmesim.experiment.gate.lines import Line, is_of_a_run, is_timed
from mmesim.experiment.gate.tolerance import KNOWN
from mmesim.experiment.warmup import cache_time_s
from mmesim.results.expect.questions import Question, questions
from mmesim.results.measured.run_data import RunData
from mmesim.scenario.endpoint.endpoint import STATIONARY, Warm
from mmesim.scenario.figures import quantile_shares
from mmesim.scenario.run.expect import Expectation
from mmesim.scenario.run.settings import AUTO
from mmesim.scenario.scenario import Scenario
from mmesim.stats.looks import FEWEST
from mmesim.workload.reference import TIMES, rates_at_start

NUMBER = FEWEST
"""Short runs of a fleet."""
CALLS = 2_000
"""Calls of a short run: those of ten show a share of 1 % to a tenth of itself, as long as they are independent."""
SHORTEST_S = 20.0
"""The least measured time of a short run: loads take seconds."""
PART = 0.25
"""The largest part of the scenario's measured time that a short run measures."""
WINDOWS = 10
"""Windows of the measured time, by which it is judged whether a run is steady; before it comes one more, since queues
are empty at the start."""
MOST_REPLAYED = 1_000_000
"""Calls that may have to be replayed for a stationary start: half a second."""


def shortened(scenario: Scenario) -> Scenario:
    """The scenario as a short run simulates it; as written where it has to be."""
    run, rate_per_s = scenario.run, float(rates_at_start(scenario).sum())
    warm = _warm(scenario, rate_per_s)
    if warm is None or any(is_timed(e) or is_of_a_run(e) for e in scenario.expect):
        return scenario
    measured_s = max(SHORTEST_S, CALLS / rate_per_s)
    cut_s = 0.0 if run.warmup_s == AUTO else run.cut_s
    if measured_s > PART * (run.duration_s - cut_s):
        return scenario
    endpoint = scenario.endpoint.model_copy(update={"warm": warm})
    short: Scenario = scenario.model_copy(update={"endpoint": endpoint})
    warmup_s = measured_s / WINDOWS
    return short.with_run(duration_s=warmup_s + measured_s, warmup_s=warmup_s, warmup_found=None)


def named(scenario: Scenario) -> Scenario:
    """The scenario by whose name a short run is in the store: without the limits that are no part of it."""
    if any(e.metric == "tenants.meet_slo" for e in scenario.expect):
        return scenario
    kept = tuple(e for e in scenario.expect if not _is_plain(e))
    without: Scenario = scenario.model_copy(update={"expect": kept})
    return without


def lines(of: Sequence[Expectation], scenario: Scenario, runs: Sequence[RunData]) -> tuple[Line, ...]:
    """These lines in short runs: a pass is inside the limit, a fail beyond twice the share that it allows.

    A share that is only known to lie between two edges is the larger for a pass, and the smaller for a fail.
    """
    return tuple(_line(e, question) for e in of for question in questions(e, scenario, runs))


def exact(line: Line, runs: Sequence[RunData]) -> bool:
    """Whether the figure of a line is known, not only between which two it lies."""
    e = line.expectation
    return not _is_plain(e) or all(e.limit in run.limits_s for run in runs)


def _is_plain(e: Expectation) -> bool:
    """Whether it is a limit of the latency of all calls that only places an edge of the buckets."""
    return e.is_latency and e.calls.is_all


def _warm(scenario: Scenario, rate_per_s: float) -> Warm | None:
    """How the caches of a short run begin: as far as a line can tell no worse than they are later in the whole run.

    None where that is not known, or takes long to replay.
    """
    if scenario.no_stationary_start() is not None or scenario.changes_over_time is not None or not rate_per_s:
        return None
    given = scenario.endpoint.warm
    if given != STATIONARY and not all(is_worse_at_first(e) for e in scenario.expect):
        return None
    if given is True:
        return given  # what has been loaded at the start may need more room than a later load finds
    time_s = cache_time_s(scenario)
    return STATIONARY if math.isinf(time_s) or TIMES * time_s * rate_per_s <= MOST_REPLAYED else None


WORSE_AT_FIRST = ("error_rate", "loads", "attempts.retries", "attempts.total")
"""Figures, beside those of the latency, that cold caches and longer queues can only raise."""


def is_worse_at_first(e: Expectation) -> bool:
    """Whether cold caches and longer queues can only bring a line nearer to a fail.

    Not that of cold calls: the loads of an empty host wait for nothing to be unloaded.
    """
    if e.metric in KNOWN:
        return True
    if e.calls.state == "cold":
        return False
    if e.metric == "cache_hit_ratio":
        return not e.is_upper
    return e.is_upper and (e.is_latency or e.metric in WORSE_AT_FIRST or e.metric.startswith("requests.errors."))


def _line(e: Expectation, of: Question) -> Line:
    line = Line(e, of, of)
    worse, better = of, replace(of, bound=_twice(line))
    if _is_plain(e) and quantile_shares(e.metric) is not None:
        upper, lower = (replace(of.figure, of=_Share(e.limit, longest)) for longest in (True, False))
        if line.sign < 0:
            upper, lower = lower, upper
        worse, better = replace(worse, figure=upper), replace(better, figure=lower)
    return Line(e, worse, better)


def _twice(line: Line) -> float:
    """The bound beyond which a fleet is far outside: twice what is allowed, half of what is wanted."""
    bound = line.inside.bound
    if line.is_share:
        bad = line.bad(bound)
        return line.bad(min(2.0 * bad, 0.5 * (1.0 + bad)))
    return 2.0 * bound if line.sign > 0 else 0.5 * bound


class _Share:
    """The share of calls over a limit that may lie inside a bucket: the larger or the smaller that it can be."""

    def __init__(self, limit_s: float, larger: bool) -> None:
        self._limit_s = limit_s
        self._larger = larger

    def __call__(self, run: RunData) -> float:
        if not run.calls:
            return math.nan
        # The bucket that holds edges[i] < x <= edges[i + 1]: a limit on an edge splits none.
        bucket = int(np.searchsorted(run.edges_s, self._limit_s, side="left")) - 1
        is_edge = run.edges_s[bucket + 1] == self._limit_s
        first = bucket if self._larger and not is_edge else bucket + 1
        above = int(np.sum(run.count[first:], dtype=np.int64))
        return (above + run.calls - run.ok) / run.calls
