"""What is said of the deploys of a run: their cost, an end that is missing, an alarm, and a fleet that shrank."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmesim.engine.simulation import simulate
from mmesim.results.findings.deploys import deploys
from mmesim.results.findings.waited import waited
from mmesim.results.measured.happened import Happened, Kind
from mmesim.scenario import Scenario

TEXT = {
    "name": "a",
    "endpoint": {"vcpu": 2, "memory": "8 GiB", "instance_count": 2, "provisioning": "1 min"},
    "models": [{"name": "m", "count": 4, "memory": "50 MiB", "artifact_size": "1 MB", "service": {"cpu": "5 ms"}}],
    "traffic": [{"arrivals": {"constant": {"rate": "2 /s"}}}],
    "run": {"duration": "10 min", "warmup": "0 s", "replications": 1, "seed": 1},
    "deploys": [{"name": "up", "at": "3 min"}],
}


def scenario(**deploy) -> Scenario:
    return Scenario.from_dict(TEXT | {"deploys": [{"name": "up", "at": "3 min"} | deploy]})


def found(made: Scenario, **changes):
    run = replace(simulate(made), **changes)
    return {one.id: one for one in deploys(made, [run])}


def test_the_cost_is_cold_calls_beyond_those_of_before_and_hosts_paid_twice():
    made = scenario(termination_wait="2 min")
    (one,) = found(made).values()
    assert one.id == "deploy_cost"
    assert one.evidence["duration_s"] == 180.0
    assert one.evidence["most_instances"] == 4
    assert one.evidence["extra_instance_hours"] == 2 * 120.0 / 3600.0
    assert one.evidence["cold_calls"] == pytest.approx(4.0)  # each model once
    assert "with at most 4 instances at once, and paid 0.0667 instance hours beyond those of the larger" in one.text


def test_cold_calls_of_before_are_not_those_of_the_deploy():
    made = scenario()
    run = simulate(made)
    minutes = run.windows["start_s"].size
    steady = dict(run.windows) | {"Invocations": np.full(minutes, 100.0), "ModelCacheHit": np.full(minutes, 0.9)}
    evidence = found(made, windows=steady)["deploy_cost"].evidence
    assert evidence["cold_calls"] == pytest.approx(evidence["cold_calls_as_before"])


@pytest.mark.parametrize(("split_by", "loads"), [("calls", [0, 3, 4, 0]), ("models", [0, 3, 1, 0])])
def test_cold_calls_of_a_deploy_that_fails_midway_are_those_that_waited_for_its_loads(split_by, loads):
    # One old host of two goes on with half of the traffic: it loads the three models that the other one has. A new one
    # takes the other half: all four models, or the one that moves. An alarm sends everything back to where it was.
    canary = {"strategy": {"canary": {"share": "50 %", "wait": "5 min"}}, "rollback_when": "cache_hit_ratio < 99 %"}
    made = scenario(**canary).with_({"endpoint.warm": True, "endpoint.router.split_by": split_by})
    run = simulate(made, records=-1)
    told = [(one.kind, one.at_s) for one in run.happened if one.kind in (Kind.shifted, Kind.alarm)]
    assert told == [(Kind.shifted, 240.0), (Kind.alarm, 300.0), (Kind.shifted, 300.0)]
    assert run.records is not None
    cold = ~run.records.hit & (run.records.host >= 0)
    assert np.all(run.records.arrival_s[cold] >= 240.0)
    evidence = {one.id: one for one in deploys(made, [run])}["deploy_cost"].evidence
    assert evidence["cold_calls"] == pytest.approx(cold.sum())
    assert run.hosts.loads.tolist() == loads
    assert cold.sum() == sum(loads)  # a load takes less time than there is between two calls for a model


def test_a_deploy_that_the_run_does_not_see_the_end_of_is_open():
    late = found(scenario(at="9.5 min"))
    assert list(late) == ["deploy_open"]
    assert "the run ends before any traffic shifts, in 1 of 1 replications" in late["deploy_open"].text
    waits = found(scenario(termination_wait="30 min"))
    assert list(waits) == ["deploy_cost", "deploy_open"]
    assert waits["deploy_open"].evidence == {"done": 0.0, "replications": 1.0}


def test_an_alarm_is_told_with_its_line_and_its_time():
    undone = found(scenario(termination_wait="5 min", rollback_when="cache_hit_ratio < 99 %"))["deploy_undone"]
    assert undone.text == (
        "deploy up was undone in 1 of 1 replications: `cache_hit_ratio < 99 %` became true, at 5 min on average"
    )


def test_a_fleet_that_shrinks_is_told_unless_that_was_asked_for():
    begun = Happened(180.0, Kind.deploy, "up", {"old": 5.0, "new": 2.0})
    began = (begun, Happened(240.0, Kind.shifted, "up"))
    warning = found(scenario(), happened=began)["deploy_shrinks"]
    assert "made 2 instances of the 5 that there were" in warning.text
    assert warning.try_ == "deploys.up.retain_count=true"
    assert "deploy_shrinks" not in found(scenario(), happened=(begun, Happened(700.0, Kind.shifted, "up")))
    asked = scenario(to={"endpoint.instance_count": 2})
    assert "deploy_shrinks" not in found(asked, happened=began)


def test_a_deploy_that_waited_for_another_would_have_been_refused():
    second = {"name": "soon", "at": "3.5 min"}
    made = Scenario.from_dict(TEXT | {"deploys": [*TEXT["deploys"], second]})
    (found,) = waited(made, [simulate(made)])
    # The first takes a minute to provision, and its old hosts are drained at once.
    assert found.evidence == {"waited_s": pytest.approx(30.0, abs=1.0), "waited": 1.0, "replications": 1.0}
    assert found.text.startswith("deploy soon waited 30")
    assert list(waited(scenario(), [simulate(scenario())])) == []
