"""The fleet of one replication over time, from what happened: hosts that are there, and hosts that are on their way."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from mmesim.arrays import Floats, Ints, divide
from mmesim.results.measured.happened import Happened, Kind
from mmesim.results.measured.run_data import RunData


class Lives(Protocol):
    """Hosts, one row each: when they were there and what they are, as in `HostData`."""

    @property
    def asked_s(self) -> Floats:
        """When it was asked for."""

    @property
    def born_s(self) -> Floats:
        """From when on it was there."""

    @property
    def gone_s(self) -> Floats:
        """Until when; infinite to the end."""

    @property
    def vcpu(self) -> Ints:
        """Its vCPUs."""

    @property
    def usd_per_hour(self) -> Floats:
        """Its price; NaN where none is known."""


class Seen(Protocol):
    """A replication as it is seen over time: one that was simulated now, or one of a result folder."""

    @property
    def duration_s(self) -> float:
        """How long it was."""

    @property
    def windows(self) -> Mapping[str, Floats]:
        """Column of `WINDOW_COLUMNS` -> one value a minute."""

    @property
    def hosts(self) -> Lives:
        """Every host that ever lived."""

    @property
    def happened(self) -> tuple[Happened, ...]:
        """What happened to the fleet, in order."""


class Span(NamedTuple):
    """When something was there, seconds from the start of the run, and what it weighs."""

    start_s: float
    end_s: float
    weight: float = 1.0


def weighing(run: Seen, weights: NDArray[np.number]) -> list[Span]:
    """When each host was there, and paid, with a weight of its own, such as its price."""
    hosts = run.hosts
    rows = zip(hosts.born_s.tolist(), hosts.gone_s.tolist(), weights.tolist(), strict=True)
    return [Span(start_s, end_s, float(weight)) for start_s, end_s, weight in rows]


def provisioned(run: Seen) -> list[Span]:
    """From when to when each host was on its way that did not come at once; infinite ends are those of hosts that had
    not come when the run ended.
    """
    hosts = run.hosts
    came = [
        Span(asked_s, born_s) for asked_s, born_s in zip(hosts.asked_s.tolist(), hosts.born_s.tolist(), strict=True)
    ]
    still = Counter(one.at_s for one in run.happened if one.kind is Kind.provisioning)
    still.subtract(one.start_s for one in came if one.end_s > 0.0)  # not those of the beginning
    return [*came, *(Span(at_s, math.inf) for at_s, number in still.items() for _ in range(number))]


def cpu_share(run: Seen) -> Floats:
    """[windows] the share of the vCPUs that is busy; CloudWatch's figure is in percent of one vCPU, and a deploy may
    bring hosts with more of them than the first ones have.
    """
    starts_s = run.windows["start_s"]
    ends_s, ones = np.append(starts_s[1:], run.duration_s), np.ones_like(run.hosts.vcpu)
    vcpu, there = (means(weighing(run, weights), starts_s, ends_s) for weights in (run.hosts.vcpu, ones))
    return divide(run.windows["CPUUtilization"] / 100.0 * there, vcpu, math.nan)


def peak(run: RunData, weights: NDArray[np.number]) -> float:
    """The largest sum of weights of hosts that were there at once within the measured time; a host that goes when
    another comes was there with it, as in `most_hosts` of a deploy.
    """
    spans = weighing(run, weights)
    came = [one.start_s for one in spans if run.warmup_s < one.start_s < run.duration_s]
    at_first = math.fsum(one.weight for one in spans if one.start_s <= run.warmup_s < one.end_s)
    return max(
        at_first, *(math.fsum(one.weight for one in spans if one.start_s <= at_s <= one.end_s) for at_s in came), 0.0
    )


def means(spans: Iterable[Span], starts_s: Floats, ends_s: Floats) -> Floats:
    """The weight of what is there, mean over each window."""
    found = np.zeros(len(starts_s))
    for one in spans:
        found += one.weight * np.maximum(np.minimum(ends_s, one.end_s) - np.maximum(starts_s, one.start_s), 0.0)
    mean: Floats = found / (ends_s - starts_s)
    return mean
