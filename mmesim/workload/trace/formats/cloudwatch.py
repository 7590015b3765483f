"""CloudWatch: how many calls there were in each period, from the AWS CLI or from Logs Insights.

Sources of the formats: see `workload.trace.counts`.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mmesim import units
from mmesim.errors import TraceError
from mmesim.scenario.traffic.trace.note import TraceNote
from mmesim.scenario.traffic.trace.trace import TraceSource
from mmesim.scenario.values.fields import shown
from mmesim.workload.trace.formats import insights, line_text
from mmesim.workload.trace.formats.clock import Clock
from mmesim.workload.trace.formats.counts import Count, expanded
from mmesim.workload.trace.formats.json_lines import parsed
from mmesim.workload.trace.formats.rows import RawCalls
from mmesim.workload.trace.names import Naming
from mmesim.workload.trace.notes import say

MINUTE_S = 60.0
SUMS = ("Sum", "SampleCount")
"""Statistics of `Invocations` that are a number of calls."""
_BIN = re.compile(r"bin\((\d+)\s*([a-z]+)\)")
_COUNT = re.compile(r"(?:count|sum)\(.*\)|count|calls|requests|invocations", re.IGNORECASE)
_UNITS = {
    "ms": 1e-3,
    "msec": 1e-3,
    "millisecond": 1e-3,
    "s": 1.0,
    "sec": 1.0,
    "second": 1.0,
    "m": 60.0,
    "min": 60.0,
    "minute": 60.0,
    "h": 3600.0,
    "hr": 3600.0,
    "hour": 3600.0,
    "d": 86400.0,
    "day": 86400.0,
    "w": 604800.0,
    "week": 604800.0,
}
"""Units of `bin` in Logs Insights, without the s of a plural; those of no fixed length are left out."""


@dataclass(frozen=True)
class _Point:
    time: str
    name: str
    value: str
    place: str
    time_s: float = 0.0
    """Since 1970."""


def cloudwatch(source: TraceSource, naming: Naming, chunk: int) -> Iterator[RawCalls]:
    """The calls of each period at random inside it, counted from the beginning of the first.

    The period is `resolution`, by default what all times are multiples of. The file, small as CloudWatch's answers are,
    is held in memory.
    """
    found, period_s = _points(source.file)
    points = _timed(found)
    if period_s is None:
        period_s = source.resolution_s or _period({point.time_s for point in points}) or _assumed(source.file)
    only = source.only if isinstance(source.only, dict) else {}
    wanted = {name for values in only.values() for name in values}
    points = [point for point in points if not wanted or point.name in wanted]
    if wanted and not points:
        raise TraceError(f"{source.file}: only: no result is called {', '.join(sorted(wanted))}")
    yield from expanded(source.file, _counts(source, points, period_s), naming, chunk)


def _timed(points: Sequence[_Point]) -> list[_Point]:
    """The points in order of time."""
    clock = Clock("timestamp", None, False)
    timed = []
    for point in points:
        try:
            timed.append(replace(point, time_s=clock.text(point.time)))
        except ValueError as error:
            raise TraceError(f"{point.place}: {error}") from None
    return sorted(timed, key=lambda point: point.time_s)


def _counts(source: TraceSource, points: Sequence[_Point], period_s: float) -> Iterator[Count]:
    for point in points:
        try:
            calls = float(point.value)
        except ValueError:
            calls = math.nan
        if not calls >= 0.0 or calls != math.floor(calls):
            raise TraceError(
                f"{point.place}: {point.value!r} is not a number of calls: ask for the statistic Sum of Invocations"
            )
        if calls:
            begin_s = point.time_s - points[0].time_s
            yield Count(begin_s, source.resolution_s or period_s, source.model or point.name, int(calls), point.place)


def _period(times: set[float]) -> float:
    """What the times are apart, or a part of it; 0 where there is one time."""
    first = min(times, default=0.0)
    return float(math.gcd(*(round(time - first) for time in times)))


def _assumed(file: Path) -> float:
    """A minute, which nothing says: the period of a file with one time."""
    text = f"all its counts have one time, and their period stands nowhere: {units.show_seconds(MINUTE_S)} is assumed"
    note = TraceNote("trace_period", file, text, "warning", {"period_s": MINUTE_S}, "resolution: 300 s says another")
    say(note)
    return MINUTE_S


def _points(file: Path) -> tuple[list[_Point], float | None]:
    """All data points of a file, and their period where it is told."""
    try:
        text = line_text.whole(file)
    except (OSError, EOFError) as error:
        raise TraceError(f"{file}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if not text.lstrip().startswith(("{", "[")):
        try:
            cells = list(csv.reader(io.StringIO(text)))
        except csv.Error as error:
            raise TraceError(f"{file}: is not a table: {error}") from None
        return _insights(file, cells)
    try:
        found = parsed(text)
    except ValueError as error:
        raise TraceError(f"{file}: is not JSON: {error}") from None
    if isinstance(found, dict) and isinstance(found.get("MetricDataResults"), list):
        return list(_metric_data(file, found["MetricDataResults"])), None
    if isinstance(found, dict) and isinstance(found.get("Datapoints"), list):
        return list(_statistics(file, found)), None
    rows = insights.fields(found)
    if rows is not None:
        return _insights(file, [list(rows[0]), *([row.get(name, "") for name in rows[0]] for row in rows)])
    raise TraceError(
        f"{file}: no MetricDataResults (get-metric-data), Datapoints (get-metric-statistics) or results (Logs Insights)"
    )


def _metric_data(file: Path, results: Sequence[Mapping[str, Any]]) -> Iterator[_Point]:
    for result in results:
        name = str(result.get("Label") or result.get("Id") or "")
        times, values = result.get("Timestamps", ()), result.get("Values", ())
        if len(times) != len(values):
            raise TraceError(f"{file}: {name}: {len(times)} Timestamps and {len(values)} Values")
        for time, value in zip(times, values, strict=True):
            yield _Point(str(time), name, str(value), f"{file}: {name} at {time}")


def _statistics(file: Path, found: Mapping[str, Any]) -> Iterator[_Point]:
    name = str(found.get("Label") or "")
    for point in found["Datapoints"]:
        time = str(point.get("Timestamp"))
        statistic = next((each for each in SUMS if each in point), None)
        if statistic is None:
            has = ", ".join(key for key in point if key not in ("Timestamp", "Unit"))
            raise TraceError(f"{file}: {name} at {time}: has {has}, not the number of calls: --statistics Sum")
        yield _Point(time, name, str(point[statistic]), f"{file}: {name} at {time}")


def _insights(file: Path, rows: list[list[str]]) -> tuple[list[_Point], float | None]:
    header = [name.strip() for name in rows[0]] if rows else []
    bins = [column for column, name in enumerate(header) if name.startswith("bin(") or name in ("@timestamp", "Time")]
    counts = [column for column, name in enumerate(header) if _COUNT.fullmatch(name)]
    if len(bins) != 1 or len(counts) != 1:
        listed = ", ".join(shown(name) for name in header[:8])
        raise TraceError(
            f"{file}: needs a column bin(1m) and a column count(*), as `stats count(*) by bin(1m), name` gives them; "
            f"it has: {listed or 'nothing'}; rows of @timestamp and @message: format: cloudwatch-logs"
        )
    others = [column for column in range(len(header)) if column not in (*bins, *counts)]
    period_s = _bin_s(file, header[bins[0]])
    points = []
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(header):
            raise TraceError(f"{file}:{number}: {len(row)} cells where the header has {len(header)} columns")
        name = row[others[0]].strip() if others else "Invocations"
        points.append(_Point(row[bins[0]].strip(), name, row[counts[0]].strip(), f"{file}:{number}"))
    return points, period_s


def _bin_s(file: Path, column: str) -> float | None:
    """The period in the name of a column such as `bin(5m)`; None where it has none."""
    found = _BIN.fullmatch(column)
    if found is None:
        return None
    name = found[2]
    scale = _UNITS.get(name) or _UNITS.get(name.removesuffix("s"))
    if scale is None:
        raise TraceError(
            f"{file}:1: {column}: a period in {shown(name)} has no fixed length: ask for bin(1d) or a shorter one "
            "(units: ms, s, m, h, d, w)"
        )
    return int(found[1]) * scale
