"""The fleet of one replication over time, from what happened: hosts in service, and hosts that are provisioned."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from mmesim.arrays import Floats, Ints, divide
from mmesim.results.happened import Happened, Kind
from mmesim.results.run_data import RunData
from mmesim.scenario.scenario import Scenario


class Span(NamedTuple):
    """When something was there, seconds from the start of the run, and what it weighs."""

    start_s: float
    end_s: float
    weight: float = 1.0


def hosts(scenario: Scenario, happened: Iterable[Happened]) -> dict[int, Span]:
    """When each host was in service; infinite ends are those of hosts that are there to the end."""
    found = {row: Span(0.0, math.inf) for row in range(scenario.endpoint.instance_count)}
    for one in happened:
        row = int(one.figures.get("host", -1.0))
        if one.kind is Kind.in_service:
            found[row] = Span(one.at_s, math.inf)
        elif one.kind is Kind.gone and row in found:
            found[row] = found[row]._replace(end_s=one.at_s)
    return found


def provisioned(scenario: Scenario, run: RunData) -> list[Span]:
    """From when to when each host was provisioned that did not come at once, in service or lost at the end."""
    initial = scenario.endpoint.instance_count
    asked = [one.at_s for one in run.happened if one.kind is Kind.provisioning]
    there = {int(one.figures["host"]) for one in run.happened if one.kind is Kind.in_service}
    over = [
        one.at_s
        for one in run.happened
        if (one.kind is Kind.in_service and one.figures["after_s"] > 0.0)
        or (one.kind is Kind.gone and initial <= one.figures["host"] and int(one.figures["host"]) not in there)
    ]
    return [Span(start_s, end_s) for start_s, end_s in zip(asked, over + [math.inf] * len(asked), strict=False)]


def peak(scenario: Scenario, run: RunData) -> int:
    """The most hosts that were in service at once within the measured time."""
    spans = list(hosts(scenario, run.happened).values())
    moments = [run.warmup_s, *(one.start_s for one in spans if run.warmup_s < one.start_s < run.duration_s)]
    return max(sum(one.start_s <= at_s < one.end_s for one in spans) for at_s in moments)


def priced(scenario: Scenario, run: RunData) -> list[Span]:
    """When each host was in service, with its price, USD an hour; nan where that is not known."""
    prices = run.hosts.usd_per_hour
    return [
        one._replace(weight=float(prices[row]))
        for row, one in hosts(scenario, run.happened).items()
        if row < len(prices)
    ]


def means(spans: Iterable[Span], starts_s: Floats, ends_s: Floats) -> Floats:
    """The weight of what is there, mean over each window."""
    found = np.zeros(len(starts_s))
    for one in spans:
        found += one.weight * np.maximum(np.minimum(ends_s, one.end_s) - np.maximum(starts_s, one.start_s), 0.0)
    mean: Floats = found / (ends_s - starts_s)
    return mean


def vcpus(scenario: Scenario, happened: Iterable[Happened], vcpu: Ints, starts_s: Floats, ends_s: Floats) -> Floats:
    """[windows]: vCPUs of a host in service, on average; `vcpu` are those of each host. A deploy may change them."""
    spans = [(row, one) for row, one in hosts(scenario, happened).items() if row < len(vcpu)]
    weighed = means([one._replace(weight=float(vcpu[row])) for row, one in spans], starts_s, ends_s)
    return divide(weighed, means([one for _, one in spans], starts_s, ends_s), float(scenario.endpoint.host.vcpu))
