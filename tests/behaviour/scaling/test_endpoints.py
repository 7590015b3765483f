"""Autoscaling of a whole endpoint: from the metric to a cold host, its calls, and its price."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mmesim.engine.simulation import Simulation
from mmesim.experiment.run import run
from mmesim.results.measured.run_data import RunData
from mmesim.scenario import (
    Autoscaling,
    Poisson,
    RunSettings,
    ScaledIn,
    Scenario,
    Step,
    StepAdjustment,
    TargetTracking,
    Traffic,
)
from mmesim.scenario.values.times import Constant
from tests.behaviour.timeline import Outcome, endpoint, model, play, scenario
from tests.helpers.texts import load_text

MINUTE = 60.0
TRACKING = Autoscaling(min=1, max=3, policies=(TargetTracking(metric="InvocationsPerInstance", target=3.0),))


def calls(*each_minute: int, name: str = "a") -> list[tuple[float, str, float]]:
    """So many calls in each minute, evenly, of 0.1 s each."""
    return [(60.0 * m + 60.0 * (k + 0.5) / n, name, 0.1) for m, n in enumerate(each_minute) for k in range(n)]


def scaled(folder: Any, requests: Any, minutes: float, scaling: Autoscaling = TRACKING, **keys: Any) -> Scenario:
    place = endpoint(
        warm=True, autoscaling=scaling, provisioning=Constant(90.0), hosts=keys.pop("hosts", scaling.min), **keys
    )
    case = scenario(folder, requests, [model("a"), model("b")], place)
    changed: Scenario = case.model_copy(update={"run": RunSettings(duration_s=minutes * MINUTE)})
    return changed


def decisions(data: RunData) -> list[tuple[float, str, int]]:
    scale = [one for one in data.happened if one.kind in ("scale_out", "scale_in")]
    return [(one.at_s, str(one.kind), int(one.figures["desired"])) for one in scale]


def played(case: Scenario) -> tuple[Simulation, Outcome]:
    simulation = Simulation(case, records=-1)
    return simulation, play(simulation)


def test_three_busy_minutes_bring_a_host_after_its_provisioning(tmp_path):
    # 2 calls in the first minute, then 5: 5 each at 2, 3 and 4 min, known at 5; 1 x 5 / 3 = 2 hosts, there at 6.5 min.
    sim, found = played(scaled(tmp_path, calls(2, *[5] * 9), 10.0))
    assert decisions(found.data) == [(300.0, "scale_out", 2)]
    assert found.data.happened[0].figures["metric"] == 5.0
    assert found.data.hosts.up_s.tolist() == [600.0, 210.0]
    per_instance = found.data.windows["InvocationsPerInstance"]
    np.testing.assert_allclose(per_instance[:8], [2, 5, 5, 5, 5, 5, 5 / 1.5, 2.5])
    assert sim.fleet.desired == 2


def test_hosts_cost_from_the_moment_they_are_there(tmp_path):
    case = scaled(tmp_path, calls(2, *[5] * 9), 10.0)
    host = case.endpoint.host.model_copy(update={"price_usd_per_hour": 1.0})
    priced = case.model_copy(update={"endpoint": case.endpoint.model_copy(update={"host": host})})
    assert run(priced).summary["cost"]["usd_per_hour"] == pytest.approx(810.0 / 600.0)


def test_a_new_host_is_cold(tmp_path):
    # The router sends every other call to the new host, where nothing is loaded.
    requests = calls(2, *[5] * 9)
    place = {"router": endpoint().router.model_copy(update={"policy": "round_robin"})}
    _, found = played(scaled(tmp_path, requests, 10.0, **place))
    on_new = [call for call in found.calls if call.host == 1]
    assert [call.hit for call in on_new][:2] == [False, True]
    assert on_new[0].latency == pytest.approx(1.1)
    assert all(call.hit for call in found.calls if call.host == 0)


def test_quiet_minutes_take_a_host_away(tmp_path):
    # Two hosts and one call a minute: 0.5 each from 1 to 15 min, known at 16; the drain of an idle host takes no time.
    sim, found = played(scaled(tmp_path, calls(*[1] * 20), 20.0, hosts=2))
    assert decisions(found.data) == [(960.0, "scale_in", 1)]
    assert found.data.hosts.up_s.tolist() == [1200.0, 960.0]
    assert sim.hosts[1].gone_s == 960.0


def test_what_is_in_flight_on_a_host_that_leaves_has_the_time_of_the_drain(tmp_path):
    # b is called at 945 s for 50 s; at 960 s one of the two hosts leaves, the one with b or the other.
    requests = sorted([*calls(*[1] * 20), (945.0, "b", 50.0)])
    ends: dict[float, set[tuple[str, float]]] = {}
    for drain_s in (30.0, 120.0):
        for rule in (ScaledIn.newest, ScaledIn.oldest):
            scaling = TRACKING.model_copy(update={"scale_in": rule})
            _, found = played(scaled(tmp_path, requests, 20.0, scaling, hosts=2, drain_s=drain_s))
            (long,) = (call for call in found.calls if call.latency > 10.0)
            ends.setdefault(drain_s, set()).add((long.cause, round(long.latency, 6)))
    assert ends == {30.0: {("host_lost", 45.0), ("ok", 50.0)}, 120.0: {("ok", 50.0)}}


def test_a_run_with_scaling_ends_with_its_calls(tmp_path):
    _, found = played(scaled(tmp_path, calls(5), 1.0))
    assert found.causes == ["ok"] * 5
    assert decisions(found.data) == []


def test_a_step_policy_acts_on_what_the_run_measures(tmp_path):
    step = Step(
        metric="QueueFull", threshold=1.0, steps=(StepAdjustment(lower_bound=0.0, adjustment=2),), evaluation_periods=1
    )
    case = scaled(tmp_path, [(70.0, "a", 30.0)] * 4, 5.0, Autoscaling(min=1, max=3, policies=(step,)))
    case = case.model_copy(update={"server": case.server.model_copy(update={"job_queue_size": 1})})
    _, found = played(case)
    assert found.causes == ["ok", "ok", "queue_full", "queue_full"]
    assert decisions(found.data) == [(180.0, "scale_out", 3)]


def test_two_runs_of_one_seed_are_the_same(tmp_path):
    case = scaled(tmp_path, calls(2, *[7] * 9, *[0] * 20), 30.0)
    first, second = (Simulation(case).run() for _ in range(2))
    assert first.happened == second.happened
    assert first.hosts.up_s.tolist() == second.hosts.up_s.tolist()


def test_no_warm_up_is_looked_for_and_caches_begin_as_on_the_hosts_of_the_start(tmp_path):
    traffic = Traffic(name="steady", arrivals=Poisson(rate_per_s=5.0))
    case = scaled(tmp_path, calls(1), 10.0).model_copy(update={"traffic": (traffic,)})
    stationary = case.endpoint.model_copy(update={"warm": "stationary"})
    found = run(case.model_copy(update={"endpoint": stationary}))
    assert found.summary["warmup_s"] == 0.0
    assert found.scenario.changes_over_time == "autoscaling changes the number of hosts"
    assert found.runs[0].windows["ModelCacheHit"][:4].tolist() == [1.0] * 4
    assert decisions(found.runs[0])[0][1] == "scale_out"


def test_a_target_for_gpus_counts_each_device_as_a_hundred():
    # 10 calls a second of 75 ms on one of two devices: busy 75 % in all, 75 of 200; 1 x 75 / 50 = 1.5 hosts at 2 min.
    text = """
        name: gpus
        endpoint:
          vcpu: 2
          memory: 8 GiB
          devices: {count: 2, memory: 8 GiB}
          warm: true
          provisioning: 1 min
          autoscaling: {policy: target_tracking, metric: gpu_utilization, target: 50, out_points: 1, min: 1, max: 4}
        models: {name: m, artifact_size: 1 MB, memory: 1 MB, service: {device: 75 ms}}
        traffic: {arrivals: {constant: {rate: 10 /s}}}
        run: {duration: 3 min}
    """
    data = Simulation(load_text(text)).run()
    assert decisions(data) == [(2 * MINUTE, "scale_out", 2)]
    assert data.happened[0].figures["metric"] == pytest.approx(75.0, rel=0.01)
