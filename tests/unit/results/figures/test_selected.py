"""Expectations about some of the calls: what decides, windows that are joined, and what is said of them."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from mmesim.results.expect.expect import interval_of, judge
from mmesim.results.figures.latency import pool
from mmesim.results.figures.selected import FEWEST_CALLS, joined, windows
from mmesim.results.measured.run_data import CAUSES, CellData
from mmesim.results.result import Result
from tests.unit.results.synthetic import Call, replications, scenario, with_cells

FAST, SLOW, LOST = Call(0.1), Call(0.9), Call(cause="throttled", reached=False)
COLD, SLOW_COLD, FAILED = Call(0.1, load_wait=0.2, load=0), Call(0.1, load_wait=0.9, load=1), Call(cause="queue_full")
OTHER = Call(0.9, model=1)


def entry(text: str, *calls: list[Call], **run: Any) -> dict[str, Any]:
    """The entry of one expectation; a call a second, so `run` needs as many seconds as there are calls."""
    of = scenario([text], run={"duration": float(max(map(len, calls)))} | run)
    runs = replications(of, *calls)
    (found,) = judge(of, runs, pool(runs))
    return found


@pytest.mark.parametrize(
    ("text", "value", "verdict"),
    [
        ("p99 warm < 500 ms", 3 / 400, "pass"),  # two slow, one lost
        ("p99 cold < 500 ms", 3 / 202, "fail"),  # one slow, one lost, one failed
        ("p99 of m-000 < 500 ms", 4 / 600, "pass"),
        ("p99 of m-001 < 500 ms", 1.0, "fail"),
        ("p99 of m < 500 ms", 5 / 601, "pass"),
        ("error_rate cold < 1 %", 2 / 202, "pass"),
        ("error_rate of m-001 < 1 %", 0.0, "pass"),
        ("max warm < 1 s", 1 / 400, "fail"),  # the lost one
        ("max of m-001 < 1 s", 0.0, "pass"),
        ("cache_hit_ratio of m-000 > 50 %", 398 / 599, "pass"),
        ("mean of m-001 < 1 s", 900.0, "pass"),
    ],
)
def test_a_selection_is_decided_by_its_own_calls(text: str, value: float, verdict: str) -> None:
    failed_cold = Call(cause="load_timeout", load=2)
    calls = [*[FAST] * 397, SLOW, *[COLD] * 199, SLOW_COLD, failed_cold, LOST, OTHER]
    found = entry(text, calls)
    assert (found["decided_on"]["value"], found["verdict"]) == (pytest.approx(value), verdict)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("p99 < 100 ms", "pass"),
        ("p99 <= 100 ms", "pass"),
        ("p99 > 100 ms", "fail"),
        ("p99 of m < 100 ms", "pass"),
        ("max of m < 100 ms", "pass"),
        ("max of m > 100 ms", "fail"),
        ("max < 100 ms", "fail"),
        ("max <= 100 ms", "pass"),
        ("mean < 100 ms", "fail"),
    ],
)
def test_a_call_that_takes_exactly_the_limit_is_not_slower_than_it(text: str, verdict: str) -> None:
    """What the words of each line say, of a hundred calls of 100 ms: none is slower, and the largest is not below."""
    assert entry(text, [FAST] * 100)["verdict"] == verdict


def test_with_replications_the_interval_decides() -> None:
    found = entry("p99 warm < 500 ms", [FAST] * 1000, [FAST] * 1000)
    assert found["decided_on"]["ci95"] == pytest.approx([0.0, binomtest(0, 2000).proportion_ci().high])
    assert found["verdict"] == "pass"
    assert entry("p99 warm < 500 ms", [FAST] * 30, [FAST] * 30)["verdict"] == "undecided"


def test_a_percentile_of_warm_calls_is_that_of_the_summary() -> None:
    of = scenario(["p99 warm < 500 ms", "p90 cold < 1 s"])
    calls = [*[FAST] * 60, *[SLOW] * 10, *(Call(0.1, load_wait=0.01 * i, load=i) for i in range(1, 401))]
    result = Result(of, replications(of, calls, calls))
    warm, cold = result.summary["expect"]
    assert warm["value"] == result.summary["warm"]["latency_ms"]["p99"]["value"] == pytest.approx(900.0, rel=0.01)
    assert cold["value"] == result.summary["cold"]["latency_ms"]["p90"]["value"] == pytest.approx(3700.0, rel=0.01)
    assert cold["ci95"] == result.summary["cold"]["latency_ms"]["p90"]["ci95"]


def test_of_other_calls_a_percentile_is_not_estimated() -> None:
    found = entry("p99 warm of m < 500 ms", [FAST] * 200)
    assert (found["value"], found["reason"]) == (None, "of these calls only those over the limit are counted")


@pytest.mark.parametrize(
    ("text", "by"),
    [
        ("p99 cold < 500 ms", "nothing: no cold call"),
        ("error_rate of m-001 in 10 s..20 s < 1 %", "nothing: no call of m-001 from 10 s to 20 s"),
        ("cache_hit_ratio of m-001 < 1 %", "nothing: no call of m-001 reached a host"),
    ],
)
def test_without_such_a_call_nothing_can_decide(text: str, by: str) -> None:
    found = entry(text, [FAST] * 100, [FAST] * 100)
    assert (found["verdict"], found["decided_on"]["by"]) == ("undecided", by)


def test_a_replication_without_such_a_call_says_nothing() -> None:
    found = entry("error_rate of m-001 < 5 %", [FAST] * 500, [OTHER] * 500, [OTHER] * 500)
    assert (found["verdict"], found["decided_on"]["by"]) == ("pass", "exact binomial interval over 2 replications")


@pytest.mark.parametrize(
    "text", ["p99 warm < 5 s", "p50 of m in every 20 s <= 5 s", "max warm < 5 s", "mean of m < 5 s"]
)
def test_without_success_every_latency_is_too_slow(text: str) -> None:
    found = entry(text, [FAILED] * 3, [FAILED] * 3)
    assert (found["verdict"], found["value"]) == ("fail", None)
    assert found["decided_on"]["by"] == "6 of 6 calls failed: each is slower than every limit"


@pytest.mark.parametrize("text", ["p99 warm < 5 s", "mean warm < 5 s", "max of m-001 < 5 s", "p99 of m-001 < 1 s"])
def test_where_every_call_fails_calls_that_never_came_do_not_pass(text: str) -> None:
    found = entry(text, [Call(cause="never_fits", load=0)] * 3, [Call(cause="never_fits", load=0)] * 3)
    assert (found["verdict"], found["decided_on"]["value"]) == ("fail", None)
    assert entry("error_rate of m-001 < 1 %", [FAILED] * 3)["verdict"] == "undecided"


def test_a_window_without_success_is_the_worst() -> None:
    found = entry("mean in every 100 s < 500 ms", [*[FAST] * 100, *[SLOW] * 100, *[FAILED] * 100])
    assert [window["verdict"] for window in found["windows"]] == ["pass", "fail", "fail"]
    assert found["decided_on"]["between_s"] == [200.0, 300.0]


def test_a_time_that_turns_out_to_be_warm_up_decides_nothing() -> None:
    of = scenario(["p99 in 0..100 s < 1 s"], run={"duration": 500.0, "warmup": 200.0})
    runs = replications(of, [FAST] * 300)
    found: Any = judge(of, runs, pool(runs))[0]
    by = "nothing: all of this time is warm-up, in which no call is measured"
    assert (found["verdict"], found["decided_on"]["by"]) == ("undecided", by)


def test_every_window_must_pass() -> None:
    calls = [*[FAST] * 400, *[SLOW] * 10, *[FAST] * 590]
    assert entry("p90 of m < 500 ms", calls)["verdict"] == "pass"
    found = entry("p90 in every 200 s < 500 ms", calls)
    assert [window["verdict"] for window in found["windows"]] == ["pass"] * 5
    found = entry("p99 in every 200 s < 500 ms", calls)
    assert [window["verdict"] for window in found["windows"]] == ["pass", "pass", "fail", "pass", "pass"]
    assert [window["value"] for window in found["windows"]] == [0.0, 0.0, 0.05, 0.0, 0.0]
    assert (found["verdict"], found["decided_on"]["between_s"]) == ("fail", [400.0, 600.0])
    assert found["decided_on"]["value"] == 0.05


def test_windows_begin_after_the_warm_up() -> None:
    of = scenario(["error_rate in every 200 s < 1 %"], run={"duration": 500.0, "warmup": 100.0})
    runs = replications(of, [FAST] * 400)
    (found,) = judge(of, runs, pool(runs))
    shown: Any = found["windows"]
    assert [(w["start_s"], w["end_s"]) for w in shown] == [(100.0, 300.0), (300.0, 500.0)]


@pytest.mark.parametrize(
    ("length", "joined_windows"),
    [
        pytest.param(200, [1] * 5),
        pytest.param(50, [2] * 10),
        pytest.param(40, [3] * 7 + [4]),
        pytest.param(120, [1] * 7 + [2]),
        pytest.param(300, [1] * 4),
        pytest.param(2000, [1]),
    ],
)
def test_windows_with_few_calls_are_joined(length: int, joined_windows: list[int]) -> None:
    found = entry(f"error_rate in every {length} s < 1 %", [FAST] * 1000)["windows"]
    assert [window["joined"] for window in found] == joined_windows
    assert found[0]["start_s"] == 0.0
    assert found[-1]["end_s"] == 1000.0
    assert all(a["end_s"] == b["start_s"] for a, b in pairwise(found))


@given(st.lists(st.floats(0, 300), min_size=1, max_size=40))
def test_joined_windows_hold_enough_calls_and_leave_none_out(calls: list[float]) -> None:
    spans = list(joined(calls))
    assert [low for low, _ in spans] == [0, *(high for _, high in spans[:-1])]
    assert spans[-1][1] == len(calls)
    if len(spans) > 1:
        assert all(math.fsum(calls[low:high]) >= FEWEST_CALLS * (1 - 1e-12) for low, high in spans)


@pytest.mark.parametrize(("truth", "spread"), [(0.01, 0.0), (0.02, 0.3), (0.3, 0.1)])
def test_intervals_of_windows_cover_the_true_share(truth: float, spread: float) -> None:
    """Each of five windows of 400 calls has the same true share of failed calls; replications differ around it."""
    of = scenario(["error_rate in every 200 s < 1 %"], run={"duration": 1000.0})
    (e,), plain = of.expect, replications(of, [FAST])[0]
    rng, covered, replicas, experiments = np.random.default_rng(5), 0, 10, 400
    calls = np.full(5, 400)
    nothing, none = np.zeros(5, dtype=np.int64), np.zeros((5, len(CAUSES)), dtype=np.int64)
    for _ in range(experiments):
        runs = []
        for _ in range(replicas):
            shares = truth * (1.0 + spread * rng.uniform(-1.0, 1.0, 5))
            cells = CellData(calls, calls - rng.binomial(400, shares), nothing, calls, nothing, np.zeros(5), none)
            runs.append(with_cells(plain, cells))
        for window in windows(e, of, runs):
            figure = window.formula
            low, high, _ = interval_of(figure, [figure.of(run) for run in runs], runs)
            covered += low <= truth <= high
    assert covered / (5 * experiments) >= 0.935
