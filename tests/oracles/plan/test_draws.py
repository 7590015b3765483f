"""Fleets for uncertain traffic, of queues whose fleets Erlang C knows for every draw."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmesim import plan
from mmesim.experiment.plan.draws import LOOKS
from mmesim.experiment.plan.result import PlanResult
from mmesim.scenario import Scenario
from tests.oracles.plan.queues import queues

EACH_PER_S = 27.17
"""A host carries so many calls a second (Erlang C), so three hosts carry 81.5 of 50 to 103, and two 54.3."""
THREE, TWO = (3 * EACH_PER_S - 50.0) / 53.0, (2 * EACH_PER_S - 50.0) / 53.0
MONTH_USD = 730.0


SLOW = pytest.mark.slow  # half a minute, for all of them


def drawn(rate: str, grid: str, **more: str) -> Scenario:
    plan = f"grid: {{{grid}}}, share_of_draws: 90 %"
    return queues(service="120 ms", rate=rate, duration="15 min", limit="600 ms", plan=plan, **more)


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return drawn("{uncertain: {uniform: {low: 50 /s, high: 103 /s}}}", "endpoint.instance_count: 2..4")


@pytest.fixture(scope="module")
def found(scenario: Scenario, store: Path) -> PlanResult:
    return plan(scenario, store=store)


@SLOW
def test_the_answer_is_inside_in_enough_of_the_draws(found: PlanResult):
    assert found.document.verdict == "pass"
    assert found.answer is not None
    assert found.answer.instance_count == 4
    assert found.answer.share_of_draws == 1.0
    assert found.answer.draws in LOOKS[3:]
    low, high = found.answer.share_of_draws_interval or (0.0, 0.0)
    assert 0.9 < low < high == 1.0
    assert found.document.share_of_draws == 0.9


@SLOW
def test_each_fleet_shows_its_share_of_the_draws(found: PlanResult):
    for fleet, truth in zip(found.document.fleets[:2], (TWO, THREE), strict=True):
        assert (fleet.state, fleet.stage) == ("turned down", "draws")
        assert fleet.share_of_draws == pytest.approx(truth, abs=0.07)  # two of 32 draws
        low, high = fleet.share_of_draws_interval or (1.0, 0.0)
        assert low < truth < high < 0.9


@SLOW
def test_each_fleet_shows_what_it_costs_beyond_the_best_of_each_draw(found: PlanResult):
    assert found.answer is not None
    extra = MONTH_USD * (THREE + TWO)  # of four hosts one is too many where three do, and one more where two do
    assert found.answer.mean_extra_usd == pytest.approx(extra, rel=0.15)


@pytest.mark.slow
def test_a_fleet_that_is_never_inside_is_turned_down_after_a_few_draws(scenario: Scenario, store: Path):
    grid = {"plan.grid": {"endpoint.instance_count": [1, 4]}, "plan.share_of_draws": "50 %"}
    small = plan(scenario.with_(grid), store=store)
    one = small.document.fleets[0]
    assert (one.instance_count, one.state, one.share_of_draws) == (1, "turned down", 0.0)
    assert one.draws == 16  # none of 8 might still be half of all, at that level
    assert small.answer is not None
    assert (small.answer.instance_count, small.answer.share_of_draws, small.answer.draws) == (4, 1.0, 32)
    assert small.answer.mean_extra_usd == 0.0


@SLOW
def test_the_reason_counts_draws(found: PlanResult):
    three = found.document.fleets[1]
    outside = round(three.draws * (1.0 - (three.share_of_draws or 0.0)))
    draws = f"{outside} of {three.draws} draws of uncertain inputs"
    assert three.reason == f"outside in {draws} (workers in {outside}), and at most 10 % may be"
    (why,) = found.document.why_not
    assert why.binds == {"workers": outside}
    assert why.text == three.reason


@SLOW
def test_the_same_again_simulates_nothing(scenario: Scenario, store: Path, found: PlanResult):
    again = plan(scenario, store=store)
    assert again.document.used.simulated == 0
    assert again.document.fleets == found.document.fleets


@SLOW
def test_fewer_draws_may_be_asked_for(scenario: Scenario, store: Path):
    half = plan(scenario.with_({"plan.share_of_draws": "30 %"}), store=store)
    assert half.answer is not None
    assert half.answer.instance_count == 3


@pytest.mark.slow
def test_a_field_of_the_grid_is_chosen_not_drawn(store: Path):
    workers = "{uncertain: {uniform: {low: 1, high: 8}}}"
    fixed = drawn("60 /s", "endpoint.instance_count: 2..4, models.queue.workers: [4]", workers=workers)
    # Nothing is left to draw: every draw is the same, and in the store.
    found = plan(fixed, store=store)
    assert found.answer is not None
    assert (found.answer.instance_count, found.answer.share_of_draws) == (3, 1.0)
