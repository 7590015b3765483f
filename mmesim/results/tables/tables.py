"""The tables of a result: calls, one-minute windows, hosts and models, each column with its unit and meaning.

The description of a column is in the metadata of its Parquet field (`description`, `unit`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mmesim.arrays import Floats, divide
from mmesim.results.figures.figures import DEVICE_USE, USE, measured_s
from mmesim.results.figures.latency import limit_text
from mmesim.results.figures.tenants import latency_limits, meets, pooled_tenants
from mmesim.results.measured.run_data import CAUSES, CallRecords, RunData, TenantData
from mmesim.results.measured.windows import part
from mmesim.results.tables.columns import Column, Values, column, documented, named, texts
from mmesim.scenario.figures import DEVICE_PARTS, PARTS
from mmesim.scenario.run.expect import Expectation
from mmesim.scenario.scenario import Scenario
from mmesim.stats.histogram import clipped_quantile

ONLY_DEVICES = "; only where models use devices"

REQUEST_COLUMNS: Mapping[str, Column] = MappingProxyType(
    {
        "replication": ("", "replication, from 0"),
        "call": ("", "number of the call in order of arrival, from 0; not every call need be recorded"),
        "arrival_s": ("s", "simulated time at which the client sent the call"),
        "latency_ms": ("ms", "first attempt to answer at the client, also of failed calls"),
        "model": ("", "name of the model"),
        "host": ("", "host of the last attempt; null when it reached none"),
        "cache_hit": ("", "ModelCacheHit of the last attempt: the model was ready"),
        "cause": ("", "why the last attempt failed; null for success"),
        "attempts": ("", "attempts made"),
    }
    | {
        f"{part}_ms": ("ms", f"part of the latency: {part}{ONLY_DEVICES if part in DEVICE_PARTS else ''}")
        for part in PARTS
    }
)

WINDOW_COLUMNS: Mapping[str, Column] = MappingProxyType(
    {
        "replication": ("", "replication, from 0"),
        "start_s": ("s", "simulated time at which the minute begins"),
        "Instances": ("Count", "instances that were up, not a metric of AWS, Average"),
        "Invocations": ("None", "attempts answered or given up in that minute, without throttled ones, Sum"),
        "InvocationsPerInstance": ("None", "the same for each instance in service, Sum"),
        "InvocationModelErrors": ("None", "attempts that the container failed, Sum"),
        "Invocation4XXErrors": ("None", "attempts answered with 4xx, Sum"),
        "Invocation5XXErrors": ("None", "attempts answered with 5xx, Sum"),
        "ModelCacheHit": ("None", "share of these attempts that found their model loaded, Average"),
        "ModelLatency": ("Microseconds", "time in the container, successful attempts, Average"),
        "OverheadLatency": ("Microseconds", "time in SageMaker itself, successful attempts, Average"),
        "ModelLoadingWaitTime": ("Microseconds", "wait of a call for its model's load, Average"),
        "ModelDownloadingTime": ("Microseconds", "download of an artefact, Average"),
        "ModelLoadingTime": ("Microseconds", "load in the container, Average"),
        "ModelUnloadingTime": ("Microseconds", "unload in the container, Average"),
        "LoadedModelCount": ("None", "models loaded on an instance, Average"),
        "ConcurrentRequestsPerModel": ("None", "attempts between router and answer, all models and all waits, Maximum"),
        "RequestsInSystem": (
            "Count",
            "calls at the endpoint without an answer, mean over time, not a metric of AWS, Average",
        ),
        "QueueFull": ("Count", "calls refused because the queue of their model was full, not a metric of AWS, Sum"),
        "CPUUtilization": ("Percent", "sum over vCPUs: 4 vCPUs give 0 to 400, Average over instances"),
        "MemoryUtilization": ("Percent", "memory of the containers, Average over instances"),
        "DiskUtilization": ("Percent", "disk of the containers, Average over instances"),
        "GPUUtilization": (
            "Percent",
            f"time that devices have jobs, sum over devices: 4 give 0 to 400{ONLY_DEVICES}, Average over instances",
        ),
        "GPUMemoryUtilization": (
            "Percent",
            f"memory of the devices, sum over devices: 4 give 0 to 400{ONLY_DEVICES}, Average over instances",
        ),
        "WorkerUtilization": (
            "Percent",
            "time that workers of loaded models are busy, of all their time; Maximum: those of one model; not a metric "
            "of AWS, Average",
        ),
        "ClientLatency": ("Microseconds", "successful calls at the client, not a metric of AWS, Average"),
        "LogClientLatency": ("None", "natural logarithm of the same in seconds, from buckets 6 % wide, Average"),
    }
)
"""CloudWatch's names and units, one row a minute. A column `Name_Statistic` holds another statistic of `Name`."""

HOST_COLUMNS: Mapping[str, Column] = MappingProxyType(
    {
        "replication": ("", "replication, from 0"),
        "host": ("", "host, from 0"),
        "asked_s": ("s", "simulated time at which it was asked for"),
        "born_s": ("s", "simulated time from which it was there, and paid"),
        "gone_s": ("s", "simulated time at which it was drained or lost; null for a host that was there to the end"),
        "up_s": ("s", "time in service within the measured time"),
        "usd_per_hour": ("USD", "price of a host of its type; null where none is known"),
        "vcpu": ("", "vCPUs"),
        "cpu_utilization": ("1", "share of its vCPUs that was busy"),
        "memory_bytes": ("bytes", "physical memory"),
        "memory_utilization": ("1", "share of it that the containers used, mean over time"),
        "memory_peak_bytes": ("bytes", "most that the containers used"),
        "disk_bytes": ("bytes", "size of the disk"),
        "disk_utilization": ("1", "share of it that was used, mean over time"),
        "devices": ("", f"its devices{ONLY_DEVICES}"),
        "device_utilization": ("1", f"time that its devices had jobs, of all their time{ONLY_DEVICES}"),
        "device_memory_utilization": ("1", f"share of their memory that was used, mean over time{ONLY_DEVICES}"),
        "device_copies": ("", f"models that were copied to its devices{ONLY_DEVICES}"),
        "loaded_models": ("", "models loaded, mean over time"),
        "loads": ("", "model loads"),
        "unloads": ("", "model unloads"),
        "hits": ("", "attempts that found their model ready"),
        "misses": ("", "attempts that did not"),
        "tasks_peak": ("", "most processes and threads at once"),
    }
)

MODEL_COLUMNS: Mapping[str, Column] = MappingProxyType(
    {
        "model": ("", "name of the model"),
        "group": ("", "group of the scenario that it belongs to"),
        "calls": ("", "calls, all replications together"),
        "ok": ("", "calls answered with success"),
        "misses": ("", "calls of which an attempt found the model not loaded"),
        "cold_share": ("1", "misses over calls; null without calls"),
        "mean_ms": ("ms", "mean latency of successful calls; null without any"),
        "p50_ms": ("ms", "median latency, within 6.3 %"),
        "p99_ms": ("ms", "99th percentile of the latency, within 6.3 %"),
        "worker_utilization": ("1", "time that its workers are busy, of all their time while it is loaded"),
        "meets_slo": ("", "its own calls meet every latency limit in expect; null without calls or limits"),
    }
)
"""Besides, a column `share_over 500 ms` for each latency limit in expect."""


HAPPENED_COLUMNS: Mapping[str, Column] = MappingProxyType(
    {
        "replication": ("", "replication, from 0"),
        "at_s": ("s", "simulated time at which it happened"),
        "kind": ("", "what happened, such as scale_out, in_service, fault, deploy"),
        "name": ("", "what it belongs to: a fault, a deploy or a scaling policy"),
    }
)
"""Besides, a column for each figure of what happened, such as `host`, null where it has none."""


def requests_table(run: RunData, records: CallRecords) -> pa.Table:
    """One row for each recorded call of a replication."""
    columns: dict[str, Values] = {
        "replication": np.full(len(records.call), run.replication, dtype=np.int32),
        "call": records.call,
        "arrival_s": records.arrival_s,
        "latency_ms": records.latency_s * 1000.0,
        "model": named(records.model, run.model_names),
        "host": column(records.host.astype(np.int32), records.host < 0),
        "cache_hit": records.hit,
        "cause": named(records.cause, CAUSES),
        "attempts": records.attempts.astype(np.int32),
    }
    shown = {part: i for i, part in enumerate(PARTS) if run.devices is not None or part not in DEVICE_PARTS}
    columns |= {f"{part}_ms": records.parts_s[:, i] * 1000.0 for part, i in shown.items()}
    return _table(columns, REQUEST_COLUMNS)


def windows_table(runs: Sequence[RunData], rows: slice | None = None) -> pa.Table:
    """One row for each minute of each replication, or for some of the minutes of each."""
    windows = [run.windows if rows is None else part(run.windows, rows) for run in runs]
    lengths = [len(one["start_s"]) for one in windows]
    columns: dict[str, Values] = {"replication": _repeat([r.replication for r in runs], lengths)}
    for name in runs[0].windows:
        values = np.concatenate([one[name] for one in windows])
        # A minute without a sample has no statistic.
        columns[name] = column(values, np.isnan(values))
    return _table(columns, WINDOW_COLUMNS)


def host_columns(runs: Sequence[RunData]) -> dict[str, Floats]:
    """What reports read of `hosts_table`, without Arrow: replication, memory, and use (0 where never up)."""
    columns = {
        name: np.concatenate([getattr(run.hosts, name) for run in runs]).astype(np.float64)
        for name in ("memory_bytes", "memory_peak_bytes")
    }
    columns["replication"] = np.concatenate([np.full(len(run.hosts.up_s), float(run.replication)) for run in runs])
    return columns | {key: np.concatenate([divide(*used(run.hosts), 0.0) for run in runs]) for key, used in USE.items()}


def hosts_table(runs: Sequence[RunData]) -> pa.Table:
    """One row for each host of each replication."""

    def of_all(name: str) -> NDArray[np.number]:
        return np.concatenate([getattr(r.hosts, name) for r in runs])

    def used(resource: str) -> pa.Array:
        each = [USE[resource](r.hosts) for r in runs]
        return _ratio(np.concatenate([part for part, _ in each]), np.concatenate([whole for _, whole in each]))

    measured = [measured_s(r) for r in runs]
    lengths = [len(r.hosts.up_s) for r in runs]
    columns: dict[str, Values] = {
        "replication": _repeat([r.replication for r in runs], lengths),
        "host": np.concatenate([np.arange(n, dtype=np.int32) for n in lengths]),
        "asked_s": of_all("asked_s").astype(np.float64),
        "born_s": of_all("born_s").astype(np.float64),
        "gone_s": column(of_all("gone_s"), np.isinf(of_all("gone_s"))),
        "up_s": of_all("up_s"),
        "usd_per_hour": column(of_all("usd_per_hour"), np.isnan(of_all("usd_per_hour"))),
        "vcpu": of_all("vcpu"),
        "cpu_utilization": used("cpu_utilization"),
        "memory_bytes": of_all("memory_bytes"),
        "memory_utilization": used("memory_utilization"),
        "memory_peak_bytes": of_all("memory_peak_bytes"),
        "disk_bytes": of_all("disk_bytes"),
        "disk_utilization": used("disk_utilization"),
        "loaded_models": _ratio(of_all("loaded_s"), np.repeat(measured, lengths)),
    }
    columns |= _devices(runs)
    columns |= {name: of_all(name) for name in ("loads", "unloads", "hits", "misses", "tasks_peak")}
    return _table(columns, HOST_COLUMNS)


def _devices(runs: Sequence[RunData]) -> dict[str, Values]:
    """The columns of hosts about their devices, none where no model uses one."""
    found = [run.devices for run in runs if run.devices is not None]
    if not found:
        return {}

    def used(figure: str) -> pa.Array:
        each = [DEVICE_USE[f"devices.{figure}"](of) for of in found]
        return _ratio(np.concatenate([part for part, _ in each]), np.concatenate([whole for _, whole in each]))

    return {
        "devices": np.concatenate([of.devices for of in found]),
        "device_utilization": used("utilization"),
        "device_memory_utilization": used("memory_utilization"),
        "device_copies": np.concatenate([of.copies for of in found]),
    }


def happened_table(runs: Sequence[RunData]) -> pa.Table:
    """One row for each thing that happened to the fleet, of one replication after the other."""
    rows = [(run.replication, one) for run in runs for one in run.happened]
    columns: dict[str, Values] = {
        "replication": np.array([number for number, _ in rows], dtype=np.int32),
        "at_s": np.array([one.at_s for _, one in rows], dtype=np.float64),
        "kind": texts([one.kind for _, one in rows]),
        "name": texts([one.name for _, one in rows]),
    }
    for name in sorted({name for _, one in rows for name in one.figures}):
        values = np.array([one.figures.get(name, np.nan) for _, one in rows], dtype=np.float64)
        columns[name] = column(values, np.isnan(values))
    return _table(columns, HAPPENED_COLUMNS)


def models_table(scenario: Scenario, runs: Sequence[RunData], pooled: TenantData | None = None) -> pa.Table:
    """One row for each model, all replications together; `pooled` are their tenants, where they are known already."""
    pooled, first = pooled or pooled_tenants(runs), runs[0]
    called, answered = pooled.calls > 0, pooled.ok > 0
    columns: dict[str, Values] = {
        "model": texts(first.model_names),
        "group": texts([m.group for m in scenario.model_table()]),
        "calls": pooled.calls,
        "ok": pooled.ok,
        "misses": pooled.misses,
        "cold_share": _ratio(pooled.misses, pooled.calls),
        "mean_ms": _ratio(1000.0 * pooled.latency_sum_s, pooled.ok),
    }
    columns["worker_utilization"] = _ratio(pooled.worker_busy_s, pooled.worker_s)
    for name, q in (("p50_ms", 0.5), ("p99_ms", 0.99)):
        values = [
            1000.0 * clipped_quantile(first.coarse_edges_s, h, q, low, high)
            for h, low, high in zip(pooled.histogram, pooled.latency_min_s, pooled.latency_max_s, strict=True)
        ]
        columns[name] = column(np.array(values), ~answered)
    limits: Sequence[Expectation] = latency_limits(scenario.expect)
    met = meets(pooled, first.limits_s, limits)
    columns["meets_slo"] = column(met, ~called if limits else np.ones_like(called))
    for i, limit in enumerate(first.limits_s):
        columns[f"share_over {limit_text(limit)}"] = _ratio(pooled.over[:, i] + pooled.calls - pooled.ok, pooled.calls)
    return _table(columns, MODEL_COLUMNS)


def _table(columns: Mapping[str, Values], meanings: Mapping[str, Column]) -> pa.Table:
    return documented(columns, {name: _meaning(name, meanings) for name in columns})


def _meaning(name: str, documented: Mapping[str, Column]) -> Column:
    if name.startswith("share_over "):
        return "1", f"share of calls slower than {name[11:]} or failed"
    base, _, statistic = name.partition("_")
    unit, meaning = documented.get(name) or documented.get(base) or ("", "")
    if name not in documented and meaning:
        meaning = f"{meaning.rsplit(',', 1)[0]}, {statistic}"
    return unit, meaning


def _ratio(part: NDArray[np.number], whole: NDArray[np.number]) -> pa.Array:
    """The quotient, null where there is no whole."""
    return column(divide(part, whole, 0.0), whole <= 0)


def _repeat(numbers: Sequence[int], lengths: Sequence[int]) -> NDArray[np.int32]:
    return np.repeat(np.array(numbers, dtype=np.int32), lengths)
