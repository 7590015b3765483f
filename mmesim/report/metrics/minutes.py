"""The minutes of one replication, read back from a result folder, and the samples of each metric in them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmesim.arrays import Floats
from mmesim.errors import UserError
from mmesim.report.metrics.names import METRICS, Kind, Metric
from mmesim.report.metrics.samples import Datum, Distribution, StatisticSet, equal, fitted, ones
from mmesim.results.folder.shown import Kept
from mmesim.results.measured.window_times import WINDOW_S, period_s
from mmesim.results.tables.periods import WINDOW_TIMES, Histogram, read_times
from mmesim.results.tables.read_back import read_table


@dataclass(frozen=True)
class Minutes:
    """The minutes of a replication, one entry a minute in every array."""

    columns: Mapping[str, Floats]
    """Of windows.parquet; nan where there was nothing."""
    times: Mapping[str, Mapping[float, Histogram]]
    """Metric -> start of a minute -> the histogram of its samples; none in a run so long that they are not kept."""

    @classmethod
    def of(cls, kept: Kept, replication: int) -> Minutes:
        """Those of a folder; UserError for a replication that it does not have."""
        names = kept.window_names
        parts = list(kept.windows(names))
        table = {name: np.concatenate([np.asarray(part[name], dtype=np.float64) for part in parts]) for name in names}
        rows = table["replication"] == replication
        if not rows.any():
            there = ", ".join(f"{number:g}" for number in np.unique(table["replication"])[:20])
            raise UserError(f"{kept.folder} has no replication {replication}: it has {there}")
        columns = {name: column[rows] for name, column in table.items()}
        return cls(columns, _times(kept.folder / WINDOW_TIMES, replication, kept.scenario.run.duration_s))

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
        if kind is Kind.instances:
            # Each instance sends one sample a minute: a whole number, also where the column is a mean over the minute.
            return StatisticSet(value, max(1.0, float(np.rint(self.columns["Instances"][i]))))
        if kind is Kind.mean:
            return StatisticSet(value, self._number(metric, i))
        if kind is Kind.equal:
            return equal(value, float(self.columns["ClientLatency_SampleCount"][i]))
        return self._of_times(metric, i, value)

    def _of_times(self, metric: Metric, i: int, mean: float) -> Distribution | StatisticSet:
        """All samples, each within 5 %, where their histogram was kept; else what was counted."""
        least, most = (self._given(f"{metric.name}_{end}", i) for end in ("Minimum", "Maximum"))
        found = self.times.get(metric.name, {}).get(float(self.columns["start_s"][i]))
        if found is None:
            return StatisticSet(mean, self._number(metric, i), least, most)
        return fitted(found, mean, least, most)

    def _number(self, metric: Metric, i: int) -> float | None:
        """How many samples a mean is taken over, where that is known."""
        if metric.name == "ModelLoadingWaitTime":
            attempts = float(self.columns["ModelCacheHit_SampleCount"][i])
            return attempts - float(np.rint(attempts * self.columns["ModelCacheHit"][i]))
        of_calls = metric.name == "ModelLatency"
        return self._given(f"{'ClientLatency' if of_calls else metric.name}_SampleCount", i)

    def _measured(self, metric: Metric, i: int) -> dict[str, float]:
        """Percentiles that the run itself has written down."""
        given = {name: self._given(f"{metric.name}_{name}", i) for name in ("p50", "p99")}
        return {name: value for name, value in given.items() if value is not None}

    def _given(self, column: str, i: int) -> float | None:
        value = float(self.columns[column][i]) if column in self.columns else math.nan
        return None if math.isnan(value) else value


def _times(file: Path, replication: int, duration_s: float) -> Mapping[str, Mapping[float, Histogram]]:
    """The histograms of each minute; none where there are none of minutes."""
    if period_s(duration_s) != WINDOW_S or not file.is_file():
        return {}
    return read_times(read_table(file, replication))
