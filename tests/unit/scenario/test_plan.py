"""`plan:` and the ranges of a grid: what can be written, and what is said of what cannot."""

from __future__ import annotations

import pytest

from mmesim.errors import ScenarioError
from mmesim.scenario import Scenario
from mmesim.scenario.file.dump import dump
from tests.unit.results.synthetic import scenario

DATA = {
    "name": "a",
    "endpoint": {"instance_type": "ml.m5.xlarge"},
    "models": {"name": "m", "artifact_size": "1 MB", "memory": "10 MB", "service": {"cpu": "5 ms"}},
    "traffic": {"arrivals": {"poisson": {"rate": "1 /s"}}},
    "run": {"duration": "10 min"},
}


def read(**changes: object) -> Scenario:
    return Scenario.from_dict(DATA | changes)


def test_a_range_stands_for_the_whole_numbers_in_it():
    plan = read(plan={"grid": {"endpoint.instance_count": "2..4"}}).plan
    assert plan is not None
    assert plan.grid == {"endpoint.instance_count": (2, 3, 4)}


def test_ranges_and_values_mix_in_a_list_and_one_value_is_a_list():
    grid = {"endpoint.instance_count": ["1..3", 8], "endpoint.instance_type": "ml.c5.xlarge"}
    plan = read(plan={"grid": grid}).plan
    assert plan is not None
    assert plan.grid == {"endpoint.instance_count": (1, 2, 3, 8), "endpoint.instance_type": ("ml.c5.xlarge",)}


def test_a_sweep_knows_ranges_too():
    sweep = read(sweep={"grid": {"endpoint.instance_count": "2 .. 4"}}).sweep
    assert sweep is not None
    assert sweep.grid == {"endpoint.instance_count": (2, 3, 4)}


def test_defaults():
    plan = read(plan={"grid": {"endpoint.instance_count": 2}}).plan
    assert plan is not None
    assert (plan.tolerance, plan.share_of_draws) == (0.1, 0.9)
    assert (plan.survive, plan.growth, plan.assume_monotone) == (None, None, False)


def test_a_resolved_file_is_read_back_as_the_same_plan(tmp_path):
    given = read(plan={"grid": {"endpoint.instance_count": "2..4"}, "tolerance": "5 %", "survive": "zone"})
    (tmp_path / "a.yaml").write_text(dump(given))
    assert Scenario.from_yaml(tmp_path / "a.yaml").plan == given.plan


def test_a_plan_is_not_part_of_what_is_simulated():
    assert scenario().plan is None


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ({}, "plan.grid: is missing"),
        ({"grid": {}}, "plan.grid: is empty: name a field and its values"),
        (
            {"grid": {"endpoint.instance_count:1..3": None}},
            "is not a field: a value is missing (put a space after the colon)",
        ),
        ({"grid": {"endpoint.instance_count": []}}, "is empty: give at least one value"),
        ({"grid": {"endpoint.instance_count": [2, 2, 1, 1]}}, "2 is given twice: give each value once"),
        ({"grid": {"endpoint.instance_count": ["1..4", 3]}}, "3 is given twice: give each value once"),
        ({"grid": {"endpoint.instance_count": "4..2"}}, "'4..2' is empty: the range ends before it begins (2..4)"),
        ({"grid": {"endpoint.instance_count": "1.5..3"}}, "is not a range of whole numbers: write one such as 1..20"),
        ({"grid": {"models.m.memory": "10 MB..20 MB"}}, "is not a range of whole numbers"),
        ({"grid": {"endpoint.instance_count": "1..2000000"}}, "has more than 1,000,000 values"),
        ({"grid": {"plan.growth": [1.2]}}, "a plan cannot vary plan: a grid names what makes up a fleet"),
        ({"grid": {"expect": [1]}}, "a plan cannot vary expect"),
        ({"grid": {"sweep": [1]}}, "a plan cannot vary sweep"),
        ({"grid": {"run.duration": ["1 h"]}}, "a plan cannot vary run"),
        ({"grid": {"endpoint.instance_count": 1}, "growth": 0.9}, "0.9 is too small: at least 1"),
        ({"grid": {"endpoint.instance_count": 1}, "growth": 0.3}, "at least 1 (write 1.3, for 30 % more)"),
        ({"grid": {"endpoint.instance_count": 1}, "growth": "30%"}, "'30%' is not a factor (write 1.3, for 30 % more)"),
        (
            {"grid": {"endpoint.instance_count": 1}, "growth": "130 %"},
            "(write 1.3, for 130 % of today's traffic, or 2.3, for 130 % more)",
        ),
        ({"grid": {"endpoint.instance_count": 1}, "tolerance": "0 %"}, "plan.tolerance"),
        ({"grid": {"endpoint.instance_count": 1}, "survive": "host"}, "'host' is not one of instance, zone"),
        ({"grid": {"endpoint.instance_count": 1}, "toleranc": "5 %"}, "did you mean tolerance?"),
        (
            {"grid": {"endpoint.instance_count": 1}, "recover_within": "5 min"},
            "plan.recover_within: does not say from the loss of what: survive is missing (add survive: instance, or",
        ),
        ({"grid": {"endpoint.instance_count": 1}, "survive": "zone", "recover_within": "0 s"}, "plan.recover_within"),
    ],
)
def test_what_cannot_be_written_is_refused_with_what_can(plan, words):
    with pytest.raises(ScenarioError) as error:
        read(plan=plan)
    assert words in str(error.value)
