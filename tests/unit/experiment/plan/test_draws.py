"""A plan over draws of uncertain inputs, and for their middle values, on runs that are made by hand."""

from __future__ import annotations

import pytest

from mmesim.experiment.numbers import DRAWS
from mmesim.experiment.plan.estimate import OF_FAR
from mmesim.experiment.plan.plan import plan
from tests.unit.experiment.fakes import Fake
from tests.unit.experiment.plan.faked import Engine, by_count, of, planned, write

BELIEVED = "models.m.service.cpu={uncertain: {uniform: {low: 4 ms, high: 6 ms}}}"


@pytest.mark.parametrize(("fleets", "draws"), [(1, 32), (6, 64)])
def test_more_draws_are_needed_where_more_fleets_might_be_taken_by_chance(tmp_path, fleets, draws):
    """Of n draws, all inside, 0.8^n is at most 2.5 % by eight looks and the fleets: n = 26 with one, 34 with six."""
    file = write(tmp_path, plan=f"{{grid: {{endpoint.instance_count: 1..{fleets}}}, share_of_draws: 80 %}}", own=1)
    result = planned(Engine(by_count(0.02)), file, [BELIEVED])
    assert result.answer is not None
    assert (result.answer.instance_count, result.answer.share_of_draws, result.answer.draws) == (1, 1.0, draws)


def test_a_draw_has_ten_runs_only_where_the_first_few_do_not_tell(tmp_path):
    # 80 % of the calls are slow, and 1 % may be: two runs prove it; of 50 % five do. Five without a slow call are
    # alike, and far inside; with a few slow calls they are not.
    grid = "{grid: {endpoint.instance_count: [1]}, share_of_draws: 10 %}"
    file = write(tmp_path, expect="[p99 < 500 ms]", plan=grid, own=1)
    for share, runs in ((0.8, 2), (0.5, 5), (0.1, 10), (0.003, 10), (0.0, 5)):
        engine = Engine(by_count(share))
        one = of(planned(engine, file, [BELIEVED]), 1)
        drawn = [number for count, number, _ in engine.runs if count == 1 and number >= DRAWS]
        assert len(drawn) == 10 + runs * one.draws, "beside ten with the middle value"
        assert one.share_of_draws == float(share < 0.01)


def test_a_price_that_is_only_believed_is_drawn(tmp_path):
    # Half of the prices are under 0.2 USD an hour, 146 a month: in these one instance is inside, and two in none.
    file = write(tmp_path, expect="[p90 < 500 ms, cost.month < 146 USD]", own=1)
    overrides = [
        "endpoint.price_per_hour={uncertain: {uniform: {low: 0.1 USD, high: 0.3 USD}}}",
        "plan={grid: {endpoint.instance_count: 1..2}, share_of_draws: 40 %}",
    ]
    result = planned(Engine(by_count(0.0)), file, overrides)
    one, two = of(result, 1), of(result, 2)
    assert result.answer == one
    assert one.share_of_draws == pytest.approx(0.5, abs=0.02)
    assert one.mean_extra_usd == 0.0
    assert two.state == "not tried"
    dear = planned(Engine(by_count(0.9, 0.0)), file, overrides)
    assert of(dear, 2).state == "turned down"
    assert of(dear, 2).reason == "outside in 16 of 16 draws of uncertain inputs (price in 16), and at most 60 % may be"


def test_where_every_draw_has_to_be_inside_none_may_be_outside(tmp_path):
    file = write(tmp_path, plan="{grid: {endpoint.instance_count: [1]}, share_of_draws: 100 %}", own=1)
    reason = of(planned(Engine(by_count(0.9)), file, [BELIEVED]), 1).reason
    assert reason is not None
    assert reason.startswith("outside in 4 of 4 draws of uncertain inputs (")
    assert reason.endswith(" in 4), and none may be")


def test_the_extra_cost_is_that_beyond_the_cheapest_fleet_of_the_grid(tmp_path):
    # The fleet of one instance is inside, and runs now, but is not of the grid.
    file = write(tmp_path, plan="{grid: {endpoint.instance_count: [2, 3]}}", own=1)
    result = planned(Engine(by_count(0.0)), file, [BELIEVED])
    assert result.answer == of(result, 2)
    assert of(result, 2).mean_extra_usd == 0.0
    assert of(result, 1).share_of_draws == 1.0
    assert of(result, 1).mean_extra_usd is None


def test_a_plan_for_the_middle_says_so_and_draws_nothing(tmp_path):
    engine = Engine(by_count(0.8, 0.0))
    file = write(tmp_path, own=2)
    known, middle = planned(engine, file), plan(file, overrides=[BELIEVED], executor=Fake(engine), middle=True)
    assert middle.answer == known.answer
    assert middle.document.share_of_draws is None
    (note,) = middle.document.notes
    assert note == (
        "this is the answer if each uncertain input has its middle value (models.m.service.cpu = 5 ms): without "
        "--middle it has to hold in 90 % of their draws"
    )


def test_a_plan_can_be_watched(tmp_path):
    seen = []
    file = write(tmp_path, plan="{grid: {endpoint.instance_count: 1..2}}", own=2)
    watch = lambda *at: seen.append(at)  # noqa: E731
    result = plan(file, overrides=[BELIEVED], executor=Fake(Engine(by_count(0.8, 0.0))), watch=watch)
    settled, fleets, doing, simulated, calls = seen[-1]
    assert (settled, fleets, doing) == (2, 2, "the figures of the answer")
    assert (simulated, calls) == (result.document.used.simulated, result.document.used.requests)
    assert "1 x this host, 4 draws" in {doing for _, _, doing, _, _ in seen}
    assert len(seen) > simulated, "after each simulation, too"


def test_a_fleet_that_arithmetic_turns_down_in_each_draw_is_counted_among_those(tmp_path):
    file = write(tmp_path, plan="{grid: {endpoint.instance_count: 1..4}, share_of_draws: 50 %}", own=3, rate=2)
    work = "models.m.service.cpu={uncertain: {uniform: {low: 2.5 s, high: 3.5 s}}}"  # 4 vCPU do 1.6 /s at best
    engine = Engine(by_count(0.0))
    result = plan(file, overrides=[work, "expect=[p90 < 20 s]"], executor=Fake(engine))
    assert (of(result, 1).state, of(result, 1).stage) == ("turned down", "draws")
    assert sum(count == 1 for count, _, _ in engine.runs) == OF_FAR, "those that show it as the next cheaper one"
    used = result.document.used
    untried = sum(one.state == "not tried" for one in result.document.fleets)
    assert used.proved == 1
    assert used.proved + used.simulated_fleets + untried == len(result.document.fleets)
