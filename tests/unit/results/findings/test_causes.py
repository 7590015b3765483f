"""Causes that a finished run shows: each rule on both sides of its threshold, on runs made by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mmesim.preflight.finding import Finding
from mmesim.results.answers.explained import Limit
from mmesim.results.binding.ranked import ranked
from mmesim.results.figures.latency import pool
from mmesim.results.findings.causes import causes
from mmesim.results.findings.cold_tail import cold_tail
from mmesim.results.findings.hot_model import hot_model
from mmesim.results.findings.loads_caused_by import loads_caused_by
from mmesim.results.findings.queue_length import too_long, too_short
from mmesim.results.findings.right_sized import right_sized
from mmesim.results.findings.seen import Seen
from mmesim.results.findings.task_pressure import task_pressure
from mmesim.results.findings.thrashing import thrashing
from mmesim.results.measured.run_data import CAUSES, RunData
from mmesim.scenario import Scenario
from mmesim.scenario.figures import PARTS
from tests.unit.results.synthetic import GIB, Call, hosts, run_data, scenario, windows

HIT, MISS = Call(0.1), Call(0.1, load_wait=1.0, load=0)


def one(rule: Callable[[Seen], Iterator[Finding]], seen: Seen) -> Finding | None:
    """What a rule finds: one thing, or nothing."""
    found = list(rule(seen))
    assert len(found) <= 1
    return found[0] if found else None


def seen(run: RunData, of: Scenario, limits: Sequence[Limit] = ()) -> Seen:
    return Seen(of, [run], limits)


def with_hosts(run: RunData, **columns: Any) -> RunData:
    return replace(run, hosts=hosts(**columns))


# Utilizations


@pytest.mark.parametrize(
    ("cpu", "memory", "found"),
    [(0.5, 0.5, True), (0.8, 0.8, True), (0.49, 0.6, False), (0.6, 0.81, False), (0.81, 0.6, False)],
)
def test_right_sized_is_between_50_and_80_percent_of_both(cpu: float, memory: float, found: bool) -> None:
    of = scenario()
    run = with_hosts(run_data(of, [HIT] * 100), cpu_busy_s=200.0 * cpu, memory_byte_s=800.0 * GIB * memory)
    finding = one(right_sized, seen(run, of))
    assert (finding is not None) == found
    if finding is not None:
        assert finding.severity == "note"
        assert finding.evidence["contradicted"] == "no"


@pytest.mark.parametrize(("misses", "warm", "contradicted"), [(5, True, False), (6, True, True), (6, False, False)])
def test_hits_contradict_what_looks_right_sized(misses: int, warm: bool, contradicted: bool) -> None:
    of = scenario(endpoint={"vcpu": 2, "memory": 8 * GIB, "warm": warm})
    calls = [HIT] * (100 - misses) + [MISS] * misses
    run = with_hosts(run_data(of, calls), cpu_busy_s=120.0, memory_byte_s=480.0 * GIB)
    finding = one(right_sized, seen(run, of))
    assert finding is not None
    assert finding.severity == ("warning" if contradicted else "note")
    assert ("94 % of the calls find their model loaded" in finding.text) == contradicted


def test_refusals_contradict_what_looks_right_sized() -> None:
    of = scenario(endpoint={"vcpu": 2, "memory": 8 * GIB, "warm": True})
    run = run_data(of, [HIT] * 990 + [Call(cause="queue_full")] * 10)
    run = with_hosts(run, cpu_busy_s=120.0, memory_byte_s=480.0 * GIB)
    finding = one(right_sized, seen(run, of))
    assert finding is not None
    assert "full queues refuse 1 % of the attempts" in finding.text
    assert "containers may fill at most" in finding.text


# Loads


@pytest.mark.parametrize(
    ("calls", "loads", "unloads", "found"),
    [(199, 20, 20, True), (200, 20, 20, False), (199, 20, 10, True), (199, 20, 9, False), (180, 19, 19, False)],
)
def test_thrashing_is_fewer_than_ten_calls_a_load(calls: int, loads: int, unloads: int, found: bool) -> None:
    of = scenario()
    run = with_hosts(run_data(of, [HIT] * calls), loads=loads, unloads=unloads, lacked_memory=loads)
    finding = one(thrashing, seen(run, of))
    assert (finding is not None) == found
    if finding is not None:
        assert finding.evidence["calls_per_load"] == pytest.approx(calls / loads)
        assert finding.evidence["lacks"] == "memory"


def test_loads_for_another_reason_than_lack_are_not_thrashing() -> None:
    of = scenario()
    run = with_hosts(run_data(of, [HIT] * 100), loads=50, unloads=50)
    assert one(thrashing, seen(run, of)) is None


def test_a_cold_tail_is_behind_a_good_average() -> None:
    # 400 models with 20 calls: one of the 19 hits and the miss is 5 %, which is not above it; two misses are 10 %.
    warm = [replace(HIT, model=0)] * 900
    of = scenario(models=3, endpoint={"vcpu": 2, "memory": 8 * GIB, "warm": True})

    def run(misses: int) -> RunData:
        rare = [replace(HIT, model=1)] * (20 - misses) + [replace(MISS, model=1)] * misses
        return run_data(of, [*warm, *rare, *[replace(HIT, model=2)] * 20])

    assert one(cold_tail, seen(run(1), of)) is None
    finding = one(cold_tail, seen(run(2), of))
    assert finding is not None
    assert finding.evidence["often_cold"] == pytest.approx(1 / 3)
    assert finding.evidence["share_of_calls"] == pytest.approx(20 / 940)


def test_a_tail_of_few_models_or_of_a_bad_average_is_not_hidden() -> None:
    of = scenario(models=5, endpoint={"vcpu": 2, "memory": 8 * GIB, "warm": True})
    many = [replace(HIT, model=model) for model in range(4) for _ in range(100)]
    rare = [replace(MISS, model=4)] * 20
    assert one(cold_tail, seen(run_data(of, many + rare), of)) is None  # one of five models
    few = [replace(HIT, model=0)] * 100 + [replace(MISS, model=model) for model in range(1, 4) for _ in range(20)]
    assert one(cold_tail, seen(run_data(of, few), of)) is None  # 62.5 % of hits


@pytest.mark.parametrize(("misses", "found"), [(19, False), (20, True)])
def test_loads_are_caused_by_few_calls(misses: int, found: bool) -> None:
    of = scenario(models=2, endpoint={"vcpu": 2, "memory": 8 * GIB, "warm": True})
    calls = [replace(HIT, model=0)] * 980 + [replace(MISS, model=1)] * misses
    finding = one(loads_caused_by, seen(run_data(of, calls), of))
    assert (finding is not None) == found
    if finding is not None:
        assert finding.text.startswith("2 % of the calls cause 100 % of the loads: those for the 1 models (of 2)")


def test_loads_that_all_calls_cause_alike_are_nobodys() -> None:
    of = scenario(models=2, endpoint={"vcpu": 2, "memory": 8 * GIB, "warm": True})
    # 70 % of the loads from 25 % of the calls: 45 percentage points apart.
    calls = [replace(HIT, model=0)] * 270 + [replace(MISS, model=0)] * 30
    calls += [replace(HIT, model=1)] * 30 + [replace(MISS, model=1)] * 70
    assert one(loads_caused_by, seen(run_data(of, calls), of)) is None


# Workers, tasks, queues


def limit(resource: Any, share: float) -> Limit:
    return Limit(
        id=resource,
        used=1.0,
        limit=1.0,
        model=None,
        share_of_tail=share,
        share_of_errors=None,
        share=share,
        text="",
    )


@pytest.mark.parametrize(
    ("busy", "cpu", "share", "found"),
    [
        (0.6, 0.5, 0.2, True),
        (0.59, 0.5, 0.2, False),
        (0.9, 0.79, 0.2, True),
        (0.9, 0.8, 0.2, False),
        (0.9, 0.5, 0.19, False),
    ],
)
def test_a_hot_model_is_limited_by_its_workers(busy: float, cpu: float, share: float, found: bool) -> None:
    of = scenario(models=2)
    run = run_data(of, [replace(HIT, model=1)] * 75 + [replace(HIT, model=0)] * 25)
    tenants = replace(run.tenants, worker_busy_s=np.array([1.0, 100.0 * busy], dtype=np.float32))
    run = with_hosts(replace(run, tenants=tenants), cpu_busy_s=200.0 * cpu)
    finding = one(hot_model, seen(run, of, [limit("workers", share)]))
    assert (finding is not None) == found
    if finding is not None:
        assert finding.evidence["model"] == "m-001"
        assert finding.evidence["share_of_calls"] == 0.75
        assert finding.try_ == "a group of its own for m-001, with workers: 2 (not for all 2 of m)"


def test_a_hot_model_alone_in_its_group_gets_workers() -> None:
    of = scenario(models=1)
    run = run_data(of, [HIT] * 100)
    tenants = replace(run.tenants, worker_busy_s=np.array([95.0], dtype=np.float32))
    finding = one(hot_model, seen(replace(run, tenants=tenants), of, [limit("workers", 1.0)]))
    assert finding is not None
    assert finding.try_ == "models.m.workers=2"


@pytest.mark.parametrize(("peak", "lacked", "found"), [(799, 0, False), (800, 0, True), (100, 1, True)])
def test_task_pressure_begins_at_80_percent_of_the_limit(peak: int, lacked: int, found: bool) -> None:
    of = scenario()
    run = with_hosts(run_data(of, [HIT] * 10), tasks_peak=peak, lacked_tasks=lacked)
    assert (one(task_pressure, seen(run, of)) is not None) == found


def test_without_a_limit_there_is_no_task_pressure() -> None:
    of = scenario(endpoint={"vcpu": 2, "memory": 8 * GIB, "pid_limit": None})
    run = with_hosts(run_data(of, [HIT] * 10), tasks_peak=10**6)
    assert one(task_pressure, seen(run, of)) is None


@pytest.mark.parametrize(("refused", "busy", "found"), [(1, 0.5, True), (0, 0.5, False), (1, 0.95, False)])
def test_a_queue_is_too_short_if_workers_and_cpu_keep_up(refused: int, busy: float, found: bool) -> None:
    of = scenario(server={"job_queue_size": 10})
    run = run_data(of, [HIT] * (1000 - refused) + [Call(cause="queue_full")] * refused)
    minutes = windows(QueueFull=float(refused), CPUUtilization=200.0 * busy, WorkerUtilization_Maximum=100.0 * busy)
    finding = one(too_short, seen(replace(run, windows=minutes), of))
    assert (finding is not None) == found
    if finding is not None:
        # 10 ms a call: far more than 40 are served before a client gives up.
        assert finding.try_ == "server.job_queue_size=40"


@pytest.mark.parametrize(
    ("bound", "late", "in_queue", "found"),
    [(200, 1, 1.0, True), (100, 1, 1.0, False), (200, 0, 1.0, False), (200, 1, 0.4, False)],
)
def test_a_queue_is_too_long_if_callers_leave_before_it_is_served(
    bound: int, late: int, in_queue: float, found: bool
) -> None:
    # 10 ms and 0.4 ms of overhead a call, and callers who wait 1.05 s: they leave before place 101.
    of = scenario(server={"job_queue_size": bound}, clients={"timeout": 1.05, "network": 0.0}, models=1)
    run = run_data(of, [HIT] * (1000 - late) + [Call(cause="client_timeout")] * late)
    failed = np.zeros((len(CAUSES), len(PARTS)))
    failed[CAUSES.index("client_timeout"), PARTS.index("queue")] = in_queue * late
    failed[CAUSES.index("client_timeout"), PARTS.index("load")] = (1.0 - in_queue) * late
    finding = one(too_long, seen(replace(run, failed_parts_s=failed), of))
    assert (finding is not None) == found
    if finding is not None:
        assert finding.evidence["share_of_attempts"] == 0.001
        assert finding.try_ == "server.job_queue_size=50"


# All together


def test_the_worst_comes_first_and_without_calls_there_is_nothing() -> None:
    of = scenario()
    run = with_hosts(
        run_data(of, [HIT] * 100), loads=50, unloads=50, lacked_memory=50, memory_byte_s=480.0 * GIB, tasks_peak=999
    )
    found = causes(seen(run, of))
    assert [finding.id for finding in found] == ["thrashing", "task_pressure", "right_sized"]
    assert causes(seen(run_data(of, []), of)) == []


def test_all_that_is_waited_for_is_ranked() -> None:
    # Of the slowest call, 60 % waits for a worker and 30 % for its load; what is left is its own service.
    of = scenario(endpoint={"vcpu": 2, "memory": 8 * GIB, "warm": True})
    calls = [Call(0.1)] * 99 + [Call(0.1, queue=0.6, load_wait=0.3, load=0)]
    run = run_data(of, calls)
    found = ranked(of, [run], pool([run]))
    assert [(one.id, one.share_of_errors) for one in found] == [("cpu", None), ("load", None)]
    assert [one.share_of_tail for one in found] == pytest.approx([0.6, 0.3])
    assert [one.share for one in found] == pytest.approx([0.6, 0.3])


def test_failed_calls_are_slower_than_every_other() -> None:
    # Half a percent fails: half of the slowest 1 %.
    of = scenario(endpoint={"vcpu": 2, "memory": 8 * GIB, "warm": True})
    run = run_data(of, [Call(0.1, queue=0.9)] * 199 + [Call(cause="throttled")])
    found = {one.id: one for one in ranked(of, [run], pool([run]))}
    assert found["throttling"].share_of_errors == 1.0
    assert found["throttling"].share == pytest.approx(0.5)
    assert found["cpu"].share == pytest.approx(0.45)
