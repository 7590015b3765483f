"""Histograms of periods: what windows have counted, a period at a time, in little room."""

from __future__ import annotations

import numpy as np
import pytest

from mmesim.engine.kernel import record
from mmesim.engine.kernel.codes import WINDOW_BUCKETS, WINDOW_CELLS, WINDOW_TIMES
from mmesim.engine.kernel.jit import plain
from mmesim.engine.measure.window_times import TimesOfPeriods, buckets_of
from mmesim.results.measured.window_times import edges_of, period_s, tens
from mmesim.results.tables.periods import read_times, times_table
from mmesim.stats.histogram import coarse_grid

DAY_S = 86_400.0


@pytest.mark.parametrize(
    ("days", "period", "kept"), [(1, 60, 8640), (15, 60, 129_600), (16, 300, 0), (64, 3600, 0), (500, 86_400, 0)]
)
def test_a_longer_run_is_kept_more_coarsely(days: int, period: float, kept: int) -> None:
    assert (period_s(days * DAY_S), tens(days * DAY_S)) == (period, kept)
    assert tens(101.0) == 11
    assert days * DAY_S / period <= 22_000


def test_a_bucket_is_at_most_5_percent_wide_and_holds_what_the_kernel_puts_there() -> None:
    edges = edges_of(0)
    widths = edges[2:-1] / edges[1:-2]
    assert widths.max() < 1.048
    values = [0.0, 1e-9, 2e5, *np.random.default_rng(1).lognormal(-4, 3, 300).tolist(), *edges[1:-1:40].tolist()]
    for value, k in zip(values, buckets_of(values).tolist(), strict=True):
        assert edges[k] <= value < edges[k + 1]
        assert k == plain(record.cell_of)(value) // WINDOW_CELLS
    assert np.array_equal(edges_of(2)[1:594], coarse_grid().edges[1:-1])


def test_windows_of_one_period_are_counted_together() -> None:
    times = TimesOfPeriods(300.0)
    rng = np.random.default_rng(2)
    expected = np.zeros((3, WINDOW_TIMES, WINDOW_BUCKETS), dtype=np.int64)
    for window in (0, 1, 4, 10, 14):  # in the second period nothing happens
        counted = rng.integers(1, 3, expected[0].shape) * (rng.random(expected[0].shape) < 0.1)
        expected[window // 5] += counted
        times.add(60.0 * window, counted, np.zeros(594, dtype=np.int64), ([], [1.0], []))
        assert not counted.any()
    found = read_times(times_table(0, times.all()))
    assert list(found["ModelLatency"]) == [0.0, 600.0]
    for row, name in enumerate(("ModelLatency", "ModelLoadingWaitTime")):
        for period in (0, 2):
            one, counts = found[name][300.0 * period], expected[period, row]
            assert one.count.tolist() == counts[counts > 0].tolist()
            np.testing.assert_allclose(one.low, 1e6 * edges_of(row)[:-1][counts > 0])
    assert [int(one.count.sum()) for one in found["ModelLoadingTime"].values()] == [3, 2]
    assert times.all().entries.shape == (3, 6)


def test_a_run_in_which_nothing_happens_has_no_row() -> None:
    empty = TimesOfPeriods(60.0).all()
    assert times_table(0, empty).num_rows == 0
    assert read_times(times_table(0, empty)) == {}


def test_half_a_month_of_a_busy_endpoint_takes_a_few_megabytes() -> None:
    """100 minutes, of which there are 21,600: lognormal latencies of 3,000 calls a minute."""
    times, rng = TimesOfPeriods(60.0), np.random.default_rng(3)
    edges = edges_of(0)
    for minute in range(100):
        counted = np.zeros((WINDOW_TIMES, WINDOW_BUCKETS), dtype=np.int64)
        counted[0] = np.histogram(rng.lognormal(-4, 0.8, 3000), edges)[0]
        times.add(60.0 * minute, counted, counted[0], ([], [], []))
    assert len(times.all().packed) * 216 < 8e6
