"""The minutes of one replication, read back from a result folder, and the samples of each metric in them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow.parquet as pq

from mmesim.arrays import Floats, Ints
from mmesim.errors import UserError
from mmesim.report.metrics.names import METRICS, Kind, Metric
from mmesim.report.metrics.samples import Datum, Distribution, StatisticSet, equal, in_buckets, ones
from mmesim.results.shown import WINDOWS, Kept

MICRO_IN_MS = 1e3
OF_LATENCY: Mapping[str, tuple[str, ...]] = {
    "ModelLatency": (
        "frontend_stall_ms",
        "queue_ms",
        "batch_wait_ms",
        "cpu_wait_ms",
        "device_wait_ms",
        "device_copy_ms",
        "service_ms",
        "overhead_ms",
    ),
    "OverheadLatency": ("router_ms",),
    "ModelLoadingWaitTime": ("load_slot_wait_ms", "download_ms", "memory_wait_ms", "load_ms"),
    "ClientLatency": ("latency_ms",),
}
"""Metric -> the parts of a recorded call that it is the sum of."""
AGREE = 1e-6
"""How far, relative, the mean of the recorded calls of a minute may be from that which was counted: rounding."""


@dataclass(frozen=True)
class Minutes:
    """The minutes of a replication, one entry a minute in every array."""

    columns: Mapping[str, Floats]
    """Of windows.parquet; nan where there was nothing."""
    calls: Mapping[str, tuple[Floats, Ints]]
    """Metric -> its recorded samples, minute by minute, and where those of each minute begin (and of none: the end)."""

    @classmethod
    def of(cls, kept: Kept, replication: int) -> Minutes:
        """Those of a folder; UserError for a replication that it does not have."""
        with pq.ParquetFile(kept.folder / WINDOWS) as file:
            names = file.schema_arrow.names
        parts = list(kept.windows(names))
        table = {name: np.concatenate([np.asarray(part[name], dtype=np.float64) for part in parts]) for name in names}
        rows = table["replication"] == replication
        if not rows.any():
            there = ", ".join(f"{number:g}" for number in np.unique(table["replication"])[:20])
            raise UserError(f"{kept.folder} has no replication {replication}: it has {there}")
        columns = {name: column[rows] for name, column in table.items()}
        return cls(columns, _recorded(kept, replication, columns["start_s"]))

    @property
    def metrics(self) -> list[Metric]:
        """Those that the run has: an endpoint without devices has none of their metrics."""
        return [metric for metric in METRICS.values() if metric.name in self.columns]

    def data(self, metric: Metric) -> Iterator[Datum]:
        """A metric in each minute in which CloudWatch would have a sample of it."""
        column = self.columns[metric.name]
        for i in np.flatnonzero(~np.isnan(column)).tolist():
            samples = self._samples(metric, i, float(column[i]))
            if samples is not None:
                yield Datum(float(self.columns["start_s"][i]), samples, self._measured(metric, i))

    def in_full(self, metric: Metric) -> bool:
        """Whether every minute has all samples, so that CloudWatch can show percentiles."""
        return all(isinstance(datum.samples, Distribution) for datum in self.data(metric))

    def _samples(self, metric: Metric, i: int, value: float) -> Distribution | StatisticSet | None:
        """The samples of minute `i`, None where there were none; `value`: what the column holds."""
        kind, invocations = metric.kind, float(self.columns["Invocations"][i])
        if kind is Kind.each:
            return equal(1.0, value) if value else None
        if kind is Kind.number:
            return ones(value, max(invocations, value)) if invocations or value else None
        if kind is Kind.per_instance:
            return equal(value / invocations, invocations) if invocations else None
        if kind is Kind.share:
            n = float(self.columns[f"{metric.name}_SampleCount"][i])
            return ones(float(np.rint(n * value)), n)
        if kind is Kind.most:
            return StatisticSet(maximum=value)
        if kind is Kind.mean:
            return StatisticSet(value, self._given(f"{metric.name}_SampleCount", i))
        if kind is Kind.instances:
            return StatisticSet(value, float(self.columns["Instances"][i]))
        return self._of_calls(metric, i, value)

    def _of_calls(self, metric: Metric, i: int, mean: float) -> Distribution | StatisticSet:
        """All samples where the folder holds each of them, which a count and a mean tell; else what was counted."""
        n = self._number(metric, i)
        if metric.name == "OverheadLatency":
            return equal(mean, n)  # the router takes the same time for all
        if metric.name in self.calls:
            samples, begin = self.calls[metric.name]
            found = samples[begin[i] : begin[i + 1]]
            if found.size == n and math.isclose(float(found.mean()), mean, rel_tol=AGREE):
                return in_buckets(found)
        return StatisticSet(mean, n, self._given(f"{metric.name}_Maximum", i))

    def _number(self, metric: Metric, i: int) -> float:
        """How many calls a mean is taken over."""
        if metric.name != "ModelLoadingWaitTime":
            return float(self.columns["ClientLatency_SampleCount"][i])
        attempts = float(self.columns["ModelCacheHit_SampleCount"][i])
        return attempts - float(np.rint(attempts * self.columns["ModelCacheHit"][i]))

    def _measured(self, metric: Metric, i: int) -> dict[str, float]:
        """Percentiles that the run itself has written down."""
        given = {name: self._given(f"{metric.name}_{name}", i) for name in ("p50", "p99")}
        return {name: value for name, value in given.items() if value is not None}

    def _given(self, column: str, i: int) -> float | None:
        value = float(self.columns[column][i]) if column in self.columns else math.nan
        return None if math.isnan(value) else value


def _recorded(kept: Kept, replication: int, start_s: Floats) -> dict[str, tuple[Floats, Ints]]:
    """The recorded successful calls of a replication, in the minute in which the endpoint answered them."""
    file = kept.folder / "requests.parquet"
    if not file.is_file():
        return {}
    there = pq.read_schema(file).names
    parts = {name: [part for part in sums if part in there] for name, sums in OF_LATENCY.items()}
    wanted = {"arrival_s", "latency_ms", "network_ms", "cache_hit", *(part for sums in parts.values() for part in sums)}
    table = pq.read_table(file, columns=sorted(wanted), filters=[("replication", "=", replication)], use_threads=False)
    failed = pq.read_table(file, columns=["cause"], filters=[("replication", "=", replication)], use_threads=False)
    ok = failed["cause"].is_null().to_numpy(zero_copy_only=False) if len(table) else np.zeros(0, dtype=bool)
    columns = {name: table[name].to_numpy()[ok] for name in table.column_names}
    # The way back to the client, half the network, is not the endpoint's.
    answered_s = columns["arrival_s"] + (columns["latency_ms"] - columns["network_ms"] / 2.0) / 1e3
    minute = np.searchsorted(start_s, answered_s, side="right") - 1
    minute[answered_s >= kept.scenario.run.duration_s] = start_s.size
    cold = ~columns["cache_hit"].astype(bool)
    found = {}
    for name, sums in parts.items():
        rows = np.flatnonzero(cold) if name == "ModelLoadingWaitTime" else np.arange(minute.size)
        order = rows[np.argsort(minute[rows], kind="stable")]
        samples = MICRO_IN_MS * np.sum([columns[part][order] for part in sums], axis=0)
        found[name] = samples, np.searchsorted(minute[order], np.arange(start_s.size + 1))
    return found
