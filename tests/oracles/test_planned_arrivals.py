"""Plans (exact thinning), and where a stationary process begins, against theory."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from scipy import stats

from mmesim.scenario.traffic.planned import DAY_S
from mmesim.scenario.values.times import (
    Constant,
    Empirical,
    Exponential,
    Gamma,
    Lognormal,
    Percentiles,
    Time,
    Uniform,
    Weibull,
)
from mmesim.workload.draws.generators import generator
from mmesim.workload.draws.sampler import residual
from tests.oracles.traffic import LEVEL, MOST_CHECKS, SEED, Floats, calls, law_of, stream, two_sided

pytestmark = pytest.mark.slow

# What is left of an interval at a random moment

INTERVALS: dict[str, Time] = {
    "constant": Constant(3.0),
    "exponential": Exponential(2.0),
    "gamma": Gamma(2.0, 1.7),
    "weibull": Weibull(2.0, 1.7),
    "lognormal": Lognormal(2.0, 1.2),
    "uniform": Uniform(1.0, 4.0),
    "empirical": Empirical((0.0, 1.0, 1.0, 5.0)),
    "percentiles": Percentiles(((10.0, 1.0), (50.0, 2.0), (90.0, 9.0))),
}


def survival(spec: Time, x: Floats) -> Floats:
    """The chance that an interval is longer than x."""
    match spec:
        case Constant(value):
            return (x < value).astype(float)
        case Empirical(values):
            return np.asarray(np.mean([x < value for value in values], axis=0))
        case Percentiles():
            pieces = [
                share * (np.clip((high - x) / (high - low), 0, 1) if high > low else (x < low))
                for share, low, high in spec.pieces
            ]
            return np.asarray(np.sum(pieces, axis=0))
    tail: Floats = law_of(spec).sf(x)
    return tail


def residual_follows(name: str) -> float:
    """Density (1 - F(x)) / mean (Cox 1962, section 5.2)."""
    spec = INTERVALS[name]
    draws = generator(SEED, 0, "residual", name)
    draw = residual(spec)
    sample = np.array([draw(draws) for _ in range(10_000)])
    grid = np.concatenate([[0.0], np.geomspace(1e-6, 2000.0, 40_001)])
    middle = (grid[:-1] + grid[1:]) / 2
    mass = np.concatenate([[0.0], np.cumsum(np.diff(grid) * survival(spec, middle))])
    return float(stats.kstest(sample, lambda x: np.interp(x, grid, mass / mass[-1])).pvalue)


# Plans

PLANS: dict[str, tuple[dict[str, Any], Callable[[Floats], Floats], float]] = {
    "steps": (
        {"schedule": {"rates": {"0 s": 5.0, "1 h": 0.0, "2 h": 30.0, "150 min": 2.0}}},
        lambda t: np.select([t < 3600, t < 7200, t < 9000], [5.0, 0.0, 30.0], 2.0),
        20_000.0,
    ),
    "lines again and again": (
        {"schedule": {"rates": {"0 s": 0.0, "10 min": 40.0, "15 min": 3.0}, "shape": "linear", "repeat": 1200.0}},
        lambda t: np.interp(t % 1200, [0, 600, 900, 1200], [0.0, 40.0, 3.0, 0.0]),
        6_000.0,
    ),
    "flash crowd": (
        {"flash_crowd": {"base": 3.0, "peak": 90.0, "at": 1000.0, "ramp": 60.0, "hold": 300.0, "decay": 600.0}},
        lambda t: np.interp(t, [1000, 1060, 1360, 1960], [3.0, 90.0, 90.0, 3.0]),
        8_000.0,
    ),
    "stages": (
        {
            "ramp": {
                "start_rate": 5.0,
                "stages": [
                    {"duration": 1000.0, "target": 40.0},
                    {"duration": 0.0, "target": 10.0},
                    {"duration": 2000.0, "target": 0.0},
                ],
            }
        },
        lambda t: np.where(t < 1000, 5.0 + 0.035 * t, np.maximum(0.0, 10.0 - (t - 1000) / 200)),
        4_000.0,
    ),
    "week": (
        {
            "diurnal": {
                "mean": 0.2,
                "peak_to_mean": 1.9,
                "peak_at": 13.1 * 3600,
                "weekend": 0.3,
                "start_day": "thursday",
                "start_time": 5.5 * 3600,
            }
        },
        lambda t: (
            0.2
            * (1 + 0.9 * np.cos(2 * np.pi * ((t + 5.5 * 3600) / DAY_S - 13.1 / 24)))
            * np.where((t + 5.5 * 3600 + 3 * DAY_S) % (7 * DAY_S) >= 5 * DAY_S, 0.3, 1.0)
        ),
        10 * DAY_S,
    ),
}


def rescaled(name: str) -> tuple[Floats, float]:
    """The integral of the rate up to each call, and up to the end; by sums over a fine grid."""
    form, rate, until_s = PLANS[name]
    grid = np.linspace(0.0, until_s, 2_000_001)
    middle = (grid[:-1] + grid[1:]) / 2
    total = np.concatenate([[0.0], np.cumsum(np.diff(grid) * rate(middle))])
    moments = calls(stream(form), 1, until_s).time
    return np.interp(moments, grid, total), float(total[-1])


def plan_mean(name: str) -> float:
    moments, total = rescaled(name)
    return two_sided((len(moments) - total) / np.sqrt(total))


def plan_times(name: str) -> float:
    """Rescaled by the integral of the rate, the calls are Poisson of rate 1: gaps are exponential."""
    moments, _ = rescaled(name)
    return float(stats.kstest(np.diff(moments), stats.expon().cdf).pvalue)


def plan_gaps_independent(name: str) -> float:
    rank = stats.rankdata(np.diff(rescaled(name)[0]))
    return two_sided(float(np.corrcoef(rank[:-1], rank[1:])[0, 1]) * np.sqrt(len(rank) - 1))


CHECKS: dict[str, Callable[[], float]] = {
    **{f"residual, {name}": partial(residual_follows, name) for name in INTERVALS},
    **{f"mean count, {name}": partial(plan_mean, name) for name in PLANS},
    **{f"rescaled times, {name}": partial(plan_times, name) for name in PLANS},
    **{f"independent rescaled gaps, {name}": partial(plan_gaps_independent, name) for name in PLANS},
}


@pytest.mark.parametrize("check", CHECKS)
def test_against_theory(check: str) -> None:
    assert CHECKS[check]() > LEVEL


def test_the_false_alarms_are_counted() -> None:
    assert len(CHECKS) <= MOST_CHECKS["test_planned_arrivals"]
