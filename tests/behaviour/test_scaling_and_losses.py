"""Autoscaling of a fleet that loses hosts or is updated: the number that is wanted is the aim, whatever is missing."""

from __future__ import annotations

from typing import Any

import pytest

from mmesim.engine.simulation import Simulation
from mmesim.scenario import Autoscaling, RunSettings, TargetTracking
from mmesim.scenario.faults.fault import Fault
from mmesim.scenario.values.times import Constant
from tests.behaviour.test_scaling_of_an_endpoint import calls, decisions
from tests.behaviour.timeline import Outcome, endpoint, model, play, scenario


def tracking(target: float = 3.0, most: int = 9, scheduled: Any = (), **keys: Any) -> Autoscaling:
    policy = TargetTracking(metric="InvocationsPerInstance", target=target, **keys)
    return Autoscaling(min=1, max=most, policies=(policy,), scheduled=scheduled)


def ran(
    folder: Any, each_minute: list[int], scaling: Autoscaling | None = None, **keys: Any
) -> tuple[Simulation, Outcome]:
    """So many calls of 0.1 s in each minute, on hosts that come 90 s after they are asked for; losses are seen."""
    more = {name: keys.pop(name) for name in ("faults", "deploys") if name in keys}
    keys = {"provisioning": Constant(90.0), "loss_noticed_after_s": 0.0, "warm": True} | keys
    place = endpoint(autoscaling=scaling or tracking(), **keys)
    models = [model("a", load_s=more.pop("load_s", 1.0))]
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
