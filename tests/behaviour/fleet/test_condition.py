"""When a condition becomes true in a run, computed by hand."""

from __future__ import annotations

import pytest

from mmesim.engine.simulation import Simulation
from mmesim.scenario.endpoint.endpoint import Throttling
from mmesim.scenario.run.condition import read_condition
from tests.behaviour.timeline import endpoint, model, play, scenario

REQUESTS = [
    *[(30.0 + 10.0 * k, "a", 0.5) for k in range(9)],  # 30 s to 110 s
    *[(130.0, "a", 2.0), (140.0, "a", 0.5), (140.1, "a", 0.5)],  # of the last two one is refused
    *[(200.0 + 10.0 * k, "b", 3.0) for k in range(4)],
]
"""A host takes one call at a time."""

WHEN = {
    "p99 > 1.1 s": 180.0,
    "max > 1.1 s": 180.0,
    "max <= 1.1 s": 60.0,
    "mean > 2.9 s": 240.0,
    "error_rate > 30 %": 180.0,
    "requests.errors.throttled >= 1 /min": 180.0,
    "error_rate >= 34 %": None,
    "throughput > 7 /min": None,
    "throughput >= 6 /min": 120.0,
    "p99 of b > 1.1 s": 240.0,
    "mean in every 2 min > 1 s": 240.0,
    "loads > 0 /h": None,
    "memory_utilization > 0 %": 60.0,
}
"""Condition -> the end of the first window in which it is true, seconds."""


@pytest.mark.parametrize("line", WHEN)
def test_a_condition_becomes_true_at_the_end_of_its_first_window(tmp_path, line):
    place = endpoint(warm=True, throttling=Throttling(in_flight=1))
    case = scenario(tmp_path, REQUESTS, [model("a"), model("b")], place)
    condition, seen = read_condition(line), []
    case = case.model_copy(update={"expect": (read_condition("p99 < 1.1 s"),)})

    def ask(sim):
        found = yield from sim.conditions.becomes_true(condition)
        seen.append(sim.env.now if found else None)
        assert found or sim.env.now == case.run.duration_s

    sim = Simulation(case, records=-1)
    sim.env.process(ask(sim))
    play(sim)
    assert seen == [WHEN[line]]


def test_windows_follow_each_other_from_when_it_is_first_asked_until_it_is_asked_no_more(tmp_path):
    case = scenario(tmp_path, REQUESTS, [model("a"), model("b")], endpoint(warm=True))
    seen = []

    def ask(sim):
        yield sim.env.timeout(115.0)
        for until_s in (205.0, 1000.0):
            found = yield from sim.conditions.becomes_true(read_condition("mean > 2.9 s"), until_s)
            seen.append((sim.env.now, found))

    sim = Simulation(case, records=-1)
    sim.env.process(ask(sim))
    play(sim)
    assert seen == [(205.0, False), (265.0, True)]


def test_asking_changes_nothing_that_is_measured(tmp_path):
    def measured(ask):
        sim = Simulation(scenario(tmp_path, REQUESTS, [model("a"), model("b")], endpoint(warm=True)), records=-1)
        if ask:
            sim.env.process(sim.conditions.becomes_true(read_condition("cache_hit_ratio < 1 %")))
        data = play(sim).data
        return {name: column.tobytes() for name, column in data.windows.items()} | {"cells": data.count.tobytes()}

    assert measured(True) == measured(False)
