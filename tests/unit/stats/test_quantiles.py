"""Intervals of quantiles and of their differences: what is possible by hand, and how often they hold the truth."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from mmesim.arrays import Floats
from mmesim.stats.quantiles import Cells, difference_interval, quantile_interval

Sample = Sequence[Floats]


def cells(sample: Sample, width: float = 0.0) -> Cells:
    """A cell for each value, or for each interval of this width that holds any."""
    keys = [np.floor(one / width) if width else one for one in sample]
    each, number = np.unique(np.concatenate(keys), return_inverse=True)
    count, everything = np.zeros((len(sample), len(each))), np.concatenate(sample)
    np.add.at(count, (np.repeat(np.arange(len(sample)), [len(one) for one in sample]), number), 1.0)
    low, high = np.full(len(each), np.inf), np.full(len(each), -np.inf)
    np.minimum.at(low, number, everything)
    np.maximum.at(high, number, everything)
    return Cells(low, high, count)


def two_valued(rng: np.random.Generator, share: float, calls: int, replications: int) -> Cells:
    """10 ms, and 1,000 ms for a share of the calls."""
    slow = rng.binomial(calls, share, replications).astype(np.float64)
    return Cells(np.array([10.0, 1000.0]), np.array([10.0, 1000.0]), np.column_stack([calls - slow, slow]))


def test_a_constant_is_certain_and_so_is_its_shift() -> None:
    a, b = cells([np.full(5, 10.0)] * 4), cells([np.full(5, 10.5)] * 4)
    assert quantile_interval(a, 0.99) == (10.0, 10.0)
    assert difference_interval(a, b, 0.99) == (0.5, 0.5)


def test_one_replication_has_no_interval() -> None:
    one = cells([np.arange(9.0)])
    assert quantile_interval(one, 0.5) is None
    assert difference_interval(one, one, 0.5) is None


def test_a_place_is_possible_when_the_share_up_to_it_can_be_q() -> None:
    # shares of 10 ms: 98.6 to 99.4 %, mean 99.025 %, half-width 0.53 %: both values can be the p99
    slow = np.array([6.0, 10.0, 9.0, 14.0])
    both = Cells(np.array([10.0, 1000.0]), np.array([10.0, 1000.0]), np.column_stack([1000.0 - slow, slow]))
    assert quantile_interval(both, 0.99) == (10.0, 1000.0)
    assert quantile_interval(both, 0.98) == (10.0, 10.0)
    assert quantile_interval(both, 0.998) == (1000.0, 1000.0)


def test_what_two_runs_share_cancels() -> None:
    rng = np.random.default_rng(1)
    sample = [rng.exponential(100.0, 2_000) * factor for factor in rng.lognormal(0.0, 0.2, 10)]
    a, b = cells(sample, 0.5), cells([1.01 * one for one in sample], 0.5)
    alone = quantile_interval(a, 0.9)
    together = difference_interval(a, b, 0.9)
    assert alone is not None
    assert together is not None
    assert together[0] > 0.0
    assert together[1] - together[0] < 0.1 * (alone[1] - alone[0])


def test_exchanging_the_runs_turns_the_interval_round() -> None:
    rng = np.random.default_rng(2)
    a, b = (cells([rng.exponential(scale, 300) for _ in range(6)], 0.05) for scale in (1.0, 1.1))
    there, back = difference_interval(a, b, 0.5), difference_interval(b, a, 0.5)
    assert there is not None
    assert back is not None
    assert there == pytest.approx((-back[1], -back[0]))


@pytest.mark.parametrize("replications", [2, 3, 5, 10])
def test_a_difference_between_two_values_is_held_often_enough(replications: int) -> None:
    rng = np.random.default_rng(replications)
    held = 0
    for _ in range(400):
        a, b = two_valued(rng, 0.0102, 20_000, replications), two_valued(rng, 0.0098, 20_000, replications)
        found = difference_interval(a, b, 0.99)
        assert found is not None
        held += found[0] <= -990.0 <= found[1]
    assert held / 400 >= 0.935


def _exponential(rng: np.random.Generator, replications: int) -> tuple[Sample, Sample]:
    common = [rng.exponential(1.0, 1_500) for _ in range(replications)]
    return common, [1.05 * one + 0.02 * rng.random(1_500) for one in common]


@pytest.mark.parametrize("replications", [3, 5, 10])
@pytest.mark.parametrize(("q", "truth"), [(0.5, 0.05 * math.log(2.0) + 0.01), (0.9, 0.05 * math.log(10.0) + 0.01)])
def test_a_smooth_difference_is_held_often_enough(replications: int, q: float, truth: float) -> None:
    rng = np.random.default_rng(replications)
    held = 0
    for _ in range(60):
        a, b = _exponential(rng, replications)
        found = difference_interval(cells(a, 0.02), cells(b, 0.02), q)
        assert found is not None
        held += found[0] <= truth <= found[1]
    assert held >= 54
