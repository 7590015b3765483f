"""Runs made by hand: from a list of calls to what the engine would have measured of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mmesim.results.measured.run_data import (
    CAUSES,
    CallRecords,
    CellData,
    ClassData,
    DeviceData,
    HostData,
    RunData,
    TenantData,
)
from mmesim.scenario import Scenario
from mmesim.scenario.figures import PARTS
from mmesim.stats.histogram import coarse_grid, grid
from tests.helpers.buckets import bucket_of, ends

GIB = 2**30


def scenario(expect: Sequence[str] = (), *, models: int | list[Any] = 2, **changes: Any) -> Scenario:
    """Two models `m-000`, `m-001` on one 2-vCPU host, 100 s, price 0.36 USD an hour."""
    run = {"duration": 100.0, "warmup": 0.0, "seed": 7} | changes.pop("run", {})
    endpoint = {"vcpu": 2, "memory": 8 * GIB, "price_per_hour": 0.36, "pid_limit": 1000} | changes.pop("endpoint", {})
    data = {
        "name": "by-hand",
        "endpoint": endpoint,
        "models": [{"name": "m", "count": models, "artifact_size": 10**6, "memory": 10**7, "service": {"cpu": 0.01}}]
        if isinstance(models, int)
        else models,
        "traffic": [{"arrivals": {"poisson": {"rate": 1.0}}}],
        "run": run,
        "expect": list(expect),
    }
    return Scenario.model_validate(data | changes)


@dataclass(frozen=True)
class Call:
    """One call: its latency in parts, seconds; `load` numbers the load that it waited for."""

    service: float = 0.0
    model: int = 0
    queue: float = 0.0
    load_wait: float = 0.0
    load: int | None = None
    cause: str | None = None
    reached: bool = True
    """Whether an attempt reached a host."""
    parts: Mapping[str, float] = field(default_factory=dict)

    def ledger(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """The parts of the latency in the order of PARTS."""
        given = {"service": self.service, "queue": self.queue, "load": self.load_wait} | dict(self.parts)
        return np.array([given.get(part, 0.0) for part in PARTS])


def hosts(count: int = 1, seconds: float = 100.0, **columns: Any) -> HostData:
    """Hosts that are up all the time: half of 2 vCPUs busy, a quarter of 8 GiB and a tenth of the disk used."""
    each: dict[str, Any] = {
        "up_s": seconds,
        "cpu_busy_s": seconds,
        "vcpu": 2,
        "asked_s": 0.0,
        "born_s": 0.0,
        "gone_s": np.inf,
        "usd_per_hour": 0.36,
        "memory_byte_s": 2.0 * GIB * seconds,
        "memory_bytes": 8 * GIB,
        "memory_peak_bytes": 3 * GIB,
        "disk_byte_s": 1e9 * seconds,
        "disk_bytes": 10**10,
        "loaded_s": 1.5 * seconds,
        "loads": 3,
        "unloads": 1,
        "downloads": 0,
        "download_s": 0.0,
        "spin_lost_s": 0.0,
        "lacked_memory": 0,
        "lacked_tasks": 0,
        "lacked_disk": 0,
        "lacked_models": 0,
        "hits": 0,
        "misses": 0,
        "tasks_peak": 77,
    } | columns
    return HostData(**{name: np.full(count, value) for name, value in each.items()})


def devices(count: int = 1, seconds: float = 100.0) -> DeviceData:
    """Hosts with a device each that is busy for half of the time, and half full."""
    each = {"devices": 1, "device_s": seconds, "busy_s": 0.5 * seconds, "memory_bytes": 16 * GIB, "copies": 4}
    each["memory_byte_s"] = 8.0 * GIB * seconds
    return DeviceData(**{name: np.full(count, value) for name, value in each.items()})


def windows(minutes: int = 2, **columns: Any) -> dict[str, Any]:
    """Minutes in which nothing changes; `columns` replace some, a number stands for all minutes."""
    plain: dict[str, Any] = {
        "Instances": 1.0,
        "Invocations": 60.0,
        "ModelCacheHit": 1.0,
        "ModelCacheHit_SampleCount": 60.0,
        "RequestsInSystem": 1.0,
        "QueueFull": 0.0,
        "ClientLatency": 50_000.0,
        "ClientLatency_SampleCount": 60.0,
        "ClientLatency_p50": 40_000.0,
        "ClientLatency_p99": 90_000.0,
        "LogClientLatency": -3.0,
        "CPUUtilization": 100.0,
        "MemoryUtilization": 25.0,
        "WorkerUtilization": 1.0,
        "WorkerUtilization_Maximum": 2.0,
        "InvocationModelErrors": 0.0,
        "Invocation4XXErrors": 0.0,
        "Invocation5XXErrors": 0.0,
    }
    rows = {name: np.zeros(minutes) + value for name, value in (plain | columns).items()}
    return {"start_s": 60.0 * np.arange(minutes)} | rows


def run_data(of: Scenario, calls: Sequence[Call], **changes: Any) -> RunData:
    """What the engine measures of these calls, one a second; `changes` replace fields."""
    fine, coarse = grid(of.latency_limits_s), coarse_grid()
    table, price = of.model_table(), of.endpoint.host.price_usd_per_hour
    kinds = {id(c): c for c in calls}  # a list is often few calls, many times over
    rows = {number: c.ledger() for number, c in kinds.items()}
    ledger = np.array([rows[id(c)] for c in calls]).reshape(len(calls), len(PARTS))
    latency = ledger.sum(axis=1)
    model = np.array([c.model for c in calls], dtype=np.int64)
    cold = np.array([c.load is not None for c in calls], dtype=bool)
    ok = np.array([c.cause is None for c in calls], dtype=bool)
    unreached = np.array([not c.reached for c in calls], dtype=bool)
    limits = np.array(of.latency_limits_s)
    bucket = bucket_of(fine, latency)
    parts = np.zeros((fine.buckets, len(PARTS)))
    np.add.at(parts, bucket[ok], ledger[ok])
    slowest: dict[int, float] = {}
    for c, seconds in zip(calls, latency, strict=True):
        if c.load is not None and c.cause is None:
            slowest[c.load] = max(slowest.get(c.load, 0.0), float(seconds))
    histogram = np.zeros((len(table), coarse.buckets), dtype=np.int32)
    np.add.at(histogram, (model[ok], bucket_of(coarse, latency[ok])), 1)
    over = np.zeros((len(table), len(limits)), dtype=np.int64)
    for j, limit in enumerate(limits):
        over[:, j] = _count(model[ok & (latency > limit)], len(table))
    causes = np.array([-1 if c.cause is None else CAUSES.index(c.cause) for c in calls], dtype=np.int64)
    errors = _count(causes[~ok], len(CAUSES))
    seconds = of.run.duration_s
    figures = dict[str, Any](
        scenario=of.name,
        seed=of.run.seed,
        replication=0,
        duration_s=seconds,
        warmup_s=of.run.cut_s,
        wall_s=0.5,
        limits_s=limits,
        edges_s=fine.edges,
        count=_count(bucket[ok], fine.buckets),
        shortest_s=ends(bucket[ok], latency[ok], fine.buckets)[0],
        longest_s=ends(bucket[ok], latency[ok], fine.buckets)[1],
        parts_s=parts,
        latency_sum_s=float(latency[ok].sum()),
        latency_max_s=float(latency[ok].max()) if ok.any() else 0.0,
        coarse_edges_s=coarse.edges,
        calls=len(calls),
        ok=int(ok.sum()),
        errors=errors,
        answers=len(calls),
        answers_ok=int(ok.sum()),
        attempts=len(calls),
        attempt_causes=errors,
        cold_causes=_count(causes[~ok & cold], len(CAUSES)),
        failed_parts_s=_rows(causes[~ok], ledger[~ok], len(CAUSES)),
        hits=int((~cold).sum()),
        misses=int(cold.sum()),
        load_wait_sum_s=float(sum(c.load_wait for c in calls)),
        begun=len(calls),
        calls_all=len(calls),
        ok_all=int(ok.sum()),
        errors_all=int(errors.sum()),
        in_flight_at_end=0,
        retried_cold_s=np.zeros(fine.buckets),
        load_episodes=_count(bucket_of(fine, np.array(list(slowest.values()))), fine.buckets),
        cold=ClassData(
            calls=int((cold | unreached).sum()),
            count=_count(bucket[ok & cold], fine.buckets),
            latency_sum_s=float(latency[ok & cold].sum()),
            latency_max_s=float(latency[ok & cold].max(initial=0.0)),
        ),
        unreached=int(unreached.sum()),
        warm_calls=int((~cold).sum()),
        warm_latency_sum_s=float(latency[ok & ~cold].sum()),
        warm_latency_max_s=float(latency[ok & ~cold].max(initial=0.0)),
        cells=_cells(of, calls, latency),
        tenants=TenantData(
            calls=_count(model, len(table)),
            ok=_count(model[ok], len(table)),
            misses=_count(model[cold], len(table)),
            over=over,
            latency_sum_s=_sums(model[ok], latency[ok], len(table)),
            latency_min_s=ends(model[ok], latency[ok], len(table))[0],
            latency_max_s=ends(model[ok], latency[ok], len(table))[1],
            histogram=histogram,
            worker_busy_s=_sums(model, ledger[:, PARTS.index("service")], len(table)).astype(np.float32),
            worker_s=np.full(len(table), seconds - of.run.cut_s, dtype=np.float32),
        ),
        shared_worker_s=0.0,
        model_names=tuple(m.name for m in table),
        hosts=hosts(seconds=seconds - of.run.cut_s, usd_per_hour=np.nan if price is None else price),
        windows=windows(Invocations=np.array([60.0, 40.0])),
        load_s=np.array([1.0] * len(slowest)),
        records=CallRecords(
            call=np.arange(len(calls)),
            key=np.arange(len(calls)),
            arrival_s=np.arange(len(calls), dtype=np.float64),
            latency_s=latency,
            model=model,
            host=np.zeros(len(calls), dtype=np.int64),
            hit=~cold,
            cause=causes,
            attempts=np.ones(len(calls), dtype=np.int64),
            parts_s=ledger,
            rank=np.zeros(len(calls), dtype=np.int64),
            threshold=1,
        ),
        checks={"conservation": "ok", "ledger": "ok"},
        control_events=0,
        seam_crossings=0,
    )
    return RunData(**(figures | changes))


def with_cells(run: RunData, cells: CellData) -> RunData:
    """The run with other cells; `replace` makes the arrays of all other fields anew, of which there is a megabyte."""
    other = copy(run)
    object.__setattr__(other, "cells", cells)
    return other


def _cells(of: Scenario, calls: Sequence[Call], latency: Any) -> CellData:
    """What is counted apart, one call at a time; call number i begins at second i after the warm-up."""
    rows: list[list[float]] = []
    for counted in of.counted:
        windows = of.windows_of(counted)
        chosen = {model.index for model in of.chosen_by(counted.calls)}
        mine = [[0.0] * (6 + len(CAUSES)) for _ in range(windows.number)]
        for i, (c, seconds) in enumerate(zip(calls, latency.tolist(), strict=True)):
            begun = of.run.cut_s + i
            is_in = c.load is None if counted.calls.state == "warm" else c.load is not None
            if c.model not in chosen or not windows.start_s <= begun < windows.end_s:
                continue
            if counted.calls.state is not None and c.reached and not is_in:
                continue
            cell = mine[min(windows.number - 1, int((begun - windows.start_s) / windows.length_s))]
            ok = c.cause is None
            hit, miss = c.reached and c.load is None, c.reached and c.load is not None
            added = (
                1,
                ok,
                ok and seconds > counted.limit_s,
                hit,
                miss,
                seconds if ok else 0.0,
                *(c.cause == one for one in CAUSES),
            )
            cell[:] = [a + b for a, b in zip(cell, added, strict=True)]
        rows += mine
    columns = np.array(rows).reshape(len(rows), 6 + len(CAUSES)).T
    calls_, ok_, over, hits, misses = (column.astype(np.int64) for column in columns[:5])
    return CellData(calls_, ok_, over, hits, misses, columns[5], columns[6:].T.astype(np.int64))


def replications(of: Scenario, *calls: Sequence[Call], **changes: Any) -> tuple[RunData, ...]:
    """One run for each list of calls, numbered from 0."""
    return tuple(run_data(of, c, **{"replication": i} | changes) for i, c in enumerate(calls))


def _count(index: Any, size: int) -> Any:
    return np.bincount(np.asarray(index, dtype=np.int64), minlength=size).astype(np.int64)


def _rows(index: Any, values: Any, size: int) -> Any:
    total = np.zeros((size, values.shape[1]))
    np.add.at(total, index, values)
    return total


def _sums(index: Any, weights: Any, size: int) -> Any:
    return np.bincount(index, weights=weights, minlength=size)
