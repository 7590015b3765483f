"""Clocks that were set while a log was written: years apart, or back or on by the hour of daylight saving time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from mmesim import units
from mmesim.arrays import Floats
from mmesim.scenario.traffic.trace.note import TraceNote
from mmesim.workload.trace.formats.clock import LATEST_S
from mmesim.workload.trace.formats.rows import RawCalls
from mmesim.workload.trace.notes import say

HOUR_S = (2700.0, 4500.0)
"""How far back, at least and at most, a step from one row to the next looks like the end of daylight saving time."""

AHEAD_S = (3540.0, 3720.0)
"""How long a hole in dense traffic, at least and at most, looks like the beginning of daylight saving time."""
DENSE_S, NEAR = 60.0, 50
"""Calls are dense where none of so many on each side of a hole waits longer for the next one."""


def watched(pieces: Iterable[RawCalls], file: Path, disorder_s: float) -> Iterator[RawCalls]:
    """The same calls, as they stand in their file; TraceError for one more than three years from the first.

    Warns once of a step back by about an hour: two hours are then replayed as one. Where rows may be further out of
    order than that, such a step means nothing. Warns once of an hour without a call between others that are dense.
    """
    first: float | None = None
    last, before, told = -np.inf, 0, disorder_s > HOUR_S[1]
    holes = _Holes(file)
    for piece in pieces:
        time = piece.time
        if len(time):
            first = float(time[0]) if first is None else first
            _not_years_apart(piece, first)
            if not told:
                back = np.concatenate(([last], time[:-1])) - time
                steps = (back >= HOUR_S[0]) & (back <= HOUR_S[1])
                told = bool(steps.any())
                if told:
                    at = int(np.argmax(steps))
                    _tell(file, before + at, float(back[at]))
            holes.look(time, before)
            last, before = float(time[-1]), before + len(time)
        yield piece


class _Holes:
    """Looks for an hour in which a clock that was set on, or a part of the log that is missing, has no call."""

    def __init__(self, file: Path) -> None:
        self._file, self._told = file, False
        self._tail: Floats = np.empty(0)

    def look(self, time: Floats, before: int) -> None:
        """The next calls of the file, of which `before` came before."""
        if self._told:
            return
        times: Floats = np.concatenate((self._tail, time))
        gaps = np.diff(times)
        for at in np.flatnonzero((gaps >= AHEAD_S[0]) & (gaps <= AHEAD_S[1])).tolist():
            sides = gaps[max(0, at - NEAR) : at], gaps[at + 1 : at + 1 + NEAR]
            if all(len(side) == NEAR and side.max() <= DENSE_S for side in sides):
                self._tell(before - len(self._tail) + at + 1, float(gaps[at]))
                return
        self._tail = times[-2 * NEAR - 2 :]

    def _tell(self, calls: int, gap_s: float) -> None:
        self._told = True
        text = (
            f"after {units.show_count(calls)} calls none comes for {units.show_seconds(gap_s)}, and they are dense "
            "before and after: at the beginning of daylight saving time that is a clock that was set on, or a part of "
            "the log is missing; the hole is replayed as it is"
        )
        say(TraceNote("trace_clock", self._file, text, evidence={"calls_before": float(calls), "gap_s": gap_s}))


def _not_years_apart(piece: RawCalls, first: float) -> None:
    away = np.abs(piece.time - first)
    if (away > LATEST_S).any():
        at = int(np.argmax(away > LATEST_S))
        years = float(away[at]) / (365.25 * 86400.0)
        piece.fail(
            at,
            f"{years:.3g} years {'after' if piece.time[at] > first else 'before'} the first call, more than three: "
            "was the clock wrong? Cut the lines off",
        )


def _tell(file: Path, calls: int, back_s: float) -> None:
    back = units.show_seconds(back_s)
    text = (
        f"after {units.show_count(calls)} calls times go back by {back}: at the end of daylight saving time that is a "
        "clock that was set back, and two hours are replayed as one; times in UTC, or with their zone, do not go back "
        "(files of several servers, one behind the other, may)"
    )
    say(TraceNote("trace_clock", file, text, evidence={"calls_before": float(calls), "back_s": back_s}))
