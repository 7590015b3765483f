"""The ranking of inputs: closed forms of rank regression, ties, and orders that are not resolved."""

import math

import numpy as np
import pytest
from scipy import stats

from mmesim.stats.ranking import rank
from mmesim.stats.sampling import sobol


def normal(draws: int, fields: int) -> np.ndarray:
    return stats.norm.ppf(np.clip(sobol(draws, fields, np.random.default_rng(7)), 1e-9, 1 - 1e-9))


def resampled(draws: int) -> np.ndarray:
    return np.random.default_rng(3).integers(0, draws, (300, draws))


def test_the_only_input_of_a_linear_answer_explains_all_of_it():
    x = normal(64, 1)
    found = rank(["a"], x, 5.0 - 3.0 * x[:, 0], resampled(64))
    (only,) = found.influences
    assert only.share == pytest.approx(1.0)
    assert only.interval == pytest.approx((1.0, 1.0))
    assert (only.direction, found.resolved) == (-1, True)
    assert found.explained == pytest.approx(1.0)


def test_shares_of_a_linear_answer_are_those_of_spearman():
    """For normal inputs the rank correlation of x with a x + b y is 6/pi asin(r/2), r = a / sqrt(a^2 + b^2)."""
    x = normal(4096, 2)
    found = rank(["a", "b"], x, 2.0 * x[:, 0] + x[:, 1], resampled(4096)[:50])
    for influence, weight in zip(found.influences, (2.0, 1.0), strict=True):
        spearman = 6.0 / math.pi * math.asin(weight / math.sqrt(5.0) / 2.0)
        assert influence.share == pytest.approx(spearman**2, abs=0.005)
    assert [influence.field for influence in found.influences] == ["a", "b"]
    assert found.resolved


def test_two_alike_are_not_resolved():
    x = normal(64, 3)
    found = rank(["a", "b", "c"], x, x[:, 0] + x[:, 1], resampled(64))
    assert {influence.field for influence in found.influences[:2]} == {"a", "b"}
    assert [influence.resolved for influence in found.influences] == [False, True, True]
    assert not found.resolved


def test_an_answer_that_is_not_monotone_is_not_explained():
    x = normal(256, 1)
    found = rank(["a"], x, x[:, 0] ** 2, resampled(256))
    assert found.explained < 0.05


def test_what_does_not_vary_has_no_influence():
    x = np.column_stack([normal(64, 1)[:, 0], np.full(64, 2.0)])
    found = rank(["a", "still"], x, x[:, 0], resampled(64))
    assert [(one.field, one.share) for one in found.influences] == [("a", pytest.approx(1.0)), ("still", 0.0)]
    assert [one.direction for one in found.influences] == [1, 0]
    silent = rank(["a", "still"], x, np.ones(64), resampled(64))
    assert (silent.explained, [one.share for one in silent.influences]) == (0.0, [0.0, 0.0])


def test_influences_that_are_rounding_are_none_and_have_no_order():
    x = normal(24, 3)
    found = rank(["a", "b", "c"], x, x[:, 0], resampled(24))
    assert [(one.share, one.interval) for one in found.influences[1:]] == [(0.0, (0.0, 0.0))] * 2
    assert found.resolved
