"""Short runs: which part of a scenario they are, and what a run that was made for another limit says of this one."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmesim.experiment.plan import short
from mmesim.experiment.store.key import Keys
from mmesim.experiment.store.pack import pack, unpack
from mmesim.results.measured.run_data import RunData
from mmesim.scenario import Scenario
from tests.unit.results.synthetic import Call, run_data, scenario

BUSY = [{"arrivals": {"poisson": {"rate": 100.0}}}]
HALF_AN_HOUR = {"duration": 1800.0, "warmup": 600.0}


def busy(expect: list[str], **changes: Any) -> Scenario:
    return scenario(expect, **{"traffic": BUSY, "run": HALF_AN_HOUR, **changes})


def test_a_short_run_starts_stationary_and_has_some_thousand_calls():
    found = short.shortened(busy(["p99 < 500 ms"]))
    assert found.endpoint.warm == "stationary"
    assert found.run.duration_s - found.run.cut_s == pytest.approx(20.0)
    assert found.run.cut_s == pytest.approx(20.0 / short.WINDOWS)


@pytest.mark.parametrize(
    ("why", "changes"),
    [
        ("few calls", {"traffic": [{"arrivals": {"poisson": {"rate": 1.0}}}]}),
        ("a course", {"traffic": [{"arrivals": {"schedule": {"rates": {0.0: 100.0, 900.0: 50.0}}}}]}),
        ("no cache", {"endpoint": {"model_cache": "disabled"}}),
        ("a router that cannot be replayed", {"endpoint": {"router": {"policy": "least_outstanding"}}}),
        ("a short scenario", {"run": {"duration": 90.0, "warmup": 20.0}}),
    ],
)
def test_a_scenario_without_a_part_like_the_whole_is_run_as_written(why, changes):
    written = busy(["p99 < 500 ms"], **changes)
    assert short.shortened(written) is written, why


@pytest.mark.parametrize(
    "line", ["p99 in 15 min..20 min < 1 s", "p99 in every 5 min < 1 s", "tenants.often_cold < 5 %"]
)
def test_a_line_about_a_time_or_a_length_needs_the_whole_run(line):
    written = busy([line])
    assert short.shortened(written) is written


@pytest.mark.parametrize(
    "line",
    ["memory_utilization < 50 %", "cpu_utilization > 10 %", "unloads < 3 /h", "p95 cold < 3 s", "throughput > 1 /s"],
)
def test_what_grows_while_caches_fill_needs_the_whole_run_or_a_stationary_one(line):
    written = busy(["p99 < 500 ms", line])
    assert short.shortened(written) is written
    stationary = busy(["p99 < 500 ms", line], endpoint={"warm": "stationary"})
    assert short.shortened(stationary).run.duration_s < stationary.run.duration_s


@pytest.mark.parametrize("line", ["p99 < 500 ms", "error_rate < 1 %", "cache_hit_ratio > 90 %", "loads < 5 /h"])
def test_a_fleet_that_begins_loaded_does_so_in_a_short_run(line):
    found = short.shortened(busy([line], endpoint={"warm": True}))
    assert found.endpoint.warm is True
    assert found.run.duration_s < HALF_AN_HOUR["duration"]


def test_plain_limits_are_no_part_of_the_name_and_others_are():
    keys = Keys()

    def name(*expect: str) -> bytes:
        return keys.base(short.named(busy(list(expect))))

    assert name("p99 < 500 ms") == name("p99 < 400 ms", "p50 < 100 ms") == name("error_rate < 1 %")
    assert name("p99 warm < 500 ms") != name("p99 warm < 400 ms")
    with_share = name("p99 < 500 ms", "tenants.meet_slo > 90 %")
    assert with_share != name("p99 < 400 ms", "tenants.meet_slo > 90 %"), "each model's calls are counted at the limit"


def other_limit(times_s: list[float], measured_for_s: float, asked_s: float) -> tuple[float, float, float]:
    """The smaller and the larger share over a limit from a run for another one, and the true share."""
    asked = scenario([f"p99 < {asked_s!r} s"])
    run = run_data(scenario([f"p99 < {measured_for_s!r} s"]), [Call(one) for one in times_s])
    (line,) = short.lines(asked.expect, asked, [run])
    true = sum(one > asked_s for one in times_s) / len(times_s)
    return line.beyond.of(run), line.inside.of(run), true


@given(
    st.lists(st.floats(0.001, 10.0), min_size=1, max_size=40),
    st.floats(0.001, 10.0),
    st.floats(0.001, 10.0),
)
def test_a_run_for_another_limit_bounds_the_share(times_s, measured_for_s, asked_s):
    smaller, larger, true = other_limit(times_s, measured_for_s, asked_s)
    assert smaller <= true <= larger
    near = sum(abs(one - asked_s) <= asked_s / 256.0 for one in times_s) / len(times_s)
    assert larger - smaller <= near + 1e-12, "no more than the calls of one bucket lie between"


def test_a_run_for_this_limit_knows_the_share_exactly():
    times = [0.1, 0.5, 0.500001, 0.502, 3.0]
    assert other_limit(times, 0.5, 0.5) == (0.6, 0.6, 0.6)
    smaller, larger, true = other_limit([0.1, 0.4494, 0.4501, 3.0], 0.7, 0.45)
    assert (smaller, true, larger) == (0.25, 0.5, 0.75)


def test_failed_calls_are_over_every_limit():
    asked = scenario(["p99 < 100 s"])
    run = run_data(scenario(["p99 < 1 s"]), [Call(0.1), Call(0.1, cause="queue_full")])
    (line,) = short.lines(asked.expect, asked, [run])
    assert (line.beyond.of(run), line.inside.of(run)) == (0.5, 0.5)


def test_without_a_call_there_is_no_share():
    asked = scenario(["p99 < 1 s"])
    run: RunData = replace(run_data(asked, []), calls=0)
    (line,) = short.lines(asked.expect, asked, [run])
    assert math.isnan(line.inside.of(run))


@pytest.mark.parametrize(
    ("line", "bound"),
    [
        ("p99 < 500 ms", 0.02),
        ("p50 < 500 ms", 0.75),
        ("cache_hit_ratio >= 95 %", 0.9),
        ("error_rate < 0.1 %", 0.002),
        ("mean < 300 ms", 0.6),
        ("throughput > 10 /s", 5.0),
    ],
)
def test_far_outside_is_beyond_twice_what_a_line_allows(line, bound):
    asked = scenario([line])
    (found,) = short.lines(asked.expect, asked, [run_data(asked, [Call(0.1)])])
    assert found.beyond.bound == pytest.approx(bound)


def test_a_run_in_the_store_keeps_the_edges_it_was_made_with():
    made, asked = scenario(["p99 < 500 ms"]), scenario(["p99 < 400 ms"])
    run = run_data(made, [Call(0.45), Call(0.55)])
    found = unpack(pack(run), asked)
    assert np.array_equal(found.edges_s, run.edges_s)
    assert found.limits_s.tolist() == [0.5]
