"""Faults that need no new instance: timelines computed by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mmesim.engine.simulation import Simulation
from mmesim.scenario import CpuWait, Download, Router, RouterPolicy
from mmesim.scenario.clients.causes import Cause
from mmesim.scenario.clients.retries import FixedRetries
from mmesim.scenario.faults.fault import Fault
from mmesim.scenario.values.times import Constant, Exponential
from mmesim.workload.draws.generators import KeyedGenerators
from tests.behaviour.timeline import MIB, endpoint, model, play, scenario, timeline

S3 = Download(first_byte=Constant(1.0), unpack_Bps_per_vcpu=None, stream_Bps=100e6)
GB = 1000 * 10**6


def faults(*given: dict[str, Any]) -> tuple[Fault, ...]:
    return tuple(Fault.model_validate(one) for one in given)


def test_a_download_under_way_goes_on_slowly_while_s3_is_slow(tmp_path: Path) -> None:
    # 100 MB/s from 1 to 5 s, 10 MB/s to 25 s: 600 MB are there; the other 400 MB take 4 s, the load 1 s.
    slow = faults({"slow_s3": {"factor": 10.0, "for": 20.0}, "at": 5.0})
    run = timeline(tmp_path, [(0.0, "a", 0.1)], [model("a", artifact_bytes=GB)], endpoint(download=S3), faults=slow)
    assert run.latencies == [30.1]
    assert run.calls[0].parts == {"download": 29.0, "load": 1.0, "service": 0.1}


def test_a_download_that_begins_meanwhile_waits_longer_for_its_first_byte(tmp_path: Path) -> None:
    slow = faults({"slow_s3": {"first_byte": 3.0, "stream": 50e6}, "at": 0.0})
    run = timeline(tmp_path, [(0.0, "a", 0.1)], [model("a", artifact_bytes=GB)], endpoint(download=S3), faults=slow)
    assert run.calls[0].parts == {"download": 23.0, "load": 1.0, "service": 0.1}


def test_a_download_fails_when_every_try_has(tmp_path: Path) -> None:
    # Two tries of a second each, and a pause of up to a second between them, drawn for fault, model and call.
    failing = faults({"name": "s3", "failing_s3": {"share": 1.0, "tries": 2, "for": 20.0}, "at": 0.0})
    requests = [(0.0, "a", 0.1), (1.5, "a", 0.1), (30.0, "a", 0.1)]
    given = scenario(tmp_path, requests, [model("a", artifact_bytes=GB)], endpoint(download=S3), faults=failing)
    simulation = Simulation(given, records=-1)
    run = play(simulation)
    assert run.data.records is not None
    drawn = KeyedGenerators(given.run.seed, 0, "fault/s3").at("a", int(run.data.records.key[0])).random(2)
    ends = 1.0 + float(drawn[1]) + 1.0
    assert run.causes == ["load_failed", "load_failed", "ok"]
    assert run.latencies == pytest.approx([ends, ends - 1.5, 1.0 + 10.0 + 1.0 + 0.1])
    (host,) = simulation.hosts
    assert (host.disk.value, host.slots.count, host.memory.value) == (GB, 0, 100 * MIB)


def test_each_load_that_a_client_asks_for_once_more_has_draws_of_its_own(tmp_path: Path) -> None:
    # 40 models, one call each, of which half of the requests to S3 fail: after three tries an eighth has failed.
    failing = faults({"failing_s3": {"share": 0.5, "tries": 1}, "at": 0.0})
    again = FixedRetries(delay_s=2.0, max_attempts=3, causes=(Cause.load_failed,))
    names = [f"m{k}" for k in range(40)]
    place = endpoint(download=Download(first_byte=Constant(0.01)), load_slots=40)
    run = timeline(
        tmp_path,
        [(0.0, name, 0.1) for name in names],
        [model(name, artifact_bytes=MIB) for name in names],
        place,
        faults=failing,
        clients={"retries": again},
    )
    assert run.data.records is not None
    attempts = run.data.records.attempts.tolist()
    assert min(attempts.count(number) for number in (1, 2, 3)) >= 5
    assert 1 <= run.causes.count("load_failed") <= 10


def test_a_load_that_a_client_asks_for_once_more_takes_a_time_of_its_own(tmp_path: Path) -> None:
    # The first load is aborted, whatever it draws beyond 1 s; others may be shorter.
    again = FixedRetries(delay_s=0.0, max_attempts=8, causes=(Cause.load_timeout,))
    names = [f"m{k}" for k in range(20)]
    models = [model(name).model_copy(update={"load": CpuWait(wait=Exponential(1.5))}) for name in names]
    place = endpoint(load_slots=20, load_limit_s=1.0, load_timeout_s=1.0)
    run = timeline(tmp_path, [(0.0, name, 0.1) for name in names], models, place, clients={"retries": again})
    assert run.data.records is not None
    later = [int(number) for number in run.data.records.attempts if number > 1]
    assert len(later) >= 5
    assert len(set(later)) >= 3
    assert run.causes.count("ok") >= 15


def test_work_on_a_slow_instance_takes_longer(tmp_path: Path) -> None:
    # 2 of 4 s are done when it comes, 1 more when it is over at 4 s.
    slow = faults({"slow_instance": {"instance": 0, "factor": 2.0, "for": 2.0}, "at": 2.0})
    run = timeline(tmp_path, [(0.0, "a", 4.0)], [model("a", cpu=True)], endpoint(warm=True), faults=slow)
    assert run.calls[0].parts == {"service": 4.0, "cpu_wait": 1.0}


def test_two_slow_downs_of_one_instance_multiply(tmp_path: Path) -> None:
    # From 1 s on a half, from 2 s on a sixth of the speed, to 8 s: 1 + 0.5 + 1 of 4 s are done; then a half again.
    slow = faults(
        {"slow_instance": {"instance": 0, "factor": 2.0}, "at": 1.0},
        {"slow_instance": {"instance": 0, "factor": 3.0, "for": 6.0}, "at": 2.0},
    )
    run = timeline(tmp_path, [(0.0, "a", 4.0)], [model("a", cpu=True)], endpoint(warm=True), faults=slow)
    assert run.latencies == [11.0]


def test_a_worker_that_crashes_takes_its_call_with_it(tmp_path: Path) -> None:
    # It is back after a second and a load of one, and serves what has waited.
    crash = faults({"worker_crash": {"models": ["a"]}, "at": 2.0})
    run = timeline(tmp_path, [(0.0, "a", 5.0), (1.0, "a", 0.1)], [model("a")], endpoint(warm=True), faults=crash)
    assert run.causes == ["worker_died", "ok"]
    assert run.latencies == [2.0, 3.1]


def test_as_many_workers_crash_as_are_asked_for_on_the_instance_that_is_named(tmp_path: Path) -> None:
    requests = [(0.0, "a", 5.0)] * 3
    for workers, died in ((1, 1), (2, 2), ("all", 3)):
        crash = faults({"worker_crash": {"models": ["a"], "workers": workers, "instance": 0}, "at": 2.0})
        run = timeline(tmp_path, requests, [model("a", workers=3)], endpoint(warm=True), faults=crash)
        assert run.causes.count("worker_died") == died
    crash = faults({"worker_crash": {"models": ["a"], "instance": 0}, "at": 2.0})
    other = timeline(tmp_path, requests, [model("b"), model("a", workers=3)], endpoint(hosts=2), faults=crash)
    hosts = {call.host for call in other.calls}
    assert ("worker_died" in other.causes) == (hosts == {0})


def test_a_crash_on_two_hosts_makes_room_on_both(tmp_path: Path) -> None:
    # The only copy on each host is busy, and a load waits for its room.
    crash = faults({"worker_crash": {"models": ["a"]}, "at": 5.0})
    place = endpoint(hosts=2, copies=1, unload_s=0.0, router=Router(policy=RouterPolicy.round_robin, overhead_s=0.0))
    requests = [(0.0, "a", 20.0), (0.0, "a", 20.0), (2.0, "b", 0.5), (2.0, "b", 0.5)]
    run = timeline(tmp_path, requests, [model("a"), model("b")], place, faults=crash)
    assert run.causes == ["worker_died"] * 2 + ["ok"] * 2
    assert run.latencies == [5.0, 5.0, 4.5, 4.5]


def test_a_worker_does_not_come_back_to_a_model_that_is_unloaded(tmp_path: Path) -> None:
    # One vCPU, room for one copy. a's worker would load from 3 s on; but b evicts a at 2.5 s, and has the vCPU alone.
    crash = faults({"worker_crash": {"models": ["a"]}, "at": 2.0})
    models = [model("a", cpu=True), model("b", cpu=True)]
    models = [one.model_copy(update={"load": CpuWait(cpu=Constant(1.0))}) for one in models]
    place = endpoint(copies=1, vcpu=1, unload_s=0.0)
    run = timeline(tmp_path, [(0.0, "a", 0.5), (2.5, "b", 0.5)], models, place, faults=crash)
    assert run.latencies == [1.5, 1.5]


def test_a_copy_that_loads_again_for_each_call_does_so_on_one_thread(tmp_path: Path) -> None:
    bad = faults({"poison_model": {"models": ["a"]}, "at": 0.0})
    models = [model("a", cpu=True, threads=4).model_copy(update={"load": CpuWait(cpu=Constant(1.0))})]
    run = timeline(tmp_path, [(0.0, "a", 0.1), (5.0, "a", 0.1)], models, endpoint(), faults=bad)
    assert run.causes == ["model_error"] * 2
    assert run.latencies == [2.0, 1.0]


def test_a_swallowed_failure_makes_a_copy_whose_calls_load_again_and_fail(tmp_path: Path) -> None:
    # The load ends at 1 s; then the only worker tries to load again for each call, a second each.
    bad = faults({"poison_model": {"models": ["a"], "for": 50.0}, "at": 0.0})
    requests = [(0.0, "a", 0.1), (0.5, "a", 0.1), (60.0, "a", 0.1)]
    run = timeline(tmp_path, requests, [model("a")], endpoint(), faults=bad)
    assert run.causes == ["model_error"] * 3  # a copy that is there does not become a good one
    assert run.latencies == [2.0, 2.5, 1.0]
    assert run.data.load_s.size == 1


def test_of_several_faults_of_an_artefact_the_last_that_came_says_how_loads_fail(tmp_path: Path) -> None:
    # At 4 s the third is over: of the other two, the second came last.
    kinds = [("500", 9.0, 1.0), ("swallowed", 9.0, 2.0), ("500", 1.0, 3.0)]
    bad = faults(*({"poison_model": {"models": ["a"], "load_failure": way, "for": s}, "at": t} for way, s, t in kinds))
    run = timeline(tmp_path, [(2.5, "a", 0.1), (5.0, "a", 0.1)], [model("a")], endpoint(), faults=bad)
    assert run.causes == ["load_failed", "model_error"]


def test_copies_that_are_loaded_are_not_poisoned_unless_it_is_from_the_start(tmp_path: Path) -> None:
    requests = [(10.0, "a", 0.1)]
    for at, cause, latency in ((5.0, "ok", 0.1), (0.0, "model_error", 1.0)):
        bad = faults({"poison_model": {"models": ["a"]}, "at": at})
        run = timeline(tmp_path, requests, [model("a")], endpoint(warm=True), faults=bad)
        assert (run.causes, run.latencies) == ([cause], [latency])


def test_a_failed_load_that_the_server_takes_back_is_tried_by_the_next_call(tmp_path: Path) -> None:
    bad = faults({"poison_model": {"models": ["a"], "load_failure": 500, "for": 5.0}, "at": 0.0})
    requests = [(0.0, "a", 0.1), (0.5, "a", 0.1), (3.0, "a", 0.1), (6.0, "a", 0.1)]
    given = scenario(tmp_path, requests, [model("a")], endpoint(warm=True), faults=bad)
    simulation = Simulation(given, records=-1)
    run = play(simulation)
    assert run.causes == ["load_failed", "load_failed", "load_failed", "ok"]
    assert run.latencies == [1.0, 0.5, 1.0, 1.1]
    assert [host.memory.value for host in simulation.hosts] == [100 * MIB]


def test_a_507_unloads_an_idle_model_and_leaves_one_without_a_worker(tmp_path: Path) -> None:
    # As measured: POST 507, POST again 409, invoke 503, until the model is unregistered.
    bad = faults({"poison_model": {"models": ["a"], "load_failure": 507}, "at": 0.0})
    requests = [(0.0, "b", 0.1), (10.0, "a", 0.1), (12.0, "a", 0.1), (20.0, "b", 0.1)]
    given = scenario(tmp_path, requests, [model("a"), model("b")], endpoint(), faults=bad)
    simulation = Simulation(given, records=-1)
    run = play(simulation)
    assert run.causes == ["ok", "load_failed", "load_failed", "ok"]
    assert run.latencies == [1.1, 1.02, 0.0, 1.1]
    assert [call.hit for call in run.calls] == [False, False, True, False]
    (host,) = simulation.hosts
    assert host.memory.value == 3 * MIB + 100 * MIB


def test_room_is_found_again_when_a_copy_without_a_worker_is_unloaded(tmp_path: Path) -> None:
    bad = faults({"poison_model": {"models": ["a"], "load_failure": 507}, "at": 0.0})
    requests = [(0.0, "a", 0.1), (10.0, "b", 0.1), (20.0, "c", 0.1), (30.0, "b", 0.1)]
    models = [model("a"), model("b"), model("c")]
    simulation = Simulation(scenario(tmp_path, requests, models, endpoint(copies=2), faults=bad), records=-1)
    run = play(simulation)
    assert run.causes == ["load_failed", "ok", "ok", "ok"]
    assert [call.hit for call in run.calls] == [False, False, False, True]
    (host,) = simulation.hosts
    assert (host.memory.value, host.extra) == (200 * MIB, {})


def test_a_copy_that_leaks_is_killed_when_the_host_has_no_more_memory(tmp_path: Path) -> None:
    # A call a second leaves 10 GiB behind. With 64 GiB the seventh is too much: its worker is killed at 7 s, with the
    # next call that is in it, and serves again after a second and a load of one.
    leaks = faults({"leak": {"models": ["a"], "per_call": 10 * 2**30}, "at": 0.0})
    requests = [(0.2 + k, "a", 0.1) for k in range(7)] + [(6.4, "a", 2.0), (6.5, "a", 0.1)]
    given = scenario(tmp_path, requests, [model("a")], endpoint(warm=True), faults=leaks)
    simulation = Simulation(given, records=-1)
    run = play(simulation)
    assert run.causes == ["ok"] * 7 + ["worker_died", "ok"]
    assert run.latencies[7:] == [pytest.approx(0.6), pytest.approx(2.6)]
    (host,) = simulation.hosts
    assert host.memory.value == 100 * MIB + 10 * 2**30  # what the last call left; the rest went with the worker
    assert [(one.at_s, one.kind) for one in run.data.happened] == [(0.0, "fault"), (7.0, "killed")]


def test_calls_that_no_worker_has_served_leave_nothing_behind(tmp_path: Path) -> None:
    # One call is being served, one waits, eight are refused: 10 GiB each would be too much.
    leaks = faults({"leak": {"models": ["a"], "per_call": 10 * 2**30}, "at": 0.0})
    requests = [(0.2 + 0.01 * k, "a", 5.0) for k in range(10)]
    server = {"job_queue_size": 1}
    run = timeline(tmp_path, requests, [model("a")], endpoint(warm=True), faults=leaks, server=server)
    assert run.causes == ["ok", "ok"] + ["queue_full"] * 8
    assert [one.kind for one in run.data.happened] == ["fault"]


def test_a_worker_that_is_dead_takes_no_memory_until_it_is_back(tmp_path: Path) -> None:
    # Three copies of 20 GiB in 64 GiB, in each of which 3 leak. The first is killed at 1 s, and 46 are in use; back at
    # 3.5 s, 66 are, so another is killed at the next look; without its 3 there is room for all.
    leaks = faults({"leak": {"models": ["a", "b", "c"], "per_call": 3 * 2**30}, "at": 0.0})
    models = [model(name, load_s=1.5).model_copy(update={"memory_bytes": 20 * 2**30}) for name in ("a", "b", "c")]
    place = endpoint(warm=True).model_copy(update={"usable_memory_given_bytes": 64 * 2**30})
    run = timeline(tmp_path, [(0.2, one.name, 0.1) for one in models], models, place, faults=leaks)
    assert [one.at_s for one in run.data.happened if one.kind == "killed"] == [1.0, 4.0]


def test_an_unload_frees_what_leaked_in_the_copy(tmp_path: Path) -> None:
    leaks = faults({"leak": {"models": ["a"], "per_call": 10 * MIB, "for": 10.0}, "at": 0.0})
    requests = [(0.2, "a", 0.1), (1.2, "a", 0.1), (20.0, "b", 0.1)]
    models = [model("a"), model("b")]
    simulation = Simulation(scenario(tmp_path, requests, models, endpoint(copies=2), faults=leaks), records=-1)
    run = play(simulation)
    # With 20 MiB leaked there is no room for b beside a.
    assert run.latencies[2] == pytest.approx(0.02 + 1.1)
    (host,) = simulation.hosts
    assert (host.memory.value, host.memory.peak, host.leaked_bytes) == (100 * MIB, 120 * MIB, 20 * MIB)


def test_what_unloads_leave_behind_in_the_container_shrinks_the_room_for_models(tmp_path: Path) -> None:
    # 250 MiB hold two copies. For c, a is unloaded: 50 + 200 fit. For a, b and c are: 150 + 100. For b nothing helps.
    leaks = faults({"leak": {"models": ["a", "b", "c"], "per_unload": 50 * MIB}, "at": 0.0})
    requests = [(0.0, "a", 0.1), (10.0, "b", 0.1), (20.0, "c", 0.1), (30.0, "a", 0.1), (40.0, "b", 0.1)]
    place = endpoint().model_copy(update={"usable_memory_given_bytes": 250 * MIB})
    models = [model("a"), model("b"), model("c")]
    simulation = Simulation(scenario(tmp_path, requests, models, place, faults=leaks), records=-1)
    run = play(simulation)
    assert run.causes == ["ok", "ok", "ok", "ok", "load_timeout"]
    assert run.latencies == [1.1, 1.1, 1.12, 1.14, 60.0]
    (host,) = simulation.hosts
    assert (host.left_bytes, host.memory.value) == (200 * MIB, 200 * MIB)


def moments_of_crashes(folder: Path, name: str) -> list[float]:
    """When faults at a rate of 1 in 50 s come, in a run of 1000 s."""
    given = faults({"name": name, "worker_crash": {"models": ["a"]}, "rate": 0.02})
    run = timeline(folder, [(0.0, "a", 0.1)], [model("a")], endpoint(warm=True), faults=given)
    return [one.at_s for one in run.data.happened]


def test_faults_at_a_rate_come_as_a_poisson_process_with_draws_of_their_own(tmp_path: Path) -> None:
    moments = moments_of_crashes(tmp_path, "c")
    draws = KeyedGenerators(1, 0, "fault")
    gaps = [draws.at("c", k).standard_exponential() / 0.02 for k in range(60)]
    expected = [sum(gaps[: k + 1]) for k in range(60)]
    assert moments == pytest.approx([at for at in expected if at < 1000.0])
    assert len(moments) == pytest.approx(20, abs=3 * 20**0.5)
    assert moments_of_crashes(tmp_path, "d") != moments


def test_a_fault_on_a_condition_comes_when_it_is_true_the_first_time(tmp_path: Path) -> None:
    # A call fails in the second minute, another in the fourth; the fault comes at the end of the second.
    bad = faults(
        {"name": "s3", "slow_s3": {"factor": 2.0}, "when": "error_rate > 5 %"},
        {"name": "one", "worker_crash": {"models": ["a"]}, "at": 70.5},
        {"name": "two", "worker_crash": {"models": ["a"]}, "at": 190.5},
    )
    requests = [(10.0, "a", 1.0), (70.0, "a", 1.0), (190.0, "a", 1.0)]
    run = timeline(tmp_path, requests, [model("a")], endpoint(warm=True), faults=bad)
    assert run.causes == ["ok", "worker_died", "worker_died"]
    assert [(one.at_s, one.kind, one.name) for one in run.data.happened] == [
        (70.5, "fault", "one"),
        (120.0, "fault", "s3"),
        (190.5, "fault", "two"),
    ]


def test_what_a_fault_hit_is_written_down(tmp_path: Path) -> None:
    slow = faults({"slow_instance": {"instance": 1, "factor": 2.0, "for": 10.0}, "name": "cpu", "at": 5.0})
    run = timeline(tmp_path, [(0.0, "a", 0.1)], [model("a")], endpoint(warm=True, hosts=2), faults=slow)
    seen = [(one.at_s, one.kind, one.name, dict(one.figures)) for one in run.data.happened]
    assert seen == [(5.0, "fault", "cpu", {"host": 1}), (15.0, "fault_over", "cpu", {})]


def test_a_fault_after_the_end_of_the_run_changes_nothing(tmp_path: Path) -> None:
    late = faults({"slow_instance": {"instance": 0, "factor": 2.0}, "at": 1000.0})
    requests = [(999.0, "a", 4.0)]
    run = timeline(tmp_path, requests, [model("a", cpu=True)], endpoint(warm=True), faults=late)
    assert run.latencies == [4.0]
