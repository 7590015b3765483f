"""What is measured of the answer on numbers that chose nothing, beside the next cheaper fleet and other settings."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from mmesim.experiment.numbers import PLAN_ESTIMATE
from mmesim.report.content.planned.words import decides
from mmesim.scenario import Scenario
from tests.unit.experiment.plan.faked import Engine, by_count, planned, write

CLEAR = by_count(0.9, 0.5, 0.02, 0.01)


@pytest.fixture(scope="module")
def clear(tmp_path_factory):
    """The plan that several tests look at."""
    return planned(Engine(CLEAR), write(tmp_path_factory.mktemp("clear")))


def test_the_answer_and_the_next_cheaper_are_estimated_side_by_side(tmp_path):
    document = planned(Engine(by_count(0.9, 0.3, 0.02)), write(tmp_path)).document
    assert [one.fleet for one in document.estimates] == [document.answer, document.next_cheaper] == [2, 1]
    answer, cheaper = (one.lines[0] for one in document.estimates)
    assert answer.value == pytest.approx(0.02, abs=0.015)
    assert cheaper.value == pytest.approx(0.3, abs=0.05)
    (pair,) = document.paired
    assert answer.value is not None
    assert cheaper.value is not None
    assert pair.difference == pytest.approx(cheaper.value - answer.value, abs=0.05)
    assert answer.replications >= 20


def test_the_next_cheaper_fleet_is_estimated_under_what_turned_it_down(tmp_path):
    plan = "{grid: {endpoint.instance_count: 1..6}, survive: instance}"
    document = planned(Engine(by_count(0.9, 0.3, 0.02)), write(tmp_path, plan=plan)).document
    assert [one.fleet for one in document.estimates] == [document.answer, document.next_cheaper] == [3, 2]
    (cheaper,), (pair,) = document.estimates[1].lines, document.paired
    assert cheaper.when == pair.when == "one instance fewer"
    assert cheaper.verdict == "fail"
    assert decides(document, 2) == cheaper
    answer = next(line for line in document.estimates[0].lines if line.when == pair.when)
    assert answer.value is not None
    assert cheaper.value is not None
    assert pair.difference == pytest.approx(cheaper.value - answer.value, abs=0.05)


def test_an_answer_whose_estimate_crosses_the_limit_is_undecided(tmp_path):
    def other(scenario: Scenario) -> float:
        return 0.01

    engine = Engine(other)

    @dataclass
    class Unlucky(Engine):
        def __call__(self, scenario, replication, observer, records):
            self.slow = (lambda _: 0.1) if replication >= PLAN_ESTIMATE else (lambda _: 0.01)
            return super().__call__(scenario, replication, observer, records)

    assert planned(engine, write(tmp_path)).document.verdict == "pass"
    assert planned(Unlucky(other), write(tmp_path)).document.verdict == "undecided"


def test_the_answer_stands_under_every_setting_of_what_is_not_published(clear):
    settings = clear.document.settings
    assert settings[0].name == "as in the scenario"
    assert {one.verdict for one in settings} == {"pass"}
    assert any("load_slots = 1" in one.name for one in settings)


def test_of_several_fleets_at_the_next_lower_price_the_one_with_fewest_expected_misses_is_next_cheaper(tmp_path):
    file = write(tmp_path, own=1)
    grid = "plan.grid={endpoint.instance_count: [1, 2], endpoint.memory: [8 GiB, 16 GiB]}"
    result = planned(Engine(by_count(0.5, 0.0)), file, [grid])
    fleets, document = result.document.fleets, result.document
    assert document.answer is not None
    assert document.next_cheaper is not None
    at_its_price = [one for one in fleets if one.usd_per_month == fleets[document.next_cheaper].usd_per_month]
    assert len(at_its_price) == 2
    assert fleets[document.next_cheaper] == at_its_price[0]
