"""endpoint.only and endpoint.without: one scenario in parts, each with the calls that it has in the whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mmesim.engine.simulation import simulate
from mmesim.errors import ScenarioError
from mmesim.preflight.check import findings
from mmesim.preflight.offered import Offered
from mmesim.results.figures.figures import FORMULAS
from mmesim.scenario.scenario import Scenario
from mmesim.workload.block import join
from mmesim.workload.reference import rates_at_start
from mmesim.workload.requests import blocks, expected_calls

WHOLE: dict[str, Any] = {
    "name": "parts",
    "endpoint": {"vcpu": 4, "memory": "16 GiB", "instance_count": 2},
    "models": [
        {
            "name": "hot",
            "artifact_size": "20 MB",
            "memory": "25 MiB",
            "framework": "xgboost",
            "service": {"cpu": "10 ms"},
        },
        {
            "name": "tenant",
            "count": 20,
            "artifact_size": "20 MB",
            "memory": "25 MiB",
            "framework": "xgboost",
            "service": {"cpu": {"exponential": {"mean": "10 ms"}}},
        },
    ],
    "traffic": [
        {"arrivals": {"gamma": {"rate": "20 /s", "cv": 2}}, "popularity": {"zipf": 0.8}},
        {"arrivals": {"constant": {"rate": "1 /s"}}, "sessions": {"calls": {"geometric": {"mean": 3}}, "gap": "1 s"}},
    ],
    "run": {"duration": "2 min", "warmup": "0 s", "seed": 4},
}


def whole(**endpoint: object) -> Scenario:
    return Scenario.from_dict({**WHOLE, "endpoint": {**WHOLE["endpoint"], **endpoint}})


def requests(scenario: Scenario):
    return join(list(blocks(scenario, 3)))


def test_a_part_has_the_very_calls_that_it_has_in_the_whole():
    everything, hot, rest = requests(whole()), requests(whole(only=["hot"])), requests(whole(without=["hot"]))
    own = everything.model == 0
    assert own.any()
    assert not own.all()
    for column in ("time", "model", "cpu", "wait", "route", "key", "stream"):
        assert np.array_equal(getattr(hot, column), getattr(everything, column)[own])
        assert np.array_equal(getattr(rest, column), getattr(everything, column)[~own])


def test_a_model_of_a_group_may_leave_alone():
    scenario = whole(without=["tenant-003", "hot"])
    assert [model.name for model in scenario.hosted][:4] == ["tenant-000", "tenant-001", "tenant-002", "tenant-004"]
    assert 4 not in set(requests(scenario).model.tolist())


def test_expected_calls_and_offered_load_are_those_of_the_part():
    everything, part = whole(), whole(only=["tenant"])
    calls = expected_calls(everything)
    calls[0] = 0.0
    assert np.array_equal(expected_calls(part), calls)
    rates = rates_at_start(everything)
    rates[0] = 0.0
    assert np.array_equal(rates_at_start(part), rates)
    offered = Offered(everything).mean_per_s.copy()
    offered[0] = 0.0
    assert Offered(part).mean_per_s == pytest.approx(offered)


@pytest.mark.parametrize("warm", [True, "stationary"])
def test_models_hosted_elsewhere_are_never_in_memory(warm):
    plain = {**WHOLE, "traffic": WHOLE["traffic"][:1]}
    part = Scenario.from_dict({**plain, "endpoint": {**WHOLE["endpoint"], "warm": warm, "only": ["hot"]}})
    run = simulate(part, 0)
    assert set(run.checks.values()) == {"ok"}
    assert FORMULAS["loaded_models"].of(run) == 1.0
    assert run.misses == 0


def test_a_model_that_fits_nowhere_does_not_matter_where_it_is_not_hosted():
    models = [{**WHOLE["models"][0], "memory": "40 GiB"}, WHOLE["models"][1]]
    data = {**WHOLE, "models": models}
    assert "never_fits" in {one.id for one in findings(Scenario.from_dict(data))}
    without = {**data, "endpoint": {**WHOLE["endpoint"], "without": ["hot"]}}
    assert "never_fits" not in {one.id for one in findings(Scenario.from_dict(without))}


@pytest.mark.parametrize(
    ("endpoint", "said"),
    [
        ({"only": ["hat"]}, "endpoint.only.0: there is no model or group 'hat' (did you mean hot?)"),
        ({"without": ["hot", "tenant"]}, "endpoint.without: leaves no model here"),
        ({"only": ["hot"], "without": ["tenant"]}, "endpoint.without: excludes only"),
        ({"only": []}, "endpoint.only"),
    ],
)
def test_what_is_wrong_is_said(endpoint, said):
    with pytest.raises(ScenarioError) as caught:
        whole(**endpoint)
    assert said in str(caught.value)


def test_users_of_a_closed_loop_cannot_be_divided():
    loop = [{"arrivals": {"closed_loop": {"users": 5, "think_time": "1 s"}}}]
    with pytest.raises(ScenarioError, match="users of a closed loop wait"):
        Scenario.from_dict({**WHOLE, "traffic": loop, "endpoint": {**WHOLE["endpoint"], "only": ["hot"]}})
