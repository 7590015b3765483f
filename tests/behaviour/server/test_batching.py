"""Timelines of batches, preloading, first calls and endpoints without a model cache, computed by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mmesim.engine.simulation import Simulation
from mmesim.scenario import CpuWait, Download, ModelGroup
from mmesim.scenario.models.groups import AffineBatch
from mmesim.scenario.values.times import Constant, Uniform
from mmesim.workload.requests import blocks
from tests.behaviour.timeline import MIB, Outcome, endpoint, model, play, scenario, timeline

Requests = list[tuple[float, str, float]]

SLOW_FIRST_CALL = CpuWait(wait=Constant(0.5))
FETCH = Download(first_byte=Constant(0.5), unpack_Bps_per_vcpu=None, stream_Bps=1e18)


def batches(folder: Path, requests: Requests, *, server: dict[str, Any] | None = None, **keys: Any) -> Outcome:
    """Play requests for model a, which is ready from the start."""
    return timeline(folder, requests, [model("a", **keys)], endpoint(warm=True), server=server or {})


def changed(group: ModelGroup, **keys: Any) -> ModelGroup:
    copy: ModelGroup = group.model_copy(update=keys)
    return copy


def test_one_worker_fills_its_batch_while_another_is_idle(tmp_path):
    # The first is taken at 0 and its batch waits until 0.5; the second joins it. Served from 0.5 to 1.5 by one worker,
    # so the other is free for the third, whose batch waits from 0.6 to 1.1. Measured like that on the real server.
    requests = [(0.0, "a", 1.0), (0.25, "a", 1.0), (0.6, "a", 1.0)]
    run = batches(tmp_path, requests, workers=2, batch_size=4, max_batch_delay_s=0.5)
    assert run.latencies == [1.5, 1.25, 1.5]
    assert run.calls[0].parts == {"batch_wait": 0.5, "service": 1.0}
    assert run.calls[1].parts == {"batch_wait": 0.25, "service": 1.0}
    assert run.calls[2].parts == {"batch_wait": 0.5, "service": 1.0}


def test_a_full_batch_does_not_wait(tmp_path):
    requests = [(0.0, "a", 1.0), (0.1, "a", 1.0), (0.2, "a", 1.0)]
    run = batches(tmp_path, requests, batch_size=3, max_batch_delay_s=0.5)
    assert run.latencies == [1.2, 1.1, 1.0]
    assert run.calls[0].parts == {"batch_wait": 0.2, "service": 1.0}
    assert run.calls[2].parts == {"service": 1.0}


def test_a_full_batch_leaves_the_next_request_to_the_next_worker(tmp_path):
    requests = [(0.0, "a", 1.0), (0.1, "a", 1.0), (0.2, "a", 1.0)]
    run = batches(tmp_path, requests, workers=2, batch_size=2, max_batch_delay_s=0.5)
    assert run.latencies == [1.1, 1.0, 1.5]


def test_the_delay_runs_from_the_first_take_not_from_the_arrival(tmp_path):
    # The first is served from 0.5 to 1.5. The second comes at 0.7 and is taken at 1.5; only then its delay begins.
    run = batches(tmp_path, [(0.0, "a", 1.0), (0.7, "a", 0.1)], batch_size=4, max_batch_delay_s=0.5)
    assert run.latencies == [1.5, 1.4]
    assert run.calls[1].parts == {"queue": 0.8, "batch_wait": 0.5, "service": 0.1}


def test_the_delay_is_one_budget_for_the_whole_batch(tmp_path):
    # Each taken request does not begin it anew: 0.5 after the first the batch goes, with three of four.
    requests = [(0.0, "a", 0.1), (0.3, "a", 0.1), (0.45, "a", 0.1)]
    run = batches(tmp_path, requests, batch_size=4, max_batch_delay_s=0.5)
    assert run.latencies == [0.6, 0.3, 0.15]


def test_a_backlog_of_a_whole_batch_is_taken_without_delay(tmp_path):
    # The first is served alone from 0.5 to 1.5; then two wait, which make a batch.
    requests = [(0.0, "a", 1.0), (0.6, "a", 0.1), (0.7, "a", 0.1)]
    run = batches(tmp_path, requests, batch_size=2, max_batch_delay_s=0.5)
    assert run.latencies == [1.5, 1.0, 0.9]
    assert run.calls[2].parts == {"queue": 0.8, "service": 0.1}


def test_a_smaller_backlog_waits_for_more(tmp_path):
    requests = [(0.0, "a", 1.0), (0.6, "a", 0.1), (0.7, "a", 0.1), (1.7, "a", 0.1)]
    run = batches(tmp_path, requests, batch_size=4, max_batch_delay_s=0.5)
    # Two are taken at 1.5, one more joins at 1.7, and at 2 they go.
    assert run.latencies == [1.5, 1.5, 1.4, 0.4]
    assert run.calls[2].parts == {"queue": 0.8, "batch_wait": 0.5, "service": 0.1}


def test_a_lone_request_pays_the_full_delay(tmp_path):
    run = batches(tmp_path, [(0.0, "a", 0.25)], batch_size=4)
    # 100 ms is the server's default.
    assert run.latencies == [0.35]
    assert run.calls[0].parts == {"batch_wait": 0.1, "service": 0.25}


def test_without_batches_the_delay_means_nothing(tmp_path):
    run = batches(tmp_path, [(0.0, "a", 0.25)], batch_size=1, max_batch_delay_s=5.0)
    assert run.latencies == [0.25]


def test_no_delay_makes_batches_of_two_at_most(tmp_path):
    requests = [(0.0, "a", 1.0)] + [(0.1 * k, "a", 1.0) for k in range(1, 6)]
    run = batches(tmp_path, requests, batch_size=4, max_batch_delay_s=0.0)
    # The first goes at once and alone. At 1 two of the five are taken, at 2 two more, at 3 the last.
    assert run.latencies == [1.0, 1.9, 1.8, 2.7, 2.6, 3.5]


@pytest.mark.parametrize("cpu", [False, True], ids=["wait", "cpu"])
@pytest.mark.parametrize(
    ("rule", "duration_s"),
    [
        ("max", 0.3),
        ("sum", 0.6),
        (AffineBatch(base_s=0.05, per_item_s=0.2), 0.65),
    ],
    ids=["max", "sum", "affine"],
)
def test_how_long_a_batch_takes(tmp_path: Path, rule: Any, duration_s: float, cpu: bool):
    group = model("a", batch_size=3, cpu=cpu)
    assert group.service is not None
    group = changed(group, service=group.service.model_copy(update={"batch": rule}))
    requests = [(0.0, "a", 0.1), (0.0, "a", 0.3), (0.0, "a", 0.2)]
    run = timeline(tmp_path, requests, [group], endpoint(warm=True))
    # All items are answered together.
    assert run.latencies == [duration_s] * 3
    assert [call.parts for call in run.calls] == [{"service": duration_s}] * 3
    assert run.data.hosts.cpu_busy_s.tolist() == pytest.approx([duration_s if cpu else 0.0])


@pytest.mark.parametrize("threads", [1, 2])
def test_a_batch_takes_as_long_as_its_longest_item(tmp_path: Path, threads: int):
    # Neither the longest CPU time alone nor the longest wait decides, nor their sum.
    group = model("a", batch_size=3, threads=threads, cpu=True)
    assert group.service is not None
    waits = Uniform(0.0, 1.0)
    group = changed(group, service=group.service.model_copy(update={"wait": waits}))
    given = scenario(tmp_path, [(0.0, "a", cpu_s) for cpu_s in (0.6, 0.1, 0.3)], [group], endpoint(warm=True))
    drawn = next(blocks(given, 0))
    longest = max(drawn.wait + drawn.cpu / threads)
    assert longest < max(drawn.wait) + max(drawn.cpu) / threads - 0.05
    assert play(Simulation(given, records=-1)).latencies == [pytest.approx(longest)] * 3


def test_a_batch_frees_the_queue_for_as_many_as_it_takes(tmp_path):
    # Two are served and two wait, so the fifth is refused; when the two are taken, there is room for two more.
    times = (0.0, 0.05, 0.1, 0.15, 0.2, 1.2, 1.3, 1.4)
    run = batches(tmp_path, [(t, "a", 1.0) for t in times], batch_size=2, server={"job_queue_size": 2})
    assert run.causes == ["ok"] * 4 + ["queue_full"] + ["ok"] * 2 + ["queue_full"]
    # The first batch is full at 0.05: three batches, until 1.05, 2.05 and 3.05.
    assert run.latencies == [1.05, 1.0, 1.95, 1.9, 0.0, 1.85, 1.75, 0.0]


def test_the_worker_that_is_idle_longest_takes_first(tmp_path):
    # The first call of a worker takes 0.5 s longer, which tells the workers apart: all three have their turn.
    requests = [(10.0 + k, "a", 0.1) for k in range(5)]
    run = batches(tmp_path, requests, workers=3, first_call=SLOW_FIRST_CALL)
    assert run.latencies == [0.6, 0.6, 0.6, 0.1, 0.1]


def test_a_worker_that_ends_late_stands_last_in_line(tmp_path):
    # The first worker is busy until 4.5, the second until 1.6. At 5 the second is idle longest, and has had its first
    # call; the third has not been asked for anything: it is idle longest of all.
    requests = [(0.0, "a", 4.0), (1.0, "a", 0.1), (5.0, "a", 0.1), (5.1, "a", 1.0), (5.2, "a", 0.1), (5.3, "a", 0.1)]
    run = batches(tmp_path, requests, workers=3, first_call=SLOW_FIRST_CALL)
    # At 5 the third begins (until 5.6), at 5.1 the second (until 6.1), at 5.2 the first (until 5.3), which is free
    # again when the last one comes.
    assert run.latencies == [4.5, 0.6, 0.6, 1.0, 0.1, 0.1]


def test_a_first_call_is_paid_by_each_worker_after_each_load(tmp_path):
    models = [model("a", workers=2, first_call=SLOW_FIRST_CALL, memory_bytes=47 * MIB), model("b")]
    requests = [(0.0, "a", 0.1), (0.0, "a", 0.1), (5.0, "a", 0.1), (10.0, "b", 0.1), (20.0, "a", 0.1), (30.0, "a", 0.1)]
    run = timeline(tmp_path, [*requests, (40.0, "a", 0.1)], models, endpoint(copies=1))
    # Both workers are ready at 1 and get one call each; the third call is on one that has had its first. b pushes a
    # out, and after the next load each worker has a first call again.
    assert run.latencies == [1.6, 1.6, 0.1, 1.12, 1.62, 0.6, 0.1]
    assert run.calls[0].parts == {"load": 1.0, "service": 0.6}
    assert run.data.hosts.loads.tolist() == [3]


def test_a_first_call_is_paid_once_for_a_batch(tmp_path):
    requests = [(0.0, "a", 0.1), (0.0, "a", 0.1), (5.0, "a", 0.1), (5.0, "a", 0.1)]
    run = batches(tmp_path, requests, batch_size=2, first_call=SLOW_FIRST_CALL)
    assert run.latencies == [0.6, 0.6, 0.1, 0.1]


@pytest.mark.parametrize(("preload", "load_s", "held_MiB"), [(False, 2.0, 3 + 4 * 97), (True, 1.0, 3 + 97 + 4 * 3)])
def test_a_preloaded_model_is_loaded_once_for_its_four_workers(
    tmp_path: Path, preload: bool, load_s: float, held_MiB: int
):
    group = changed(model("a", workers=4, preload_model=preload), load=CpuWait(cpu=Constant(1.0)))
    run = timeline(tmp_path, [(0.0, "a", 0.1)], [group], endpoint(vcpu=2))
    # Four workers that load compute 4 s on two vCPUs, one parent computes 1 s. What a worker writes to, 3 MiB, is its
    # own.
    assert run.latencies == [round(load_s + 0.1, 9)]
    assert run.calls[0].parts == {"load": load_s, "service": 0.1}
    assert run.data.hosts.memory_peak_bytes.tolist() == [held_MiB * MIB]
    assert float(run.data.hosts.cpu_busy_s[0]) == pytest.approx(1.0 if preload else 4.0)


def test_preloading_gains_no_time_while_nothing_is_scarce(tmp_path):
    # Loads that wait, or that have a vCPU each, run side by side.
    for load in (CpuWait(wait=Constant(1.0)), CpuWait(cpu=Constant(1.0))):
        for preload in (False, True):
            group = changed(model("a", workers=4, preload_model=preload), load=load)
            assert timeline(tmp_path, [(0.0, "a", 0.1)], [group], endpoint(vcpu=4)).latencies == [1.1]


@pytest.mark.parametrize(("preload", "measured_bytes"), [(False, 423e6), (True, 116e6)])
def test_memory_with_and_without_preloading_is_near_the_measured(tmp_path: Path, preload: bool, measured_bytes: float):
    # On the real server: a model of 100 MB, four workers of 3 MB without it; sum of the processes' shares of memory.
    group = model("a", workers=4, preload_model=preload, memory_bytes=100_000_000)
    group = changed(group, process_memory_bytes=3_000_000)
    run = timeline(tmp_path, [(0.0, "a", 0.1)], [group], endpoint())
    assert float(run.data.hosts.memory_peak_bytes[0]) == pytest.approx(measured_bytes, rel=0.03)


def test_without_a_model_cache_an_idle_model_is_unloaded_and_deleted(tmp_path):
    requests = [(0.0, "a", 0.1), (10.0, "a", 0.1)]
    models = [model("a", artifact_bytes=1000)]
    cached = timeline(tmp_path, requests, models, endpoint(download=FETCH))
    run = timeline(tmp_path, requests, models, endpoint(download=FETCH, model_cache="disabled"))
    assert cached.latencies == [1.6, 0.1]
    assert run.latencies == [1.6, 1.6]
    assert [call.parts for call in run.calls] == [{"download": 0.5, "load": 1.0, "service": 0.1}] * 2
    assert [call.hit for call in run.calls] == [False, False]
    assert run.data.hosts.loads.tolist() == run.data.hosts.unloads.tolist() == [2]
    # Ready at 1.5, idle at 1.6, gone 20 ms later: counted as loaded until it is idle, and its file from 0 to 1.62.
    assert run.data.hosts.loaded_s.tolist() == pytest.approx([2 * 0.1])
    assert run.data.hosts.disk_byte_s.tolist() == pytest.approx([2 * 1000 * 1.62])
    assert run.data.hosts.memory_byte_s.tolist() == pytest.approx([2 * 100 * MIB * 1.12])


@pytest.mark.parametrize("times", [(0.0,), (0.0, 0.0, 0.3), (0.0, 1.0, 1.0, 1.5, 2.5, 2.52)])
@pytest.mark.parametrize("service_s", [0.0, 0.1])
def test_without_a_model_cache_calls_that_take_no_time_unload_once(
    tmp_path: Path, times: tuple[float, ...], service_s: float
):
    # The pool falls idle within the moment in which it is ready: that is signalled, and seen at the end of the load.
    requests = [(t, "a", 0.0 if k % 2 == 0 else service_s) for k, t in enumerate(times)]
    run = timeline(tmp_path, requests, [model("a")], endpoint(model_cache="disabled"))
    assert run.causes == ["ok"] * len(times)
    hosts = run.data.hosts
    assert hosts.loads.tolist() == hosts.unloads.tolist()
    if service_s == 0.0 and times[-1] < 1.0:
        assert run.latencies == [1.0 - t for t in times]
        assert hosts.loads.tolist() == [1]
        assert hosts.memory_byte_s.tolist() == pytest.approx([100 * MIB * 1.02])


def test_without_a_model_cache_waiting_requests_keep_a_model(tmp_path):
    requests = [(0.0, "a", 0.5), (0.2, "a", 0.5), (2.2, "a", 0.5), (3.1, "a", 0.5)]
    run = timeline(tmp_path, requests, [model("a")], endpoint(download=FETCH, model_cache="disabled"))
    # Ready at 1.5, then busy without a pause until 3: the second and the third wait when their turn comes. Unloaded at
    # 3.02, so the last one loads again.
    assert run.latencies == [2.0, 2.3, 0.8, 2.0]
    assert [call.hit for call in run.calls] == [False, False, True, False]
    assert run.calls[2].parts == {"queue": 0.3, "service": 0.5}
    assert run.data.hosts.loads.tolist() == run.data.hosts.unloads.tolist() == [2]


def test_without_a_model_cache_a_batch_that_is_filled_keeps_a_model(tmp_path):
    models = [model("a", batch_size=2, max_batch_delay_s=0.5)]
    run = timeline(tmp_path, [(0.0, "a", 0.1), (1.4, "a", 0.1)], models, endpoint(model_cache="disabled"))
    # Ready at 1; the batch waits from then on and has its second at 1.4.
    assert run.latencies == [1.5, 0.1]
    assert run.data.hosts.loads.tolist() == [1]
