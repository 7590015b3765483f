"""What one replication measured: the only thing that crosses from the engine to the results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmesim.arrays import Flags, Floats, Ints
from mmesim.results.measured.happened import Happened
from mmesim.results.measured.mostly_zero import MostlyZero
from mmesim.results.measured.window_times import InFlight, WindowTimes
from mmesim.scenario.clients.causes import Cause
from mmesim.scenario.run.selection import State
from mmesim.scenario.traffic.trace.note import TraceNote

CAUSES: tuple[str, ...] = tuple(cause.value for cause in Cause)
"""Why an attempt failed, in the order of every array that has one entry for each cause."""


@dataclass(frozen=True, kw_only=True)
class TenantData:
    """One row a model (order of the scenario's model table), over the calls that began in [warm-up, duration)."""

    calls: Ints
    ok: Ints
    misses: Ints
    """Calls of which an attempt found the model not ready on its host (ModelCacheHit 0)."""
    over: Ints
    """[models, limits]: successful calls slower than each limit of `RunData.limits_s`."""
    latency_sum_s: Floats
    latency_min_s: Floats
    latency_max_s: Floats
    """The shortest and the longest; 0 where there is none."""
    histogram: MostlyZero = MostlyZero()  # noqa: RUF009 - a descriptor
    """[models, coarse buckets]: successful calls; edges in `RunData.coarse_edges_s`."""
    worker_busy_s: NDArray[np.float32]
    """Seconds in [warm-up, duration) that workers spent on calls of the model, waits for batches to fill included; of
    32 bits, since a store keeps one for each model."""
    worker_s: NDArray[np.float32]
    """Seconds of all workers of the model that were alive while it was loaded."""


@dataclass(frozen=True, kw_only=True)
class ClassData:
    """The warm calls, the cold calls or all calls that began in [warm-up, duration)."""

    calls: int
    """A call that failed, or has no answer yet, and never reached a host is both warm and cold."""
    count: MostlyZero = MostlyZero()  # noqa: RUF009 - a descriptor
    """Successful calls in each bucket of `RunData.edges_s`."""
    latency_sum_s: float
    latency_max_s: float

    @property
    def ok(self) -> int:
        """Successful calls."""
        return int(self.count.sum())


@dataclass(frozen=True)
class CellData:
    """One row a window of each selection of calls in `Scenario.counted`, in order, over the measured calls."""

    calls: Ints
    ok: Ints
    over: Ints
    """Successful calls slower than the limit of the selection."""
    hits: Ints
    misses: Ints
    latency_sum_s: Floats
    """Of the successful calls."""
    causes: MostlyZero = MostlyZero()  # noqa: RUF009 - a descriptor
    """[windows, len(CAUSES)]: failed calls by the cause of their last attempt; not those without an answer."""


@dataclass(frozen=True)
class HostData:
    """One row a host that ever lived; integrals and means over [warm-up, duration) of the time it was up."""

    asked_s: Floats
    """When the host was asked for, seconds from the start of the run; so for the next two."""
    born_s: Floats
    """When it was there, though it may load its preloads first: from then on it is paid."""
    gone_s: Floats
    """When it was drained or lost, infinite for a host that is there to the end."""
    up_s: Floats
    cpu_busy_s: Floats
    """Integral of min(runnable threads, vCPUs), in vCPU-seconds."""
    vcpu: Ints
    usd_per_hour: Floats
    """Price of a host of its type, NaN where it is not known."""
    memory_byte_s: Floats
    """Integral of the containers' memory (base, loaded pools, loads under way, unloads not yet over)."""
    memory_bytes: Ints
    """Physical memory."""
    memory_peak_bytes: Ints
    disk_byte_s: Floats
    disk_bytes: Ints
    loaded_s: Floats
    """Integral of the number of loaded models (copies)."""
    loads: Ints
    unloads: Ints
    downloads: Ints
    download_s: Floats
    """Sum of the times of the downloads."""
    spin_lost_s: Floats
    """Integral of the vCPUs that threads wasted by spinning while they waited for each other, in vCPU-seconds."""
    lacked_memory: Ints
    """How often a load had to wait, or something was unloaded for it, for lack of memory; so for the next three."""
    lacked_tasks: Ints
    lacked_disk: Ints
    lacked_models: Ints
    hits: Ints
    misses: Ints
    tasks_peak: Ints
    """Most processes and threads at once, over [0, duration)."""


@dataclass(frozen=True)
class DeviceData:
    """One row a host that ever lived, over its devices; integrals over [warm-up, duration) of the time it was up."""

    devices: Ints
    """Devices of the host."""
    device_s: Floats
    """Seconds of all of them."""
    busy_s: Floats
    """Seconds of those that had jobs; copying a model to the device is part of a job."""
    memory_byte_s: Floats
    """Integral of the memory that container and models took."""
    memory_bytes: Ints
    """Memory of all devices of the host."""
    copies: Ints
    """Models that were copied to a device."""


@dataclass(frozen=True)
class CallRecords:
    """One row a recorded call, in order of call number; times in seconds of simulated time."""

    call: Ints
    """Number of the call in order of arrival, from 0; counts calls that were not recorded too."""
    key: Ints
    """What the call is in every run of the same traffic: its stream and place in it, or its user and number."""
    arrival_s: Floats
    latency_s: Floats
    """Client view: first attempt to answer, also of failed calls."""
    model: Ints
    host: Ints
    """Host of the last attempt, -1 when it reached none."""
    hit: Flags
    cause: Ints
    """-1 for success, else an index into `CAUSES` (the last attempt's)."""
    attempts: Ints
    parts_s: Floats
    """[calls, len(PARTS)]: the latency ledger; each row sums to latency_s (successful calls)."""
    rank: Ints
    """The place of each call in the order in which calls are left out when there are too many; all are kept below
    `threshold`.
    """
    threshold: int

    def below(self, threshold: int) -> CallRecords:
        """The sample that a lower threshold would have left."""
        return replace(self.where(self.rank < threshold), threshold=min(self.threshold, threshold))

    def where(self, rows: Flags) -> CallRecords:
        """Some of the calls."""
        return self.with_columns({name: column[rows] for name, column in self.columns().items()})

    def with_columns(self, columns: Mapping[str, NDArray[Any]]) -> CallRecords:
        """The same with other arrays, all of them."""
        return CallRecords(**columns, threshold=self.threshold)

    def columns(self) -> dict[str, NDArray[Any]]:
        """Its arrays by name, the same rows in each."""
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name != "threshold"}


@dataclass(frozen=True, kw_only=True)
class RunData:
    """Measurements of one replication.

    Calls are counted by arrival (client's view) in [warmup_s, duration_s); `*_all` counts cover all that was
    simulated, also calls that came after the run for as long as a measured one was not answered.
    Latency is that of successful calls, seconds, from the first attempt to the answer at the client.
    """

    scenario: str
    seed: int
    replication: int
    duration_s: float
    warmup_s: float
    wall_s: float
    """Wall-clock seconds of the simulation itself, compilation and set-up excluded."""

    limits_s: Floats
    edges_s: Floats
    """Bucket edges: bucket i holds edges[i] < latency <= edges[i + 1]; every limit is one of the edges."""
    count: MostlyZero = MostlyZero()  # noqa: RUF009 - a descriptor
    """Successful calls in each bucket."""
    shortest_s: MostlyZero = MostlyZero()  # noqa: RUF009 - a descriptor
    longest_s: MostlyZero = MostlyZero()  # noqa: RUF009 - a descriptor
    """[buckets]: the shortest and the longest latency in each bucket; 0 where there is none."""
    parts_s: MostlyZero = MostlyZero()  # noqa: RUF009 - a descriptor
    """[buckets, len(PARTS)]: sums of the ledger's parts over the calls of each bucket."""
    latency_sum_s: float
    latency_max_s: float
    coarse_edges_s: Floats

    calls: int
    ok: int
    errors: Ints
    """[len(CAUSES)]: failed calls by the cause of their last attempt."""
    answers: int
    """Calls that ended in [warmup_s, duration_s), whenever they began, failed ones too."""
    answers_ok: int
    """Those that were answered well."""
    attempts: int
    attempt_causes: Ints
    """[len(CAUSES)]: failed attempts by cause."""
    cold_causes: Ints
    """[len(CAUSES)]: those of them that did not find their model ready."""
    failed_parts_s: Floats
    """[len(CAUSES), len(PARTS)]: the ledger of failed attempts, sums by cause."""
    hits: int
    misses: int
    load_wait_sum_s: float
    """ModelLoadingWaitTime summed over the misses that were answered or given up."""

    begun: int
    """Calls that began in [0, duration): those of the warm-up, too."""
    calls_all: int
    ok_all: int
    errors_all: int
    in_flight_at_end: int
    """Measured calls that had neither an answer nor a failure when the run stopped."""
    retried_cold_s: MostlyZero = MostlyZero()  # noqa: RUF009 - a descriptor
    """[buckets]: of `parts_s`, what calls that met a load lost to failed attempts and pauses."""
    load_episodes: MostlyZero = MostlyZero()  # noqa: RUF009 - a descriptor
    """[buckets]: number of loads, each in the bucket of the first successful call that had waited for it."""

    cold: ClassData
    unreached: int
    """Calls that failed, or had no answer when the run stopped, without having reached a host."""
    warm_calls: int
    """Calls that are not cold."""
    warm_latency_sum_s: float
    warm_latency_max_s: float
    cells: CellData

    tenants: TenantData
    shared_worker_s: float
    """As `TenantData.worker_s`, of workers that serve all models of a host."""
    model_names: tuple[str, ...]
    hosts: HostData
    windows: Mapping[str, Floats]
    """Windows over [0, duration), of a minute except in pilot runs: column name -> array.

    CloudWatch names and units, plus `start_s`.
    """
    load_s: Floats
    """Duration of each finished load that was asked for in [warmup, duration): first request to ready, seconds."""
    records: CallRecords | None
    checks: dict[str, str]
    """Self-check: name -> "ok" or what is wrong."""
    control_events: int
    seam_crossings: int
    devices: DeviceData | None = None
    """The devices of the hosts; None when no model uses one."""
    trace_notes: tuple[TraceNote, ...] = ()
    """What was said of the traces that were replayed."""
    window_times: WindowTimes | None = None
    """Histograms of the times of each period over [0, duration); None where they were not asked for, as the next."""
    in_flight: InFlight | None = None
    """Calls in flight every ten seconds; None of a run of more than 15 days."""
    happened: tuple[Happened, ...] = ()
    """What happened to the fleet up to the end of the measured time, in order of time."""

    def __post_init__(self) -> None:
        """All replications share one copy of what is the same in all."""
        for name in ("edges_s", "coarse_edges_s"):
            object.__setattr__(self, name, _shared(getattr(self, name).tobytes()))

    def of(self, state: State | None) -> ClassData:
        """The warm calls, the cold ones, or all of them."""
        if state == "warm":
            return self.warm
        if state == "cold":
            return self.cold
        return ClassData(
            calls=self.calls, count=self.count, latency_sum_s=self.latency_sum_s, latency_max_s=self.latency_max_s
        )

    @property
    def warm(self) -> ClassData:
        """The calls that reached a host and did not wait for a load, and those that failed before any host."""
        return ClassData(
            calls=self.warm_calls,
            count=self.count - self.cold.count,
            latency_sum_s=self.warm_latency_sum_s,
            latency_max_s=self.warm_latency_max_s,
        )


@lru_cache(8)
def _shared(edges: bytes) -> Floats:
    return np.frombuffer(edges)
