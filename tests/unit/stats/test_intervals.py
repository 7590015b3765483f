"""Sectioning and shares against the textbook and scipy, and estimates over replications that lack a value."""

from __future__ import annotations

import math

import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from mmesim.stats.intervals import Estimate, estimate, half_width, sectioning, share_interval
from mmesim.stats.means import mean, mean_interval

values = st.lists(st.floats(min_value=-1e6, max_value=1e6), min_size=2, max_size=30)


def test_one_replication_has_no_interval() -> None:
    assert estimate([1.0], "nothing") == Estimate(1.0, None)


@pytest.mark.parametrize("trials", [1, 3, 1000])
def test_a_share_never_seen_has_the_exact_binomial_bound(trials: int) -> None:
    exact = scipy.stats.binomtest(0, 2 * trials).proportion_ci(0.95, method="exact")
    assert share_interval([0.0, 0.0], [trials, trials]) == pytest.approx((0.0, exact.high), rel=1e-9)
    always = share_interval([1.0, 1.0], [trials, trials])
    assert always == pytest.approx((1.0 - exact.high, 1.0), rel=1e-9)


def test_a_share_seen_once_is_not_narrower_than_one_never_seen() -> None:
    trials = [1000] * 10
    never, once = (share_interval([seen / 1000, *[0.0] * 9], trials) for seen in (0, 1))
    assert never is not None
    assert once is not None
    assert once[1] > never[1]
    exact = scipy.stats.binomtest(1, 10_000).proportion_ci(0.95, method="exact")
    assert once[1] >= exact.high
    assert once[0] <= exact.low


def test_a_share_that_varies_more_than_chance_has_the_t_interval() -> None:
    values, trials = [0.1, 0.5, 0.9, 0.3], [100] * 4
    assert share_interval(values, trials) == mean_interval(values, low=0.0, high=1.0)
    assert share_interval([0.5], [100]) is None


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


def test_sectioning_by_hand() -> None:
    # deviations from the pooled quantile -2, 1, 2: sqrt(9 / (3 x 2)), t(0.975, 2) = 4.30265, half a bucket of 1
    got = sectioning(10.0, [8.0, 11.0, 12.0], "nothing", resolution=0.5)
    half = 4.3026527 * math.sqrt(1.5) + 0.5
    assert got.value == 10.0
    assert got.half_width == pytest.approx(half, rel=1e-7)
    assert got.ci95 == pytest.approx((10.0 - half, 10.0 + half), rel=1e-7)


def test_sectioning_counts_the_bias_of_the_single_values() -> None:
    # around their own mean the values do not vary at all
    assert half_width([8.0, 8.0, 8.0]) == 0.0
    got = sectioning(10.0, [8.0, 8.0, 8.0], "")
    assert got.half_width == pytest.approx(4.3026527 * math.sqrt(12 / 6))


def test_sectioning_is_scaled_and_cut_but_its_half_width_is_not() -> None:
    got = sectioning(0.010, [0.001, 0.030], "", low=0.0, scale=1000.0, resolution=0.002)
    half = 12.7062047 * math.sqrt((81 + 400) / 2) + 2.0
    assert got.value == 10.0
    assert got.ci95 == pytest.approx((0.0, 10.0 + half))
    assert got.half_width == pytest.approx(half)


def test_sectioning_is_widened_where_another_interval_reaches_farther() -> None:
    plain = sectioning(10.0, [8.0, 11.0, 12.0], "")
    assert plain.ci95 is not None
    low, high = plain.ci95
    inside = sectioning(10.0, [8.0, 11.0, 12.0], "", at_least=(9.0, 11.0))
    assert inside == plain
    above = sectioning(10.0, [8.0, 11.0, 12.0], "", at_least=(9.0, 30.0), resolution=0.5)
    assert above.ci95 == pytest.approx((low - 0.5, 30.0))
    assert above.half_width == pytest.approx(20.0)
    below = sectioning(0.010, [0.008, 0.011, 0.012], "", at_least=(0.001, 0.010), scale=1000.0)
    assert below.ci95 == pytest.approx((1.0, high))
    assert below.half_width == pytest.approx(9.0)


def test_sectioning_of_one_replication_has_a_value_only() -> None:
    assert sectioning(3.0, [3.0], "", resolution=1.0) == Estimate(3.0)


def test_sectioning_needs_every_replication() -> None:
    assert sectioning(3.0, [3.0, math.nan], "no call") == Estimate(None, reason="no call in 1 of 2 replications")
    assert sectioning(math.nan, [math.nan] * 2, "no call") == Estimate(None, reason="no call")


@settings(deadline=None)
@given(st.floats(min_value=-1e6, max_value=1e6), values, st.randoms(use_true_random=False))
def test_order_of_replications_does_not_matter_to_sectioning(
    pooled: float, sample: list[float], random: object
) -> None:
    shuffled = list(sample)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert sectioning(pooled, shuffled, "") == sectioning(pooled, sample, "")


@settings(deadline=None)
@given(values, st.floats(min_value=-1e3, max_value=1e3))
def test_sectioning_is_narrowest_around_the_mean_and_covers_its_centre(sample: list[float], shift: float) -> None:
    centre = mean(sample)
    there, elsewhere = sectioning(centre, sample, "").half_width, sectioning(centre + shift, sample, "").half_width
    assert there is not None
    assert elsewhere is not None
    assert there == pytest.approx(half_width(sample), rel=1e-6, abs=1e-6)
    assert elsewhere >= there * (1 - 1e-9) - 1e-9


def test_more_confidence_is_wider() -> None:
    at_95, at_99 = (sectioning(2.0, [1.0, 3.0, 2.5], "", confidence=c).half_width for c in (0.95, 0.99))
    assert at_95 is not None
    assert at_99 is not None
    assert at_99 / at_95 == pytest.approx(9.9248432 / 4.3026527)
    narrow, wide = (estimate([1.0, 3.0, 2.0], "", confidence=c).half_width for c in (0.95, 0.99))
    assert narrow is not None
    assert wide is not None
    assert wide / narrow == pytest.approx(9.9248432 / 4.3026527)


def test_value_or_reason_but_not_both() -> None:
    with pytest.raises(ValueError, match="either"):
        Estimate(None)
    with pytest.raises(ValueError, match="either"):
        Estimate(1.0, reason="x")
    assert Estimate(None, reason="x").as_dict() == {"value": None, "ci95": None, "reason": "x"}
    assert Estimate(1.0, (0.5, 1.5)).as_dict() == {"value": 1.0, "ci95": [0.5, 1.5]}
