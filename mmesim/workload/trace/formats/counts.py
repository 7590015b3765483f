"""Files that say how many calls came in a stretch of time: Locust's history, CloudWatch's metrics.

Sources: locust/stats.py, StatsCSVFileWriter (a row a second, method and name; `Timestamp` in seconds since 1970,
`Total Request Count` of the calls answered so far; `Requests/s` is a mean over ten seconds, so the totals are used).
AWS CLI, `cloudwatch get-metric-data` (MetricDataResults of Label, Timestamps, Values, the newest first) and
`cloudwatch get-metric-statistics` (Label, Datapoints of Timestamp and Sum, in no order); a time stamp is the beginning
of its period. CloudWatch Logs Insights, `stats count(*) by bin(1m), name` as CSV, or as JSON of `logs
get-query-results`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmesim.arrays import Ints
from mmesim.errors import TraceError
from mmesim.scenario.traffic.trace.note import TraceNote
from mmesim.scenario.traffic.trace.trace import TraceSource
from mmesim.workload.trace.formats.calls import name_in
from mmesim.workload.trace.formats.clock import Clock
from mmesim.workload.trace.formats.rows import RawCalls
from mmesim.workload.trace.formats.table import Table
from mmesim.workload.trace.names import UNKNOWN, Naming
from mmesim.workload.trace.notes import say

BEFORE = 10
"""A history counts more calls at its first time than this many of its busiest seconds: they came before."""
MOST_CALLS = 10_000_000
"""More calls in one stretch are taken for an error: they are held in memory."""
TIME, METHOD, NAME, TOTAL, ALL = "Timestamp", "Type", "Name", "Total Request Count", "Aggregated"


@dataclass(frozen=True)
class Count:
    """Calls of one model in a stretch of time."""

    time_s: float
    width_s: float
    name: str
    calls: int
    place: str
    """File and line, for messages."""


@dataclass
class _Begun:
    """Calls that a history counts when it begins, and most of them in a second after that."""

    second_s: float = 0.0
    at_first: int = 0
    later: int = 0
    most_later: float = 0.0

    def watched(self, counts: Iterator[Count]) -> Iterator[Count]:
        """The same counts."""
        for count in counts:
            if count.time_s <= 0.0:
                self.at_first += count.calls
            elif count.time_s == self.second_s:
                self.later += count.calls
            else:
                self.second_s, self.later = count.time_s, count.calls
            self.most_later = max(self.most_later, self.later / count.width_s)
            yield count

    def tell(self, file: Path) -> None:
        """Warn when the test had begun long before its history: its calls so far are not those of one second."""
        if 0.0 < BEFORE * self.most_later < self.at_first:
            text = (
                f"its first rows count {self.at_first:,} calls so far, and no later second has more than "
                f"{self.most_later:,.0f}: the test had begun before the file does, and these calls come in its first "
                "second: leave them out with window: {start: 1 s}"
            )
            evidence: dict[str, float | str] = {"calls_at_first": self.at_first, "most_later": self.most_later}
            say(TraceNote("trace_begun", file, text, "warning", evidence))


def locust(source: TraceSource, naming: Naming, chunk: int) -> Iterator[RawCalls]:
    """The calls of a Locust test, those of a second at random inside it; they are counted when they are answered."""
    begun = _Begun()
    try:
        yield from expanded(source.file, begun.watched(_locust(source)), naming, chunk)
    finally:  # a run may end before the file does
        begun.tell(source.file)


def _locust(source: TraceSource) -> Iterator[Count]:
    """Differences of the totals; a total that falls was reset and counts from 0."""
    table = Table(source.file)
    by_name = source.model is None
    if by_name and not any(set(part.names(NAME)[0]) - {ALL, ""} for part in table.chunks([NAME], 4096)):
        raise TraceError(
            f"{source.file}: no calls by name, only the row {ALL}: `locust --csv-full-history` writes them; "
            "model: NAME in the trace takes all calls for one model"
        )
    clock = Clock("timestamp", None, False)
    before: dict[tuple[str, str], int] = {}
    first: float | None = None
    last: float | None = None
    previous = 0.0
    with_method = METHOD in table.header()
    for part in table.chunks([TIME, NAME, TOTAL, *([METHOD] if with_method else [])], 4096):
        times, totals = clock.column(part, TIME), part.numbers(TOTAL)
        names, index = part.names(NAME)
        methods, of_row = part.names(METHOD) if with_method else ([""], np.zeros(len(part), dtype=np.int64))
        rows = zip(times.tolist(), index.tolist(), of_row.tolist(), totals.tolist(), strict=True)
        for row, (time, number, method, total) in enumerate(rows):
            if last is None or time > last:
                # What the rows of a time count came since the time before it.
                previous = time - 1.0 if last is None else last
                last, first = time, previous if first is None else first
            elif time < last:
                part.fail(row, TIME, f"time {time - last:g} s comes before that of the row above")
            name = names[number]
            if by_name == (name == ALL):
                continue
            told = source.model or (name_in(source.pattern, name) if source.pattern else name)
            # A name has a row, and a total, for each method: GET and POST.
            key = methods[method], name
            new = int(total) - before.get(key, 0)
            before[key] = int(total)
            calls = int(total) if new < 0 else new
            if calls and told:
                assert first is not None
                yield Count(previous - first, time - previous, told, calls, part.place(row))


def expanded(file: Path, counts: Iterator[Count], naming: Naming, chunk: int) -> Iterator[RawCalls]:
    """Each count as that many calls at the beginning of its stretch, at most `chunk` at a time."""
    waiting: list[tuple[Count, int]] = []
    held = 0
    for count in counts:
        if not 0 <= count.calls <= MOST_CALLS:
            raise TraceError(f"{count.place}: {count.calls:,} is not a number of calls (0, 1, 2 ... {MOST_CALLS:,})")
        row = naming.row(count.name) if count.name else UNKNOWN
        if row == UNKNOWN:
            raise TraceError(f"{count.place}: {naming.problem(count.name)}")
        waiting.append((count, row))
        held += count.calls
        if held >= chunk:
            yield _piece(file, waiting)
            waiting, held = [], 0
    if held:
        yield _piece(file, waiting)


def _piece(file: Path, counts: Sequence[tuple[Count, int]]) -> RawCalls:
    calls: Ints = np.array([count.calls for count, _ in counts], dtype=np.int64)

    def fail(row: int, message: str) -> None:
        at = int(np.searchsorted(np.cumsum(calls), row, side="right"))
        raise TraceError(f"{counts[at][0].place}: {message}")

    return RawCalls(
        time=np.repeat([count.time_s for count, _ in counts], calls),
        model=np.repeat(np.array([row for _, row in counts], dtype=np.int64), calls),
        service=None,
        fail=fail,
        width=np.repeat([count.width_s for count, _ in counts], calls),
    )
