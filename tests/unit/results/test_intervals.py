"""Student's t interval against the textbook and scipy, and estimates over replications that lack a value."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from mmesim.results.intervals import Estimate, estimate, mean, never_seen, student_t

values = st.lists(st.floats(min_value=-1e6, max_value=1e6), min_size=2, max_size=30)


def test_five_values_by_hand() -> None:
    # mean 3, standard deviation sqrt(2.5), t(0.975, 4) = 2.776: half-width 2.776 * sqrt(2.5 / 5)
    interval = student_t([1.0, 2.0, 3.0, 4.0, 5.0])
    assert interval == pytest.approx((3 - 2.7764451 * math.sqrt(0.5), 3 + 2.7764451 * math.sqrt(0.5)), rel=1e-7)


def test_two_values_by_hand() -> None:
    assert student_t([0.0, 2.0]) == pytest.approx((1 - 12.7062047, 1 + 12.7062047), rel=1e-7)


@settings(deadline=None)
@given(values, st.sampled_from([0.8, 0.95, 0.99]))
def test_agrees_with_scipy(sample: list[float], confidence: float) -> None:
    got = student_t(sample, confidence)
    assert got is not None
    error = float(np.std(sample, ddof=1)) / math.sqrt(len(sample))
    half = float(scipy.stats.t.ppf(0.5 + confidence / 2, len(sample) - 1)) * error
    assert got == pytest.approx((np.mean(sample) - half, np.mean(sample) + half), rel=1e-9, abs=1e-6)


@settings(deadline=None)
@given(values, st.randoms(use_true_random=False))
def test_order_of_replications_does_not_matter(sample: list[float], random: object) -> None:
    shuffled = list(sample)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert mean(shuffled) == mean(sample)
    assert student_t(shuffled) == student_t(sample)


def test_one_replication_has_no_interval() -> None:
    assert student_t([1.0]) is None
    assert estimate([1.0], "nothing") == Estimate(1.0, None)


def test_interval_is_cut_to_the_possible_range() -> None:
    assert student_t([0.0, 0.1], low=0.0, high=1.0) == pytest.approx((0.0, 0.05 + 12.7062047 * 0.05), rel=1e-7)


@pytest.mark.parametrize("trials", [1, 3, 1000])
def test_never_seen_is_the_exact_binomial_bound(trials: int) -> None:
    exact = scipy.stats.binomtest(0, trials).proportion_ci(0.95, method="exact")
    assert never_seen(trials) == pytest.approx(exact.high, rel=1e-12)


def test_a_replication_without_a_value_takes_it_from_all() -> None:
    assert estimate([1.0, math.nan, 3.0], "no call") == Estimate(None, reason="no call in 1 of 3 replications")
    assert estimate([math.nan], "no call") == Estimate(None, reason="no call")


def test_a_replication_without_a_value_can_be_left_out() -> None:
    assert estimate([2.0, math.nan], "no call", skip_missing=True) == Estimate(2.0)


def test_scale_applies_to_value_and_interval() -> None:
    seconds, milliseconds = estimate([1.0, 3.0], ""), estimate([1.0, 3.0], "", scale=1000.0)
    assert milliseconds.value == 2000.0
    assert seconds.ci95 is not None
    assert milliseconds.ci95 == pytest.approx([1000 * x for x in seconds.ci95])


def test_value_or_reason_but_not_both() -> None:
    with pytest.raises(ValueError, match="either"):
        Estimate(None)
    with pytest.raises(ValueError, match="either"):
        Estimate(1.0, reason="x")
    assert Estimate(None, reason="x").as_dict() == {"value": None, "ci95": None, "reason": "x"}
    assert Estimate(1.0, (0.5, 1.5)).as_dict() == {"value": 1.0, "ci95": [0.5, 1.5]}
