"""Access logs: lines of text, read by a regular expression with named groups."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from mmesim.errors import TraceError
from mmesim.scenario.traffic.trace.own_path import cure, layouts_of
from mmesim.scenario.traffic.trace.presets import PRESETS
from mmesim.scenario.traffic.trace.trace import TraceSource
from mmesim.workload.trace.formats import insights, line_text, took
from mmesim.workload.trace.formats.clock import Clock
from mmesim.workload.trace.formats.missing import Missing
from mmesim.workload.trace.formats.rows import RawCalls, tell_of_service
from mmesim.workload.trace.formats.table import NO_VALUE
from mmesim.workload.trace.formats.tally import Tally
from mmesim.workload.trace.names import UNKNOWN, Naming

_POST = '"POST '
_Row = tuple[float, int, float, float, int]
"""Time, model, service, duration, number of the line."""


def access_log(source: TraceSource, naming: Naming, chunk: int) -> Iterator[RawCalls]:
    """The calls of a log (plain, .gz, .zst), at most `chunk` at a time.

    Lines in which `only` is not found are left out; TraceError when that is all of them. A line that is too long to be
    searched, does not match the pattern, names no model, or whose time, duration or service time is none, is counted
    and skipped: TraceWarning says how many when the reading ends; TraceError when they are more than the allowed share
    of all lines, judged every 10,000 lines and at the end. A name that is unknown is refused with file and line.
    """
    tally, missing = Tally(source.file, source.max_skipped, source.pattern), Missing(source.file)
    try:
        yield from _pieces(source, naming, chunk, tally, missing)
        tally.judge(ended=True)
    except GeneratorExit:  # the run ends before the log does
        tally.tell()
        missing.tell()
        raise
    except (OSError, EOFError, pa.ArrowInvalid) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise TraceError(f"{source.file}: cannot be read: {reason}") from error
    tally.tell()
    missing.tell()


def _pieces(source: TraceSource, naming: Naming, chunk: int, tally: Tally, missing: Missing) -> Iterator[RawCalls]:
    assert source.pattern is not None  # the schema wants one for an access log
    assert not isinstance(source.only, dict)  # that is for tables
    find, only = re.compile(source.pattern).search, re.compile(source.only or "").search
    clock = Clock(source.unit, source.time_format, source.from_first)
    groups_there = re.compile(source.pattern).groupindex
    with_model = "model" in groups_there
    with_service, with_end = source.service and "service" in groups_there, source.stamped == "end"
    if with_service:
        tell_of_service(source.file, "group 'service'")
    rows: list[_Row] = []
    other: tuple[int, str] | None = None
    for number, line in _lines(source.file):
        if len(line) > line_text.SEARCHED:
            tally.lines += 1
            tally.skip(number, None, partial(line_text.too_long, line))
            tally.judge(ended=False)
            continue
        if source.only is not None and not only(line):
            if other is None or (_POST not in other[1] and _POST in line):
                other = number, line
            continue
        tally.lines += 1
        found = find(line)
        if found is None:
            tally.skip(number, line, partial(line_text.mismatch, source.pattern, line))
        else:
            groups = found.groupdict()
            name = (groups["model"] or "").strip() if with_model else source.only_model
            try:
                time = _time(clock, groups["time"] or "")
                service = _seconds(groups, "service", source.service_scale) if with_service else 0.0
                duration = _seconds(groups, "duration", source.duration_scale) if with_end else 0.0
                if name in NO_VALUE:
                    raise ValueError(f"group 'model' {name!r} names no model")
            except ValueError as error:
                tally.skip(number, line, partial(str, error))
            else:
                row = naming.row(name)
                if row == UNKNOWN:
                    problem = line_text.shortened(naming.problem(name))
                    raise TraceError(f"{source.file}:{number}: group 'model': {problem}")
                rows.append((time, row, service, duration, number))
        tally.judge(ended=False)
        if len(rows) >= chunk:
            yield _piece(tally, missing, rows, with_service, with_end)
            rows = []
    if rows:
        yield _piece(tally, missing, rows, with_service, with_end)
    if other is not None and not tally.lines:
        raise TraceError(f"{source.file}: {_none_left(source, *other)}")


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    """Number and text of each line; of an answer of Logs Insights, which may be all in one line, those of each row."""
    if insights.is_answer(line_text.beginning(file)):
        return ((number, " ".join(row.values())) for number, row in enumerate(insights.rows(file), start=1))
    return line_text.lines(file)


def _none_left(source: TraceSource, number: int, line: str) -> str:
    """What is wrong when `only` leaves all lines out; the line is one of them."""
    if any(source.only == PRESETS[layout].get("only") for layout in layouts_of(source.pattern)):
        request = re.search('"[A-Z]+ ', line)
        at = 0 if request is None else request.start()
        return f"no line is a call (POST) of a model; line {number} is {line_text.around(line, at)}; {cure(line)}"
    return f"no line matches only: {source.only}; line {number} is {line_text.around(line)}"


def _time(clock: Clock, text: str) -> float:
    try:
        return clock.text(text)
    except ValueError as error:
        raise ValueError(f"group 'time': {error}") from None


def _piece(tally: Tally, missing: Missing, rows: list[_Row], with_service: bool, with_end: bool) -> RawCalls:
    time, model, services, durations, number = zip(*rows, strict=True)
    service, duration = np.array(services), np.array(durations)
    if with_service:
        missing.service(int(np.isnan(service).sum()), len(rows))
    if with_end:
        missing.duration(int(np.isnan(duration).sum()), len(rows))

    def fail(row: int, message: str) -> None:
        tally.refused = True
        raise TraceError(f"{tally.file}:{number[row]}: group 'time': {line_text.shortened(message)}")

    return RawCalls(
        np.array(time),
        np.array(model, dtype=np.int64),
        service if with_service else None,
        fail,
        np.nan_to_num(duration, nan=0.0) if with_end else None,
    )


def _seconds(groups: dict[str, str | None], group: str, scale: float) -> float:
    """Seconds, NaN where the line has no value."""
    try:
        return took.seconds(groups[group] or "", scale)
    except ValueError as error:
        raise ValueError(f"group {group!r}: {error}") from None
