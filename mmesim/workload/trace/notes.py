"""What is to be known of a trace: a warning at once, and a finding of the run that meets it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from mmesim.errors import TraceWarning
from mmesim.scenario.traffic.trace.note import TraceNote

_COLLECTED: ContextVar[list[TraceNote] | None] = ContextVar("notes of the traces that are read", default=None)


def say(note: TraceNote, stacklevel: int = 2) -> None:
    """Warn about a trace; whoever collects notes gets this one."""
    collected_here = _COLLECTED.get()
    if collected_here is not None:
        collected_here.append(note)
    warnings.warn(note.line, TraceWarning, stacklevel=stacklevel + 1)


@contextmanager
def collected() -> Iterator[list[TraceNote]]:
    """Collects what is said of traces that are read inside; of a file that is read twice, twice."""
    notes: list[TraceNote] = []
    token = _COLLECTED.set(notes)
    try:
        yield notes
    finally:
        _COLLECTED.reset(token)
