"""A test at a look: its laws, its level on skewed samples, and the bound of a share that was hardly ever seen."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from mmesim.stats.looks import (
    FEWEST,
    LOOKS,
    clean_blocks,
    length,
    p_above,
    p_alike,
    p_below,
    p_mean_above,
    p_share_below,
    share_bound,
)
from mmesim.stats.means import hall
from mmesim.stats.spending import nominal_levels

samples = st.lists(st.integers(-1000, 1000).map(float), min_size=FEWEST, max_size=80)


@settings(deadline=None)
@given(samples, st.floats(-2000, 2000), st.floats(0, 2000))
def test_a_higher_mean_is_never_more_surely_below(sample, limit, lift):
    lifted = [value + lift for value in sample]
    assert p_below(lifted, limit) >= p_below(sample, limit) - 1e-9
    assert p_above(lifted, limit) <= p_above(sample, limit) + 1e-9


@settings(deadline=None)
@given(samples, st.floats(-2000, 2000), st.floats(0, 2000))
def test_a_higher_limit_is_never_less_surely_held(sample, limit, lift):
    assert p_below(sample, limit + lift) <= p_below(sample, limit)
    assert p_above(sample, limit + lift) >= p_above(sample, limit)


@settings(deadline=None)
@given(samples, st.floats(-2000, 2000))
def test_both_sides_are_never_sure_at_once(sample, limit):
    assert min(p_below(sample, limit), p_above(sample, limit)) <= 1.0
    assert not (p_below(sample, limit) < 0.5 and p_above(sample, limit) < 0.5)


@settings(deadline=None)
@given(samples, st.floats(-2000, 2000))
def test_the_statistic_is_that_of_the_mirror_image_with_the_other_sign(sample, limit):
    assert hall(sample, limit)[0] == pytest.approx(-hall([-v for v in sample], -limit)[0], rel=1e-9, abs=1e-12)


def test_johnsons_turn_is_not_there():
    # n = 40, skewness 1, s = 0.1, mean 0.5 below the limit: plain t is -31.6, Johnson's statistic +21
    rng = np.random.default_rng(3)
    sample = rng.gamma(4.0, 1.0, 40)
    sample = (0.1 * (sample - sample.mean()) / sample.std(ddof=1)).tolist()
    assert p_below(sample, 0.5) < 1e-9
    assert p_above(sample, 0.5) > 0.999


def test_fewer_than_ten_values_decide_nothing():
    sample = [1.0, 1.1, 0.9] * 3
    assert p_below(sample, 100.0) == p_above(sample, -100.0) == 1.0


def test_a_sample_too_skewed_for_its_size_decides_nothing():
    # one of 40 stands out: its skewness is 38 / sqrt(39), over sqrt(40) nearly 1
    sample = [0.0] * 39 + [1.0]
    assert p_below(sample, 5.0) == p_above(sample, -5.0) == 1.0


def test_skewed_values_that_are_nearly_alike_say_as_much_as_those_that_are_alike():
    # A log that is replayed: 235 of 29,000 calls are slow each time, 236 in five of 80 replications, 237 in one.
    sample = [count / 29_000 for count in [235] * 74 + [236] * 5 + [237]]
    assert p_below(sample, 0.01) == p_alike(80)
    assert p_above(sample, 0.01) == 1.0
    assert p_above(sample, 0.007) == p_alike(80)
    # Where the limit is only ten such steps away, a few others would be beyond it.
    assert p_below(sample, 245 / 29_000) == 1.0


def test_values_that_are_not_skewed_are_tested_by_their_mean_however_alike_they_are():
    sample = [1.0, 1.001] * 20
    assert p_below(sample, 2.0) < 1e-9 < p_alike(40)


def test_values_that_are_all_alike_say_that_few_are_others():
    # Recoveries of one minute, and of 21 in a tenth of all runs: three minutes on average, and ten of one with 35 %.
    assert p_below([60.0] * 10, 170.0) == pytest.approx(0.9**10)
    assert p_below([60.0] * 60, 170.0) == pytest.approx(0.9**60)
    assert p_below([60.0, 60.0 + 1e-12] * 5, 170.0) == pytest.approx(0.9**10)
    assert p_above([3.0] * 10, 4.0) == 1.0
    assert p_above([3.0] * 10, 2.0) == pytest.approx(0.9**10)
    assert p_below([3.0] * 10, 3.0) == 0.5


def test_368_clean_blocks_decide_one_per_cent():
    assert clean_blocks(0.01, 0.025) == 368
    assert p_share_below(0, 368, 0.01) < 0.025 < p_share_below(0, 367, 0.01)
    assert share_bound(0, 368, 0.025) < 0.01 < share_bound(0, 367, 0.025)
    assert share_bound(0, 40, 0.025) == pytest.approx(0.0881, abs=1e-4)


@given(st.integers(0, 20), st.integers(1, 5000), st.floats(1e-4, 0.5))
def test_the_bound_of_a_share_and_its_p_value_agree_and_scipy_does(dirty, blocks, limit):
    p = p_share_below(dirty, blocks, limit)
    expected = float(scipy.stats.binom.cdf(dirty, blocks, limit)) if dirty < blocks else 1.0
    assert p == pytest.approx(expected, rel=1e-9, abs=1e-100)
    if 1e-12 < p < 1.0 - 1e-9:
        assert share_bound(dirty, blocks, p) == pytest.approx(limit, rel=1e-6)


def test_what_cannot_be_bounded_is_not():
    assert p_share_below(5, 5, 0.5) == share_bound(5, 5, 0.025) == 1.0
    assert p_share_below(0, 1000, 0.0) == 1.0
    assert p_share_below(0, 1000, 1.0) == 0.0


def test_the_length_lets_the_look_in_the_middle_decide():
    assert length(0.0) == length(1.2) == 1
    assert length(6.5) == 27
    for skewness in (1.5, 3.0, 6.5, 9.8):
        assert 1.5 * skewness / math.sqrt(length(skewness) * 40) <= 0.3


def decided(values: list[float], limit: float, alpha: float) -> str:
    """What a test of both sides finds, look after look, when the truth is the limit."""
    for look, level in zip(LOOKS, nominal_levels(LOOKS, alpha), strict=True):
        if p_below(values[:look], limit) <= level:
            return "pass"
        if p_above(values[:look], limit) <= level:
            return "fail"
    return "undecided"


@pytest.mark.slow
@pytest.mark.parametrize("skewness", [0.0, 0.95, 1.75, 3.0])
def test_on_the_edge_each_side_is_wrong_as_seldom_as_designed(skewness):
    # Shifted gamma replications of the given skewness, their mean the limit itself. 3,000 gates: 2.5 % plus the 10 % of
    # itself that facts about Hall's statistic allow for, and four standard errors.
    rng, trials, alpha = np.random.default_rng(11), 3_000, 0.025
    shape = (2.0 / skewness) ** 2 if skewness else 0.0
    draw = (lambda n: rng.gamma(shape, 1.0, n) - shape) if shape else rng.standard_normal
    found = [decided(draw(LOOKS[-1]).tolist(), 0.0, alpha) for _ in range(trials)]
    most = alpha * 1.2 + 4 * math.sqrt(alpha / trials)
    assert found.count("fail") / trials <= most
    assert found.count("pass") / trials <= most


def test_a_clear_case_is_decided_on_both_sides():
    rng = np.random.default_rng(5)
    sample = rng.gamma(4.0, 1.0, LOOKS[-1]).tolist()  # mean 4
    assert decided(sample, 8.0, 0.025) == "pass"
    assert decided(sample, 2.0, 0.025) == "fail"


@given(st.integers(1, 60), st.floats(0.01, 0.99), st.data())
def test_hoeffdings_bound_is_never_less_than_the_binomial_chance(n, limit, data):
    ones = data.draw(st.integers(0, n))
    bound = p_mean_above([1.0] * ones + [0.0] * (n - ones), limit)
    assert bound >= float(scipy.stats.binom.sf(ones - 1, n, limit)) * (1.0 - 1e-9) if ones else bound == 1.0


def test_ten_values_that_are_all_one_are_above_any_share():
    assert p_mean_above([1.0] * 10, 0.1) == pytest.approx(1e-10)
    assert p_mean_above([0.1] * 10, 0.1) == 1.0
    assert p_mean_above([0.5] * 10, 0.0) == 0.0
