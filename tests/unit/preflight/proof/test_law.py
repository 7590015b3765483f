"""Means of times that are cut, and chances of long ones: closed forms against numerical integrals and draws."""

import math

import numpy as np
import pytest
from scipy.integrate import quad

from mmesim.preflight.proof.law import beyond, cut_mean, cut_sum_mean, sum_beyond
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

TIMES: list[Time] = [
    Constant(0.3),
    Exponential(0.3),
    Lognormal(0.3, 0.8),
    Lognormal(0.3, 3.0),
    Gamma(0.3, 0.4),
    Gamma(0.3, 2.0),
    Weibull(0.3, 0.5),
    Weibull(0.3, 1.7),
    Uniform(0.1, 0.5),
    Uniform(0.2, 0.2),
    Empirical((0.1, 0.1, 0.4)),
    Percentiles(((0.0, 0.05), (50.0, 0.2), (99.0, 0.9))),
    Percentiles(((10.0, 0.1), (90.0, 0.1))),
]


@pytest.mark.parametrize("time", TIMES, ids=repr)
def test_a_cut_mean_is_the_integral_of_the_chance_to_be_longer(time):
    for limit in (0.0, 0.05, 0.15, 0.3, 1.2):
        kinks = [value for value in (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.9) if value < limit]
        expected = quad(lambda x: beyond(time, x), 0.0, limit, points=kinks or None, limit=200)[0] if limit else 0.0
        assert cut_mean(time, np.array([limit]))[0] == pytest.approx(expected, abs=2e-6)
    assert cut_mean(time, np.array([1e9]))[0] == pytest.approx(time.mean, rel=1e-9)


@pytest.mark.parametrize("time", TIMES, ids=repr)
def test_the_chance_to_be_longer_is_that_of_draws(time):
    spec = type(time).batch(1, {0: time}) if not isinstance(time, Constant) else None
    n = 200_000
    rng = np.random.default_rng(3)
    drawn = np.full(n, time.mean) if spec is None else spec(rng, np.zeros(n, dtype=np.int64))
    for limit in (-1.0, 0.0, 0.07, 0.15, 0.33, 0.8):
        found = beyond(time, limit)
        assert float((drawn > limit).mean()) == pytest.approx(found, abs=5 * math.sqrt(0.25 / n))


def test_a_sum_is_bounded_from_below():
    parts = ((Constant(0.1), 2.0), (Exponential(0.2), 1.0), (Lognormal(0.1, 1.0), 3.0))
    rng = np.random.default_rng(1)
    n = 400_000
    drawn = 0.2 + rng.exponential(0.2, n) + 3.0 * Lognormal.draw(rng, n, *Lognormal(0.1, 1.0).parameters)
    for limit in (0.05, 0.2, 0.3, 0.6, 2.0):
        found = float(cut_sum_mean(parts, np.array([limit]))[0])
        assert found <= float(np.minimum(drawn, limit).mean()) + 1e-3
        assert sum_beyond(parts, limit) <= float((drawn > limit).mean()) + 3e-3
    assert float(cut_sum_mean(parts, np.array([1e9]))[0]) == pytest.approx(0.7)
    assert sum_beyond(parts, 0.1) == 1.0
    assert float(cut_sum_mean(((Constant(0.1), 2.0),), np.array([0.15]))[0]) == 0.15
    assert sum_beyond((), 0.0) == 0.0
    assert sum_beyond((), -1.0) == 1.0
