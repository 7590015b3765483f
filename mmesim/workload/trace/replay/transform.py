"""What is done to a trace before it is replayed: a part of it, fewer or more calls, faster or slower time."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from mmesim.workload.block import Arrivals, merge

Stream = Iterator[Arrivals]

GOLDEN = 0.6180339887498949
"""(sqrt(5) - 1) / 2: its multiples modulo 1 lie evenly, however many there are, and hit no hour or day exactly."""


def window(calls: Stream, start_s: float, length_s: float | None) -> Stream:
    """The calls in [start, start + length), their times counted from start; nothing is read beyond them."""
    end_s = np.inf if length_s is None else start_s + length_s
    for part in calls:
        first, last = np.searchsorted(part.time, [start_s, end_s], side="left").tolist()
        if last > first:
            yield moved(part[first:last], -start_s)
        if last < len(part):
            return


def moved(calls: Arrivals, by_s: float) -> Arrivals:
    """The same calls at other times."""
    return Arrivals(calls.time + by_s, calls.model, calls.service) if by_s else calls


def thinned(calls: Stream, share: float, generator: np.random.Generator) -> Stream:
    """Each call with the chance `share`; call k has draw k, so a larger share keeps all that a smaller one keeps."""
    for part in calls:
        keep = generator.random(len(part)) < share
        if keep.any():
            yield part[keep]


def warped(calls: Stream, factor: float) -> Stream:
    """The same calls in time that runs `factor` times as fast; service times stay."""
    for part in calls:
        yield Arrivals(part.time / factor, part.model, part.service)


def copies(
    open_: Callable[[], Stream], rate: float, length_s: float, draws: Callable[[int], np.random.Generator]
) -> Stream:
    """`rate` times as many calls: whole copies, each begun elsewhere in the window of `length_s`, and a thinned one.

    Copy k begins at the k-th multiple of the golden ratio of the length (copy 0 at 0), goes on to the end of the window
    and then from its beginning. `open_` reads the window anew; each copy but the first reads it twice.
    """
    streams: list[Stream] = []
    number = 0
    while number < rate:
        shift_s = (number * GOLDEN % 1.0) * length_s
        copy = open_() if number == 0 else _rotated(open_, shift_s, length_s)
        share = rate - number
        streams.append(copy if share >= 1.0 else thinned(copy, share, draws(number)))
        number += 1
    return merge(streams, 1)


def _rotated(open_: Callable[[], Stream], shift_s: float, length_s: float) -> Stream:
    yield from window(open_(), shift_s, None)
    for part in window(open_(), 0.0, shift_s):
        yield moved(part, length_s - shift_s)


def last_time(calls: Stream) -> float:
    """The time of the last call, 0 where there is none."""
    latest = 0.0
    for part in calls:
        latest = float(part.time[-1])
    return latest


def counts(calls: Stream) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """How many calls each row has; memory grows with the rows alone."""
    found = np.zeros(0, dtype=np.int64)
    for part in calls:
        more = np.bincount(part.model, minlength=len(found))
        more[: len(found)] += found
        found = more
    return found
