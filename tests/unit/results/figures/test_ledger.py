"""Bands of the latency ledger: which calls they hold, prorated at their bounds, and what the parts add up to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmesim.results.figures.ledger import band_weights, cold_calls, ledger_ms
from mmesim.scenario.figures import BANDS, PARTS, quantile_shares
from mmesim.stats.histogram import clipped_quantile, grid

SERVICE, LOAD = PARTS.index("service"), PARTS.index("load")


def parts(rows: list[dict[int, float]]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    table = np.zeros((len(rows), len(PARTS)))
    for i, row in enumerate(rows):
        for part, seconds in row.items():
            table[i, part] = seconds
    return table


def test_bucket_cut_by_a_bound_is_prorated() -> None:
    # 10 calls: 5 in the first bucket, 5 in the third. The middle 40-60 % takes one call of each.
    assert band_weights(np.array([5, 0, 5]), 0.4, 0.6).tolist() == pytest.approx([0.2, 0.0, 0.2])


def ledger_of(rows: list[tuple[int, float, float]]) -> dict[str, dict[str, Any]]:
    """The ledger of calls with some service and load, seconds: (how many, service, load), slower and slower."""
    latencies = [service + load for _, service, load in rows]
    edges = grid(latencies).edges
    count, sums = np.zeros(len(edges) - 1, dtype=np.int64), np.zeros((len(edges) - 1, len(PARTS)))
    for (n, service, load), latency in zip(rows, latencies, strict=True):
        bucket = np.searchsorted(edges, latency, side="left") - 1
        count[bucket] += n
        sums[bucket, SERVICE] += n * service
        sums[bucket, LOAD] += n * load
    ledger = ledger_ms(edges, count, sums, max(latencies))
    for name, band in ledger.items():
        shares = quantile_shares(name)
        if band["mean"] is None:
            assert band["reason"]
            continue
        assert sum(band[part] for part in PARTS) == pytest.approx(band["mean"])
        if shares is not None:  # what the whole is for: the column agrees with its percentile
            exact = 1000.0 * clipped_quantile(edges, count, shares[0], 0.0, max(latencies))
            assert band["mean"] == pytest.approx(exact, rel=0.10, abs=1e-9)
            low, high = band["between"]
            assert BANDS[name][0] - 1e-12 <= low < high <= BANDS[name][1] + 1e-12
    return ledger


def test_bands_by_hand() -> None:
    # 980 calls of 10 ms service, 20 calls of 10 ms service and 990 ms load
    ledger = ledger_of([(980, 0.01, 0.0), (20, 0.01, 0.99)])
    assert list(ledger) == ["all", "p50", "p90", "p99", "p99.9"]
    assert ledger["all"] == {"n": 1000, "between": [0.0, 1.0], "mean": pytest.approx(29.8)} | dict.fromkeys(
        PARTS, 0.0
    ) | {"service": pytest.approx(10.0), "load": pytest.approx(19.8)}
    assert (ledger["p50"]["n"], ledger["p50"]["load"]) == (200, 0.0)
    assert ledger["p50"]["mean"] == pytest.approx(10.0)
    # 98.5 to 99.5 %: ten calls, all of them cold
    assert ledger["p99"]["n"] == 10
    assert ledger["p99"]["mean"] == pytest.approx(1000.0)
    assert ledger["p99"]["load"] == pytest.approx(990.0)
    assert ledger["p99.9"]["n"] == 2  # 1.5 calls


def test_a_band_over_a_jump_is_narrowed_to_the_side_of_its_percentile() -> None:
    # 98.8 % warm (10 ms): p99 is cold (1000 ms), as are 70 % of the band 98.5-99.5 %, and 90 % of its half
    cold = ledger_of([(9880, 0.01, 0.0), (120, 0.01, 0.99)])["p99"]
    assert (cold["between"], cold["load"]) == (pytest.approx([0.9875, 0.9925]), pytest.approx(891.0))
    warm = ledger_of([(9910, 0.01, 0.0), (90, 0.01, 0.99)])["p99"]
    assert (warm["between"], warm["load"]) == (pytest.approx([0.989375, 0.990625]), 0.0)


def test_at_the_jump_itself_the_band_holds_the_calls_as_fast_as_the_percentile() -> None:
    # The smallest latency that 99 % of the calls do not exceed is the warm one.
    at = ledger_of([(990, 0.01, 0.0), (10, 0.01, 0.99)])["p99"]
    assert (at["between"], at["mean"], at["load"]) == (pytest.approx([0.985, 0.99]), pytest.approx(10.0), 0.0)


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([(1, 0.01, 0.0)], id="one call"),
        pytest.param([(1, 0.01, 0.0), (1, 0.01, 2.0)], id="two calls"),
        pytest.param([(10**6, 0.01, 0.0)], id="constant"),
        pytest.param([(10**6, 0.0, 0.0)], id="no time at all"),
        pytest.param([(51, 0.0178, 0.0), (49, 0.01, 2.2)], id="two values"),
        pytest.param([(50, 0.01, 0.0), (50, 0.01, 2.0)], id="two halves"),
        pytest.param([(9991, 0.01, 0.0), (1, 0.01, 1.0), (8, 0.01, 60.0)], id="slow above p99.9"),
        pytest.param([(9989, 0.01, 0.0), (1, 0.01, 1.0), (1, 0.1, 1.0), (9, 0.01, 600.0)], id="p99.9 in a gap"),
        pytest.param([(3, 0.01 * 3**k, 0.0) for k in range(10)], id="each three times as slow"),
    ],
)
def test_every_column_agrees_with_its_percentile(rows: list[tuple[int, float, float]]) -> None:
    ledger = ledger_of(rows)
    assert all(band["mean"] is not None for band in ledger.values())
    assert all(band["n"] > 0 for band in ledger.values())


def test_a_band_that_cannot_agree_is_left_out_with_a_reason() -> None:
    # Beyond the last edge of the histogram a percentile is not known.
    edges = grid().edges
    count = np.zeros(len(edges) - 1, dtype=np.int64)
    sums = np.zeros((len(count), len(PARTS)))
    count[-1], sums[-1, SERVICE] = 10, 10 * 400_000.0
    ledger = ledger_ms(edges, count, sums, 800_000.0)
    assert ledger["all"]["mean"] == pytest.approx(4e8)
    reason = "no calls around p99 have a mean latency within 10 % of it"
    assert ledger["p99"] == {"n": 0, "between": None, "mean": None, "reason": reason} | dict.fromkeys(PARTS)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 1000), st.floats(1e-3, 100.0), st.floats(0, 100.0)),
        min_size=1,
        max_size=20,
        unique_by=lambda row: row[1] + row[2],
    )
)
def test_columns_agree_with_their_percentiles_and_parts_with_their_columns(
    rows: list[tuple[int, float, float]],
) -> None:
    ledger = ledger_of(sorted(rows, key=lambda row: row[1] + row[2]))
    assert all(band["mean"] is not None for band in ledger.values())
    assert ledger["all"]["n"] == sum(n for n, _, _ in rows)


def test_no_calls_no_figures() -> None:
    ledger = ledger_ms(grid().edges, np.zeros(3, dtype=np.int64), np.zeros((3, len(PARTS))))
    empty = {"n": 0, "between": None, "mean": None, "reason": "no successful call"}
    assert ledger["p99"] == empty | dict.fromkeys(PARTS)


def test_cold_calls_are_weighted_by_their_wait() -> None:
    count = np.array([4, 2, 0])
    spent = parts([{SERVICE: 1.0}, {SERVICE: 0.5, LOAD: 1.5}, {}])
    assert cold_calls(count, spent, np.zeros(3)).tolist() == [0.0, 1.5, 0.0]
    assert cold_calls(count, spent, np.array([0.0, 0.5, 0.0])).tolist() == [0.0, 2.0, 0.0]
