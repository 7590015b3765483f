"""Calls in order of time, from files whose rows are nearly so: sorted in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from mmesim import units
from mmesim.arrays import Floats
from mmesim.workload.block import Arrivals, sorted_by_time
from mmesim.workload.trace.formats.rows import RawCalls
from mmesim.workload.trace.names import LEFT_OUT


def in_order(pieces: Iterable[RawCalls], disorder_s: float, from_first: bool) -> Iterator[Arrivals]:
    """The calls of a file in order of time, those of one time in the order of the file; calls left out are gone.

    A call may be up to `disorder_s` earlier than one before it in the file; TraceError at the first that is earlier
    still. What is held in memory are the calls of that time. With `from_first` the earliest call is at time 0.
    """
    ordered = _plain(pieces) if disorder_s == 0.0 else _sorted(pieces, disorder_s)
    zero: float | None = None if from_first else 0.0
    for calls in ordered:
        if zero is None:
            zero = float(calls.time[0])
        yield calls if zero == 0.0 else Arrivals(calls.time - zero, calls.model, calls.service)


def _plain(pieces: Iterable[RawCalls]) -> Iterator[Arrivals]:
    latest = -np.inf
    for piece in pieces:
        check(piece, latest, 0.0)
        if len(piece.time):
            latest = float(piece.time[-1])
        yield from _kept(Arrivals(piece.time, piece.model, piece.service))


def _sorted(pieces: Iterable[RawCalls], disorder_s: float) -> Iterator[Arrivals]:
    latest = -np.inf
    waiting: list[Arrivals] = []
    held = new = 0
    for piece in pieces:
        if not len(piece.time):
            continue
        check(piece, latest, disorder_s)
        latest = max(latest, float(piece.time.max()))
        waiting.append(Arrivals(piece.time, piece.model, piece.service))
        new += len(piece.time)
        # Sorting costs as much as what is held: it waits until there is as much again.
        if new >= held:
            together = sorted_by_time(waiting)
            # Nothing that is still to come can be earlier than this.
            cut = int(np.searchsorted(together.time, latest - disorder_s, side="left"))
            yield from _kept(together[:cut])
            waiting, held, new = [together[cut:]], len(together) - cut, 0
    if waiting:
        yield from _kept(sorted_by_time(waiting))


def _kept(calls: Arrivals) -> Iterator[Arrivals]:
    keep = calls.model != LEFT_OUT
    if keep.all():
        if len(calls):
            yield calls
    elif keep.any():
        yield Arrivals(calls.time[keep], calls.model[keep], None if calls.service is None else calls.service[keep])


def check(piece: RawCalls, latest: float, disorder_s: float) -> None:
    """TraceError at the first call that is more than `disorder_s` earlier than one before it, or than `latest`."""
    before: Floats = np.maximum.accumulate(np.concatenate(([latest], piece.time)))[:-1]
    wrong = piece.time < before - disorder_s
    if not wrong.any():
        return
    at = int(np.argmax(wrong))
    time, last = float(piece.time[at]), float(before[at])
    if disorder_s == 0.0:
        newest_first = len(piece.time) > 2 and bool((np.diff(piece.time) <= 0.0).all())
        how = "; the newest stands first: max_disorder: 10000 h sorts them all" if newest_first else ""
        how = how or " (or give max_disorder)"
        piece.fail(at, f"time {time!r} s comes after {last!r} s: rows must be sorted by time{how}")
    piece.fail(
        at,
        f"the call at {time!r} s comes after one at {last!r} s: {units.show_seconds(last - time)} out of order, "
        f"max_disorder is {units.show_seconds(disorder_s)}",
    )
