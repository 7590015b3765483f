"""The autoscaling that follows from an answer: target, limits, and what is said of it."""

from __future__ import annotations

from typing import Any

import pytest

from mmesim.errors import ScenarioError, UserError
from mmesim.experiment.plan.fleets import options
from mmesim.experiment.plan.scaled import derived
from mmesim.experiment.plan.tried import Tried
from mmesim.report.content.planned.statement import scaled
from mmesim.scenario.endpoint.autoscaling.policies import TargetTracking
from mmesim.scenario.file.template import Template
from tests.unit.experiment.plan.faked import Engine, by_count, planned, write

GRID = "grid: {endpoint.instance_count: 1..6}"
THREE = by_count(0.9, 0.5, 0.02)


def limits(tmp_path: Any, plan: str, lacks: str = "cpu", peak: float = 999.4) -> tuple[int, int, float]:
    """Fewest, most and target of the autoscaling of three instances, where two lack something."""
    template = Template.read(write(tmp_path, plan=f"{{{GRID}, {plan}}}"))
    given = template.at().plan
    assert given is not None
    fleets = [Tried(one) for one in options(template, given)[0]]
    fleets[1].turn_down("short runs", "it lacks it", lacks)
    found = derived(fleets[2], fleets, given, peak)
    (policy,) = found.policies
    assert isinstance(policy, TargetTracking)
    return found.min, found.max, policy.target


@pytest.mark.parametrize(
    ("plan", "lacks", "expected"),
    [
        ("autoscaling: {}", "cpu", (1, 6, 166.0)),
        ("autoscaling: {safety_factor: 75 %}", "cpu", (1, 4, 249.0)),
        ("autoscaling: {}, growth: 1.2", "cpu", (1, 8, 166.0)),
        ("autoscaling: {safety_factor: 100 %}, survive: instance", "cpu", (2, 3, 333.0)),
        ("autoscaling: {}, survive: zone", "memory", (3, 6, 166.0)),
    ],
)
def test_target_and_limits_follow_from_the_answer(tmp_path, plan: str, lacks: str, expected: tuple[int, int, float]):
    assert limits(tmp_path, plan, lacks) == expected


def test_without_any_call_there_is_a_target_nevertheless(tmp_path):
    assert limits(tmp_path, "autoscaling: {}", peak=0.0)[2] == 1.0


@pytest.mark.slow
def test_the_answer_is_tried_with_it_and_both_are_said(tmp_path):
    result = planned(Engine(THREE), write(tmp_path, plan=f"{{{GRID}, autoscaling: {{}}}}"))
    found = result.document.scaled
    assert found is not None
    assert (found.derived, found.min, found.max, found.verdict) == (True, 1, 6, "pass")
    assert result.document.notes[-1].startswith("a run of 2 min shows little of autoscaling")
    assert result.document.notes[-1].endswith("22 min or more would show it")
    assert found.fixed_usd_per_month == 3 * 730.0
    assert result.autoscaled is not None
    assert result.autoscaled.endpoint.instance_count == 3
    assert {"scalable-target.json", "scaling-policy.json"} < set(result.deployable.files)
    words = scaled(result.document)
    assert words is not None
    assert words.startswith(f"With autoscaling, 1 to 6 instances, {found.target:g} calls a minute on each: inside, ")


OWN = "endpoint.autoscaling={min: 2, max: 4, policies: [{target_tracking: {metric: CPUUtilization, target: 80}}]}"


@pytest.mark.slow
def test_an_endpoint_that_scales_is_planned_as_fleets_of_a_fixed_size_beside_its_own_autoscaling(tmp_path):
    result = planned(Engine(THREE), write(tmp_path, own=2), [OWN])
    document = result.document
    assert result.answer is not None
    assert (result.answer.instance_count, document.current) == (3, None)
    assert any("fleets of a fixed size are compared" in note for note in document.notes)
    assert document.scaled is not None
    assert (document.scaled.derived, document.scaled.min, document.scaled.max) == (False, 2, 4)
    assert document.scaled.target is None


def test_two_autoscalings_are_one_too_many(tmp_path):
    with pytest.raises(UserError, match="leave one of them out"):
        planned(Engine(THREE), write(tmp_path, plan=f"{{{GRID}, autoscaling: {{}}}}", own=2), [OWN])


def test_a_grid_cannot_vary_what_makes_the_price_random(tmp_path):
    with pytest.raises(ScenarioError, match="a plan compares fleets of a fixed size, whose price is known"):
        planned(Engine(THREE), write(tmp_path, plan="{grid: {endpoint.autoscaling.max: [4, 6]}}"))
