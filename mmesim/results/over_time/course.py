"""What followed an event in one replication: when it was to be seen, when it was over, and which calls it hurt.

An event is a fault, a deploy or a scale-out. What follows it lasts until the next fault or deploy (after a scale-out,
the next scale-out too), or to the end of the run. Detected: the end of the first minute that breaks a limit for sure.
Recovered: the begin of the first minute from which on no minute breaks one for sure and all calls together keep them,
the settling time of control engineering. Hurt: the calls that began in between and failed, or were over the highest
latency limit. All times are to the minute.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mmesim.arrays import Ints
from mmesim.results.happened import Happened, Kind
from mmesim.results.over_time.limits import Minutes, minutes
from mmesim.results.run_data import RunData
from mmesim.scenario.scenario import Scenario

CAUSES_OF = (Kind.fault, Kind.deploy)
"""What begins something new."""
EVENTS = (*CAUSES_OF, Kind.scale_out)


@dataclass(frozen=True)
class Course:
    """What followed an event; times are seconds after it."""

    kind: Kind
    name: str
    at_s: float
    """When it happened, seconds from the start of the run."""
    detected_s: float
    """nan when no limit was broken for sure, or none is expected."""
    recovered_s: float
    """0 when no limit was broken, infinite when one still was at the end; nan when none is expected, or when nothing
    was measured that long."""
    slow: int
    """Successful calls over the highest latency limit, from the event to the recovery."""
    failed: Ints
    """[len(CAUSES)]: failed ones by cause."""
    broken_before: bool
    """Whether the calls between the fault or deploy before it, or the warm-up, and it did not keep a limit."""


def courses(scenario: Scenario, run: RunData) -> tuple[Course, ...]:
    """What followed each event of a replication within the measured time, in order of time; none without events in the
    scenario, of which calls are counted minute by minute.
    """
    happened = [one for one in run.happened if one.kind in EVENTS and one.at_s < run.duration_s]
    if not happened or not scenario.is_watched:
        return ()
    calls = minutes(scenario, run)
    return tuple(_course(one, happened, calls) for one in happened)


def recovery_s(scenario: Scenario, run: RunData, name: str) -> float:
    """The slowest recovery after the faults or deploys of a name; nan when there was none in this replication."""
    found = [one.recovered_s for one in courses(scenario, run) if one.name == name and one.kind in CAUSES_OF]
    return max((one for one in found if not math.isnan(one)), default=math.nan)


def _course(one: Happened, happened: Sequence[Happened], calls: Minutes) -> Course:
    ending = CAUSES_OF if one.kind in CAUSES_OF else EVENTS
    later = [other.at_s for other in happened if other.at_s > one.at_s and other.kind in ending]
    earlier = [other.at_s for other in happened if other.at_s < one.at_s and other.kind in CAUSES_OF]
    rows = _rows(one.at_s, min(later, default=math.inf), calls)
    rows_before = _rows(max(earlier, default=0.0), one.at_s, calls)
    before = not bool(calls.kept_since(rows_before)[:1].all())
    if not calls.limits or rows.start >= rows.stop:
        nothing = np.zeros_like(calls.cells.causes[0])
        return Course(one.kind, one.name, one.at_s, math.nan, math.nan, 0, nothing, before)
    broken = np.flatnonzero(calls.broken(rows))
    settled = np.flatnonzero(calls.kept_since(rows))
    first = int(broken[-1]) + 1 if broken.size else 0
    settled = settled[settled >= first]
    ends = int(settled[0]) if settled.size else rows.stop - rows.start
    hurt = slice(rows.start, rows.start + ends)
    recovered = math.inf if not settled.size else _after(one, hurt.stop, calls) if ends else 0.0
    return Course(
        one.kind,
        one.name,
        one.at_s,
        _after(one, rows.start + int(broken[0]) + 1, calls) if broken.size else math.nan,
        recovered,
        int(calls.cells.over[hurt].sum()),
        calls.cells.causes[hurt].sum(axis=0),
        before,
    )


def _rows(at_s: float, until_s: float, calls: Minutes) -> slice:
    """The minutes from that of an event on which are over before the next."""
    first = max(0, math.floor((at_s - calls.start_s) / calls.length_s))
    if until_s >= calls.end_s:
        return slice(first, len(calls))
    return slice(first, max(first, math.floor((until_s - calls.start_s) / calls.length_s)))


def _after(one: Happened, minute: int, calls: Minutes) -> float:
    """The begin of a minute, seconds after an event."""
    return min(calls.start_s + minute * calls.length_s, calls.end_s) - one.at_s


def of_event(found: Sequence[Course], kind: Kind, name: str) -> Iterator[Course]:
    """The courses after one fault, deploy or scaling policy."""
    return (one for one in found if (one.kind, one.name) == (kind, name))
