"""The endpoint's figures since somebody last looked, as CloudWatch shows them: for windows, scaling and conditions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

import numpy as np

from mmesim.arrays import Floats, Ints
from mmesim.engine.control.host import Host
from mmesim.engine.control.loader import Loader
from mmesim.engine.dataplane import DataPlane
from mmesim.engine.environment import Environment
from mmesim.engine.kernel.scalars import WINDOW
from mmesim.engine.measure.integrals import Integrals, integrals
from mmesim.engine.measure.worker_time import WorkerTime
from mmesim.results.run_data import CAUSES
from mmesim.scenario.clients.causes import FAILURES
from mmesim.stats.histogram import clipped_quantile, log_middles

MICRO = 1e6
LONG_ENOUGH = 0.05
"""Workers of a model, mean over a period, from which on it can be the busiest: one that is loaded for one
call is always busy."""

NAMES = tuple(column.name for column in WINDOW.columns)
MOST = frozenset(name for name in NAMES if name.endswith("_max"))
"""What is counted as the largest value, not as a sum."""
ANSWERS_4XX = ("load_timeout",)
ANSWERS_5XX = tuple(cause.value for cause, failure in FAILURES.items() if failure.is_5xx)


@dataclass(frozen=True)
class Period:
    """What a meter read: everything since its reading before."""

    figures: dict[str, float]
    """By their names in the table of windows, in CloudWatch's units; NaN where nothing was observed."""
    instances: float
    """Hosts, mean over the period."""
    causes: dict[str, float]
    """Attempts that failed, by cause."""
    latencies: Ints
    """Calls that were answered well, by bucket of `tables.views.coarse_edges`, as clients see them."""


class LiveMetrics:
    """Reads the endpoint while it runs; changes nothing. Any number of meters read it, each at its own times."""

    def __init__(self, env: Environment, plane: DataPlane, loader: Loader, hosts: list[Host]) -> None:
        self.env = env
        self.plane = plane
        self.loader = loader
        self.hosts = hosts
        self._counted: list[_Counted] = []

    def integrals(self) -> Integrals:
        """Everything that accumulates over time, up to now."""
        return integrals(self.plane, self.hosts, self.env.now)

    def meter(self) -> Meter:
        """A new meter, whose first period begins now."""
        self.collect()
        counted = _Counted(self.plane.tables.views.window_causes.size, self.plane.tables.views.window_hist.size)
        self._counted.append(counted)
        return Meter(self, counted)

    def collect(self) -> None:
        """What the kernel has counted since the last call goes to every meter."""
        views = self.plane.tables.views
        counted = self.plane.tables.arrays.window
        sums = dict(zip(NAMES, map(float, counted[0].item()), strict=True))
        for one in self._counted:
            one.add(sums, views.window_causes, views.window_hist)
        counted[...] = 0
        views.window[0].in_flight_max = views.counts[0].in_system
        views.window_causes[:] = 0
        views.window_hist[:] = 0


class _Counted:
    """What the kernel has counted since a meter was read."""

    __slots__ = ("causes", "latencies", "sums")

    def __init__(self, causes: int, buckets: int) -> None:
        self.sums = dict.fromkeys(NAMES, 0.0)
        self.causes = np.zeros(causes, dtype=np.int64)
        self.latencies = np.zeros(buckets, dtype=np.int64)

    def add(self, sums: dict[str, float], causes: Ints, latencies: Ints) -> None:
        """What was counted after all that is here."""
        mine = self.sums
        shortest = [one["latency_min"] for one in (mine, sums) if one["ok"]]
        for name, value in sums.items():
            mine[name] = max(mine[name], value) if name in MOST else mine[name] + value
        mine["latency_min"] = min(shortest, default=0.0)
        self.causes += causes
        self.latencies += latencies

    def clear(self) -> None:
        """All of it was read."""
        self.sums = dict.fromkeys(NAMES, 0.0)
        self.causes[:] = 0
        self.latencies[:] = 0


class Meter:
    """Reads what happened since it was read before."""

    def __init__(self, live: LiveMetrics, counted: _Counted) -> None:
        self._live = live
        self._counted = counted
        self._seen = _ended(live.loader)
        self._before = live.integrals()
        self._area_before = float(live.plane.tables.views.counts[0].area)
        self._log_middles = log_middles(live.plane.tables.views.coarse_edges)

    def read(self, seconds: float) -> Period:
        """The figures of the period that began at the last reading; `seconds`: its length, above 0."""
        live, counted = self._live, self._counted
        live.collect()
        views = live.plane.tables.views
        window, latencies = counted.sums, counted.latencies.copy()
        causes = dict(zip(CAUSES, map(float, counted.causes.tolist()), strict=True))
        counted.clear()
        ends = window["latency_min"], window["latency_max"]
        after = live.integrals()
        added = after.since(self._before, len(live.hosts))
        self._before = after
        area = float(views.counts[0].area)  # brought to now by the integrals
        in_system, self._area_before = (area - self._area_before) / seconds, area
        n = float((added.up_s / seconds).sum())  # hosts, on average
        memory_bytes, disk_bytes = _capacities(live.hosts)
        downloads, loads, unloads = self._new_times()
        figures = {
            "Instances": n,
            "Invocations": window["attempts"],
            "InvocationsPerInstance": _ratio(window["attempts"], n),
            "InvocationModelErrors": sum(causes[name] for name in (*ANSWERS_5XX, "invocation_timeout")),
            "Invocation4XXErrors": sum(causes[name] for name in ANSWERS_4XX),
            "Invocation5XXErrors": sum(causes[name] for name in ANSWERS_5XX),
            "ModelCacheHit": _ratio(window["hits"], window["hits"] + window["misses"]),
            "ModelCacheHit_SampleCount": window["hits"] + window["misses"],
            "ModelLatency": _ratio(window["model_latency"], window["ok"]) * MICRO,
            "ModelLatency_Maximum": (window["model_latency_max"] if window["ok"] else nan) * MICRO,
            "OverheadLatency": _ratio(window["overhead_latency"], window["ok"]) * MICRO,
            "ModelLoadingWaitTime": _ratio(window["load_wait"], window["misses"]) * MICRO,
            "ModelLoadingWaitTime_Maximum": (window["load_wait_max"] if window["misses"] else nan) * MICRO,
            "ModelDownloadingTime": _mean(downloads) * MICRO,
            "ModelLoadingTime": _mean(loads) * MICRO,
            "ModelUnloadingTime": _mean(unloads) * MICRO,
            "ModelUnloadingTime_SampleCount": float(len(unloads)),
            "LoadedModelCount": _ratio(float(added.loaded_s.sum()) / seconds, n),
            "ConcurrentRequestsPerModel": window["in_flight_max"],
            "RequestsInSystem": in_system,
            "QueueFull": causes["queue_full"],
            "CPUUtilization": _ratio(100.0 * float(added.cpu_busy_s.sum()) / seconds, n),
            "MemoryUtilization": _ratio(100.0 * float((added.memory_byte_s / memory_bytes).sum()) / seconds, n),
            "DiskUtilization": _ratio(100.0 * float((added.disk_byte_s / disk_bytes).sum()) / seconds, n),
            "WorkerUtilization": 100.0 * _ratio(float(added.workers.busy_s.sum()), float(added.workers.there_s.sum())),
            "WorkerUtilization_Maximum": 100.0 * _largest(added.workers, seconds),
            "ClientLatency": _ratio(window["latency"], window["ok"]) * MICRO,
            "ClientLatency_SampleCount": window["ok"],
            "LogClientLatency": _ratio(float(self._log_middles @ latencies), window["ok"]),
            "ClientLatency_p50": clipped_quantile(views.coarse_edges, latencies, 0.5, *ends) * MICRO,
            "ClientLatency_p99": clipped_quantile(views.coarse_edges, latencies, 0.99, *ends) * MICRO,
        }
        if views.params[0].devices > 0:
            figures |= _of_devices(live.hosts, added, seconds * n)
        return Period(figures, n, causes, latencies)

    def _new_times(self) -> tuple[list[float], list[float], list[float]]:
        """Durations of the downloads, loads and unloads that ended since the last call."""
        loader, seen = self._live.loader, self._seen
        self._seen = _ended(loader)
        return loader.download_s[seen[0] :], loader.load_s[seen[1] :], loader.unload_s[seen[2] :]


def _of_devices(hosts: Sequence[Host], added: Integrals, host_s: float) -> dict[str, float]:
    """What CloudWatch shows of GPUs: each is the sum over the devices of an instance."""
    full = 0.0
    for host, up_s, held in zip(hosts, added.up_s.tolist(), added.device_byte_s.tolist(), strict=True):
        devices = host.config.endpoint.host.devices
        if devices is not None:
            full += (held + up_s * devices.count * devices.base_memory_bytes) / devices.memory_bytes
    return {
        "GPUUtilization": 100.0 * _ratio(float(added.device_busy_s.sum()), host_s),
        "GPUMemoryUtilization": 100.0 * _ratio(full, host_s),
    }


def _capacities(hosts: Sequence[Host]) -> tuple[Floats, Floats]:
    """Memory and disk of each host, bytes."""
    endpoints = [host.config.endpoint for host in hosts]
    memory = np.array([endpoint.host.memory_bytes for endpoint in endpoints], dtype=np.float64)
    return memory, np.array([endpoint.disk_bytes for endpoint in endpoints], dtype=np.float64)


def _ended(loader: Loader) -> tuple[int, int, int]:
    """How many downloads, loads and unloads have ended."""
    return len(loader.download_s), len(loader.load_s), len(loader.unload_s)


def _largest(workers: WorkerTime, seconds: float) -> float:
    """The utilization of the busiest workers of one model, among those that were there long enough."""
    there = workers.there_s[:-1]
    counts = there >= LONG_ENOUGH * seconds
    return float((workers.busy_s[counts] / there[counts]).max()) if counts.any() else nan


def _ratio(total: float, n: float) -> float:
    return total / n if n else nan


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else nan
