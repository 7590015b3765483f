"""Figures of memory say which size of a fleet that scales they mean, and whether its smallest size holds the models."""

from __future__ import annotations

import pytest

from mmesim.experiment.plan.plan import lived_through
from mmesim.preflight.check import findings
from mmesim.preflight.finding import Finding
from mmesim.preflight.in_short import in_short
from mmesim.preflight.offered import Offered
from mmesim.results.binding.limits import use_of
from mmesim.results.binding.roots import Roots
from mmesim.scenario import Scenario
from mmesim.scenario.constraints import Resource
from tests.unit.results.synthetic import GIB, Call, run_data, scenario

SCALES = {"policy": "target_tracking", "metric": "InvocationsPerInstance", "target": 100.0, "min": 1, "max": 4}


def fleet(memory_mib: int, **endpoint: object) -> Scenario:
    models = [
        {"name": "m", "count": 40, "artifact_size": 10**6, "memory": memory_mib * 2**20, "service": {"cpu": 0.01}}
    ]
    return scenario(models=models, endpoint={"vcpu": 2, "memory": 8 * GIB} | endpoint)


def about_the_start(of: Scenario) -> list[Finding]:
    return [one for one in findings(of) if one.id == "memory_at_start"]


def test_models_that_only_the_most_instances_hold_are_a_warning():
    (found,) = about_the_start(fleet(300, autoscaling=SCALES))
    assert found.severity == "warning"
    assert "4 instances (endpoint.autoscaling.max) hold them, the 1 of " in found.text
    assert found.try_ is not None
    assert found.try_.startswith("endpoint.autoscaling.min=")


@pytest.mark.parametrize(
    ("memory_mib", "endpoint"),
    [(20, {"autoscaling": SCALES}), (2000, {"autoscaling": SCALES}), (300, {"instance_count": 4})],
    ids=["one holds all", "not even the most hold all", "a fixed size"],
)
def test_there_is_nothing_to_warn_of(memory_mib: int, endpoint: dict[str, object]):
    assert about_the_start(fleet(memory_mib, **endpoint)) == []


def test_figures_of_memory_say_which_size_they_mean():
    words = "with the most instances, 4 (endpoint.autoscaling.max)"
    scaling, fixed = fleet(300, autoscaling=SCALES), fleet(300, instance_count=4)
    assert all(words in line for line in in_short(Offered(scaling)))
    assert not any("endpoint.autoscaling" in line for line in in_short(Offered(fixed)))
    (memory,) = [one for one in findings(fleet(2000, autoscaling=SCALES)) if one.id == "memory"]
    assert words in memory.text


@pytest.mark.parametrize("resource", ["cpu", "models"])
def test_more_instances_are_asked_for_by_the_field_that_scales(resource: Resource):
    of = fleet(20, autoscaling=SCALES)
    use = use_of(resource, Roots(of, [run_data(of, [Call(0.1)] * 10)]))
    assert "endpoint.autoscaling.m" in use.try_
    assert "instance_count" not in use.try_


def test_a_plan_names_what_each_fleet_lives_through():
    fault, deploy = {"name": "az", "zone_loss": {"zone": 1}, "at": 3.0}, {"name": "new", "at": 2.0}
    (said,) = lived_through(scenario(faults=[fault], deploys=[deploy]))
    assert said.startswith("each fleet lives through fault az, deploy new: ")
    assert list(lived_through(scenario())) == []
