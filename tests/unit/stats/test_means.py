"""The interval of a mean: Student's t where nothing is skewed, Hall's correction elsewhere, and its laws."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
import scipy.stats
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mmesim.stats.means import SKEWNESS_FROM, hall, mean, mean_interval

numbers = st.floats(min_value=-1e6, max_value=1e6)
values = st.lists(numbers, min_size=2, max_size=30)
many = st.lists(numbers, min_size=SKEWNESS_FROM, max_size=30)


def interval(sample: Sequence[float], confidence: float = 0.95) -> tuple[float, float]:
    """The interval of a sample that has one."""
    found = mean_interval(sample, confidence)
    assert found is not None
    return found


def statistic(sample: Sequence[float], limit: float) -> float:
    """Hall's statistic as it is published; NumPy's moments."""
    n, deviations = len(sample), np.array(sample) - np.mean(sample)
    k = float((deviations**3).mean() / (deviations**2).mean() ** 1.5)
    r = (float(np.mean(sample)) - limit) / float(np.std(sample, ddof=1))
    return math.sqrt(n) * (r + k * r**2 / 3 + k**2 * r**3 / 27 + k / (6 * n))


def test_halls_statistic_is_corrected_from_eight_values_on() -> None:
    sample = [0.1, 0.2, 0.2, 0.3, 0.5, 0.9, 1.7, 3.2]
    found, skewness = hall(sample, 1.5)
    assert found == pytest.approx(statistic(sample, 1.5))
    assert skewness == pytest.approx(scipy.stats.skew(sample))
    of_seven, skewness = hall(sample[1:], 1.5)
    assert of_seven == pytest.approx(scipy.stats.ttest_1samp(sample[1:], 1.5).statistic)
    assert skewness == pytest.approx(scipy.stats.skew(sample[1:]))


def test_five_values_by_hand() -> None:
    # mean 3, standard deviation sqrt(2.5), t(0.975, 4) = 2.776: half-width 2.776 * sqrt(2.5 / 5)
    expected = (3 - 2.7764451 * math.sqrt(0.5), 3 + 2.7764451 * math.sqrt(0.5))
    assert interval([1.0, 2.0, 3.0, 4.0, 5.0]) == pytest.approx(expected, rel=1e-7)


def test_two_values_by_hand() -> None:
    assert interval([0.0, 2.0]) == pytest.approx((1 - 12.7062047, 1 + 12.7062047), rel=1e-7)


def test_a_skewed_sample_by_hand() -> None:
    # Eight 0 and one 9: mean 1, s = 3, skewness 7 / sqrt(8) = 2.4749; t(0.975, 8) = 2.30600 over sqrt(9), less k / 54.
    k, t = 7 / math.sqrt(8), 2.30600414 / 3
    r = [3 / k * (math.cbrt(1 + k * (end - k / 54)) - 1) for end in (t, -t)]
    assert interval([0.0] * 8 + [9.0]) == pytest.approx((1 - 3 * r[0], 1 - 3 * r[1]), rel=1e-7)


@settings(deadline=None)
@given(st.lists(numbers, min_size=2, max_size=SKEWNESS_FROM - 1))
def test_a_few_values_have_students_interval_whatever_their_skewness(sample: list[float]) -> None:
    error = float(np.std(sample, ddof=1)) / math.sqrt(len(sample))
    t = float(scipy.stats.t.ppf(0.975, len(sample) - 1))
    middle = mean(sample)
    assert interval(sample) == pytest.approx((middle - t * error, middle + t * error), rel=1e-6, abs=1e-6)


@settings(deadline=None)
@given(values, st.sampled_from([0.8, 0.95, 0.99]))
def test_a_symmetric_sample_has_students_interval(half: list[float], confidence: float) -> None:
    sample = half + [-value for value in half]
    error = float(np.std(sample, ddof=1)) / math.sqrt(len(sample))
    t = float(scipy.stats.t.ppf(0.5 + confidence / 2, len(sample) - 1))
    assert interval(sample, confidence) == pytest.approx((-t * error, t * error), rel=1e-6, abs=1e-9)


@settings(deadline=None)
@given(many, st.sampled_from([0.8, 0.95, 0.99]))
def test_its_ends_are_where_halls_statistic_reaches_students_t(sample: list[float], confidence: float) -> None:
    assume(float(np.std(sample)) > 1e-3)
    t = float(scipy.stats.t.ppf(0.5 + confidence / 2, len(sample) - 1))
    low, high = interval(sample, confidence)
    assert statistic(sample, low) == pytest.approx(t, rel=1e-6, abs=1e-6)
    assert statistic(sample, high) == pytest.approx(-t, rel=1e-6, abs=1e-6)


@settings(deadline=None)
@given(many, st.lists(st.floats(min_value=-1e7, max_value=1e7), min_size=2, max_size=20))
def test_a_limit_further_from_the_mean_never_decides_less(sample: list[float], limits: list[float]) -> None:
    """Monotone: of two limits on one side of the mean, when the nearer one is outside, so is the other."""
    assume(float(np.std(sample)) > 1e-3)
    low, high = interval(sample)
    assert low <= mean(sample) <= high
    assert [low <= limit <= high for limit in sorted(limits)] == [
        abs(statistic(sample, limit)) <= float(scipy.stats.t.ppf(0.975, len(sample) - 1)) for limit in sorted(limits)
    ]
    found = [statistic(sample, limit) for limit in sorted(limits)]
    assert found == sorted(found, reverse=True)


@settings(deadline=None)
@given(values, st.floats(min_value=-1e6, max_value=1e6), st.sampled_from([-3.0, -1.0, 1e-3, 0.5, 4.0]))
def test_it_moves_and_stretches_with_the_values(sample: list[float], shift: float, scale: float) -> None:
    assume(float(np.std(sample)) > 1e-3)
    expected = sorted(scale * end + shift for end in interval(sample))
    got = interval([scale * value + shift for value in sample])
    assert got == pytest.approx(tuple(expected), rel=1e-5, abs=1e-5 * (expected[1] - expected[0]) + 1e-6)


@settings(deadline=None)
@given(values, st.randoms(use_true_random=False))
def test_order_of_replications_does_not_matter(sample: list[float], random: object) -> None:
    shuffled = list(sample)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert mean(shuffled) == mean(sample)
    assert mean_interval(shuffled) == mean_interval(sample)


@settings(deadline=None)
@given(values)
def test_more_confidence_contains_less(sample: list[float]) -> None:
    (low, high), (lower, higher) = interval(sample, 0.9), interval(sample, 0.99)
    assert lower <= low <= high <= higher


def test_one_replication_has_no_interval() -> None:
    assert mean_interval([1.0]) is None


def test_equal_values_have_an_interval_without_width() -> None:
    assert mean_interval([0.3, 0.3, 0.3]) == (0.3, 0.3)


def test_interval_is_cut_to_the_possible_range() -> None:
    assert mean_interval([0.0, 0.1], low=0.0, high=1.0) == pytest.approx((0.0, 0.05 + 12.7062047 * 0.05), rel=1e-7)


@pytest.mark.parametrize("replications", [10, 20])
def test_skewed_means_are_covered_more_often_than_by_students_t(replications: int) -> None:
    samples = np.random.default_rng(1).exponential(size=(2_000, replications))
    t = float(scipy.stats.t.ppf(0.975, replications - 1)) / math.sqrt(replications)
    plain = np.abs(samples.mean(axis=1) - 1.0) <= t * samples.std(axis=1, ddof=1)
    hall = [low <= 1.0 <= high for low, high in (interval(sample) for sample in samples.tolist())]
    assert np.mean(plain) < 0.93 < np.mean(hall)
