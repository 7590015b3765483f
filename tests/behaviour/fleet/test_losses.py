"""Faults that take instances away: timelines computed by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmesim.engine.simulation import Simulation
from mmesim.scenario import CpuWait, Overhead
from mmesim.scenario.values.times import Constant
from tests.behaviour.fleet.test_faults import faults
from tests.behaviour.timeline import MIB, endpoint, model, play, scenario, timeline


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
    seen = [(one.at_s, one.kind, dict(one.figures)) for one in run.data.happened if one.name == "zone_loss"]
    assert seen == [(10.0, "fault", {"zone": 1, "hosts": 2}), (30.0, "fault_over", {})]


def test_a_container_that_dies_takes_calls_and_models_with_it_and_loads_wait_for_it(tmp_path: Path) -> None:
    # Dies at 10 s, back at 15 s. `a` is in a worker and in the queue, `b` is loaded in it, `c` waits for the slot.
    died = faults({"container_restart": {"instance": 0, "takes": 5.0}, "at": 10.0})
    requests = [
        (0.0, "a", 0.5),
        (8.0, "a", 5.0),
        (9.0, "a", 1.0),
        (9.5, "b", 1.0),
        (9.8, "c", 1.0),
        (11.0, "a", 1.0),
        (20.0, "a", 1.0),
    ]
    models = [model("a"), model("b", load_s=2.0), model("c")]
    simulation = Simulation(scenario(tmp_path, requests, models, endpoint(load_slots=1), faults=died), records=-1)
    run = play(simulation)
    assert run.causes == ["ok", "worker_died", "worker_died", "load_failed", "ok", "ok", "ok"]
    # c loads from 15 to 16 s and is served to 17 s; then a, which has to be loaded again, to 17 s and to 18 s.
    assert run.latencies == [1.5, 2.0, 1.0, 0.5, 7.2, 7.0, 1.0]
    (host,) = simulation.hosts
    assert (host.memory.value, host.loads) == (200 * MIB, 3)
    seen = [(one.at_s, one.kind, dict(one.figures)) for one in run.data.happened]
    assert seen == [(10.0, "fault", {"host": 0}), (15.0, "fault_over", {})]


def test_a_load_that_waits_for_the_container_does_not_fail_when_that_dies_again(tmp_path: Path) -> None:
    # Down from 10 s on, and from 12 to 17 s once more. `a` has its room at 11 s, but nothing of it is in a container.
    died = faults(*({"container_restart": {"instance": 0, "takes": 5.0}, "at": at} for at in (10.0, 12.0)))
    run = timeline(tmp_path, [(11.0, "a", 1.0)], [model("a")], endpoint(), faults=died)
    assert (run.causes, run.latencies) == (["ok"], [17.0 + 1.0 + 1.0 - 11.0])


def test_calls_in_the_front_end_die_with_the_container_and_its_event_loops_are_free(tmp_path: Path) -> None:
    died = faults({"container_restart": {"instance": 0, "takes": 1.0}, "at": 10.2})
    half = CpuWait(cpu=Constant(0.5))
    server = {"event_loops": 1, "overhead": Overhead(pre=half, post=half)}
    requests = [(9.0, "a", 0.1), (10.0, "a", 0.1), (10.1, "a", 0.1), (20.0, "a", 0.1)]
    given = scenario(tmp_path, requests, [model("a")], endpoint(warm=True), faults=died, server=server)
    run = play(Simulation(given, records=-1))
    # The first is in the front end for the second time, the others wait for its loop or are in it.
    assert run.causes == ["ok", "worker_died", "worker_died", "ok"]
    assert run.latencies[3] == 2.1  # a load of a second, and what a call takes


def test_the_kernel_kills_the_container_when_it_is_the_largest_process(tmp_path: Path) -> None:
    # Each unload leaves 30 GiB behind in the container: 90 of 64 GiB after three. It is back after 30 s, without them.
    leaks = faults({"leak": {"models": ["a", "b", "c"], "per_unload": 30 * 2**30}, "at": 0.0})
    models = [model("a"), model("b"), model("c")]
    given = scenario(tmp_path, [(9.0, "a", 0.1)], models, endpoint(warm=True), faults=leaks)

    def unload_all(env, place):
        for name in ("a", "b", "c"):
            yield env.timeout(1.0)
            place.unload(name, 0)

    simulation = Simulation(given, records=-1, processes=[unload_all])
    run = play(simulation)
    assert [(one.at_s, one.kind) for one in run.data.happened] == [(0.0, "fault"), (4.0, "killed")]
    assert run.latencies == [34.0 + 1.0 + 0.1 - 9.0]
    (host,) = simulation.hosts
    assert (host.left_bytes, host.memory.value) == (0, 100 * MIB)


def test_a_worker_that_is_killed_just_before_its_container_does_not_come_back(tmp_path: Path) -> None:
    # At 10 s b's worker holds 70 GiB, the container 66, and the host has 64: both are killed. b's worker would be back
    # at 51 s. By then its row is that of a's only worker, which has one call from 41 to 61 s, and then the next.
    leaks = faults(
        {"leak": {"models": ["b"], "per_call": 70 * 2**30}, "at": 0.0},
        {"leak": {"models": ["c"], "per_unload": 66 * 2**30}, "at": 0.0},
    )
    requests = [(8.0, "a", 0.1), (8.1, "c", 0.1), (9.2, "b", 0.1), (39.0, "a", 20.0), (45.0, "a", 0.1)]
    models = [model("a"), model("b", load_s=40.0), model("c")]
    given = scenario(tmp_path, requests, models, endpoint(warm=True), faults=leaks)

    def unload_c(env, place):
        yield env.timeout(9.0)
        place.unload("c", 0)

    run = play(Simulation(given, records=-1, processes=[unload_c]))
    assert [one.at_s for one in run.data.happened if one.kind == "killed"] == [10.0, 10.0]
    assert run.causes == ["ok"] * 5
    assert run.latencies == pytest.approx([0.1, 0.1, 0.1, 22.0, 16.1])


def test_an_instance_that_is_not_replaced_stays_away(tmp_path: Path) -> None:
    lost = faults({"instance_loss": {"instance": 0, "replace": False}, "at": 10.0})
    place = endpoint(warm=True, loss_noticed_after_s=0.0)
    given = scenario(tmp_path, [(5.0, "a", 2.0), (20.0, "a", 0.1)], [model("a")], place, faults=lost)
    simulation = Simulation(given, records=-1)
    run = play(simulation)
    assert run.causes == ["ok", "host_lost"]
    assert [host.gone_s for host in simulation.hosts] == [10.0]
    assert [one.kind for one in run.data.happened if one.name == "instance_loss"] == ["fault"]


def test_a_random_instance_is_one_of_those_that_are_up(tmp_path: Path) -> None:
    # One after the other dies, and none twice; the fifth time there is none.
    lost = faults({"instance_loss": {"replace": False}, "rate": 0.05})
    place = endpoint(hosts=4, loss_noticed_after_s=0.0)
    simulation = Simulation(scenario(tmp_path, [(999.0, "a", 0.1)], [model("a")], place, faults=lost), records=-1)
    run = play(simulation)
    rows = [int(one.figures["host"]) for one in run.data.happened if one.name == "instance_loss"]
    assert sorted(rows) == [0, 1, 2, 3]
    assert rows != [0, 1, 2, 3]
    assert run.causes == ["host_lost"]
