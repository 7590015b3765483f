"""Figures of some of the calls, outside a run's own verdicts: the same statistics as the run has."""

from __future__ import annotations

from typing import Any

import pytest

from mmesim.results.comparison.compare import deltas
from mmesim.results.expect.asked import asked
from mmesim.results.figures.latency import pool
from mmesim.results.result import Result
from tests.unit.results.synthetic import Call, replications, scenario

FAST, SLOW = Call(0.1), Call(0.9)
COLD = [Call(0.1, load_wait=0.01 * i, load=i) for i in range(1, 21)]
OTHER = Call(0.3, model=1)
EXPECTED = [
    "p90 warm < 500 ms",
    "p50 cold of m < 500 ms",
    "error_rate of m-001 < 1 %",
    "mean  warm < 200 ms",
    "max of m-001 < 1 s",
    "p99 in every 20 s < 1 s",
    "p99 < 1 s",
    "p90 warm < 600 ms",
]
NAMES = [
    "p90 warm",
    "share_over 500 ms warm",
    "share_over 500 ms cold of m",
    "error_rate of m-001",
    "mean warm",
    "share_over 1000 ms of m-001",
    "share_over 600 ms warm",
]


def result(slow: int, *expect: str) -> Result:
    of = scenario(expect or EXPECTED)
    # In the last replication nobody calls the second model.
    each = [[*COLD, *[OTHER] * (5 if k < 3 else 0), *[SLOW] * (slow + k), *[FAST] * (60 - slow)] for k in range(4)]
    return Result(of, replications(of, *each))


def test_each_figure_is_that_of_the_summary() -> None:
    of = result(0)
    found = {one.name: one for one in asked(of.scenario, of.runs)}
    assert list(found) == NAMES
    summary: Any = of.summary
    pooled = pool(of.runs)
    whole, share = (found[name].estimate(of.runs, pooled) for name in NAMES[:2])
    entry = summary["expect"][0]
    assert [whole.value, *(whole.ci95 or ())] == pytest.approx([entry["value"], *entry["ci95"]])
    assert found["p90 warm"].together(of.runs) == pytest.approx(entry["value"] / 1000.0)
    decided = entry["decided_on"]
    assert [share.value, *(share.ci95 or ())] == pytest.approx([decided["value"], *decided["ci95"]])
    for name, place in (("share_over 500 ms cold of m", 1), ("error_rate of m-001", 2), ("mean warm", 3)):
        estimate = found[name].estimate(of.runs, pooled)
        assert estimate.value == pytest.approx(summary["expect"][place]["decided_on"]["value"], rel=1e-9), name


def test_a_difference_has_a_row_for_each() -> None:
    a, b = result(0), result(30)
    rows = {delta.name: delta for delta in deltas(a, b)}
    assert [name for name in rows if name in NAMES] == NAMES
    warm, share = rows["p90 warm"], rows["share_over 500 ms warm"]
    assert warm.kind == "ms"
    assert [warm.a.value, warm.b.value] == pytest.approx([100.0, 900.0])
    assert warm.difference.value == pytest.approx(800.0)
    assert share.difference.value is not None
    assert share.difference.value > 0.1
    assert share.effect == "worse"
    assert rows["error_rate of m-001"].direction == "same"
    for delta in deltas(a, result(0)):
        if delta.name in NAMES:
            assert (delta.direction, delta.difference.value) == ("same", 0.0), delta.name


def test_what_only_one_of_them_expects_has_no_row() -> None:
    names = [delta.name for delta in deltas(result(0, "p90 warm < 500 ms"), result(0, "p90 warm < 400 ms"))]
    assert "p90 warm" in names
    assert not any(name.startswith("share_over") and "warm" in name for name in names)
