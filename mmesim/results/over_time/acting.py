"""When an event acts, and which failures of calls it can make.

A fault acts at once; a deploy from its first shift of traffic; a scale-out once its first new instance is in service.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from mmesim.arrays import Flags
from mmesim.results.measured.happened import Happened, Kind
from mmesim.results.measured.run_data import CAUSES, RunData
from mmesim.scenario.clients.causes import Cause
from mmesim.scenario.scenario import Scenario

SLOW = frozenset(
    {Cause.queue_full, Cause.invocation_timeout, Cause.load_timeout, Cause.throttled, Cause.client_timeout}
)
"""What becomes of calls that wait too long, whatever they wait for."""
DIES = SLOW | {Cause.worker_died, Cause.load_failed}
LOST = SLOW | {Cause.host_lost}

MAKES: Mapping[str, frozenset[Cause]] = MappingProxyType(
    {
        "slow_s3": SLOW | {Cause.load_failed},
        "failing_s3": SLOW | {Cause.load_failed},
        "slow_instance": SLOW,
        "worker_crash": DIES,
        "leak": DIES,
        "container_restart": DIES,
        "poison_model": frozenset({Cause.model_error, Cause.load_failed}),
        "instance_loss": LOST,
        "zone_loss": LOST,
        Kind.deploy.value: LOST | {Cause.load_failed, Cause.never_fits},
        Kind.scale_out.value: SLOW,
        Kind.scale_in.value: LOST,
    }
)
"""Kind of fault, or of event -> causes of failures that it can make."""
IN_FLIGHT = (Cause.host_lost, Cause.worker_died)
"""Causes of calls that an event ends, which began before it."""
SAME_S = 1e-3
"""Times that differ by less are one: they are sums of the same figures."""


@dataclass(frozen=True)
class Acting:
    """When an event acts, seconds from the start of the run, and what it can make."""

    event: Happened
    begins_s: float
    """Infinite when the run ends before."""
    ends_s: float
    """`begins_s` of what acts for a moment; a loss acts until the places are taken; infinite: to the end of the run."""
    makes: Flags
    """[len(CAUSES)]: the failures that it can make."""
    slows: bool
    """Whether it can make calls slow."""
    is_whole: bool
    """Whether the run saw it take effect: new instances in service, a shift, the places of lost instances taken."""


def acting(scenario: Scenario, run: RunData, event: Happened) -> Acting:
    """When an event of a replication acts and what it can make; an event that the scenario does not name: anything."""
    later = [one for one in run.happened if event.at_s <= one.at_s < run.duration_s]
    fault = next((one for one in scenario.faults if one.name == event.name), None)
    begins_s, ends_s, whole = event.at_s, event.at_s, True
    if event.kind is Kind.scale_out:
        came = (one.at_s for one in later if one.kind is Kind.in_service and _asked_with(one, event))
        begins_s = ends_s = next(came, math.inf)
    elif event.kind is Kind.deploy:
        own = [one for one in later if one.name == event.name]
        begins_s = next((one.at_s for one in own if one.kind is Kind.shifted), math.inf)
        over = (one.at_s for one in own if one.kind in (Kind.deployed, Kind.rolled_back))
        ends_s = next(over, math.inf)
    elif event.kind is Kind.scale_in:
        ends_s += scenario.endpoint.drain_s
    elif fault is not None:
        over = (one.at_s for one in later if one.kind is Kind.fault_over and one.name == event.name)
        over_s = next(over, math.inf)
        ends_s = begins_s if fault.kind == "worker_crash" else over_s
        whole = over_s < math.inf or not getattr(fault.what, "replace", False) or event.figures.get("hosts", 1.0) == 0.0
    named = str(event.kind) if event.kind is not Kind.fault else "" if fault is None else fault.kind
    makes = np.array([cause in MAKES.get(named, frozenset(Cause)) for cause in map(Cause, CAUSES)])
    slows = bool(makes[CAUSES.index(Cause.client_timeout)])
    return Acting(event, begins_s, ends_s, makes, slows, whole and begins_s < math.inf)


def _asked_with(came: Happened, scale_out: Happened) -> bool:
    """Whether a host that came into service was asked for at the time of a scale-out."""
    return abs(came.at_s - came.figures.get("after_s", math.inf) - scale_out.at_s) < SAME_S
