"""The section `happened` of summary.json: what followed faults, deploys and scale-outs, and what the fleet cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np

from mmesim.results.figures import hourly_usd
from mmesim.results.over_time.course import EVENTS, Course, courses
from mmesim.results.over_time.fleet import peak
from mmesim.results.run_data import CAUSES, RunData
from mmesim.results.sections import Count, Entry, Value, exactly
from mmesim.scenario.scenario import Scenario
from mmesim.stats.intervals import Estimate, estimate
from mmesim.stats.means import CONFIDENCE

NO_LIMIT = "expect names no limit of latency or errors"
NEVER_BROKEN = "no limit was broken"
NOT_MEASURED = "no minute after it was measured"


class Followed(Entry):
    """What followed the faults, the deploy or the scale-outs of one name, over all replications."""

    kind: Literal["fault", "deploy", "scale_out"]
    """what it was"""
    name: str
    """its name in the scenario; of a scale-out the policy's"""
    times: Count
    """how often it happened, in all replications together"""
    first_s: Value
    """seconds from the start of the run to the first in each replication"""
    detected_s: Value
    """seconds after it at which the first minute ends that breaks a limit of latency or errors for sure"""
    recovered_s: Value
    """seconds after it from which on the limits are kept again for good; 0 when none was broken"""
    not_recovered: Count
    """how often one still was at the end"""
    broken_before: Count
    """how often the calls before it, from the fault or deploy before it on, did not keep a limit either"""
    slow: Count
    """successful calls over the highest latency limit that began between it and the recovery"""
    errors: Annotated[dict[str, Count], exactly(*CAUSES)]
    """failed calls that began between it and the recovery, by the cause of their last attempt"""


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
    """null without a price"""


def happened(scenario: Scenario, runs: Sequence[RunData], confidence: float = CONFIDENCE) -> dict[str, Any] | None:
    """The section, None where nothing happened in any replication."""
    if not any(run.happened for run in runs):
        return None
    each = [courses(scenario, run) for run in runs]
    names = dict.fromkeys((one.kind, one.name) for found in each for one in found)
    events = [
        _followed(scenario, [[one for one in found if (one.kind, one.name) == name] for found in each], confidence)
        for name in names
    ]
    events.sort(key=lambda one: (one["first_s"]["value"], EVENTS.index(one["kind"]), one["name"]))
    return {"events": events, "cost": _cost(scenario, runs, confidence)}


def _followed(scenario: Scenario, each: Sequence[Sequence[Course]], confidence: float) -> dict[str, Any]:
    """What followed the events of one name; `each`: those of each replication."""
    flat = [one for found in each for one in found]
    lost = sum(math.isinf(one.recovered_s) for one in flat)
    if not any(e.limits_calls for e in scenario.expect):
        unknown = NO_LIMIT
    else:
        unknown = NOT_MEASURED if all(math.isnan(one.recovered_s) for one in flat) else NEVER_BROKEN
    recovered = _mean(each, lambda one: one.recovered_s, unknown, confidence)
    if lost:
        recovered = Estimate(None, reason=f"{lost} of {len(flat)} were not recovered from")
    return {
        "kind": str(flat[0].kind),
        "name": flat[0].name,
        "times": len(flat),
        "first_s": estimate(
            [min((one.at_s for one in found), default=math.nan) for found in each],
            "",
            skip_missing=True,
            low=0.0,
            confidence=confidence,
        ).as_dict(),
        "detected_s": _mean(each, lambda one: one.detected_s, unknown, confidence).as_dict(),
        "recovered_s": recovered.as_dict(),
        "not_recovered": lost,
        "broken_before": sum(one.broken_before for one in flat),
        "slow": sum(one.slow for one in flat),
        "errors": dict(zip(CAUSES, np.sum([one.failed for one in flat], axis=0).tolist(), strict=True)),
    }


def _mean(each: Sequence[Sequence[Course]], of: Callable[[Course], float], missing: str, confidence: float) -> Estimate:
    """The mean over replications of the mean over what happened in each; what has no value is left out."""
    known = [[value for one in found if not math.isnan(value := of(one))] for found in each]
    values = [math.fsum(found) / len(found) if found else math.nan for found in known]
    if any(map(math.isinf, values)):
        return Estimate(None, reason=missing)
    return estimate(values, missing, low=0.0, skip_missing=True, confidence=confidence)


def _cost(scenario: Scenario, runs: Sequence[RunData], confidence: float) -> Mapping[str, Any] | None:
    price, hourly = scenario.endpoint.host.price_usd_per_hour, [hourly_usd(run) for run in runs]
    if price is None or any(map(math.isnan, hourly)):
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
