"""The section `happened` of summary.json: what followed faults, deploys and scale-outs, and what the fleet cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np

from mmesim.results.answers.sections import Count, Entry, Reason, Value, WithReason, exactly, reason_when_null
from mmesim.results.figures.figures import hourly_usd
from mmesim.results.measured.happened import Kind
from mmesim.results.measured.run_data import CAUSES, RunData
from mmesim.results.over_time.course import EVENTS, Course, courses, limited_by
from mmesim.results.over_time.fleet import peak
from mmesim.scenario.scenario import Scenario
from mmesim.stats.intervals import estimate
from mmesim.stats.means import CONFIDENCE

NO_LIMIT = "expect names no limit of latency or errors"
NEVER_BROKEN = "no limit was broken"
NOT_MEASURED = "no whole minute with a limit was measured after it"

CHANGES = (Kind.scale_out, Kind.scale_in, Kind.deploy)
"""What changes a fleet on purpose: lost instances alone are no fleet whose cost is to be compared."""


class Spread(WithReason):
    """A time over replications, from the least to the most, or null with the reason."""

    # No interval: these times have bounds, such as the end of the run, which that of a few replications would leave.
    model_config = reason_when_null("value")

    value: float | None
    """mean over the replications in which it is known"""
    least: float | None
    """the least of any replication"""
    most: float | None
    """the most of any replication"""
    reason: Reason = None
    """why value is null; absent when it is not"""


class Followed(Entry):
    """What followed the faults, the deploy or the scale-outs of one name, over all replications."""

    kind: Literal["fault", "deploy", "scale_out"]
    """what it was"""
    name: str
    """its name in the scenario; of a scale-out the policy's"""
    times: Count
    """how often it happened, in all replications together"""
    replications: Count
    """in how many replications it happened"""
    first_s: Spread
    """seconds from the start of the run to the first in each replication"""
    asked_s: float | None
    """when the scenario says that a deploy begins, which waits for a change under way; null for others"""
    detected_s: Spread
    """seconds after it at which the first minute ends that breaks a limit of latency or errors for sure"""
    recovered_s: Spread
    """seconds after it from which on the limits are kept again for good; 0 when none was broken"""
    not_recovered: Count
    """how often one still was at the end"""
    cut_off: Count
    """how often the run ended before new instances of a scale-out were in service, before the first shift of a deploy,
    or before the places of lost instances were taken"""
    broken_before: Count
    """how often the calls before it, from the fault or deploy before it on, did not keep a limit either"""
    slow: Count
    """successful calls over the highest latency limit between it and the recovery, each put on one event"""
    errors: Annotated[dict[str, Count], exactly(*CAUSES)]
    """failed calls that it can have made, by the cause of their last attempt, each put on one event"""


class FixedFleet(Entry):
    """A fleet of as many instances all the time."""

    instances: float
    """mean over replications"""
    usd_per_hour: float
    """each at the price of its type"""


class FleetCost(Entry):
    """What the instances in service cost, against fleets that do not change."""

    usd_per_hour: Value
    """of the instances that were there, each at the price of its type, mean over the measured time"""
    at_start: FixedFleet
    """as many as at the start"""
    at_peak: FixedFleet
    """as many as there were at most at once within the measured time"""


class OverTimeSummary(Entry):
    """What happened to the fleet, and what followed."""

    events: list[Followed]
    """in order of their first time"""
    cost: FleetCost | None
    """null without a price, and where instances were lost at most"""


def happened(scenario: Scenario, runs: Sequence[RunData], confidence: float = CONFIDENCE) -> dict[str, Any] | None:
    """The section, None where nothing happened in any replication."""
    if not any(run.happened for run in runs):
        return None
    each = [courses(scenario, run) for run in runs]
    names = dict.fromkeys((one.kind, one.name) for found in each for one in found)
    events = [
        _followed(scenario, [[one for one in found if (one.kind, one.name) == name] for found in each])
        for name in names
    ]
    events.sort(key=lambda one: (one["first_s"]["value"], EVENTS.index(one["kind"]), one["name"]))
    return {"events": events, "cost": _cost(scenario, runs, confidence)}


def _followed(scenario: Scenario, each: Sequence[Sequence[Course]]) -> dict[str, Any]:
    """What followed the events of one name; `each`: those of each replication."""
    flat = [one for found in each for one in found]
    lost = sum(math.isinf(one.recovered_s) for one in flat)
    event = limited_by(flat[0].kind, flat[0].name)
    if not any(e.limits_calls_after(event) for e in scenario.expect):
        others = any(e.limits_calls for e in scenario.expect)
        unknown = f"{NO_LIMIT} after {event or 'a scale-out'}" if others else NO_LIMIT
    else:
        unknown = NOT_MEASURED if all(math.isnan(one.recovered_s) for one in flat) else NEVER_BROKEN
    recovered = _spread(each, lambda one: one.recovered_s, unknown)
    if lost:
        recovered = _no(f"{lost} of {len(flat)} were not recovered from")
    deploys = scenario.deploys if flat[0].kind is Kind.deploy else ()
    return {
        "kind": str(flat[0].kind),
        "name": flat[0].name,
        "times": len(flat),
        "replications": sum(bool(found) for found in each),
        "first_s": _spread([found[:1] for found in each], lambda one: one.at_s, ""),
        "asked_s": next((one.at_s for one in deploys if one.name == flat[0].name), None),
        "detected_s": _spread(each, lambda one: one.detected_s, unknown),
        "recovered_s": recovered,
        "not_recovered": lost,
        "cut_off": sum(one.cut_off for one in flat),
        "broken_before": sum(one.broken_before for one in flat),
        "slow": sum(one.slow for one in flat),
        "errors": dict(zip(CAUSES, np.sum([one.failed for one in flat], axis=0).tolist(), strict=True)),
    }


def _spread(each: Sequence[Sequence[Course]], of: Callable[[Course], float], missing: str) -> dict[str, Any]:
    """The mean over replications of the mean over what happened in each; what has no value is left out."""
    known = [[value for one in found if not math.isnan(value := of(one))] for found in each]
    values = [math.fsum(found) / len(found) for found in known if found]
    if not values or any(map(math.isinf, values)):
        return _no(missing)
    every = [value for found in known for value in found]
    return {"value": math.fsum(values) / len(values), "least": min(every), "most": max(every)}


def _no(reason: str) -> dict[str, Any]:
    return {"value": None, "least": None, "most": None, "reason": reason}


def _cost(scenario: Scenario, runs: Sequence[RunData], confidence: float) -> Mapping[str, Any] | None:
    price, hourly = scenario.endpoint.host.price_usd_per_hour, [hourly_usd(run) for run in runs]
    if price is None or any(map(math.isnan, hourly)):
        return None
    if scenario.faults and not any(one.kind in CHANGES for run in runs for one in run.happened):
        return None
    at_start = float(scenario.endpoint.instance_count)
    at_peak, peak_usd = (
        math.fsum(peak(run, weights(run)) for run in runs) / len(runs)
        for weights in (lambda run: np.ones(len(run.hosts.up_s)), lambda run: run.hosts.usd_per_hour)
    )
    return {
        "usd_per_hour": estimate(hourly, "", low=0.0, confidence=confidence).as_dict(),
        "at_start": {"instances": at_start, "usd_per_hour": price * at_start},
        "at_peak": {"instances": at_peak, "usd_per_hour": peak_usd},
    }
