"""Two results of the same calls side by side: the difference of every figure, from the pairs of replications.

Replication r of both runs has the same random numbers, so what both have in common cancels: the interval is that of
the mean of the differences of the pairs (common random numbers; A. Law, Simulation Modeling and Analysis, 11.2). A
quantile is that of all calls together, as in the summary: which differences are possible is tested by the shares of
calls up to it in the pairs (see stats.quantiles). A recovery that never came in some replication is longer than any
that did; its mean has no value, so the pairs are counted that go one way (see stats.signs).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mmesim.results.answers.digits import SIGNIFICANT_DIGITS
from mmesim.results.expect.asked import asked, recoveries
from mmesim.results.expect.expect import shown_as
from mmesim.results.figures.figures import Formula, estimated, formula, hourly_usd, measured, over
from mmesim.results.figures.latency import Pooled, cells, limit_text, pool
from mmesim.results.measured.run_data import ClassData, RunData
from mmesim.results.result import Result
from mmesim.scenario import figures
from mmesim.scenario.figures import Kind, quantile_shares
from mmesim.scenario.run.selection import State
from mmesim.stats.intervals import Estimate, estimate
from mmesim.stats.means import CONFIDENCE, mean, mean_interval
from mmesim.stats.quantiles import difference_interval
from mmesim.stats.signs import sign_test

Direction = Literal["higher", "lower", "same", "undecided"]
CLOCK_S = 1e-9
"""Latencies that differ by less are the same: each is the difference of two times of a run, which are rounded."""


@dataclass(frozen=True)
class Delta:
    """One figure of two runs, a and b, and the difference b - a; times in milliseconds, shares 0..1.

    `direction`: whether b is higher or lower than a, decided by the interval of the difference, or by the pairs where
    something is never recovered from; `same` when no pair differs at all.
    `variance_ratio`: how many times as many calls two independent runs need for an interval of this width: the sum of
    their variances over the variance of the differences of the pairs. Below 1 pairing does harm. None with one
    replication, or when the differences do not vary.
    """

    name: str
    kind: Kind
    a: Estimate
    b: Estimate
    difference: Estimate
    direction: Direction
    variance_ratio: float | None

    @property
    def unit(self) -> str:
        """The unit of the values; that of a share is 1."""
        return figures.UNITS[self.kind]

    @property
    def relative(self) -> float | None:
        """The difference as a share of a; None without values or when a is 0."""
        if self.difference.value is None or not self.a.value:
            return None
        return self.difference.value / self.a.value

    @property
    def effect(self) -> Literal["better", "worse"] | None:
        """Whether b is better than a; None where that is undecided, or neither way is good."""
        good = figures.better(self.name, self.kind)
        if good is None or self.direction not in ("higher", "lower"):
            return None
        return "better" if self.direction == good else "worse"


def deltas(a: Result, b: Result) -> tuple[Delta, ...]:
    """The differences of two results with equally many replications, pair by pair; else ValueError."""
    if len(a.runs) != len(b.runs):
        raise ValueError(f"{len(a.runs)} and {len(b.runs)} replications do not pair")
    pooled = pool(a.runs), pool(b.runs)
    limits_s = [limit for limit in a.scenario.latency_limits_s if limit in b.scenario.latency_limits_s]
    compared = [one for one in measured() if "diff" in one.shown]
    latencies = [one for one in compared if one.name in figures.LATENCIES]
    rest = [one for one in compared if one not in latencies]
    formulas = [
        *((one.key, formula(one.name)) for one in latencies),
        *((f"share_over {limit_text(limit)}", over(limit)) for limit in limits_s),
        *((one.key, formula(one.name)) for one in rest),
    ]
    found = [_delta(name, one, a.runs, b.runs, pooled) for name, one in formulas]
    found += _asked(a, b, pooled)
    return (*found, _cost(a.runs, b.runs))


def _asked(a: Result, b: Result, pooled: tuple[Pooled, Pooled]) -> list[Delta]:
    """The figures of some of the calls that both scenarios expect something of, and recoveries from what both have."""
    found = []
    of_b = {one.name: one for one in (*asked(b.scenario, b.runs), *recoveries(b.scenario, all_of_them=True))}
    for one in (*asked(a.scenario, a.runs), *recoveries(a.scenario, all_of_them=True)):
        if one.name not in of_b:
            continue
        pair, runs = (one.formula, of_b[one.name].formula), (a.runs, b.runs)
        shares = quantile_shares(one.metric)
        q = None if one.state is None or shares is None else shares[0]
        if q is None:  # a pair of which one has no such call says nothing about them
            both_have = [(x, y) for x, y in zip(*runs, strict=True) if not math.isnan(pair[0].of(x) + pair[1].of(y))]
            runs = (tuple(x for x, _ in both_have), tuple(y for _, y in both_have)) if both_have else runs
        both = one.estimate(runs[0], pooled[0]), of_b[one.name].estimate(runs[1], pooled[1])
        found.append(_difference(one.name, pair, runs[0], runs[1], pooled, both, q, one.state))
    return found


def _delta(
    name: str, figure: Formula, a: Sequence[RunData], b: Sequence[RunData], pooled: tuple[Pooled, Pooled]
) -> Delta:
    if name.startswith("share_over"):
        both = estimated(figure, a), estimated(figure, b)
    else:
        both = shown_as(name, a, pooled[0]), shown_as(name, b, pooled[1])
    shares = quantile_shares(name)
    return _difference(name, (figure, figure), a, b, pooled, both, None if shares is None else shares[0])


def _difference(
    name: str,
    formulas: tuple[Formula, Formula],
    a: Sequence[RunData],
    b: Sequence[RunData],
    pooled: tuple[Pooled, Pooled],
    both: tuple[Estimate, Estimate],
    q: float | None,
    state: State | None = None,
) -> Delta:
    """`q`: of a quantile, that of the calls of a state or of all; None for a mean over replications."""
    scale, kind = formulas[0].scale, formulas[0].kind
    values = [[stable(of.of(run) * scale) for run in runs] for of, runs in zip(formulas, (a, b), strict=True)]
    if q is None:
        return _paired(name, kind, values[0], values[1], both[0], both[1])
    found = difference_interval(cells(a, pooled[0], state), cells(b, pooled[1], state), q)
    return _paired(
        name,
        kind,
        values[0],
        values[1],
        both[0],
        both[1],
        of_quantile=None if found is None else (scale * _apart(found[0]), scale * _apart(found[1])),
        unchanged=all(_same_latencies(x.of(state), y.of(state)) for x, y in zip(a, b, strict=True)),
    )


def _apart(difference_s: float) -> float:
    """A difference of two latencies; 0 where it may be one of rounding."""
    return 0.0 if abs(difference_s) < CLOCK_S else difference_s


def _same_latencies(x: ClassData, y: ClassData) -> bool:
    """Whether two replications have the same latencies; a change smaller than a bucket leaves the counts alone."""
    return (
        bool(np.array_equal(x.count, y.count))
        and x.latency_max_s == y.latency_max_s
        and stable(x.latency_sum_s) == stable(y.latency_sum_s)
    )


def stable(value: float) -> float:
    """The value as far as two orders of the same additions agree: a difference beyond that is none."""
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}")


def _cost(a: Sequence[RunData], b: Sequence[RunData]) -> Delta:
    values = [[stable(hourly_usd(run)) for run in runs] for runs in (a, b)]
    both = [estimate(of_one, "no price is known", low=0.0) for of_one in values]
    return _paired(figures.figure("cost").key, "usd", values[0], values[1], both[0], both[1])


def _paired(
    name: str,
    kind: Kind,
    a: Sequence[float],
    b: Sequence[float],
    of_a: Estimate,
    of_b: Estimate,
    of_quantile: tuple[float, float] | None = None,
    unchanged: bool = True,
) -> Delta:
    """`of_quantile`: the interval of a difference whose middle is that of the two values that are shown.

    `unchanged`: equal values mean that nothing differs, not that a difference is smaller than a bucket.
    """
    never = [sum(map(math.isinf, values)) for values in (a, b)]
    if any(never):
        times = [f"{n} of {len(values)} in {label}" for n, values, label in zip(never, (a, b), "ab", strict=True)]
        some = Estimate(None, reason=f"not recovered from in some replications: {' and '.join(times)}")
        return Delta(name, kind, of_a, of_b, some, _more_often(a, b), None)
    reason = of_a.reason or of_b.reason
    if reason is not None or of_a.value is None or of_b.value is None:
        return Delta(name, kind, of_a, of_b, Estimate(None, reason=reason), "undecided", None)
    differences = [y - x for x, y in zip(a, b, strict=True)]
    middle = mean(differences) if of_quantile is None else stable(of_b.value) - stable(of_a.value)
    interval = mean_interval(differences) if of_quantile is None else of_quantile
    same = (unchanged and not any(differences)) or of_quantile == (0.0, 0.0)
    if same:
        middle, interval = 0.0, None if interval is None else (0.0, 0.0)
    return Delta(
        name,
        kind,
        of_a,
        of_b,
        Estimate(middle, interval),
        "same" if same else _direction(interval),
        _variance_ratio(a, b, differences),
    )


def _direction(interval: tuple[float, float] | None) -> Direction:
    if interval is None:
        return "undecided"
    low, high = interval
    return "higher" if low > 0.0 else "lower" if high < 0.0 else "undecided"


def _more_often(a: Sequence[float], b: Sequence[float]) -> Direction:
    """The way that most pairs go, some of them without end, unless that may be chance."""
    if list(a) == list(b):
        return "same"
    if sign_test(a, b) >= 1.0 - CONFIDENCE:
        return "undecided"
    higher = sum(y > x for x, y in zip(a, b, strict=True))
    return "higher" if 2 * higher > sum(x != y for x, y in zip(a, b, strict=True)) else "lower"


def _variance_ratio(a: Sequence[float], b: Sequence[float], differences: Sequence[float]) -> float | None:
    if len(differences) < 2:
        return None
    paired = _variance(differences)
    return (_variance(a) + _variance(b)) / paired if paired > 0.0 else None


def _variance(values: Sequence[float]) -> float:
    centre = mean(values)
    return math.fsum((value - centre) ** 2 for value in values) / (len(values) - 1)
