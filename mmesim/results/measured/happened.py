"""What happened to the fleet in a replication, and when: scaling, faults, deploys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What can happen."""

    scale_out = "scale_out"
    """A policy or a schedule asked for more hosts: `hosts` more than before, `desired` in all; `metric` is the last
    value that the policy saw, `alarm_s` since when it has asked."""
    scale_in = "scale_in"
    """It asked for fewer: `hosts` fewer than before, `desired` in all; `metric` and `alarm_s` as of `scale_out`."""
    provisioning = "provisioning"
    """A host was asked for, which comes into service later: one `in_service` follows, unless it is lost before."""
    in_service = "in_service"
    """A host takes calls from now on; `host` is its number, `after_s` how long ago it was asked for, 0 for at once."""
    draining = "draining"
    """A host takes no new calls from now on; `host` is its number."""
    gone = "gone"
    """A host is gone, drained or lost; `host` is its number."""
    fault = "fault"
    """A fault began; `name` is that of `faults:`, `host` the host that it hit, `workers` how many of them died,
    `zone` that of the `hosts` which died."""
    fault_over = "fault_over"
    """What the fault did is over; what follows from it need not be. `never_came`: so many replacements, if any, were
    dropped by a scale-in, or lost, before they were in service."""
    killed = "killed"
    """The kernel killed a worker of `host`, or its container, for lack of memory; `name` is the fault that leaks."""
    deploy = "deploy"
    """A deploy began, from `old` to `new` hosts; `name` is that of `deploys:`."""
    provisioned = "provisioned"
    """Hosts that a deploy asked for are there, before any traffic shifts to them; `hosts` of them."""
    shifted = "shifted"
    """Traffic was shifted: the new hosts take the `share` of it; `new_on` new and `old_on` old ones take calls."""
    alarm = "alarm"
    """`rollback_when` of a deploy became true: it is undone."""
    rolled_back = "rolled_back"
    """A deploy was undone: the last new host is gone; `most_hosts` were there at a time, and for
    `extra_host_s` seconds hosts above what either configuration needs, until the end of the run at most; `missing`, if
    any, were lost and are not replaced."""
    deployed = "deployed"
    """A deploy is done: the last old host is gone; figures as for `rolled_back`."""


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that happened; `figures` are what `Kind` says of it."""

    at_s: float
    """Seconds from the start of the run."""
    kind: Kind
    name: str
    """What it belongs to: a fault, a deploy or a scaling policy; empty for what a user's process did."""
    figures: Mapping[str, float] = field(default_factory=dict)
