"""What a run replays of a trace, and whether that is what was meant: said when it ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mmesim import units
from mmesim.scenario.traffic.trace.note import TraceNote
from mmesim.workload.block import Arrivals
from mmesim.workload.trace.notes import say

COVERAGE = "trace_coverage"
SHORT = 0.5
"""A trace that ends before this share of its time in the run is too short for it."""


def told(file: Path, calls: Iterator[Arrivals], length_s: float) -> Iterator[Arrivals]:
    """The same calls; TraceWarning when none lies in the run, when they end long before it, or go on beyond it.

    `length_s` is the time that the run has for the trace.
    """
    length = units.show_seconds(length_s)
    last_s: float | None = None
    for part in calls:
        if part.time[-1] >= length_s:
            if last_s is None and part.time[0] >= length_s:
                first_s = float(part.time[0])
                note = TraceNote(
                    COVERAGE,
                    file,
                    f"NO CALL is replayed: the first is at {units.show_seconds(first_s)}, "
                    f"the run has {length} for the trace",
                    "problem",
                    {"first_s": first_s, "length_s": length_s},
                    "window.start or count_from: first moves the trace to time 0",
                )
            else:
                text = f"cut by the run: calls after its first {length} are not replayed"
                note = TraceNote(COVERAGE, file, text, evidence={"length_s": length_s})
            say(note)
            yield part
            yield from calls
            return
        last_s = float(part.time[-1])
        yield part
    if last_s is None:
        text = "NO CALL is replayed: there is none in the selected part of the trace"
        say(TraceNote(COVERAGE, file, text, "problem", {"length_s": length_s}))
    elif last_s < SHORT * length_s:
        text = f"the last call is at {units.show_seconds(last_s)}, the run has {length} for the trace"
        say(TraceNote(COVERAGE, file, text, evidence={"last_s": last_s, "length_s": length_s}))
