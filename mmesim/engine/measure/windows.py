"""One-minute windows as CloudWatch shows them, and the integrals over the measured time."""

from __future__ import annotations

from array import array
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, fields
from math import nan
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from mmesim.arrays import Floats, Ints
from mmesim.engine.control.host import Host
from mmesim.engine.control.loader import Loader
from mmesim.engine.dataplane import DataPlane
from mmesim.engine.environment import Environment
from mmesim.engine.kernel.scalars import WINDOW
from mmesim.results.run_data import CAUSES
from mmesim.results.window_table import WindowTable
from mmesim.scenario.clients.causes import FAILURES
from mmesim.scenario.endpoint.endpoint import Endpoint
from mmesim.stats.histogram import log_middles, quantile

WINDOW_S = 60.0
MICRO = 1e6

ANSWERS_4XX = ("load_timeout",)
ANSWERS_5XX = tuple(cause.value for cause, failure in FAILURES.items() if failure.is_5xx)


@dataclass(frozen=True)
class Integrals:
    """What each host has added up from its birth to its end, so far; one entry a host in every array."""

    up_s: Floats
    cpu_busy_s: Floats
    memory_byte_s: Floats
    disk_byte_s: Floats
    loaded_s: Floats
    loads: Ints
    unloads: Ints

    def since(self, before: Integrals, hosts: int) -> Integrals:
        """What was added after `before`, one entry for each of `hosts`: those that came later had added nothing yet."""
        pairs = ((getattr(self, name), getattr(before, name)) for name in INTEGRALS)
        return Integrals(*(padded(after, hosts) - padded(earlier, hosts) for after, earlier in pairs))


INTEGRALS = tuple(field.name for field in fields(Integrals))


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


COLUMNS = (
    "Invocations",
    "InvocationsPerInstance",
    "InvocationModelErrors",
    "Invocation4XXErrors",
    "Invocation5XXErrors",
    "ModelCacheHit",
    "ModelCacheHit_SampleCount",
    "ModelLatency",
    "ModelLatency_Maximum",
    "OverheadLatency",
    "ModelLoadingWaitTime",
    "ModelLoadingWaitTime_Maximum",
    "ModelDownloadingTime",
    "ModelLoadingTime",
    "ModelUnloadingTime",
    "ModelUnloadingTime_SampleCount",
    "LoadedModelCount",
    "ConcurrentRequestsPerModel",
    "RequestsInSystem",
    "QueueFull",
    "CPUUtilization",
    "MemoryUtilization",
    "DiskUtilization",
    "ClientLatency",
    "ClientLatency_SampleCount",
    "LogClientLatency",
    "ClientLatency_p50",
    "ClientLatency_p99",
)
"""Columns of the windows besides their start, in order; names and units of CloudWatch."""


class Windows:
    """Watches the endpoint; changes nothing. Windows cover [0, duration)."""

    def __init__(
        self,
        env: Environment,
        plane: DataPlane,
        loader: Loader,
        hosts: list[Host],
        endpoint: Endpoint,
        duration_s: float,
        window_s: float = WINDOW_S,
    ) -> None:
        self._env = env
        self._plane = plane
        self._loader = loader
        self._hosts = hosts
        self._endpoint = endpoint
        self._duration_s = duration_s
        self._ends = _ends(duration_s, window_s)
        self._values = array("d")
        self._repeats: list[int] = []
        self._seen = (0, 0, 0)
        self._before = self.integrals()
        self._area_before = 0.0
        self._log_middles = log_middles(plane.tables.views.coarse_edges)
        self._nothing = plane.tables.arrays.window.copy()
        env.process(self._watch())

    def integrals(self) -> Integrals:
        """Everything that accumulates over time, up to now."""
        now = self._env.now
        self._plane.sync(now)
        busy, hosts = self._plane.tables.arrays.hosts["busy"][: len(self._hosts)], self._hosts
        until = [h.until(now) for h in hosts]
        return Integrals(
            up_s=np.array([end - h.born_s for h, end in zip(hosts, until, strict=True)]),
            cpu_busy_s=busy.copy(),
            memory_byte_s=np.array([h.memory.integral_at(end) for h, end in zip(hosts, until, strict=True)]),
            disk_byte_s=np.array([h.disk.integral_at(end) for h, end in zip(hosts, until, strict=True)]),
            loaded_s=np.array([h.loaded.integral_at(end) for h, end in zip(hosts, until, strict=True)]),
            loads=np.array([h.loads for h in hosts], dtype=np.int64),
            unloads=np.array([h.unloads for h in hosts], dtype=np.int64),
        )

    def table(self) -> WindowTable:
        """One value a window in each column; NaN where nothing was observed."""
        windows = sum(self._repeats)
        start = np.concatenate([[0.0], self._ends])[:windows]
        return WindowTable.of(start, COLUMNS, np.frombuffer(self._values, dtype=np.float64).copy(), self._repeats)

    def _watch(self) -> Generator[simpy.Event, Any, None]:
        start, done = 0.0, 0
        while done < len(self._ends):
            # Of windows in which nothing happens only the last is waited for: all of them are equal.
            last = done + self._quiet(done)
            end = float(self._ends[last])
            yield self._env.timeout(end - self._env.now)
            self._values.extend(self._window(start, end))
            self._repeats.append(last - done + 1)
            start, done = end, last + 1

    def _quiet(self, first: int) -> int:
        """How many windows from `first` on, and the one after them, end before anything happens; 0 if none or one."""
        next_s = min(self._env.peek(), self._plane.next_event_s())
        return max(0, int(np.searchsorted(self._ends[:-1], next_s, side="left")) - first - 1)

    def _window(self, start: float, end: float) -> Iterable[float]:
        """A row of `COLUMNS`: of one window, or of several between which nothing happens."""
        arrays, area = self._plane.tables.arrays, self._area_before
        after = self.integrals()
        added = after.since(self._before, len(self._hosts))
        self._before = after
        seconds = end - start
        counts = arrays.counts[0]
        self._area_before = float(counts["area"])  # brought to now by the integrals
        in_system = (self._area_before - area) / seconds
        n = float((added.up_s / seconds).sum())  # hosts, on average
        host = self._endpoint.host
        downloads, loads, unloads = self._new_times()
        window = dict(zip(WINDOW.dtype.names or (), arrays.window[0].item(), strict=True))
        reached, ok = window["hits"] + window["misses"], window["ok"]
        causes = dict(zip(CAUSES, arrays.window_causes.tolist(), strict=True))
        log_latency = p50 = p99 = nan
        if ok:
            latencies, edges = arrays.window_hist, arrays.coarse_edges
            log_latency = float(self._log_middles @ latencies) / ok
            p50, p99 = quantile(edges, latencies, 0.5), quantile(edges, latencies, 0.99)
            latencies[:] = 0
        row = (
            window["attempts"],
            window["attempts"] / n,
            sum(causes[name] for name in (*ANSWERS_5XX, "invocation_timeout")),
            sum(causes[name] for name in ANSWERS_4XX),
            sum(causes[name] for name in ANSWERS_5XX),
            _ratio(window["hits"], reached),
            reached,
            _ratio(window["model_latency"], ok) * MICRO,
            (window["model_latency_max"] if ok else nan) * MICRO,
            _ratio(window["overhead_latency"], ok) * MICRO,
            _ratio(window["load_wait"], window["misses"]) * MICRO,
            (window["load_wait_max"] if window["misses"] else nan) * MICRO,
            _mean(downloads) * MICRO,
            _mean(loads) * MICRO,
            _mean(unloads) * MICRO,
            len(unloads),
            float(added.loaded_s.sum()) / seconds / n,
            window["in_flight_max"],
            in_system,
            causes["queue_full"],
            100.0 * float(added.cpu_busy_s.sum()) / seconds / n,
            100.0 * float(added.memory_byte_s.sum()) / seconds / n / host.memory_bytes,
            100.0 * float(added.disk_byte_s.sum()) / seconds / n / self._endpoint.disk_bytes,
            _ratio(window["latency"], ok) * MICRO,
            ok,
            log_latency,
            p50 * MICRO,
            p99 * MICRO,
        )
        arrays.window[:] = self._nothing
        arrays.window["in_flight_max"] = counts["in_system"]
        arrays.window_causes[:] = 0
        return row

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


def padded(values: NDArray[Any], n: int) -> NDArray[Any]:
    """Values with zeros up to `n` of them."""
    if values.size == n:
        return values
    longer = np.zeros(n, values.dtype)
    longer[: values.size] = values
    return longer


def _ratio(total: float, n: float) -> float:
    return total / n if n else nan


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else nan
