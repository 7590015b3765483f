"""One-minute windows as CloudWatch shows them, and the integrals over the measured time."""

from __future__ import annotations

from array import array
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from mmesim.arrays import Floats, Ints
from mmesim.engine.control.host import ROOM, Host
from mmesim.engine.control.loader import Loader
from mmesim.engine.dataplane import DataPlane
from mmesim.engine.environment import Environment
from mmesim.engine.kernel.scalars import WINDOW
from mmesim.engine.measure.worker_time import WorkerTime, worker_time
from mmesim.results.run_data import CAUSES
from mmesim.results.window_table import START, WindowTable
from mmesim.scenario.clients.causes import FAILURES
from mmesim.stats.histogram import clipped_quantile, log_middles

WINDOW_S = 60.0
MICRO = 1e6
LONG_ENOUGH = 0.05
"""Workers of a model, mean over a window, from which on it can be the busiest: one that is loaded for one
call is always busy."""

NAMES = tuple(column.name for column in WINDOW.columns)
ANSWERS_4XX = ("load_timeout",)
ANSWERS_5XX = tuple(cause.value for cause, failure in FAILURES.items() if failure.is_5xx)


@dataclass(frozen=True)
class Integrals:
    """What each host has added up from its birth to its end, so far, one entry a host; and the time of workers."""

    up_s: Floats
    cpu_busy_s: Floats
    memory_byte_s: Floats
    disk_byte_s: Floats
    loaded_s: Floats
    loads: Ints
    unloads: Ints
    downloads: Ints
    download_s: Floats
    spin_lost_s: Floats
    lacked_memory: Ints
    lacked_tasks: Ints
    lacked_disk: Ints
    workers: WorkerTime

    def since(self, before: Integrals, hosts: int) -> Integrals:
        """What was added after `before`, one entry for each of `hosts`: those that came later had added nothing yet."""
        earlier = vars(before)
        return Integrals(
            workers=self.workers.since(before.workers),
            **{
                name: _padded(after, hosts) - _padded(earlier[name], hosts)
                for name, after in vars(self).items()
                if name != "workers"
            },
        )


@dataclass(frozen=True)
class Peaks:
    """The most that each host has used so far; one entry a host in every array."""

    memory_bytes: Ints
    tasks: Ints

    @classmethod
    def of(cls, hosts: Sequence[Host]) -> Peaks:
        """The peaks up to now."""
        return cls(
            np.array([host.memory.peak for host in hosts], dtype=np.int64),
            np.array([host.tasks.peak for host in hosts], dtype=np.int64),
        )


class Windows:
    """Watches the endpoint; changes nothing. Windows cover [0, duration)."""

    def __init__(
        self,
        env: Environment,
        plane: DataPlane,
        loader: Loader,
        hosts: list[Host],
        duration_s: float,
        window_s: float = WINDOW_S,
    ) -> None:
        self._env = env
        self._plane = plane
        self._loader = loader
        self._hosts = hosts
        self._ends = _ends(duration_s, window_s)
        self._names: tuple[str, ...] = ()
        self._values = array("d")
        self._repeats: list[int] = []
        self._seen = (0, 0, 0)
        self._before = self.integrals()
        self._area_before = 0.0
        self._log_middles = log_middles(plane.tables.views.coarse_edges)
        env.process(self._watch())

    def integrals(self) -> Integrals:
        """Everything that accumulates over time, up to now."""
        now = self._env.now
        self._plane.sync(now)
        views, n = self._plane.tables.views, len(self._hosts)
        return Integrals(
            up_s=np.array([h.until(now) - h.born_s for h in self._hosts]),
            cpu_busy_s=views.hosts.busy[:n].copy(),
            memory_byte_s=np.array([h.memory.integral_at(h.until(now)) for h in self._hosts]),
            disk_byte_s=np.array([h.disk.integral_at(h.until(now)) for h in self._hosts]),
            loaded_s=np.array([h.loaded.integral_at(h.until(now)) for h in self._hosts]),
            loads=np.array([h.loads for h in self._hosts], dtype=np.int64),
            unloads=np.array([h.unloads for h in self._hosts], dtype=np.int64),
            downloads=np.array([h.downloads for h in self._hosts], dtype=np.int64),
            download_s=np.array([h.download_s for h in self._hosts]),
            spin_lost_s=views.hosts.lost[:n].copy(),
            **{f"lacked_{what}": np.array([h.lacked[what] for h in self._hosts], dtype=np.int64) for what in ROOM},
            workers=worker_time(views, now),
        )

    def table(self) -> WindowTable:
        """One value a window in each column; NaN where nothing was observed."""
        start = np.concatenate([[0.0], self._ends])[: sum(self._repeats)]
        return WindowTable.of(start, self._names, np.array(self._values, dtype=np.float64), self._repeats)

    def _watch(self) -> Generator[simpy.Event, Any, None]:
        start, done = 0.0, 0
        while done < len(self._ends):
            # Of windows in which nothing happens only the last is waited for: all of them are equal.
            last = done + self._quiet(done)
            end = float(self._ends[last])
            yield self._env.timeout(end - self._env.now)
            row = self._window(start, end)
            self._names = tuple(name for name in row if name != START)
            self._values.extend(row[name] for name in self._names)
            self._repeats.append(last - done + 1)
            start, done = end, last + 1

    def _quiet(self, first: int) -> int:
        """How many windows after number `first` end, as it does, before anything happens."""
        next_s = min(self._env.peek(), self._plane.next_event_s())
        return max(0, int(np.searchsorted(self._ends[:-1], next_s, side="left")) - first - 1)

    def _window(self, start: float, end: float) -> dict[str, float]:
        views = self._plane.tables.views
        counted = self._plane.tables.arrays.window
        window = dict(zip(NAMES, map(float, counted[0].item()), strict=True))
        causes = dict(zip(CAUSES, map(float, views.window_causes.tolist()), strict=True))
        latencies = views.window_hist.copy()
        ends = window["latency_min"], window["latency_max"]
        after = self.integrals()
        added = after.since(self._before, len(self._hosts))
        self._before = after
        seconds = end - start
        area = float(views.counts[0].area)  # brought to now by the integrals
        in_system, self._area_before = (area - self._area_before) / seconds, area
        n = float((added.up_s / seconds).sum())  # hosts, on average
        memory_bytes, disk_bytes = self._capacities()
        downloads, loads, unloads = self._new_times()
        row = {
            "start_s": start,
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
        counted[...] = 0
        views.window[0].in_flight_max = views.counts[0].in_system
        views.window_causes[:] = 0
        views.window_hist[:] = 0
        return row

    def _capacities(self) -> tuple[Floats, Floats]:
        """Memory and disk of each host, bytes."""
        endpoints = [host.config.endpoint for host in self._hosts]
        memory = np.array([endpoint.host.memory_bytes for endpoint in endpoints], dtype=np.float64)
        return memory, np.array([endpoint.disk_bytes for endpoint in endpoints], dtype=np.float64)

    def _new_times(self) -> tuple[list[float], list[float], list[float]]:
        """Durations of the downloads, loads and unloads that ended since the last call."""
        lists = (self._loader.download_s, self._loader.load_s, self._loader.unload_s)
        new = tuple(values[seen:] for values, seen in zip(lists, self._seen, strict=True))
        self._seen = (len(lists[0]), len(lists[1]), len(lists[2]))
        return new[0], new[1], new[2]


def _ends(duration_s: float, window_s: float) -> Floats:
    """Where each window ends, seconds; the last with the run."""
    ends = np.cumsum(np.full(int(duration_s / window_s) + 2, window_s))
    ends = ends[: int(np.searchsorted(ends, duration_s, side="left")) + 1]
    ends[-1] = duration_s
    return ends


def _padded(values: NDArray[Any], n: int) -> NDArray[Any]:
    """Values with zeros up to `n` of them."""
    if values.size == n:
        return values
    padded = np.zeros(n, values.dtype)
    padded[: values.size] = values
    return padded


def _largest(workers: WorkerTime, seconds: float) -> float:
    """The utilization of the busiest workers of one model, among those that were there long enough."""
    there = workers.there_s[:-1]
    counts = there >= LONG_ENOUGH * seconds
    return float((workers.busy_s[counts] / there[counts]).max()) if counts.any() else nan


def _ratio(total: float, n: float) -> float:
    return total / n if n else nan


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else nan
