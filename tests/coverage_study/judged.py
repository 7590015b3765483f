"""The figures that are judged: their value in one replication, their interval as mmesim gives it, and Student's.

`mean`, `p95`, `p99` and `share` are of all calls; with `warm` before them, of those that found their model loaded.
`share` is that of the calls over a limit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import binomtest

from mmesim.results.expect.expect import interval_of
from mmesim.results.figures.figures import Formula, formula, over
from mmesim.results.figures.latency import Pooled, latency
from mmesim.results.figures.selected import windows
from mmesim.results.measured.run_data import RunData
from mmesim.scenario import Scenario
from mmesim.scenario.figures import quantile_shares
from mmesim.scenario.run.selection import State
from mmesim.stats.histogram import merge, quantile
from mmesim.stats.intervals import half_width
from mmesim.stats.means import mean

FIGURES = ("mean", "p95", "p99", "share")
WARM = ("warm p95", "warm p99", "warm share")
"""Those of an endpoint that loads models, in addition."""

Interval = tuple[float, float]


def is_share(figure: str) -> bool:
    """Whether it is a share over a limit, not a time."""
    return figure.split()[-1] == "share"


def _of(figure: str) -> tuple[State | None, str]:
    """Whose figure it is, and its name."""
    state: State | None = "warm" if figure.startswith("warm ") else None
    return state, figure.removeprefix("warm ")


def _share(figure: str, scenario: Scenario, runs: Sequence[RunData], limit_s: float) -> Formula:
    """What decides an expectation about a percentile: the share of its calls over the limit."""
    state, _ = _of(figure)
    if state is None:
        return over(limit_s)
    (asked,) = (e for e in scenario.expect if e.calls.state == state)
    (window,) = windows(asked, scenario, runs)
    return window.formula


def warm_limit_s(scenario: Scenario) -> float | None:
    """The limit of `warm share`; None where the warm calls are not judged."""
    return next((e.limit for e in scenario.expect if e.calls.state == "warm"), None)


def value(figure: str, scenario: Scenario, run: RunData, limit_s: float) -> float:
    """The figure in one replication: seconds, or a share."""
    if is_share(figure):
        return _share(figure, scenario, [run], limit_s).of(run)
    state, name = _of(figure)
    if state is None:
        return formula(name).of(run)
    shares = quantile_shares(name)
    assert shares is not None
    return quantile(run.shortest_s, run.longest_s, run.of(state).count, shares[0])


def together(figure: str, scenario: Scenario, runs: Sequence[RunData], pooled: Pooled, limit_s: float) -> float:
    """The figure of all calls of these replications together: seconds, or a share."""
    if is_share(figure):
        metric = _share(figure, scenario, runs, limit_s)
        assert metric.trials is not None
        trials = [metric.trials(run) for run in runs]
        return math.fsum(metric.of(run) * n for run, n in zip(runs, trials, strict=True)) / sum(trials)
    state, name = _of(figure)
    parts, shares = [run.of(state) for run in runs], quantile_shares(name)
    if shares is None:
        return math.fsum(part.latency_sum_s for part in parts) / sum(part.ok for part in parts)
    return quantile(pooled.shortest_s, pooled.longest_s, merge([part.count for part in parts]), shares[0])


def interval(
    figure: str, scenario: Scenario, runs: Sequence[RunData], pooled: Pooled, limit_s: float, confidence: float
) -> Interval | None:
    """The interval of a figure as mmesim gives it: seconds, or a share; None when it gives none."""
    if is_share(figure):
        metric = _share(figure, scenario, runs, limit_s)
        low, high, _ = interval_of(metric, [metric.of(run) for run in runs], runs, confidence)
        return low, high
    state, name = _of(figure)
    ci = latency(runs, pooled, name, confidence, state).ci95
    return None if ci is None else (ci[0] / 1000.0, ci[1] / 1000.0)


def students(
    figure: str, scenario: Scenario, runs: Sequence[RunData], limit_s: float, confidence: float
) -> Interval | None:
    """The interval of a mean or a share without the correction for skewness; None for a percentile, which has none.

    That of a share is widened to the exact binomial one, as mmesim's is.
    """
    if not is_share(figure) and quantile_shares(_of(figure)[1]) is not None:
        return None
    values = [value(figure, scenario, run, limit_s) for run in runs]
    half = half_width(values, confidence)
    if half is None or math.isnan(half):
        return None
    low, high = mean(values) - half, mean(values) + half
    if is_share(figure):
        trials = _share(figure, scenario, runs, limit_s).trials
        assert trials is not None
        total = np.array([trials(run) for run in runs])
        exact = binomtest(round(float(total @ values)), int(total.sum())).proportion_ci(confidence, "exact")
        low, high = min(low, float(exact.low)), max(high, float(exact.high))
    return max(low, 0.0), high
