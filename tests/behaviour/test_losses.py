"""Faults that take instances away: timelines computed by hand."""

from __future__ import annotations

from pathlib import Path

from mmesim.engine.simulation import Simulation
from mmesim.scenario.values.times import Constant
from tests.behaviour.test_faults import faults
from tests.behaviour.timeline import endpoint, model, play, scenario


def test_a_zone_takes_its_instances_with_it_and_others_follow_in_the_same_zone(tmp_path: Path) -> None:
    # Instances 0 and 3 are in zone 1; a call of 30 s is in each that is warm. Others are there 20 s after the loss.
    lost = faults({"zone_loss": {"zone": 1}, "at": 10.0})
    place = endpoint(hosts=4, warm=True, provisioning=Constant(20.0), loss_noticed_after_s=0.0)
    requests = [(5.0, "a", 30.0), (5.0, "b", 30.0), (5.0, "c", 30.0), (40.0, "a", 0.1)]
    models = [model("a"), model("b"), model("c")]
    simulation = Simulation(scenario(tmp_path, requests, models, place, faults=lost), records=-1)
    run = play(simulation)
    assert [host.gone_s for host in simulation.hosts] == [10.0, None, None, 10.0, None, None]
    assert [host.zone for host in simulation.hosts] == [1, 2, 3, 1, 1, 1]
    assert [host.born_s for host in simulation.hosts] == [0.0, 0.0, 0.0, 0.0, 30.0, 30.0]
    for call in run.calls[:3]:
        assert (call.cause, call.latency) == (("host_lost", 5.0) if call.host in (0, 3) else ("ok", 30.0))
    seen = [(one.at_s, one.kind, dict(one.figures)) for one in run.data.happened if one.name == "zone_loss-0"]
    assert seen == [(10.0, "fault", {"zone": 1, "hosts": 2}), (30.0, "fault_over", {})]


def test_an_instance_that_is_not_replaced_stays_away(tmp_path: Path) -> None:
    lost = faults({"instance_loss": {"instance": 0, "replace": False}, "at": 10.0})
    place = endpoint(warm=True, loss_noticed_after_s=0.0)
    given = scenario(tmp_path, [(5.0, "a", 2.0), (20.0, "a", 0.1)], [model("a")], place, faults=lost)
    simulation = Simulation(given, records=-1)
    run = play(simulation)
    assert run.causes == ["ok", "host_lost"]
    assert [host.gone_s for host in simulation.hosts] == [10.0]
    assert [one.kind for one in run.data.happened if one.name == "instance_loss-0"] == ["fault"]


def test_a_random_instance_is_one_of_those_that_are_up(tmp_path: Path) -> None:
    # One after the other dies, and none twice; the fifth time there is none.
    lost = faults({"instance_loss": {"replace": False}, "rate": 0.05})
    place = endpoint(hosts=4, loss_noticed_after_s=0.0)
    simulation = Simulation(scenario(tmp_path, [(999.0, "a", 0.1)], [model("a")], place, faults=lost), records=-1)
    run = play(simulation)
    rows = [int(one.figures["host"]) for one in run.data.happened if one.name == "instance_loss-0"]
    assert sorted(rows) == [0, 1, 2, 3]
    assert rows != [0, 1, 2, 3]
    assert run.causes == ["host_lost"]
