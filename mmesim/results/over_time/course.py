"""What followed an event in one replication: when it was to be seen, when it was over, and which calls it hurt.

An event is a fault, a deploy or a scale-out. What follows it lasts until the next fault or deploy (after a scale-out,
the next scale-out too), or to the end of the run; when it was not over by then, until the event after that, and so on.
Detected: the end of the first minute that breaks a limit for sure, or of those that break one together. Recovered: the
begin of the first minute from which on no minute breaks one for sure and all calls together keep them, the settling
time of control engineering; without such a minute, of the first after the last one that breaks one for sure, from which
on the calls together do not. Not recovered from: where a limit is broken for sure from each minute on that could show
that it was over (`kept_again`). Calls that it hurt: `hurt`. All times are to the minute.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mmesim.arrays import Ints
from mmesim.results.measured.happened import Happened, Kind
from mmesim.results.measured.run_data import RunData
from mmesim.results.over_time.acting import Acting, acting
from mmesim.results.over_time.hurt import row_of, shares
from mmesim.results.over_time.limits import Minutes, minutes
from mmesim.scenario.scenario import Scenario

CAUSES_OF = (Kind.fault, Kind.deploy)
"""What begins something new."""
EVENTS = (*CAUSES_OF, Kind.scale_out)
CLAIMANTS = (*EVENTS, Kind.scale_in)
"""What can have hurt calls: those of a scale-in are put on no event of before it."""


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
    """0 when no limit was broken, infinite when one still was at the end, which is proved; nan when none is expected,
    or when nothing was measured that long."""
    slow: int
    """Successful calls over the highest latency limit that are put on it, from its effect to the recovery."""
    failed: Ints
    """[len(CAUSES)]: failed ones that are put on it, by cause."""
    broken_before: bool
    """Whether the calls between the fault or deploy before it, or the warm-up, and it did not keep a limit."""
    cut_off: bool
    """Whether the run ended before it took effect, or before the places of lost instances were taken."""


def courses(scenario: Scenario, run: RunData) -> tuple[Course, ...]:
    """What followed each event of a replication within the measured time, in order of time; none without events in the
    scenario, of which calls are counted minute by minute.
    """
    events = [one for one in run.happened if one.kind in CLAIMANTS and one.at_s < run.duration_s]
    if not scenario.is_watched or not any(one.kind in EVENTS for one in events):
        return ()
    calls, acts = minutes(scenario, run), [acting(scenario, run, one) for one in events]
    names = [limited_by(act.event.kind, act.event.name) for act in acts]
    each = [_course(act, acts, calls.limited_after(name)) for act, name in zip(acts, names, strict=True)]
    hurt = shares(calls, acts, [of for _, of in each])
    told = zip(each, *hurt, strict=True)
    return tuple(replace(one, slow=int(slow), failed=failed) for (one, _), slow, failed in told if one.kind in EVENTS)


def recovery_s(scenario: Scenario, run: RunData, name: str) -> float:
    """The slowest recovery after the faults or deploys of a name; nan when there was none in this replication."""
    found = [one.recovered_s for one in courses(scenario, run) if one.name == name and one.kind in CAUSES_OF]
    return max((one for one in found if not math.isnan(one)), default=math.nan)


def limited_by(kind: Kind, name: str) -> str | None:
    """What lines of `expect` call an event; None for what they cannot name: a scale-out."""
    return name if kind in CAUSES_OF else None


def _course(of: Acting, acts: Sequence[Acting], calls: Minutes) -> tuple[Course, slice]:
    """What followed, without the calls hurt; the minutes from its effect to the recovery."""
    one = of.event
    ending = CAUSES_OF if one.kind in CAUSES_OF else EVENTS
    since_s = of.begins_s if one.kind is Kind.deploy else one.at_s
    later = [_felt_s(other) for other in acts if other.event.kind in ending and _felt_s(other) > since_s]
    earlier = [_felt_s(other) for other in acts if other.event.kind in CAUSES_OF and _felt_s(other) < one.at_s]
    rows_before = _rows(max(earlier, default=0.0), one.at_s, calls)
    before = not bool(calls.kept_since(rows_before)[:1].all())
    nothing = Course(
        one.kind, one.name, one.at_s, math.nan, math.nan, 0, np.zeros(0, np.int64), before, not of.is_whole
    )
    if math.isinf(since_s):
        return nothing, slice(0, 0)
    acts_from = row_of(of.begins_s, calls)
    if not calls.limits or row_of(since_s, calls) >= len(calls):
        return nothing, slice(acts_from, acts_from)
    for until_s in (*sorted(later), math.inf):
        rows = _rows(since_s, until_s, calls)
        bad = _settled(rows, calls)
        if bad is not None:
            break
    if bad == 0 and since_s < calls.start_s:  # it was over before anything was measured, nobody knows when
        return nothing, slice(acts_from, acts_from)
    broken = np.flatnonzero(calls.broken(rows))
    bad = _not_proved(rows, calls) if bad is None else bad
    stop = rows.stop if bad is None else rows.start + bad
    seen = rows.start + int(broken[0]) + 1 if broken.size else stop
    found = replace(
        nothing,
        detected_s=math.nan if bad == 0 else _after(one, seen, calls),
        recovered_s=math.inf if bad is None else _after(one, stop, calls) if bad else 0.0,
    )
    return found, slice(acts_from, max(acts_from, stop))


def _settled(rows: slice, calls: Minutes) -> int | None:
    """How many minutes it takes until the limits are kept in all that are left; None when they are not before the last
    is over, or are kept at its end by chance.
    """
    again, never = calls.again(rows)
    settled = np.flatnonzero(calls.kept_since(rows) & again)
    settled = settled[settled >= _quiet_from(rows, calls)]
    return None if never or not settled.size else int(settled[0])


def _not_proved(rows: slice, calls: Minutes) -> int | None:
    """How many minutes it takes until nothing proves any more that a limit is broken; None when something always does,
    from each minute on after which enough follows to tell.
    """
    again, never = calls.again(rows)
    left = np.flatnonzero(again)
    left = left[left >= _quiet_from(rows, calls)]
    return None if never else int(left[0]) if left.size else len(again)


def _quiet_from(rows: slice, calls: Minutes) -> int:
    """The first minute after the last that breaks a limit for sure by itself."""
    broken = np.flatnonzero(calls.broken(rows))
    return int(broken[-1]) + 1 if broken.size else 0


def _felt_s(of: Acting) -> float:
    """From when on minutes are those after an event: of a deploy its first shift, before which calls do not notice."""
    return of.begins_s if of.event.kind is Kind.deploy else of.event.at_s


def _rows(at_s: float, until_s: float, calls: Minutes) -> slice:
    """The minutes from that of an event on which are over before the next."""
    first = row_of(at_s, calls)
    if until_s >= calls.end_s:
        return slice(first, len(calls))
    return slice(first, max(first, math.floor((until_s - calls.start_s) / calls.length_s)))


def _after(one: Happened, minute: int, calls: Minutes) -> float:
    """The begin of a minute, seconds after an event."""
    return min(calls.start_s + minute * calls.length_s, calls.end_s) - one.at_s
