"""Access logs: lines of text, read by a regular expression with named groups."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from mmesim import units
from mmesim.errors import TraceError, TraceWarning
from mmesim.scenario.traffic.trace import TraceSource
from mmesim.scenario.values.fields import shown
from mmesim.workload.trace.clock import Clock
from mmesim.workload.trace.names import UNKNOWN, Naming
from mmesim.workload.trace.rows import RawCalls, tell_of_service

JUDGED = 10_000
"""After this number of lines the share of unreadable ones is judged first, and again after as many more."""
LONGEST = 1 << 20
"""A line that is longer is cut."""


_Row = tuple[float, int, float, float, int]
"""Time, model, service, duration, number of the line."""


@dataclass
class Tally:
    """Lines that were read, and those of them that could not be understood."""

    file: Path
    most: float
    lines: int = 0
    skipped: int = 0
    refused: bool = False
    """True once the log is refused for something else: then it is not replayed, and nothing is to be told."""
    first: str = ""
    """The first line that was skipped, with its number and why."""
    _judged: int = field(default=JUDGED, repr=False)

    def skip(self, number: int, text: str, why: str) -> None:
        """Count a line that cannot be understood."""
        self.skipped += 1
        if not self.first:
            self.first = f"the first is line {number}, {why}: {shown(text.rstrip())}"

    def judge(self, ended: bool) -> None:
        """Raise TraceError when more lines are unreadable than may be."""
        if not ended and self.lines < self._judged:
            return
        self._judged = self.lines + JUDGED
        if self.skipped > self.most * self.lines:
            raise TraceError(
                f"{self.file}: {self._counted} cannot be read, more than max_skipped: "
                f"{units.show_fraction(self.most)}; {self.first}; lines of another kind are left out with `only`"
            )

    def tell(self) -> None:
        """Warn about the lines that were skipped, if there are any."""
        if self.skipped and not self.refused:
            warnings.warn(f"{self.file}: {self._counted} skipped; {self.first}", TraceWarning, stacklevel=2)

    @property
    def _counted(self) -> str:
        share = units.show_fraction(self.skipped / self.lines)
        return f"{units.show_count(self.skipped)} of {units.show_count(self.lines)} lines ({share})"


def access_log(source: TraceSource, naming: Naming, chunk: int) -> Iterator[RawCalls]:
    """The calls of a log (plain, .gz, .zst), at most `chunk` at a time.

    Lines in which `only` is not found are left out. A line that does not match the pattern, or whose time or service
    time is none, is counted and skipped: TraceWarning says how many when the reading ends; TraceError when they are
    more than the allowed share of all lines, judged every 10,000 lines and at the end. A name that is unknown is
    refused with file and line.
    """
    tally = Tally(source.file, source.max_skipped)
    try:
        yield from _pieces(source, naming, chunk, tally)
        tally.judge(ended=True)
    except GeneratorExit:  # the run ends before the log does
        tally.tell()
        raise
    except (OSError, EOFError, pa.ArrowInvalid) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise TraceError(f"{source.file}: cannot be read: {reason}") from error
    tally.tell()


def _pieces(source: TraceSource, naming: Naming, chunk: int, tally: Tally) -> Iterator[RawCalls]:
    assert source.pattern is not None  # the schema wants one for an access log
    find, only = re.compile(source.pattern).search, re.compile(source.only or "").search
    clock = Clock(source.unit, source.time_format, source.from_first)
    with_model = "model" in re.compile(source.pattern).groupindex
    groups_there = re.compile(source.pattern).groupindex
    with_service, with_end = source.service and "service" in groups_there, source.stamped == "end"
    if with_service:
        tell_of_service(source.file, "group 'service'")
    rows: list[_Row] = []
    for number, line in _lines(source.file):
        if source.only is not None and not only(line):
            continue
        tally.lines += 1
        found = find(line)
        if found is None:
            tally.skip(number, line, "which does not match the pattern")
        else:
            groups = found.groupdict()
            name = (groups["model"] or "").strip() if with_model else source.only_model
            try:
                time = _time(clock, groups["time"] or "")
                service = _seconds(groups, "service", source.service_scale) if with_service else 0.0
                duration = _seconds(groups, "duration", source.duration_scale) if with_end else 0.0
            except ValueError as error:
                tally.skip(number, line, f"where {error}")
            else:
                row = naming.row(name) if name else UNKNOWN
                if row == UNKNOWN:
                    raise TraceError(f"{source.file}:{number}: group 'model': {naming.problem(name)}")
                rows.append((time, row, service, duration, number))
        tally.judge(ended=False)
        if len(rows) >= chunk:
            yield _piece(tally, rows, with_service, with_end)
            rows = []
    if rows:
        yield _piece(tally, rows, with_service, with_end)


def _time(clock: Clock, text: str) -> float:
    try:
        return clock.text(text)
    except ValueError as error:
        raise ValueError(f"time {error}") from None


def _piece(tally: Tally, rows: list[_Row], with_service: bool, with_end: bool) -> RawCalls:
    time, model, service, duration, number = zip(*rows, strict=True)

    def fail(row: int, message: str) -> None:
        tally.refused = True
        raise TraceError(f"{tally.file}:{number[row]}: group 'time': {message}")

    return RawCalls(
        np.array(time),
        np.array(model, dtype=np.int64),
        np.array(service) if with_service else None,
        fail,
        np.array(duration) if with_end else None,
    )


def _seconds(groups: dict[str, str | None], group: str, scale: float) -> float:
    text = groups[group]
    try:
        value = float(text or "") * scale
    except ValueError:
        value = np.nan
    if not 0.0 <= value < np.inf:
        raise ValueError(f"{group} {text!r} is not a number of seconds")
    return value


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    """Number and text of each line that is not blank; a line that is too long is cut."""
    with pa.input_stream(str(file), compression="detect") as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8", errors="replace")
        number = 0
        while line := text.readline(LONGEST):
            number += 1
            whole = line.endswith("\n")
            while not whole and (rest := text.readline(LONGEST)):
                whole = rest.endswith("\n")
            if line.strip():
                yield number, line
