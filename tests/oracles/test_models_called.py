"""Who is called, against theory: models that are on and off, popularity, sessions, drift."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from mmesim.scenario.traffic.drift import Drift
from mmesim.scenario.values.times import Exponential
from mmesim.workload.arrivals.drift import drifted
from mmesim.workload.block import Arrivals
from mmesim.workload.draws.generators import of_traffic
from mmesim.workload.draws.popularity import probabilities
from tests.helpers.models import models
from tests.oracles.test_arrival_processes import mmpp_variance
from tests.oracles.traffic import LEVEL, MOST_CHECKS, REPLICATIONS, SEED, Floats, calls, chi_square, mean_is, stream

pytestmark = pytest.mark.slow

# Models on and off by themselves


@cache
def on_off_counts() -> NDArray[np.float64]:
    """[replications, models] calls in 3 s; model k has the share 2, 1 of 3."""
    form = {"on_off": {"rate": 60.0, "on": Exponential(2.0), "off": Exponential(6.0), "each": "model"}}
    traffic = stream(form, popularity={"zipf": 1.0})
    return np.array(
        [np.bincount(calls(traffic, 2, 3.0, k, 256).model, minlength=2) for k in range(REPLICATIONS)], dtype=np.float64
    )


def on_off_variance(model: int) -> float:
    rate = (40.0, 20.0)[model]
    deviation = on_off_counts()[:, model] - rate / 4 * 3.0
    return mean_is(deviation**2, mmpp_variance((rate, 0.0), (2.0, 6.0), 3.0))


def on_off_mean(model: int) -> float:
    return mean_is(on_off_counts()[:, model], (40.0, 20.0)[model] / 4 * 3.0)


def on_off_apart() -> float:
    both = on_off_counts() - np.array([30.0, 15.0])
    return mean_is(both[:, 0] * both[:, 1], 0.0)


def group_together() -> float:
    """With each: group, models of one group are on together: given their sum, the split is that of the shares."""
    form = {"on_off": {"rate": 200.0, "on": 1.0, "off": 3.0, "each": "group"}}
    seen = calls(stream(form), 6, 4000.0)
    second = np.floor(seen.time).astype(int) * 6 + seen.model
    cells = np.bincount(second, minlength=24_000).reshape(-1, 2, 3)
    both = cells[:, :, 0] + cells[:, :, 1]
    return float(stats.binomtest(int(cells[:, :, 0].sum()), int(both.sum()), 0.5).pvalue)


# Popularity


def models_called(popularity: Any, share: Callable[[], Floats]) -> float:
    seen = calls(stream({"poisson": {"rate": 1000.0}}, popularity=popularity), 10, 300.0)
    return chi_square(np.bincount(seen.model, minlength=10), share())


def tenants_by_hand() -> Floats:
    """Tenants of 4, 4 and 2 models in proportion to 1, 1/2, 1/3; within each of them to 1, 1/4, 1/9, 1/16."""
    within = [1 / np.arange(1, n + 1) ** 2 for n in (4, 4, 2)]
    between = 1 / np.arange(1, 4) / (1 / np.arange(1, 4)).sum()
    return np.concatenate([b * w / w.sum() for b, w in zip(between, within, strict=True)])


def lognormal_rates() -> float:
    """Logarithms of the shares, but for their mean, are normal: here against the known spread."""
    share = np.log(probabilities(stream({"poisson": {"rate": 1.0}}, popularity=LOGNORMAL).popularity, models(5000), 3))
    sigma = np.sqrt(np.log(1 + 2.0**2))
    return float(stats.kstest(share - share.mean(), stats.norm(scale=sigma).cdf).pvalue)


def lognormal_spread() -> float:
    share = np.log(probabilities(stream({"poisson": {"rate": 1.0}}, popularity=LOGNORMAL).popularity, models(5000), 3))
    chance = stats.chi2(4999).cdf(4999 * share.var(ddof=1) / np.log(1 + 2.0**2))
    return float(2 * min(chance, 1 - chance))


LOGNORMAL = {"lognormal": {"cv": 2.0}}
TENANTS = {"tenants": {"size": 4, "between": {"zipf": 1.0}, "within": {"zipf": 2.0}}}


def zipf(n: int, exponent: float) -> Floats:
    share = np.arange(1, n + 1) ** -exponent
    return np.asarray(share / share.sum())


# Sessions


def session_counts_at_once() -> float:
    """Without gaps the counts are compound Poisson: Var N(t) = rate x t x E n^2, for geometric n of mean 3: 15."""
    sessions = {"calls": {"geometric": {"mean": 3}}, "gap": 0.0, "models": "each"}
    traffic = stream({"poisson": {"rate": 5.0}}, sessions=sessions)
    number = np.array([len(calls(traffic, 3, 4.0, k, 64)) for k in range(REPLICATIONS)], dtype=np.float64)
    return mean_is((number - 60.0) ** 2, 20.0 * 15.0)


@cache
def slow_sessions(follow: str) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Sessions far apart, calls close together: (calls of each session, models in order, gaps within)."""
    sessions = {"calls": {"geometric": {"mean": 4}}, "gap": Exponential(1e-3), "models": follow}
    seen = calls(stream({"constant": {"rate": 1.0}}, sessions=sessions, popularity=TENANTS), 10, 20_000.5)
    gap = np.diff(seen.time)
    first = np.concatenate([[0], np.flatnonzero(gap > 0.3) + 1, [len(gap) + 1]])
    return np.diff(first), seen.model, gap[gap <= 0.3]


def session_numbers() -> float:
    number, _, _ = slow_sessions("same")
    chance = 0.25 * 0.75 ** np.arange(20)
    seen = np.bincount(np.minimum(number, 21), minlength=22)[1:]
    return chi_square(seen, np.concatenate([chance, [1 - chance.sum()]]))


def session_gaps() -> float:
    return float(stats.kstest(slow_sessions("same")[2], stats.expon(scale=1e-3).cdf).pvalue)


def further_models(follow: str) -> float:
    """Pairs of a session's first model and the next one."""
    number, model, _ = slow_sessions(follow)
    first = (np.cumsum(number) - number)[number > 1]
    share = tenants_by_hand()
    tenant = np.arange(10) // 4
    if follow == "each":
        chance = np.outer(share, share)
    else:
        total = np.array([share[tenant == k].sum() for k in range(3)])
        chance = np.outer(share, share) / total[tenant] * (tenant[:, None] == tenant)
    seen = np.bincount(model[first] * 10 + model[first + 1], minlength=100)
    there = chance.ravel() > 0
    assert not seen[~there].any()
    return chi_square(seen[there], chance.ravel()[there])


# Drift


def holders(drift: Drift, n: int, at_s: float, place: int, replications: int = 6000) -> NDArray[np.int64]:
    """How often each of `n` models has this place after some time."""
    seen = np.zeros(n, dtype=np.int64)
    one = Arrivals(np.array([at_s]), np.array([place]), None)
    for k in range(replications):
        (block,) = drifted(iter([one]), drift, n, of_traffic(SEED, k, "s"))
        seen[block.model[0]] += 1
    return seen


def swapped() -> float:
    """A swap moves a given model with chance 2/m, to each other place alike: so stays with exp(-2 s t / (m - 1))."""
    stay = np.exp(-2 * 0.5 * 3.0 / 4)
    share = np.full(5, (1 - stay) / 5)
    share[1] += stay
    return chi_square(holders(Drift(swaps_per_s=0.5), 5, 3.0, 1), share)


def born() -> float:
    """Four of six places live. Place 0 has its first holder for an exponential time, births / 4; later any one.

    A model dies at births / 4 and is born at births / 2, so that model 0 holds a place of its own kind again.
    """
    drift, t = Drift(births_per_s=0.8, alive=4 / 6), 3.0
    alive, begin = np.array([1.0, 1, 1, 1, 0, 0]), np.array([1.0, 0, 0, 0, 0, 0])
    even = 4 / 6
    now = even + (alive - even) * np.exp(-t * 0.8 * (1 / 4 + 1 / 2))
    share = now / 4 + (begin - alive / 4) * np.exp(-t * 0.8 / 4)
    return chi_square(holders(drift, 6, t, 0), share)


def changes() -> float:
    """The number of changes in a time is Poisson: a model with a place of its own for an exponential time."""
    lasting = []
    for k in range(2000):
        block = Arrivals(np.arange(1, 400) / 10, np.zeros(399, dtype=np.int64), None)
        (seen,) = drifted(iter([block]), Drift(births_per_s=1.0, alive=0.5), 2, of_traffic(SEED, k, "s"))
        lasting.append(int(np.argmax(seen.model != 0)))
    # One place, one to be born: the first change comes in step j with chance exp(-(j + 0.5) / 10) ...
    edge = np.exp(-np.array([0.0, *(np.arange(1, 40) / 10)]))
    chance = np.concatenate([-np.diff(edge), [edge[-1]]])
    return chi_square(np.bincount(np.minimum(lasting, 39), minlength=40), chance)


CHECKS: dict[str, Callable[[], float]] = {
    **{f"mean count, model {k} on and off": partial(on_off_mean, k) for k in (0, 1)},
    **{f"variance of counts, model {k} on and off": partial(on_off_variance, k) for k in (0, 1)},
    "models on and off are independent": on_off_apart,
    "a group is on and off together": group_together,
    "models called, Zipf": partial(models_called, {"zipf": 1.2}, lambda: zipf(10, 1.2)),
    "models called, tenants": partial(models_called, TENANTS, tenants_by_hand),
    "lognormal rates": lognormal_rates,
    "spread of lognormal rates": lognormal_spread,
    "dispersion of sessions": session_counts_at_once,
    "calls of a session": session_numbers,
    "gaps of a session": session_gaps,
    "models of a session, each": partial(further_models, "each"),
    "models of a session, tenant": partial(further_models, "tenant"),
    "swaps": swapped,
    "births": born,
    "moments of births": changes,
}


@pytest.mark.parametrize("check", CHECKS)
def test_against_theory(check: str) -> None:
    assert CHECKS[check]() > LEVEL


def test_the_false_alarms_are_counted() -> None:
    assert len(CHECKS) <= MOST_CHECKS["test_models_called"]


def test_a_session_with_one_model_keeps_to_it() -> None:
    number, model, _ = slow_sessions("same")
    first = np.cumsum(number) - number
    np.testing.assert_array_equal(model, np.repeat(model[first], number))
