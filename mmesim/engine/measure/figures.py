"""What CloudWatch shows of an endpoint: how each figure is made, of what was counted and added up since a reading."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from math import nan
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmesim.arrays import Ints
from mmesim.engine.measure.integrals import ADDED_UP, OF_KERNEL, padded
from mmesim.engine.measure.sources import Sources
from mmesim.engine.measure.worker_time import WorkerTime, worker_time
from mmesim.results.measured.run_data import CAUSES
from mmesim.scenario.clients.causes import FAILURES
from mmesim.scenario.endpoint.endpoint import Endpoint
from mmesim.stats.histogram import cumulated_quantile

MICRO = 1e6
LONG_ENOUGH = 0.05
"""Workers of a model, mean over a period, from which on it can be the busiest: one that is loaded for one
call is always busy."""

ANSWERS_4XX = ("load_timeout",)
ANSWERS_5XX = tuple(cause.value for cause, failure in FAILURES.items() if failure.is_5xx)

Times = tuple[list[float], list[float], list[float]]
"""Durations of downloads, loads and unloads, seconds."""


class Marks:
    """How far a meter has read its sources."""

    def __init__(self, sources: Sources) -> None:
        self.of = sources
        self.unread = sources.window.reader()
        self.totals: dict[str, Any] = {}
        """What had been added up by then; only of what it has asked for once."""

    def counted(self) -> dict[str, float]:
        """What the kernel has counted since, by column; of those that it has asked for once."""
        return self.of.window.read(self.unread)

    def also_counted(self, column: str) -> float:
        """It asks for one more column: nothing was counted since."""
        return self.of.window.begin(self.unread, column)

    def added(self, name: str) -> NDArray[Any]:
        """What each host has added up since, one entry a host."""
        of = self.of
        if name in OF_KERNEL:
            of.sync()
        total = ADDED_UP[name](of.plane.tables.views, of.hosts, of.env.now)
        added: NDArray[Any] = total - padded(self.since(name, total), total.size)
        return added

    def since(self, name: str, total: Any) -> Any:
        """What the total was at the last reading; at the first what it is now: a period begins there."""
        before, self.totals[name] = self.totals.get(name, total), total
        return before


_NOTHING: Mapping[str, Any] = MappingProxyType({})


class _OnDemand(dict[str, Any]):
    """Values that are found once somebody asks for them."""

    def __init__(self, find: Callable[[str], Any], found: Mapping[str, Any] = _NOTHING) -> None:
        super().__init__(found)
        self._find = find

    def __missing__(self, name: str) -> Any:
        value = self[name] = self._find(name)
        return value


class Reading:
    """What figures are made of: what happened in a period, which began at the last reading and ends now.

    A part that no figure asks for is not read, and costs nothing. So a figure asks always for the same parts: what it
    has asked for at one reading it must find at the next.
    """

    def __init__(self, marks: Marks, seconds: float) -> None:
        self._marks = marks
        self._of = marks.of
        self.seconds = seconds
        self.window: Mapping[str, float] = _OnDemand(marks.also_counted, marks.counted() if marks.unread else _NOTHING)
        """What the kernel counted, by column of its table."""
        self.added: Mapping[str, NDArray[Any]] = _OnDemand(marks.added)
        """What each host added up, by the names of `integrals.ADDED_UP`."""

    @cached_property
    def hosts(self) -> float:
        """Hosts that were there, mean over the period."""
        return float((self.added["up_s"] / self.seconds).sum())

    @cached_property
    def in_service(self) -> float:
        """Those of them that took calls."""
        total = self._of.serving.integral_at(self._of.env.now)
        return float(total - self._marks.since("serving", total)) / self.seconds

    @cached_property
    def in_system(self) -> float:
        """Attempts at the endpoint, mean over the period."""
        self._of.sync()
        area = float(self._of.plane.tables.views.counts[0].area)
        return float(area - self._marks.since("area", area)) / self.seconds

    @cached_property
    def causes(self) -> Mapping[str, float]:
        """Attempts that failed, by cause."""
        total = self._of.plane.tables.views.window_causes.copy()
        return dict(zip(CAUSES, map(float, (total - self._marks.since("causes", total)).tolist()), strict=True))

    @cached_property
    def latencies(self) -> Ints:
        """Calls that were answered well, by bucket of `tables.views.coarse_edges`, as clients see them."""
        total = self._of.plane.tables.views.window_hist.copy()
        added: Ints = total - self._marks.since("latencies", total)
        return added

    @cached_property
    def workers(self) -> WorkerTime:
        """The time of workers."""
        self._of.sync()
        total = worker_time(self._of.plane.tables.views, self._of.env.now)
        before: WorkerTime = self._marks.since("workers", total)
        return total.since(before)

    @cached_property
    def times(self) -> Times:
        """Durations of the downloads, loads and unloads that ended."""
        loader = self._of.loader
        total = len(loader.download_s), len(loader.load_s), len(loader.unload_s)
        first = self._marks.since("times", total)
        return loader.download_s[first[0] :], loader.load_s[first[1] :], loader.unload_s[first[2] :]

    def each(self, total: float) -> float:
        """A total over the hosts and the period as that of one host, mean over time."""
        return _ratio(total / self.seconds, self.hosts)

    def per(self, total: str, number: str) -> float:
        """The mean of what was counted."""
        return _ratio(self.window[total], self.window[number])

    def end(self, name: str, number: str) -> float:
        """The largest or the smallest of what was counted, nan where there was nothing."""
        value, n = self.window[name], self.window[number]
        return value if n else nan

    def quantile(self, share: float) -> float:
        """A quantile of the latencies of the calls that were answered well, seconds."""
        ends = self.window["latency_min"], self.window["latency_max"]
        return cumulated_quantile(self._of.plane.tables.views.coarse_edges, self._cumulated, share, *ends)

    @cached_property
    def _cumulated(self) -> Ints:
        return self.latencies.cumsum()

    def log_latency(self) -> float:
        """The mean logarithm of these latencies, from the middles of buckets."""
        return _ratio(float(self._of.log_middles @ self.latencies), self.window["ok"])

    @property
    def endpoints(self) -> list[Endpoint]:
        """The figures of each host."""
        return [host.config.endpoint for host in self._of.hosts]

    def memory(self) -> float:
        """Memory used, as a sum over hosts of shares of their memory, times seconds."""
        has = np.array([one.host.memory_bytes for one in self.endpoints], dtype=np.float64)
        return float((self.added["memory_byte_s"] / has).sum())

    def disk(self) -> float:
        """Disk used, as a sum over hosts of shares of their disk, times seconds."""
        has = np.array([one.disk_bytes for one in self.endpoints], dtype=np.float64)
        return float((self.added["disk_byte_s"] / has).sum())

    def device_memory(self) -> float:
        """Device memory used, as a sum over hosts of the devices that it would fill, times seconds."""
        full = 0.0
        for one, up_s, held in zip(
            self.endpoints, self.added["up_s"].tolist(), self.added["device_byte_s"].tolist(), strict=True
        ):
            devices = one.host.devices
            if devices is not None:
                full += (held + up_s * devices.count * devices.base_memory_bytes) / devices.memory_bytes
        return full


FIGURES: Mapping[str, Callable[[Reading], float]] = MappingProxyType(
    {
        "Instances": lambda of: of.hosts,
        "Invocations": lambda of: of.window["attempts"],
        "InvocationsPerInstance": lambda of: _ratio(of.window["attempts"], of.in_service),
        "InvocationModelErrors": lambda of: sum(of.causes[name] for name in (*ANSWERS_5XX, "invocation_timeout")),
        "Invocation4XXErrors": lambda of: sum(of.causes[name] for name in ANSWERS_4XX),
        "Invocation5XXErrors": lambda of: sum(of.causes[name] for name in ANSWERS_5XX),
        "ModelCacheHit": lambda of: _ratio(of.window["hits"], of.window["hits"] + of.window["misses"]),
        "ModelCacheHit_SampleCount": lambda of: of.window["hits"] + of.window["misses"],
        "ModelLatency": lambda of: of.per("model_latency", "ok") * MICRO,
        "ModelLatency_Minimum": lambda of: of.end("model_latency_min", "ok") * MICRO,
        "ModelLatency_Maximum": lambda of: of.end("model_latency_max", "ok") * MICRO,
        "OverheadLatency": lambda of: of.per("overhead_latency", "ok") * MICRO,
        "ModelLoadingWaitTime": lambda of: of.per("load_wait", "misses") * MICRO,
        "ModelLoadingWaitTime_Minimum": lambda of: of.end("load_wait_min", "misses") * MICRO,
        "ModelLoadingWaitTime_Maximum": lambda of: of.end("load_wait_max", "misses") * MICRO,
        "ModelDownloadingTime": lambda of: _mean(of.times[0]) * MICRO,
        "ModelLoadingTime": lambda of: _mean(of.times[1]) * MICRO,
        "ModelUnloadingTime": lambda of: _mean(of.times[2]) * MICRO,
        "ModelUnloadingTime_SampleCount": lambda of: float(len(of.times[2])),
        "LoadedModelCount": lambda of: of.each(float(of.added["loaded_s"].sum())),
        "ConcurrentRequestsPerModel": lambda of: of.window["in_flight_max"],
        "RequestsInSystem": lambda of: of.in_system,
        "QueueFull": lambda of: of.causes["queue_full"],
        "CPUUtilization": lambda of: of.each(100.0 * float(of.added["cpu_busy_s"].sum())),
        "MemoryUtilization": lambda of: of.each(100.0 * of.memory()),
        "DiskUtilization": lambda of: of.each(100.0 * of.disk()),
        "WorkerUtilization": lambda of: 100.0 * _ratio(float(of.workers.busy_s.sum()), float(of.workers.there_s.sum())),
        "WorkerUtilization_Maximum": lambda of: 100.0 * _largest(of.workers, of.seconds),
        "ClientLatency": lambda of: of.per("latency", "ok") * MICRO,
        "ClientLatency_SampleCount": lambda of: of.window["ok"],
        "ClientLatency_Minimum": lambda of: of.end("latency_min", "ok") * MICRO,
        "ClientLatency_Maximum": lambda of: of.end("latency_max", "ok") * MICRO,
        "LogClientLatency": lambda of: of.log_latency(),
        "ClientLatency_p50": lambda of: of.quantile(0.5) * MICRO,
        "ClientLatency_p99": lambda of: of.quantile(0.99) * MICRO,
        "GPUUtilization": lambda of: of.each(100.0 * float(of.added["device_busy_s"].sum())),
        "GPUMemoryUtilization": lambda of: of.each(100.0 * of.device_memory()),
    }
)
"""Name of a figure -> how it is made of a reading; in the order of the table of windows."""

PER_HOST_IN_SERVICE = frozenset({"InvocationsPerInstance", "ConcurrentRequestsPerModel"})
"""Figures of which a host has its part while it takes calls; of others while it is there, in service or not."""

OF_DEVICES = frozenset({"GPUUtilization", "GPUMemoryUtilization"})
"""Those that an endpoint without devices does not have: each is the sum over the devices of an instance."""


def _largest(workers: WorkerTime, seconds: float) -> float:
    """The utilization of the busiest workers of one model, among those that were there long enough."""
    there = workers.there_s[:-1]
    counts = there >= LONG_ENOUGH * seconds
    return float((workers.busy_s[counts] / there[counts]).max()) if counts.any() else nan


def _ratio(total: float, n: float) -> float:
    return total / n if n else nan


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else nan
