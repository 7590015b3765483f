"""Clocks that were set while a log was written: years apart, or back by the hour of daylight saving time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from mmesim import units
from mmesim.scenario.traffic.trace.note import TraceNote
from mmesim.workload.trace.formats.clock import LATEST_S
from mmesim.workload.trace.formats.rows import RawCalls
from mmesim.workload.trace.notes import say

HOUR_S = (2700.0, 4500.0)
"""How far back, at least and at most, a step from one row to the next looks like the end of daylight saving time."""


def watched(pieces: Iterable[RawCalls], file: Path, disorder_s: float) -> Iterator[RawCalls]:
    """The same calls, as they stand in their file; TraceError for one more than three years from the first.

    Warns once of a step back by about an hour: two hours are then replayed as one. Where rows may be further out of
    order than that, such a step means nothing.
    """
    first: float | None = None
    last, before, told = -np.inf, 0, disorder_s > HOUR_S[1]
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
            last, before = float(time[-1]), before + len(time)
        yield piece


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
