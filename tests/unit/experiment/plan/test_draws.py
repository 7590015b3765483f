"""What a plan of uncertain inputs counts."""

from __future__ import annotations

from mmesim.experiment.plan.estimate import OF_FAR
from mmesim.experiment.plan.plan import plan
from tests.unit.experiment.fakes import Fake
from tests.unit.experiment.plan.faked import Engine, by_count, of, write


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
