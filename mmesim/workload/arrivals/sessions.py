"""Sessions: each arrival becomes several calls, put in order of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from mmesim.arrays import Flags, Floats, Ints
from mmesim.scenario.traffic.sessions import Geometric, Sessions
from mmesim.workload.block import Arrivals
from mmesim.workload.draws.generators import Generators
from mmesim.workload.draws.sampler import Sampler

Chooser = Callable[[Ints, Flags], Ints]
"""(model of the arrival, whether it is the first of its session) for each call -> its model.

The calls come session by session, so that draw k belongs to call k of that order."""


def calls(
    starts: Iterator[Arrivals], sessions: Sessions, choose: Chooser, generators: Generators
) -> Iterator[Arrivals]:
    """All calls of all sessions in order of time; at equal times the older session first.

    Held are the calls that are yet to come of the sessions under way.
    """
    counts, gaps = generators("session_calls"), generators("session_gaps")
    sampler = Sampler((sessions.gap,))
    rngs = dict.fromkeys(sampler.families, gaps)
    waiting = Arrivals(np.empty(0), np.empty(0, dtype=np.int64), None)
    for block in starts:
        if not len(block):
            continue
        number = _numbers(sessions, counts, len(block))
        first = np.concatenate([[0], np.cumsum(number)[:-1]])
        total = int(number.sum())
        begins = np.zeros(total, dtype=np.bool_)
        begins[first] = True
        step = np.zeros(total)
        step[~begins] = sampler.draw(rngs, np.zeros(total - len(block), dtype=np.int64))
        time = _summed(np.repeat(block.time, number), step, number, first)
        model = choose(np.repeat(block.model, number), begins)
        ready, waiting = _split(_merged(waiting, Arrivals(time, model, None)), float(block.time[-1]))
        yield ready
    yield waiting


def _numbers(sessions: Sessions, counts: np.random.Generator, n: int) -> Ints:
    """How many calls each of `n` sessions has."""
    if isinstance(sessions.calls, Geometric):
        return counts.geometric(1.0 / sessions.calls.mean, n)
    return np.full(n, sessions.calls, dtype=np.int64)


def _summed(begun: Floats, step: Floats, number: Ints, first: Ints) -> Floats:
    """Each call's time: that of its session's begin and the steps since, added one by one in that order.

    One running sum over all sessions would round differently with another size of block.
    """
    time = begun
    alive = np.flatnonzero(number > 1)
    place = 0
    while len(alive):
        place += 1
        now = first[alive] + place
        time[now] = time[now - 1] + step[now]
        alive = alive[number[alive] > place + 1]
    return time


def _merged(waiting: Arrivals, new: Arrivals) -> Arrivals:
    """Both in order of time; at equal times the waiting ones first, then in the order given."""
    time = np.concatenate([waiting.time, new.time])
    order = np.argsort(time, kind="stable")
    return Arrivals(time[order], np.concatenate([waiting.model, new.model])[order], None)


def _split(calls: Arrivals, until_s: float) -> tuple[Arrivals, Arrivals]:
    """Those up to a time, which is that of the last session begun, and those that later sessions may still precede."""
    n = int(np.searchsorted(calls.time, until_s, side="right"))
    return calls[:n], calls[n:]
