"""What a run replays of a trace, and whether that is what was meant: said when it ends."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

from mmesim import units
from mmesim.errors import TraceWarning
from mmesim.workload.block import Arrivals

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
                _warn(
                    file,
                    f"NO CALL is replayed: the first is at {units.show_seconds(float(part.time[0]))}, "
                    f"the run has {length} for the trace; window.start or count_from: first moves the trace to time 0",
                )
            else:
                _warn(file, f"cut by the run: calls after its first {length} are not replayed")
            yield part
            yield from calls
            return
        last_s = float(part.time[-1])
        yield part
    if last_s is None:
        _warn(file, "NO CALL is replayed: there is none in the selected part of the trace")
    elif last_s < SHORT * length_s:
        _warn(file, f"the last call is at {units.show_seconds(last_s)}, the run has {length} for the trace")


def _warn(file: Path, text: str) -> None:
    warnings.warn(f"{file}: {text}", TraceWarning, stacklevel=3)
