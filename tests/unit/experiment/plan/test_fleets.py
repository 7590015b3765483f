"""The fleets of a grid: every combination once, in order of price, with what is known of each before a run."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmesim.errors import ScenarioError, UserError
from mmesim.experiment.plan.fleets import Option, afford, options
from mmesim.scenario import Plan
from mmesim.scenario.file.template import Template

DATA = {
    "name": "a",
    "endpoint": {"instance_type": "ml.m5.xlarge", "instance_count": 2},
    "models": {"name": "m", "count": 300, "artifact_size": "1 MB", "memory": "100 MB", "service": {"cpu": "5 ms"}},
    "traffic": {"arrivals": {"poisson": {"rate": "10 /s"}}, "popularity": {"zipf": 1.0}},
    "run": {"duration": "10 min"},
    "expect": ["p99 < 1 s"],
}
TYPES = ("ml.m5.large", "ml.m5.xlarge", "ml.c5.large", "ml.r5.large", "ml.m5.2xlarge")


def found(grid: Mapping[str, object], **changes: object) -> tuple[tuple[Option, ...], Option | None]:
    scenario = template(grid, **changes)
    plan = scenario.at().plan
    assert plan is not None
    return options(scenario, plan)


def template(grid: Mapping[str, object], **changes: object) -> Template:
    from mmesim.scenario import Scenario

    return Template.of(Scenario.from_dict(DATA | {"plan": {"grid": grid}} | changes))


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.sampled_from(TYPES), min_size=1, unique=True),
    st.lists(st.integers(1, 12), min_size=1, max_size=4, unique=True),
)
def test_every_combination_once_in_order_of_price_then_of_expected_misses(types, counts):
    fleets, own = found({"endpoint.instance_type": types, "endpoint.instance_count": counts})
    points = [(one.instance_type, one.instance_count) for one in fleets if one is not own]
    wanted = {(kind, count) for kind in types for count in counts}
    assert set(points) | {("ml.m5.xlarge", 2)} == wanted | {("ml.m5.xlarge", 2)}
    assert len(fleets) == len(wanted | {("ml.m5.xlarge", 2)})
    order = [(one.usd_per_month, one.predicted_miss_ratio or 0.0) for one in fleets]
    assert order == sorted(order)


def test_the_order_is_that_of_the_prices_that_are_paid():
    paid = {"ml.m5.large": "0.30 USD", "ml.m5.xlarge": "0.20 USD"}
    endpoint = {"instance_type": "ml.m5.xlarge", "instance_count": 1, "prices": paid}
    fleets, _ = found({"endpoint.instance_type": ["ml.m5.large", "ml.m5.xlarge", "ml.c5.large"]}, endpoint=endpoint)
    assert [(one.instance_type, one.price_given) for one in fleets] == [
        ("ml.c5.large", False),
        ("ml.m5.xlarge", True),
        ("ml.m5.large", True),
    ]
    assert [one.usd_per_month for one in fleets[1:]] == pytest.approx([146.0, 219.0])


def test_the_fleet_of_the_scenario_is_the_point_of_the_grid_that_is_the_same():
    fleets, own = found({"endpoint.instance_count": "1..3"})
    assert own is not None
    assert own is next(one for one in fleets if one.instance_count == 2)
    assert len(fleets) == 3


def test_a_scenario_that_says_nothing_of_the_number_of_instances_has_no_fleet():
    fleets, own = found({"endpoint.instance_count": "1..3"}, endpoint={"instance_type": "ml.m5.xlarge"})
    assert own is None
    assert len(fleets) == 3


def test_more_instances_are_expected_to_miss_less_until_all_fits():
    fleets, _ = found({"endpoint.instance_count": "1..8"})
    misses = [one.predicted_miss_ratio for one in fleets]
    assert all(one is not None for one in misses)
    assert misses == sorted(misses, key=lambda one: -(one or 0.0))
    assert [one.everything_in_memory for one in fleets] == sorted(one.everything_in_memory for one in fleets)
    assert fleets[-1].everything_in_memory


def test_families_differ_in_the_number_of_instances_alone():
    fleets, _ = found({"endpoint.instance_type": list(TYPES[:2]), "endpoint.instance_count": "1..3"})
    assert {one.family for one in fleets} == {(("endpoint.instance_type", kind),) for kind in TYPES[:2]}


def test_a_fleet_that_contradicts_itself_comes_last_with_the_reason():
    fleets, _ = found({"endpoint.memory": ["0.5 GiB", "16 GiB"]})
    assert fleets[-1].refused is not None
    assert "no memory is left for models" in fleets[-1].refused
    assert math.isinf(fleets[-1].usd_per_month)


@pytest.mark.parametrize(
    ("grid", "words"),
    [
        ({"endpoint.instance_type": ["ml.m5.xlarge", "ml.m5.xlrge"]}, "ml.m5.xlarge"),
        ({"endpoint.instances": [1, 2]}, "plan.grid.endpoint.instances: "),
        ({"endpoint.instance_count": [1, "two"]}, "plan.grid.endpoint.instance_count: "),
    ],
)
def test_a_field_or_value_that_cannot_be_is_a_mistake_and_no_fleet(grid, words):
    with pytest.raises(ScenarioError) as error:
        found(grid)
    assert words in str(error.value)


def test_a_grid_of_a_million_fleets_says_how_long_it_would_take():
    grid = {"endpoint.instance_count": "1..1000", "server.default_workers_per_model": "1..1000"}
    scenario = template(grid)
    plan = scenario.at().plan
    assert isinstance(plan, Plan)
    with pytest.raises(UserError, match=r"1,000,000 fleets, more than 5,000: reading them alone takes about .*--yes"):
        afford("a", plan, scenario, 5_000)
    afford("a", plan, scenario, None)
