"""Warm and cold calls, groups and parts of a run, counted exactly in a timeline computed by hand."""

from __future__ import annotations

import pytest

from mmesim.engine.simulation import Simulation
from mmesim.results.measured.run_data import CAUSES
from mmesim.results.result import Result
from mmesim.scenario.endpoint.endpoint import Throttling
from mmesim.scenario.run.expect import read_expectation
from tests.behaviour.timeline import endpoint, model, play, scenario

COUNTED = {
    "p99 warm < 1.1 s": [(4, 3, 1, 3, 0)],
    "p99 cold < 1.1 s": [(5, 3, 2, 0, 4)],
    "p99 of a < 1.1 s": [(4, 3, 2, 2, 1)],
    "p99 warm of a < 1.1 s": [(3, 2, 1, 2, 0)],
    "p99 cold of d in 50 s..60 s < 1.1 s": [(1, 1, 0, 0, 1)],
    "p99 of b in 30 s..40 s < 1.1 s": [(1, 1, 1, 0, 1)],
    "error_rate in every 30 s < 1 %": [(4, 3, 0, 2, 1), (4, 3, 0, 1, 3), *[(0, 0, 0, 0, 0)] * 32],
}
"""Expectation -> for each window its calls, those answered well, of these those above 1.1 s, hits and misses."""


@pytest.fixture
def played(tmp_path):
    """The host takes one attempt at a time, and loads each model in a second.

    a: at 0 s cold, 1.5 s; at 1.2 s refused before it reaches a host; at 10 s warm, 2 s; at 20 s warm, 1 s.
    b: at 30 s cold, 3 s; at 40 s warm, 1.05 s. c: at 50 s, it never fits: cold, and fails. d: at 55 s cold, 1.05 s.
    """
    requests = [
        (0.0, "a", 0.5),
        (1.2, "a", 0.1),
        (10.0, "a", 2.0),
        (20.0, "a", 1.0),
        (30.0, "b", 2.0),
        (40.0, "b", 1.05),
        (50.0, "c", 0.1),
        (55.0, "d", 0.05),
    ]
    models = [model("a"), model("b"), model("c", memory_bytes=10**15), model("d")]
    case = scenario(tmp_path, requests, models, endpoint(throttling=Throttling(in_flight=1)))
    case = case.model_copy(update={"expect": tuple(map(read_expectation, COUNTED))})
    return case, play(Simulation(case, records=-1))


def test_each_selection_counts_its_calls(played):
    case, outcome = played
    assert outcome.causes == ["ok", "throttled", "ok", "ok", "ok", "ok", "never_fits", "ok"]
    cells = outcome.data.cells
    rows = list(zip(cells.calls, cells.ok, cells.over, cells.hits, cells.misses, strict=True))
    assert [tuple(map(int, row)) for row in rows] == [row for windows in COUNTED.values() for row in windows]
    assert len(case.counted) == len(COUNTED)


def test_failed_calls_of_each_selection_are_counted_by_cause(played):
    _, outcome = played
    cells = outcome.data.cells
    assert cells.causes.sum(axis=1).tolist() == (cells.calls - cells.ok).tolist()
    whole, halves = cells.causes[0], cells.causes[-34:]
    assert {CAUSES[i]: int(n) for i, n in enumerate(whole) if n} == {"throttled": 1}
    assert {CAUSES[i]: int(n) for i, n in enumerate(halves[0]) if n} == {"throttled": 1}
    assert {CAUSES[i]: int(n) for i, n in enumerate(halves[1]) if n} == {"never_fits": 1}


def test_classes_count_each_call_once_but_those_that_reached_no_host(played):
    _, outcome = played
    data = outcome.data
    assert (data.calls, data.unreached) == (8, 1)
    assert (data.warm.calls, data.warm.ok, data.warm.latency_max_s) == (4, 3, pytest.approx(2.0))
    assert (data.cold.calls, data.cold.ok, data.cold.latency_max_s) == (5, 3, pytest.approx(3.0))
    assert data.warm.latency_sum_s == pytest.approx(2.0 + 1.0 + 1.05)
    assert data.cold.latency_sum_s == pytest.approx(1.5 + 3.0 + 1.05)


def test_the_summary_says_what_was_counted(played):
    case, outcome = played
    summary = Result(case, (outcome.data,)).summary
    shares = {e["text"]: e["decided_on"]["value"] for e in summary["expect"]}
    # A failed call is slower than every limit.
    assert shares == {
        "p99 warm < 1.1 s": 2 / 4,
        "p99 cold < 1.1 s": 4 / 5,
        "p99 of a < 1.1 s": 3 / 4,
        "p99 warm of a < 1.1 s": pytest.approx(2 / 3),
        "p99 cold of d in 50 s..60 s < 1.1 s": 0.0,
        "p99 of b in 30 s..40 s < 1.1 s": 1.0,
        "error_rate in every 30 s < 1 %": 2 / 8,
    }
    assert [e["verdict"] for e in summary["expect"]] == ["fail"] * 4 + ["pass"] + ["fail"] * 2
    # With so few calls all windows are judged as one.
    (window,) = summary["expect"][-1]["windows"]
    assert (window["start_s"], window["end_s"], window["joined"]) == (0.0, 1000.0, 34)
    warm, cold = summary["warm"], summary["cold"]
    assert (warm["calls"], warm["failed"], cold["calls"], cold["failed"]) == (4, 1, 5, 2)
    assert cold["latency_ms"]["mean"]["value"] == pytest.approx(1850.0)
    assert cold["error_rate"]["value"] == pytest.approx(0.4)


def test_a_call_without_an_answer_is_slower_than_every_limit(tmp_path):
    """Both are open when the run is cut: the first waits for its load, the second is served."""
    requests = [(0.0, "a", 0.5), (990.0, "b", 0.5), (999.0, "a", 50.0)]
    case = scenario(tmp_path, requests, [model("a"), model("b", load_s=50.0)], endpoint())
    lines = ("p99 warm < 60 s", "p99 cold < 60 s", "p99 of a < 60 s")
    case = case.model_copy(update={"expect": tuple(map(read_expectation, lines))})
    simulation = Simulation(case)
    simulation.env.run(until=1001.0)
    data = simulation.measured(0.0)
    assert data.in_flight_at_end == 2
    assert (data.warm.calls, data.warm.ok, data.cold.calls, data.cold.ok) == (1, 0, 2, 1)
    assert (data.cells.calls.tolist(), data.cells.ok.tolist()) == ([1, 2, 2], [0, 1, 1])
    assert (data.cells.hits.tolist(), data.cells.misses.tolist()) == ([1, 0, 1], [0, 2, 1])
