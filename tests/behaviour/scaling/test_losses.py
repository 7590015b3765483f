"""Autoscaling of a fleet that loses hosts or is updated: the number that is wanted is the aim, whatever is missing."""

from __future__ import annotations

from typing import Any

import pytest

from mmesim.engine.simulation import Simulation
from mmesim.results.measured.happened import Kind
from mmesim.scenario import Autoscaling, RunSettings, ScheduledAction, Step, StepAdjustment, TargetTracking
from mmesim.scenario.deploys.deploy import Deploy
from mmesim.scenario.faults.fault import Fault
from mmesim.scenario.values.times import Constant
from tests.behaviour.scaling.test_endpoints import calls, decisions
from tests.behaviour.timeline import Outcome, endpoint, model, play, scenario


def tracking(target: float = 3.0, most: int = 9, scheduled: Any = (), **keys: Any) -> Autoscaling:
    policy = TargetTracking(metric="InvocationsPerInstance", target=target, **keys)
    return Autoscaling(min=1, max=most, policies=(policy,), scheduled=scheduled)


def ran(
    folder: Any, each_minute: list[int], scaling: Autoscaling | None = None, **keys: Any
) -> tuple[Simulation, Outcome]:
    """So many calls of 0.1 s in each minute, on hosts that come 90 s after they are asked for; losses are seen."""
    more = {name: keys.pop(name) for name in ("faults", "deploys") if name in keys}
    models = [model("a", load_s=keys.pop("load_s", 1.0))]
    usual: dict[str, Any] = {"provisioning": Constant(90.0), "loss_noticed_after_s": 0.0, "warm": True}
    place = endpoint(autoscaling=scaling or tracking(), **usual | keys)
    case = scenario(folder, calls(*each_minute), models, place, **more)
    run = RunSettings(duration_s=60.0 * len(each_minute))
    simulation = Simulation(case.model_copy(update={"run": run}), records=-1)
    return simulation, play(simulation)


def fault(at_s: float, **what: Any) -> tuple[Fault, ...]:
    return (Fault.model_validate({"name": "loss", "at": at_s, **what}),)


def test_a_scale_in_counts_a_lost_host_as_gone(tmp_path):
    # One call a minute: 960 s is when 15 low minutes are known. Host 0 is lost and not replaced: one is there already.
    lost = fault(30.0, instance_loss={"instance": 0, "replace": False})
    sim, found = ran(tmp_path, [1] * 20, hosts=2, faults=lost)
    assert decisions(found.data) == [(960.0, "scale_in", 1)]
    assert [host.row for host in sim.fleet.in_service] == [1]
    assert sim.hosts[1].gone_s is None
    assert found.causes[1:] == ["ok"] * 19


def test_a_scale_in_takes_a_replacement_on_its_way_before_a_host_in_service(tmp_path):
    # Host 0 is lost at 930 s, another would be there at 1020 s; at 960 s one host is enough.
    sim, found = ran(tmp_path, [1] * 20, hosts=2, faults=fault(930.0, instance_loss={"instance": 0}))
    assert decisions(found.data) == [(960.0, "scale_in", 1)]
    assert [(host.row, host.born_s, host.gone_s) for host in sim.hosts[1:]] == [(1, 0.0, None), (2, 1020.0, 1020.0)]
    assert found.data.windows["Instances"][17:].tolist() == [1.0, 1.0, 1.0]
    (over,) = (one for one in found.data.happened if one.kind is Kind.fault_over)
    assert (over.at_s, over.figures) == (1020.0, {"never_came": 1})


def test_replacements_on_their_way_count_as_hosts(tmp_path):
    # All three are lost at 930 s; of the three that are on their way one is wanted from 960 s on.
    lost = fault(930.0, zone_loss={"zone": 1})
    sim, found = ran(tmp_path, [1] * 20, hosts=3, zones=1, faults=lost)
    assert decisions(found.data) == [(960.0, "scale_in", 1)]
    assert len(sim.fleet.in_service) == sim.fleet.desired == 1
    assert found.data.windows["Instances"][18:].tolist() == [1.0, 1.0]


def test_a_host_that_leaves_and_is_lost_is_not_replaced(tmp_path):
    # Host 1 is drained from 960 s on, with a call of 50 s; it is lost at 970 s.
    requests = sorted([*calls(*[1] * 20), (945.0, "b", 50.0), (946.0, "c", 50.0)])
    place = endpoint(hosts=2, autoscaling=tracking(), warm=True, provisioning=Constant(90.0), drain_s=60.0)
    case = scenario(
        tmp_path, requests, [model(name) for name in "abc"], place, faults=fault(970.0, instance_loss={"instance": 1})
    )
    simulation = Simulation(case.model_copy(update={"run": RunSettings(duration_s=1200.0)}), records=-1)
    play(simulation)
    assert [host.gone_s for host in simulation.hosts] == [None, 970.0]


@pytest.mark.parametrize(
    ("each_minute", "scaling", "hosts", "provisioning_s", "expected"),
    [
        # 7.5 each of two hosts: three from 300 s on. 60 calls from 6 min on: 20 each of three, known at 600 s.
        (
            [15] * 6 + [60] * 5,
            tracking(5.0, 30, scale_out_cooldown_s=900.0),
            2,
            60.0,
            [(240.0, "scale_out", 3), (600.0, "scale_out", 12)],
        ),
        # 10 of one host: two from 150 s on. 30 calls: 15 each of two, known at 360 s.
        (
            [10] * 4 + [30] * 4,
            tracking(5.0, 30, out_points=1),
            1,
            30.0,
            [(120.0, "scale_out", 2), (360.0, "scale_out", 6)],
        ),
        # Four hosts from 400 s on, as scheduled; the 10 calls of the one before are enough for 10 / 3 = 4.
        (
            [10] * 10,
            tracking(3.0, 30, scheduled=(ScheduledAction(at_s=100.0, min=4),)),
            1,
            300.0,
            [(100.0, "scale_out", 4)],
        ),
    ],
)
def test_a_target_counts_from_the_hosts_that_were_measured(
    tmp_path, each_minute, scaling, hosts, provisioning_s, expected
):
    _, found = ran(tmp_path, each_minute, scaling, hosts=hosts, provisioning=Constant(provisioning_s))
    assert decisions(found.data) == expected


def test_lost_hosts_are_not_counted_twice(tmp_path):
    # 14 calls a minute on four hosts, 3.5 each; two are lost at 61 s: 7 each, and 14 / 3 = 5 are wanted.
    lost = fault(61.0, zone_loss={"zone": 1, "replace": False})
    sim, found = ran(tmp_path, [14] * 10, hosts=4, faults=lost, provisioning=Constant(60.0))
    assert decisions(found.data) == [(240.0, "scale_out", 5)]
    assert len(sim.fleet.in_service) == 5


def test_what_waited_for_a_change_is_asked_again_when_that_is_over(tmp_path):
    # At 120 s one host more than three is wanted. A deploy is under way, which ends at 150 s with one host: 1 + 1.
    step = Step(metric="InvocationsPerInstance", threshold=1.0, steps=(StepAdjustment(lower_bound=0.0, adjustment=1),))
    one = Deploy.model_validate({"name": "d", "at": 60.0, "to": {"endpoint.instance_count": 1}})
    scaling = Autoscaling(min=1, max=9, policies=(step,))
    _, found = ran(tmp_path, [12] * 4, scaling, hosts=3, deploys=(one,))
    assert decisions(found.data) == [(150.0, "scale_out", 2)]


def test_a_host_that_loads_its_preloads_is_not_counted_among_those_that_take_calls(tmp_path):
    # Asked for at 210 s, there at 300 s, in service at 420 s.
    scaling = Autoscaling(min=1, max=2, scheduled=(ScheduledAction(at_s=210.0, min=2),))
    _, found = ran(tmp_path, [6] * 9, scaling, hosts=1, preload=("a",), load_s=120.0)
    windows = found.data.windows
    assert windows["Instances"].tolist() == [1.0] * 5 + [2.0] * 4
    assert windows["InvocationsPerInstance"].tolist() == [6.0] * 7 + [3.0] * 2


def test_hosts_that_rest_during_a_canary_are_not_counted_among_those_that_take_calls(tmp_path):
    canary = Deploy.model_validate(
        {"name": "d", "at": 60.0, "strategy": {"canary": {"share": "50 %", "wait": "5 min"}}}
    )
    _, found = ran(tmp_path, [12] * 8, tracking(100.0), hosts=2, deploys=(canary,), provisioning=Constant(60.0))
    assert found.data.windows["Instances"][3:6].tolist() == [4.0] * 3
    assert found.data.windows["InvocationsPerInstance"].tolist() == [6.0] * 8


def test_autoscaling_waits_for_a_deploy_even_if_changes_do_not_wait_for_each_other(tmp_path):
    # 12 calls a minute on two hosts: four are wanted from 120 s on. The deploy ends at 360 s with the two that it had.
    canary = Deploy.model_validate(
        {
            "name": "d",
            "at": 100.0,
            "strategy": {"canary": {"share": "50 %", "wait": "1 min"}},
            "retain_count": True,
        }
    )
    sim, found = ran(
        tmp_path,
        [12] * 12,
        tracking(out_points=1),
        hosts=2,
        deploys=(canary,),
        provisioning=Constant(200.0),
        serial_scaling=False,
    )
    assert decisions(found.data) == [(360.0, "scale_out", 4)]
    assert [host.born_s for host in sim.fleet.in_service] == [300.0, 300.0, 560.0, 560.0]
    assert sim.fleet.desired == 4


def test_a_deploy_outside_the_limits_is_brought_inside_when_a_policy_is_next_asked(tmp_path):
    # Two hosts at least; the deploy makes one of them at 190 s. The values of the third minute are known at 240 s.
    low = tracking(target=100.0, disable_scale_in=True).model_copy(update={"min": 2})
    one = endpoint(autoscaling=low, hosts=1, provisioning=Constant(90.0))
    deploy = Deploy(at_s=100.0).model_copy(update={"endpoint": one})
    sim, found = ran(tmp_path, [1] * 8, low, hosts=2, deploys=(deploy,))
    assert decisions(found.data) == [(240.0, "scale_out", 2)]
    assert [one.name for one in found.data.happened if one.kind is Kind.scale_out] == ["limits"]
    assert len(sim.fleet.in_service) == 2
