"""MSER-5: by hand, on a start that is biased, and how often it is wrong where there is no bias."""

from __future__ import annotations

import numpy as np
import pytest

from mmesim.stats.mser import BATCH, Cut, mser5


def steps(*batches: float) -> np.ndarray:
    return np.repeat(np.array(batches), BATCH)


def test_by_hand() -> None:
    # Without the first two batches nothing varies: the error is 0.
    assert mser5(steps(9, 5, 1, 1, 1, 1, 1, 1, 1, 1)) == Cut(10, False)
    # Errors: d=0 8/64, d=1 6.857/49 > 0.125: nothing is gained by leaving a batch out.
    assert mser5(steps(1, -1, 1, -1, 1, -1, 1, -1)) == Cut(0, False)


def test_rounding_is_no_reason_to_cut() -> None:
    thirds = np.array([1.0 / 3.0, 0.1 + 0.2 + 1.0 / 30.0] * 100)
    assert np.ptp(thirds) > 0.0
    assert mser5(thirds) == Cut(0, False)


def test_a_series_that_only_falls_is_cut_at_the_end_of_the_range() -> None:
    assert mser5(np.linspace(1.0, 0.0, 200)) == Cut(100, True)


def test_an_incomplete_batch_is_left_out() -> None:
    settled = steps(9, 1, 1, 1, 1, 1, 1, 1)
    assert mser5(np.append(settled, [1e9] * 4)) == mser5(settled) == Cut(5, False)


@pytest.mark.parametrize("observations", [0, 4, 39])
def test_too_few_observations_have_no_cut(observations: int) -> None:
    assert mser5(np.zeros(observations)) is None


def test_the_bias_of_a_start_is_removed() -> None:
    rng = np.random.default_rng(5)
    with_cut, without = [], []
    for _ in range(100):
        series = 1.0 + 4.0 * np.exp(-np.arange(240) / 20.0) + rng.normal(size=240)
        cut = mser5(series)
        assert cut is not None
        with_cut.append(series[cut.observations :].mean())
        without.append(series.mean())
    assert np.mean(without) > 1.3
    assert np.mean(with_cut) == pytest.approx(1.0, abs=0.05)


def test_without_a_bias_the_end_of_the_range_is_rarely_reached() -> None:
    rng = np.random.default_rng(6)
    cuts = [mser5(rng.normal(size=120)) for _ in range(500)]
    reached = sum(cut is not None and cut.at_the_end for cut in cuts)
    assert reached <= 20  # expected 1.7 % of 500, and never more than 4 %
