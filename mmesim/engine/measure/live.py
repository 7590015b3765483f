"""The endpoint's figures since somebody last looked, as CloudWatch shows them: for windows, scaling and conditions."""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import reduce
from math import inf, nan
from types import MappingProxyType
from typing import Any

import numpy as np

from mmesim.arrays import Floats, Ints
from mmesim.engine.control.host import Host
from mmesim.engine.control.loads.loader import Loader
from mmesim.engine.dataplane import DataPlane
from mmesim.engine.environment import Environment
from mmesim.engine.kernel.jit import plain
from mmesim.engine.kernel.record import note_most
from mmesim.engine.kernel.scalars import WINDOW
from mmesim.engine.measure.integrals import Integrals, integrals, padded
from mmesim.engine.measure.worker_time import WorkerTime
from mmesim.results.run_data import CAUSES
from mmesim.scenario.clients.causes import FAILURES
from mmesim.scenario.endpoint.endpoint import Endpoint
from mmesim.stats.histogram import clipped_quantile, log_middles

MICRO = 1e6
LONG_ENOUGH = 0.05
"""Workers of a model, mean over a period, from which on it can be the busiest: one that is loaded for one
call is always busy."""

NAMES = tuple(column.name for column in WINDOW.columns)
_SUMS: Callable[[float, float], float] = operator.add
JOINED = tuple({"min": min, "max": max}.get(name.rpartition("_")[2], _SUMS) for name in NAMES)
"""How two values of a column become one."""
NOTHING = tuple(inf if join is min else 0 for join in JOINED)
"""What is counted where nothing has happened; a whole number where counts are."""
ANSWERS_4XX = ("load_timeout",)
ANSWERS_5XX = tuple(cause.value for cause, failure in FAILURES.items() if failure.is_5xx)


PER_HOST_IN_SERVICE = frozenset({"InvocationsPerInstance", "ConcurrentRequestsPerModel"})
"""Figures of which a host has its part while it takes calls; of others while it is there, in service or not."""


@dataclass(frozen=True)
class Period:
    """What a meter read: everything since its reading before."""

    figures: dict[str, float]
    """By their names in the table of windows, in CloudWatch's units; NaN where nothing was observed."""
    instances: float
    """Hosts that were there, mean over the period; NaN where no figure is asked for that is one of theirs."""
    in_service: float
    """Those of them that took calls; NaN where no figure is asked for that is one of theirs."""
    causes: dict[str, float]
    """Attempts that failed, by cause; empty where no figure is asked for that is made of them."""
    latencies: Ints
    """Calls that were answered well, by bucket of `tables.views.coarse_edges`, as clients see them; likewise."""
    times: tuple[list[float], list[float], list[float]]
    """Durations of the downloads, loads and unloads that ended, seconds."""

    def hosts_of(self, name: str) -> float:
        """The hosts that a figure was measured over, mean over the period."""
        return self.in_service if name in PER_HOST_IN_SERVICE else self.instances


_note_most: Callable[[Any, Any], None] = plain(note_most)


class LiveMetrics:
    """Reads the endpoint while it runs; changes nothing. Any number of meters read it, each at its own times."""

    def __init__(self, env: Environment, plane: DataPlane, loader: Loader, hosts: list[Host]) -> None:
        self.env = env
        self.plane = plane
        self.loader = loader
        self.hosts = hosts
        self.log_middles = log_middles(plane.tables.views.coarse_edges)
        self._counted: list[_Counted] = []
        self._window: list[memoryview[float]] = [plane.tables.arrays.window[name].data for name in NAMES]
        """The columns of the kernel's window, which never grows, as numbers of Python."""

    def integrals(self) -> Integrals:
        """Everything that accumulates over time, up to now."""
        return integrals(self.plane, self.hosts, self.env.now)

    def meter(self, names: Collection[str] | None = None) -> Meter:
        """A new meter of some figures, None for all that the endpoint has, whose first period begins now."""
        self.collect()
        counted = _Counted()
        self._counted.append(counted)
        if names is None:
            without = OF_DEVICES if self.plane.tables.views.params[0].devices == 0 else ()
            names = [name for name in FIGURES if name not in without]
        return Meter(self, counted, tuple(names))

    def collect(self) -> None:
        """What the kernel has counted since the last call goes to every meter."""
        views = self.plane.tables.views
        _note_most(views.counts[0], views.window[0])
        row = [float(column[0]) for column in self._window]
        for one in self._counted:
            one.add(row)
        for column, nothing in zip(self._window, NOTHING, strict=True):
            column[0] = nothing


class _Counted:
    """What the kernel has counted since a meter was read, by column of `NAMES`."""

    __slots__ = ("_rows",)

    def __init__(self) -> None:
        self._rows: list[list[float]] = []

    def add(self, row: list[float]) -> None:
        """What was counted after all that is here."""
        self._rows.append(row)

    def take(self) -> list[float]:
        """All of it, which is forgotten; there is something, if only noughts."""
        rows, self._rows = self._rows, []
        if len(rows) == 1:
            return rows[0]
        return [reduce(join, column) for join, column in zip(JOINED, zip(*rows, strict=True), strict=True)]


class Meter:
    """Reads what happened since it was read before."""

    def __init__(self, live: LiveMetrics, counted: _Counted, names: tuple[str, ...]) -> None:
        self._live = live
        self._counted = counted
        self._names = names
        self._adds_up = not OF_HOSTS.isdisjoint(names)
        """Whether integrals are asked for, which take most of the time of a reading."""
        self._of_those_in_service = not PER_HOST_IN_SERVICE.isdisjoint(names)
        self._of_those_there = not PER_HOST_IN_SERVICE.issuperset(names)
        self._of_causes = not OF_CAUSES.isdisjoint(names)
        self._of_latencies = not OF_LATENCIES.isdisjoint(names)
        views = live.plane.tables.views
        self._causes_before: Ints = views.window_causes.copy()
        self._latencies_before: Ints = views.window_hist.copy()
        self._seen = _ended(live.loader)
        self._before = live.integrals()
        self._up_before = self._before.up_s
        self._serving_before = self._serving_s()
        self._area_before = float(live.plane.tables.views.counts[0].area)

    def read(self, seconds: float) -> Period:
        """The figures of the period that began at the last reading; `seconds`: its length, above 0."""
        live = self._live
        live.collect()
        window = dict(zip(NAMES, self._counted.take(), strict=True))
        causes, latencies = self._new_causes(), self._new_latencies()
        added = self._added()
        n = float((self._up_s(added) / seconds).sum()) if self._of_those_there else nan  # hosts, on average
        in_service = self._in_service(seconds) if self._of_those_in_service else nan
        times = self._new_times()
        reading = Reading(
            window, causes, latencies, live, seconds, n, in_service, added, self._in_system(seconds), times
        )
        figures = {name: FIGURES[name](reading) for name in self._names}
        return Period(figures, n, in_service, causes, latencies, times)

    def _new_causes(self) -> dict[str, float]:
        """Attempts that have failed since the last reading, by cause."""
        if not self._of_causes:
            return {}
        before, self._causes_before = self._causes_before, self._live.plane.tables.views.window_causes.copy()
        return dict(zip(CAUSES, map(float, (self._causes_before - before).tolist()), strict=True))

    def _new_latencies(self) -> Ints:
        """Calls that were answered well since the last reading, by bucket of their latency."""
        if not self._of_latencies:
            return NO_LATENCIES
        before, self._latencies_before = self._latencies_before, self._live.plane.tables.views.window_hist.copy()
        added: Ints = self._latencies_before - before
        return added

    def _in_service(self, seconds: float) -> float:
        """Hosts that have taken calls since the last reading, on average."""
        before, self._serving_before = self._serving_before, self._serving_s()
        return float(((self._serving_before - padded(before, self._serving_before.size)) / seconds).sum())

    def _serving_s(self) -> Floats:
        """How long each host has taken calls."""
        return np.array([host.serving.integral_at(host.until(self._live.env.now)) for host in self._live.hosts])

    def _added(self) -> Integrals:
        """What the hosts have added up since the last reading; that of before where nobody asks."""
        if not self._adds_up:
            return self._before
        after = self._live.integrals()
        added, self._before = after.since(self._before, len(self._live.hosts)), after
        return added

    def _up_s(self, added: Integrals) -> Floats:
        """For how long each host was there since the last reading."""
        if self._adds_up:
            return added.up_s
        hosts, now = self._live.hosts, self._live.env.now
        up_before, self._up_before = self._up_before, np.array([host.until(now) - host.born_s for host in hosts])
        added_s: Floats = self._up_before - padded(up_before, len(hosts))
        return added_s

    def _in_system(self, seconds: float) -> float:
        """Attempts at the endpoint, mean over the period; nan where nobody asks."""
        if not self._adds_up:
            return nan
        area = float(self._live.plane.tables.views.counts[0].area)  # brought to now by the integrals
        before, self._area_before = self._area_before, area
        return (area - before) / seconds

    def _new_times(self) -> tuple[list[float], list[float], list[float]]:
        """Durations of the downloads, loads and unloads that ended since the last call."""
        loader, seen = self._live.loader, self._seen
        self._seen = _ended(loader)
        return loader.download_s[seen[0] :], loader.load_s[seen[1] :], loader.unload_s[seen[2] :]


@dataclass(slots=True)
class Reading:
    """What figures are made of."""

    window: Mapping[str, float]
    """What the kernel counted, by column of its table."""
    causes: Mapping[str, float]
    latencies: Ints
    live: LiveMetrics
    seconds: float
    hosts: float
    in_service: float
    added: Integrals
    in_system: float
    times: tuple[list[float], list[float], list[float]]
    """Durations of downloads, loads and unloads."""

    def each(self, total: float) -> float:
        """A total over the hosts and the period as that of one host, mean over time."""
        return _ratio(total / self.seconds, self.hosts)

    def per(self, total: str, number: str) -> float:
        """The mean of what was counted."""
        return _ratio(self.window[total], self.window[number])

    def end(self, name: str, number: str) -> float:
        """The largest or the smallest of what was counted, nan where there was nothing."""
        return self.window[name] if self.window[number] else nan

    def quantile(self, share: float) -> float:
        """A quantile of the latencies of the calls that were answered well, seconds."""
        ends = self.window["latency_min"], self.window["latency_max"]
        return clipped_quantile(self.live.plane.tables.views.coarse_edges, self.latencies, share, *ends)

    def log_latency(self) -> float:
        """The mean logarithm of these latencies, from the middles of buckets."""
        return _ratio(float(self.live.log_middles @ self.latencies), self.window["ok"])

    @property
    def endpoints(self) -> list[Endpoint]:
        """The figures of each host."""
        return [host.config.endpoint for host in self.live.hosts]

    def memory(self) -> float:
        """Memory used, as a sum over hosts of shares of their memory, times seconds."""
        has = np.array([one.host.memory_bytes for one in self.endpoints], dtype=np.float64)
        return float((self.added.memory_byte_s / has).sum())

    def disk(self) -> float:
        """Disk used, as a sum over hosts of shares of their disk, times seconds."""
        has = np.array([one.disk_bytes for one in self.endpoints], dtype=np.float64)
        return float((self.added.disk_byte_s / has).sum())

    def device_memory(self) -> float:
        """Device memory used, as a sum over hosts of the devices that it would fill, times seconds."""
        full = 0.0
        for one, up_s, held in zip(
            self.endpoints, self.added.up_s.tolist(), self.added.device_byte_s.tolist(), strict=True
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
        "LoadedModelCount": lambda of: of.each(float(of.added.loaded_s.sum())),
        "ConcurrentRequestsPerModel": lambda of: of.window["in_flight_max"],
        "RequestsInSystem": lambda of: of.in_system,
        "QueueFull": lambda of: of.causes["queue_full"],
        "CPUUtilization": lambda of: of.each(100.0 * float(of.added.cpu_busy_s.sum())),
        "MemoryUtilization": lambda of: of.each(100.0 * of.memory()),
        "DiskUtilization": lambda of: of.each(100.0 * of.disk()),
        "WorkerUtilization": lambda of: (
            100.0 * _ratio(float(of.added.workers.busy_s.sum()), float(of.added.workers.there_s.sum()))
        ),
        "WorkerUtilization_Maximum": lambda of: 100.0 * _largest(of.added.workers, of.seconds),
        "ClientLatency": lambda of: of.per("latency", "ok") * MICRO,
        "ClientLatency_SampleCount": lambda of: of.window["ok"],
        "ClientLatency_Minimum": lambda of: of.end("latency_min", "ok") * MICRO,
        "ClientLatency_Maximum": lambda of: of.end("latency_max", "ok") * MICRO,
        "LogClientLatency": lambda of: of.log_latency(),
        "ClientLatency_p50": lambda of: of.quantile(0.5) * MICRO,
        "ClientLatency_p99": lambda of: of.quantile(0.99) * MICRO,
        "GPUUtilization": lambda of: of.each(100.0 * float(of.added.device_busy_s.sum())),
        "GPUMemoryUtilization": lambda of: of.each(100.0 * of.device_memory()),
    }
)
"""Name of a figure -> how it is made of a reading; in the order of the table of windows."""

OF_HOSTS = frozenset(
    {
        "LoadedModelCount",
        "RequestsInSystem",
        "CPUUtilization",
        "MemoryUtilization",
        "DiskUtilization",
        "WorkerUtilization",
        "WorkerUtilization_Maximum",
        "GPUUtilization",
        "GPUMemoryUtilization",
    }
)
"""Those that are made of integrals."""

OF_CAUSES = frozenset({"InvocationModelErrors", "Invocation4XXErrors", "Invocation5XXErrors", "QueueFull"})
"""Those that are made of the causes of failures."""

OF_LATENCIES = frozenset({"LogClientLatency", "ClientLatency_p50", "ClientLatency_p99"})
"""Those that are made of a histogram."""

NO_LATENCIES: Ints = np.zeros(0, dtype=np.int64)

OF_DEVICES = frozenset({"GPUUtilization", "GPUMemoryUtilization"})
"""Those that an endpoint without devices does not have: each is the sum over the devices of an instance."""


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
