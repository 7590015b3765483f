"""Bands of the latency ledger: which calls they hold, prorated at their bounds, and what the parts add up to."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmesim.results.ledger import band_weights, cold_calls, ledger_ms
from mmesim.scenario.figures import BANDS, PARTS

SERVICE, QUEUE, LOAD = PARTS.index("service"), PARTS.index("queue"), PARTS.index("load")


def parts(rows: list[dict[int, float]]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    table = np.zeros((len(rows), len(PARTS)))
    for i, row in enumerate(rows):
        for part, seconds in row.items():
            table[i, part] = seconds
    return table


def test_bucket_cut_by_a_bound_is_prorated() -> None:
    # 10 calls: 5 in the first bucket, 5 in the third. The middle 40-60 % takes one call of each.
    assert band_weights(np.array([5, 0, 5]), 0.4, 0.6).tolist() == pytest.approx([0.2, 0.0, 0.2])


def test_bands_by_hand() -> None:
    # 980 calls of 10 ms service, 20 calls of 10 ms service and 990 ms load
    ledger = ledger_ms(np.array([980, 20]), parts([{SERVICE: 9.8}, {SERVICE: 0.2, LOAD: 19.8}]))
    assert list(ledger) == ["all", "p50", "p90", "p99", "p99.9"]
    assert ledger["all"] == {"n": 1000, "mean": pytest.approx(29.8)} | dict.fromkeys(PARTS, 0.0) | {
        "service": pytest.approx(10.0),
        "load": pytest.approx(19.8),
    }
    assert (ledger["p50"]["n"], ledger["p50"]["load"]) == (200, 0.0)
    assert ledger["p50"]["mean"] == pytest.approx(10.0)
    # 98.5 to 99.5 %: ten calls, all of them cold
    assert ledger["p99"]["n"] == 10
    assert ledger["p99"]["mean"] == pytest.approx(1000.0)
    assert ledger["p99"]["load"] == pytest.approx(990.0)
    assert ledger["p99.9"]["n"] == 2  # 1.5 calls


def test_band_over_the_jump_mixes_warm_and_cold() -> None:
    # 990 warm, 10 cold: half of the band 98.5-99.5 % is warm (10 ms), half cold (1000 ms)
    ledger = ledger_ms(np.array([990, 10]), parts([{SERVICE: 9.9}, {SERVICE: 0.1, LOAD: 9.9}]))
    assert ledger["p99"]["mean"] == pytest.approx(505.0)
    assert ledger["p99"]["load"] == pytest.approx(495.0)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 50), st.floats(0, 10), st.floats(0, 10)), min_size=1, max_size=20).filter(
        lambda rows: any(n for n, _, _ in rows)
    )
)
def test_parts_add_up_to_the_mean_of_each_band(rows: list[tuple[int, float, float]]) -> None:
    count = np.array([n for n, _, _ in rows])
    ledger = ledger_ms(count, parts([{SERVICE: n * a, QUEUE: n * b} for n, a, b in rows]))
    for band, (low, high) in BANDS.items():
        figures = ledger[band]
        assert figures["n"] == pytest.approx((high - low) * count.sum(), abs=0.5 + 1e-6)
        total = sum(figures[part] or 0.0 for part in PARTS)
        assert figures["mean"] == pytest.approx(total)


def test_no_calls_no_figures() -> None:
    ledger = ledger_ms(np.zeros(3, dtype=np.int64), np.zeros((3, len(PARTS))))
    assert ledger["p99"] == {"n": 0, "mean": None} | dict.fromkeys(PARTS)


def test_cold_calls_are_weighted_by_their_wait() -> None:
    count = np.array([4, 2, 0])
    spent = parts([{SERVICE: 1.0}, {SERVICE: 0.5, LOAD: 1.5}, {}])
    assert cold_calls(count, spent, np.zeros(3)).tolist() == [0.0, 1.5, 0.0]
    assert cold_calls(count, spent, np.array([0.0, 0.5, 0.0])).tolist() == [0.0, 2.0, 0.0]
