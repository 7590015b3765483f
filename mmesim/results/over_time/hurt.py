"""Which calls an event hurt, where events overlap.

A call belongs to the minute in which it began. Slow calls are put on an event from the minute in which it takes effect
to its recovery; failed ones, of the causes that it can make (`acting`), in the minute of its effect, to its recovery,
and as long as it acts. What several events can have made is put on the one that took effect last: of those that still
act, if there are any, else of those that are not recovered from. Calls that an event ended, but that began in the
minute before, are put on it where no earlier event can have made them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mmesim.arrays import Ints
from mmesim.results.measured.run_data import CAUSES
from mmesim.results.over_time.acting import IN_FLIGHT, Acting
from mmesim.results.over_time.limits import Minutes

NOBODY = -1


def shares(calls: Minutes, acts: Sequence[Acting], until_recovery: Sequence[slice]) -> tuple[Ints, Ints]:
    """[events] slow calls and [events, len(CAUSES)] failed ones, each call once at most.

    `until_recovery`: of each event the minutes from its effect to the recovery.
    """
    slow_of = np.full(len(calls), NOBODY)
    failed_of = np.full((len(calls), len(CAUSES)), NOBODY)
    order = [k for k in np.argsort([act.begins_s for act in acts], kind="stable") if acts[k].begins_s < math.inf]
    for k in order:
        act, rows = acts[k], until_recovery[k]
        slow_of[rows] = k
        own = row_of(act.begins_s, calls) + 1 if act.begins_s >= calls.start_s else 0
        failed_of[rows.start : max(rows.stop, own), act.makes] = k
    for k in order:
        act = acts[k]
        if act.ends_s > act.begins_s:
            rows = slice(row_of(act.begins_s, calls), _rows_until(act.ends_s, calls))
            failed_of[rows, act.makes] = k
            if act.slows:
                slow_of[rows][slow_of[rows] != NOBODY] = k
    ended = np.array([cause in IN_FLIGHT for cause in CAUSES])
    for k in order:
        row = row_of(acts[k].begins_s, calls) - 1
        if row >= 0:
            failed_of[row, acts[k].makes & ended & (failed_of[row] == NOBODY)] = k
    slow = np.array([calls.cells.over[slow_of == k].sum() for k in range(len(acts))], dtype=np.int64)
    failed = np.array([np.where(failed_of == k, calls.cells.causes, 0).sum(axis=0) for k in range(len(acts))])
    return slow, failed


def row_of(at_s: float, calls: Minutes) -> int:
    """The minute in which a time lies, the first for a time in the warm-up; their number from their end on."""
    return len(calls) if at_s >= calls.end_s else max(0, math.floor((at_s - calls.start_s) / calls.length_s))


def _rows_until(at_s: float, calls: Minutes) -> int:
    """How many minutes begin before a time."""
    return len(calls) if at_s >= calls.end_s else max(0, math.ceil((at_s - calls.start_s) / calls.length_s))
