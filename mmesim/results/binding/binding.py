"""The binding constraint of a run: what most of the tail waits for, as figures and in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from mmesim import units
from mmesim.preflight.finding import Finding
from mmesim.results.answers.sections import Entry
from mmesim.results.binding.events import MOST, Event, failing, leaking
from mmesim.results.binding.limits import Use, use_of
from mmesim.results.binding.roots import Roots
from mmesim.results.binding.waits import TAIL, Shares, error_shares, tail_shares
from mmesim.results.figures.latency import Pooled
from mmesim.results.measured.run_data import RunData
from mmesim.scenario.constraints import Resource
from mmesim.scenario.scenario import Scenario

OWN_TIME = 0.5
"""Nothing binds when at least this share of what the tail takes beyond a call without waiting is its own work."""
ONE_LOAD: tuple[Resource, Resource] = ("download", "load")
"""What is waited for one after the other when a model is loaded: both count for the one that takes longer."""

RULE = "docs/glossary.md#binding-constraint"


class BindingConstraint(Entry):
    """The resource or setting that most of the tail waits for, or the event that it is due to."""

    id: Resource | Literal["event"]
    """what binds; event: a fault, a deploy or a scale-in of the scenario, which the finding names"""
    used: float
    """what is used of it: a share for cpu, workers, calls, bytes, seconds, slots, attempts a second; of an event how
    often it came, mean over replications"""
    limit: float | None
    """what there is of it, in the same unit"""
    share_of_tail: float | None
    """share of the time of the slowest 1 % of successful calls that they wait for it; null without any. download and
    load: that of both"""
    share_of_errors: float | None
    """share of the failed calls that are due to it; null without any"""


def binding(
    scenario: Scenario, runs: Sequence[RunData], pooled: Pooled
) -> tuple[BindingConstraint | None, Finding | None]:
    """What binds, and the finding that says so; None when nothing does.

    The tail is the slowest 1 % of all calls, of which those that failed are slower than every other. Its time is split
    by the latency ledger, its errors by their causes, and each part is put down to what it waits for. What binds is the
    largest of these, unless half of what the tail takes beyond a call without waiting is its own service, server work
    and network. Before them comes a fault, a deploy or a scale-in that half of the tail has failed of.
    """
    roots = Roots(scenario, runs)
    tail, errors = tail_shares(roots, pooled), error_shares(roots)
    event = failing(roots)
    if event is not None and event.share_of_errors * failed_share_of_tail(runs) >= MOST:
        return _due_to(event)
    due = mixed(None if tail is None else tail.excess, errors, runs)
    if due.get(None, 0.0) >= OWN_TIME or not set(due) - {None}:
        return None, None
    longer = max(ONE_LOAD, key=lambda one: due.get(one, 0.0))
    due = _together(due, longer)
    largest: Resource = max((one for one in due if one is not None), key=lambda one: due[one])
    shares = [
        None if of is None else _together(of, longer).get(largest, 0.0)
        for of in (None if tail is None else tail.time, errors)
    ]
    leak = leaking(roots, largest)
    if leak is not None:
        return _due_to(leak, shares[0])
    use = use_of(largest, roots)
    excess = None if tail is None else _together(tail.excess, longer).get(largest, 0.0)
    found = BindingConstraint(
        id=largest, used=use.used, limit=use.limit, share_of_tail=shares[0], share_of_errors=shares[1]
    )
    return found, _finding(found, use, excess)


def _finding(found: BindingConstraint, use: Use, excess: float | None) -> Finding:
    """The finding that says what binds. `excess`: its share of what the tail takes beyond a call without waiting."""
    shares = (found.share_of_tail, found.share_of_errors)
    waits = [
        f"{units.show_fraction(share)} of {what}"
        for share, what in zip(shares, ("the time of the slowest 1 % of calls", "the errors"), strict=True)
        if share
    ]
    if shares[0] and excess is not None and shares[0] < OWN_TIME < excess:
        waits[0] += f" ({units.show_fraction(excess)} of what they take beyond a call without waiting)"
    evidence = {"binds": found.id, "used": use.used, **use.evidence}
    if excess is not None:
        evidence["share_of_excess"] = excess
    if use.limit is not None:
        evidence["limit"] = use.limit
    return Finding(
        id="binding_constraint",
        severity="note",
        text=f"{use.text}; {' and '.join(waits)} {'are' if shares[1] else 'is'} due to it",
        evidence=evidence,
        source=RULE,
        try_=use.try_,
    )


def _due_to(event: Event, share_of_tail: float | None = None) -> tuple[BindingConstraint, Finding]:
    """An event that binds; of failed calls no time is known that they wait for it."""
    share = event.share_of_errors
    found = BindingConstraint(
        id="event", used=event.number, limit=None, share_of_tail=share_of_tail, share_of_errors=share or None
    )
    due = [
        f"{units.show_fraction(part)} of {what}"
        for part, what in ((share_of_tail, "the time of the slowest 1 % of calls"), (share, "the errors"))
        if part
    ]
    finding = Finding(
        id="binding_constraint",
        severity="note",
        text=f"{event.names}: {event.text}; {' and '.join(due)} {'are' if share else 'is'} due to it",
        evidence={"binds": "event", "events": event.names, "used": event.number, "share_of_errors": share},
        source=RULE,
        try_=event.try_,
    )
    return found, finding


def _together(shares: Shares, longer: Resource) -> Shares:
    """The same with download and load as one, under the name of the longer."""
    both = sum(shares.get(one, 0.0) for one in ONE_LOAD)
    rest = {one: share for one, share in shares.items() if one not in ONE_LOAD}
    return {**rest, longer: both} if both else rest


def mixed(of_tail: Shares | None, errors: Shares | None, runs: Sequence[RunData]) -> Shares:
    """The shares of the slowest 1 % of all calls: failed ones first, then the slowest of the others."""
    if of_tail is None or errors is None:
        return of_tail if of_tail is not None else errors or {None: 1.0}
    weight = failed_share_of_tail(runs)
    return {
        one: weight * errors.get(one, 0.0) + (1.0 - weight) * of_tail.get(one, 0.0) for one in {**of_tail, **errors}
    }


def failed_share_of_tail(runs: Sequence[RunData]) -> float:
    """Share of the slowest 1 % of all calls that failed."""
    calls, failed = sum(run.calls for run in runs), sum(float(run.errors.sum()) for run in runs)
    return min(1.0, failed / (TAIL * calls)) if calls else 0.0
