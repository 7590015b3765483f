"""Renewal processes and processes with states against theory: mean and dispersion of counts, correlation, gaps."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from mmesim.scenario.values.times import Exponential, Gamma, Lognormal, Weibull
from mmesim.workload.arrivals.processes import PROCESSES
from mmesim.workload.draws.generators import Generators, of_traffic
from tests.oracles.traffic import LEVEL, MOST_CHECKS, REPLICATIONS, SEED, Floats, law_of, mean_is, process, two_sided

pytestmark = pytest.mark.slow

RATE = 10.0


def times(form: str, generators: Generators, chunk: int) -> Iterator[Floats]:
    asked = process(FORMS[form])
    return PROCESSES[type(asked)].times(asked, generators, chunk)


# Counts in windows


@cache
def counts(form: str, windows: tuple[float, ...]) -> NDArray[np.float64]:
    """[replications, windows] calls in windows that follow each other, over independent replications."""
    found = []
    for replication in range(REPLICATIONS):
        blocks = times(form, of_traffic(SEED, replication, "s"), 256)
        edges, seen = np.cumsum((0.0, *windows)), list[Floats]()
        while not seen or seen[-1][-1] < edges[-1]:
            seen.append(next(blocks))
        found.append(np.diff(np.searchsorted(np.concatenate(seen), edges)))
    return np.array(found, dtype=np.float64)


def count_mean(form: str, rate: float) -> float:
    return mean_is(counts(form, WINDOWS[form]).sum(axis=1), rate * sum(WINDOWS[form]))


def count_variance(form: str, variance: Callable[[float], float]) -> float:
    """The variance of the count in the first window, by the mean of squared deviations from the known mean."""
    window = WINDOWS[form][0]
    first = counts(form, WINDOWS[form])[:, 0]
    return mean_is((first - MEANS[form] * window) ** 2, variance(window))


def count_correlation(form: str, variance: Callable[[float], float]) -> float:
    """The covariance of the counts in two equal windows in a row: (Var N(2w) - 2 Var N(w)) / 2."""
    window = WINDOWS[form][0]
    both = counts(form, WINDOWS[form]) - MEANS[form] * window
    return mean_is(both[:, 0] * both[:, 1], (variance(2 * window) - 2 * variance(window)) / 2)


STATES = {"calm": {"rate": 5.0, "stay": 8.0}, "busy": {"rate": 60.0, "stay": 2.0}}
THREE = {**STATES, "none": {"rate": 0.0, "stay": 3.0}}
FORMS: dict[str, dict[str, Any]] = {
    "poisson": {"poisson": {"rate": RATE}},
    "constant": {"constant": {"rate": RATE}},
    "gamma bursty": {"gamma": {"rate": RATE, "cv": 3.0}},
    "gamma even": {"gamma": {"rate": RATE, "cv": 0.5}},
    "weibull": {"weibull": {"rate": RATE, "cv": 2.0}},
    "lognormal": {"lognormal": {"rate": RATE, "cv": 1.0}},
    "hyperexponential": {"hyperexponential": {"rate": RATE, "cv": 3.0}},
    "mmpp": {"mmpp": {"states": STATES}},
    "mmpp cycle": {"mmpp": {"states": THREE}},
    "mmpp random": {"mmpp": {"states": THREE, "next": "random"}},
    "on off": {
        "on_off": {"rate": 40.0, "on": Exponential(2.0), "off": Exponential(6.0), "each": "stream"},
    },
    "on off constant": {"on_off": {"rate": 40.0, "on": 2.0, "off": 6.0, "each": "stream"}},
}
MEANS = dict.fromkeys(FORMS, RATE) | {
    "mmpp": (5.0 * 8 + 60.0 * 2) / 10,
    "mmpp cycle": 160.0 / 13,
    "mmpp random": 160.0 / 13,
}
WINDOWS: dict[str, tuple[float, ...]] = dict.fromkeys(FORMS, (2.0, 2.0)) | {
    "constant": (1.23, 1.23),
    **dict.fromkeys(("gamma bursty", "weibull", "lognormal", "hyperexponential"), (60.0,)),
    "gamma even": (20.0,),
}


def renewal_variance(cv: float, third: float, window: float) -> float:
    """Var N(t) of an equilibrium renewal process, but for what vanishes; `third`: central moment of a gap of mean 1.

    Source: D. R. Cox, Renewal Theory, 1962, section 4.5.
    """
    return cv**2 * RATE * window + 1 / 6 + cv**4 / 2 - third / 3


def mmpp_variance(rates: tuple[float, float], stays: tuple[float, float], window: float) -> float:
    """Var N(t) of a two-state MMPP: W. Fischer, K. Meier-Hellstern, Performance Evaluation 18 (1993), section 3."""
    (a, b), (out_a, out_b) = rates, (1 / stays[0], 1 / stays[1])
    both = out_a + out_b
    mean = (a * out_b + b * out_a) / both
    excess = 2 * (a - b) ** 2 * out_a * out_b / (both**2 * (a * out_b + b * out_a))
    return mean * window * (1 + excess * (1 - (1 - math.exp(-both * window)) / (both * window)))


def constant_on_off_variance(window: float) -> float:
    """Mean plus the variance of the time on (2 s of each 8 s, at a random phase) in the window, times rate squared."""
    start = (np.arange(80_000) + 0.5) / 10_000

    def on_until(t: Floats) -> Floats:
        return 2.0 * np.floor(t / 8.0) + np.minimum(t % 8.0, 2.0)

    on = on_until(start + window) - on_until(start)
    return 40.0 * float(on.mean()) + 40.0**2 * float(on.var())


def hyper(cv: float) -> tuple[Floats, Floats]:
    """Chances of the phases of a hyperexponential gap of mean 1, and their means."""
    chance = (1 + np.sqrt((cv**2 - 1) / (cv**2 + 1))) / 2
    chances = np.array([chance, 1 - chance])
    return chances, 0.5 / chances


def third_moment(gap: Any) -> float:
    """The third central moment of a gap of mean 1."""
    return float(gap.stats(moments="s")) * float(gap.std()) ** 3


def hyper_third(cv: float) -> float:
    chances, means = hyper(cv)
    second, third = float((chances * 2 * means**2).sum()), float((chances * 6 * means**3).sum())
    return third - 3 * second + 2


class Hyper:
    """The cumulative distribution of a hyperexponential gap of mean 1."""

    def __init__(self, cv: float) -> None:
        self._chances, self._means = hyper(cv)

    def cdf(self, x: Floats) -> Floats:
        tails = [
            chance * np.exp(-np.asarray(x) / mean) for chance, mean in zip(self._chances, self._means, strict=True)
        ]
        return np.asarray(1 - np.sum(tails, axis=0))


VARIANCES: dict[str, Callable[[float], float]] = {
    "poisson": lambda w: RATE * w,
    "constant": lambda w: (RATE * w % 1) * (1 - RATE * w % 1),
    "gamma bursty": partial(renewal_variance, 3.0, third_moment(law_of(Gamma(1.0, 3.0)))),
    "gamma even": partial(renewal_variance, 0.5, third_moment(law_of(Gamma(1.0, 0.5)))),
    "weibull": partial(renewal_variance, 2.0, third_moment(law_of(Weibull(1.0, 2.0)))),
    "lognormal": partial(renewal_variance, 1.0, third_moment(law_of(Lognormal(1.0, 1.0)))),
    "hyperexponential": partial(renewal_variance, 3.0, hyper_third(3.0)),
    "mmpp": partial(mmpp_variance, (5.0, 60.0), (8.0, 2.0)),
    "on off": partial(mmpp_variance, (40.0, 0.0), (2.0, 6.0)),
    "on off constant": constant_on_off_variance,
}
CORRELATED = ("poisson", "mmpp", "on off", "on off constant")

# Gaps

GAPS: dict[str, Any] = {
    "poisson": stats.expon(),
    "gamma bursty": law_of(Gamma(1.0, 3.0)),
    "gamma even": law_of(Gamma(1.0, 0.5)),
    "weibull": law_of(Weibull(1.0, 2.0)),
    "lognormal": law_of(Lognormal(1.0, 1.0)),
    "hyperexponential": Hyper(3.0),
}


def gaps(form: str) -> Floats:
    """100,000 gaps, times the rate."""
    blocks, seen = times(form, of_traffic(SEED, 0, "s"), 65536), np.empty(0)
    while len(seen) <= 100_000:
        seen = np.concatenate([seen, next(blocks)])
    return np.diff(seen)[:100_000] * RATE


def gaps_follow(form: str) -> float:
    """Of gaps above a millionth of the mean: shorter ones are lost in the rounding of times."""
    least, law, sample = 1e-6, GAPS[form].cdf, gaps(form)
    below = law(least)
    seen = stats.kstest(sample[sample > least], lambda x: (law(x) - below) / (1 - below)).pvalue
    return float(min(1.0, 2 * min(seen, stats.binomtest(int((sample <= least).sum()), len(sample), below).pvalue)))


def gaps_are_independent(form: str) -> float:
    """Rank correlation of each gap with the next."""
    sample = gaps(form)
    rank = stats.rankdata(sample)
    return two_sided(float(np.corrcoef(rank[:-1], rank[1:])[0, 1]) * np.sqrt(len(sample) - 1))


CHECKS: dict[str, Callable[[], float]] = {
    **{f"mean count, {form}": partial(count_mean, form, MEANS[form]) for form in FORMS},
    **{f"variance of counts, {form}": partial(count_variance, form, of) for form, of in VARIANCES.items()},
    **{f"correlation of counts, {form}": partial(count_correlation, form, VARIANCES[form]) for form in CORRELATED},
    **{f"gaps, {form}": partial(gaps_follow, form) for form in GAPS},
    **{f"independent gaps, {form}": partial(gaps_are_independent, form) for form in GAPS},
}


@pytest.mark.parametrize("check", CHECKS)
def test_against_theory(check: str) -> None:
    assert CHECKS[check]() > LEVEL


def test_the_false_alarms_are_counted() -> None:
    assert len(CHECKS) <= MOST_CHECKS["test_arrival_processes"]


@pytest.mark.parametrize(
    ("check", "wrong"),
    [
        (lambda: mean_is(counts("gamma bursty", (60.0,))[:, 0], 600.0 * 1.02), "2 % of the rate"),
        (lambda: count_variance("mmpp", lambda w: 1.25 * VARIANCES["mmpp"](w)), "a quarter of the variance"),
        (lambda: float(stats.kstest(gaps("weibull"), law_of(Weibull(1.0, 2.1)).cdf).pvalue), "5 % of the cv"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_checks_can_fail(check: Callable[[], float], wrong: str) -> None:
    assert check() < LEVEL, f"an error of {wrong} would not be seen"
