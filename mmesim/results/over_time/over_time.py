"""A run over time: its fleet, hits, latency, errors, load and cost minute by minute, and what happened when."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from mmesim.arrays import Floats, Ints, divide
from mmesim.results.measured.run_data import CAUSES, RunData
from mmesim.results.measured.windows import START
from mmesim.results.over_time.course import EVENTS
from mmesim.results.over_time.fleet import Seen, cpu_share, means, provisioned, weighing
from mmesim.results.over_time.limits import cells_of
from mmesim.scenario.run.selection import Windows
from mmesim.scenario.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd
MS = 1e-3
"""Of CloudWatch's microseconds."""

COLUMNS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "start_s": ("s", "simulated time at which the minute begins"),
        "instances": ("", "instances that were up, mean over the minute"),
        "provisioning": ("", "instances that were asked for and on their way, mean over the minute"),
        "hit_ratio": ("1", "share of the calls that found their model loaded"),
        "mean_ms": ("ms", "latency of the successful calls, mean"),
        "p50_ms": ("ms", "their median, within 6.3 %"),
        "p99_ms": ("ms", "their 99th percentile, within 6.3 %"),
        "failed": ("1", "share of the attempts that failed"),
        "in_flight": ("", "calls at the endpoint without an answer, mean over the minute"),
        "cpu_utilization": ("1", "share of the vCPUs that was busy"),
        "memory_utilization": ("1", "share of the physical memory that the containers used"),
        "usd_per_hour": ("USD", "price of the instances in service; absent when none is known"),
    }
)
"""Column -> unit and meaning. Besides, in a scenario with faults, deploys or scaling, `failed_CAUSE`: calls that began
in the minute and failed, by cause. Each but the first has columns `_low` and `_high`: the least and the most of any
replication, as the bands of the page. An interval of a few replications would leave what is possible."""


@dataclass(frozen=True, repr=False)
class OverTime:
    """A scenario and its finished replications, seen over time; every figure is a mean over replications."""

    scenario: Scenario
    runs: tuple[Seen, ...]
    kept_failures: tuple[Ints, ...] | None = None
    """[measured minutes, CAUSES] of each replication of a folder: failed calls by cause; None where it does not hold
    them, or the replications do."""

    def __repr__(self) -> str:
        return f"OverTime({self.scenario.name!r}, {len(self.start_s)} minutes, {len(self.runs)} replications)"

    @property
    def start_s(self) -> Floats:
        """[minutes]: seconds from the start of the run."""
        return self.runs[0].windows[START]

    @cached_property
    def figures(self) -> Mapping[str, Floats]:
        """Name -> [replications, minutes], nan where nothing was observed (names: `COLUMNS` without `start_s`)."""
        each = [dict(self._of(number)) for number in range(len(self.runs))]
        return MappingProxyType({name: np.array([one[name] for one in each]) for name in each[0]})

    def band(self, name: str) -> tuple[Floats, Floats, Floats]:
        """[minutes]: a figure's mean over replications, the least and the most of any; those are nan with one."""
        return _band(self.figures[name])

    def failed_a_minute(self, cause: str) -> Floats | None:
        """[minutes]: failed calls by a cause in 60 s, mean over replications; None where causes are not known.

        A minute that the end of the run cuts short, or of which a part is measured, counts as it would last.
        """
        found = self.figures.get(f"failed_{cause}")
        if found is None:
            return None
        return _band(divide(found, np.broadcast_to(self._measured_min, found.shape), math.nan))[0]

    @cached_property
    def _measured_min(self) -> Floats:
        """[minutes]: how many minutes of measured time the calls of each began in that are counted there."""
        windows, found = self.scenario.windows_of(self.scenario.minutes), np.zeros(len(self.start_s))
        np.add.at(found, self._places(), (np.minimum(windows.length_s, windows.end_s - _begins_s(windows)) / 60.0))
        return found

    @property
    def table(self) -> pd.DataFrame:
        """One row a minute (columns: `COLUMNS`)."""
        import pandas as pd

        columns: dict[str, Floats] = {"start_s": self.start_s}
        for name in self.figures:
            middle, low, high = self.band(name)
            columns |= {name: middle, f"{name}_low": low, f"{name}_high": high}
        return pd.DataFrame(columns)

    @property
    def events(self) -> tuple[tuple[float, str, str], ...]:
        """When what of which name happened in the first replication: faults, deploys and scale-outs."""
        return tuple((one.at_s, str(one.kind), one.name) for one in self.runs[0].happened if one.kind in EVENTS)

    def _repr_html_(self) -> str:
        html: str = self.table.to_html(float_format="{:,.4g}".format, na_rep="", max_rows=20)
        return html

    def _of(self, number: int) -> Iterator[tuple[str, Floats]]:
        run = self.runs[number]
        columns = run.windows
        starts_s = columns[START]
        ends_s = np.append(starts_s[1:], run.duration_s)
        yield "instances", columns["Instances"]
        yield "provisioning", means(provisioned(run), starts_s, ends_s)
        yield "hit_ratio", columns["ModelCacheHit"]
        yield "mean_ms", MS * columns["ClientLatency"]
        yield "p50_ms", MS * columns["ClientLatency_p50"]
        yield "p99_ms", MS * columns["ClientLatency_p99"]
        attempts = columns["Invocations"]
        yield "failed", 1.0 - divide(columns["ClientLatency_SampleCount"], attempts, math.nan)
        if self.scenario.is_watched and isinstance(run, RunData):
            yield from self._failed(cells_of(self.scenario, self.scenario.minutes, run).causes)
        elif self.kept_failures is not None:
            yield from self._failed(self.kept_failures[number])
        yield "in_flight", columns["RequestsInSystem"]
        yield "cpu_utilization", cpu_share(run)
        yield "memory_utilization", columns["MemoryUtilization"] / 100.0
        if not np.isnan(run.hosts.usd_per_hour).any():
            yield "usd_per_hour", means(weighing(run, run.hosts.usd_per_hour), starts_s, ends_s)

    def _failed(self, counts: Ints) -> Iterator[tuple[str, Floats]]:
        """Failed calls by cause, of [measured minutes, CAUSES]; nan in the warm-up."""
        places = self._places()
        for cause, of_one in zip(CAUSES, counts.T, strict=True):
            found = np.zeros(len(self.start_s))
            np.add.at(found, places, of_one)
            found[: places[0] if places.size else None] = math.nan
            yield f"failed_{cause}", found

    def _places(self) -> Ints:
        """[measured minutes]: the minute of the run in which the middle of each lies."""
        windows = self.scenario.windows_of(self.scenario.minutes)
        middles = _begins_s(windows) + 0.5 * windows.length_s
        places: Ints = np.searchsorted(self.start_s, middles, side="right") - 1
        return places


def _begins_s(windows: Windows) -> Floats:
    return windows.start_s + windows.length_s * np.arange(windows.number, dtype=np.float64)


def _band(values: Floats) -> tuple[Floats, Floats, Floats]:
    known = ~np.isnan(values)
    n = known.sum(axis=0)
    middle = divide(np.where(known, values, 0.0).sum(axis=0), n, math.nan)
    least = np.where(known, values, math.inf).min(axis=0)
    most = np.where(known, values, -math.inf).max(axis=0)
    return middle, np.where(n > 1, least, math.nan), np.where(n > 1, most, math.nan)
