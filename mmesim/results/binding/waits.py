"""What the slowest and the failed calls wait for: shares of their time and of the errors, by resource."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from mmesim.arrays import Floats
from mmesim.results.binding.roots import Roots
from mmesim.results.figures.latency import Pooled
from mmesim.results.figures.ledger import LOADING, band_weights
from mmesim.results.measured.run_data import CAUSES, RunData
from mmesim.scenario.constraints import Resource
from mmesim.scenario.figures import PARTS

TAIL = 0.01
"""The tail is this share of all calls, the slowest; a call that failed is slower than every other."""

MIDDLE = (0.4, 0.6)
"""The calls, in order of latency, that say what a call takes by itself."""
MATTERS = 0.75
"""Waits of the tail below this share of a call without them are no reason to change anything."""

Shares = dict[Resource | None, float]
"""Shares of a whole; None stands for what calls take by themselves: service, the server's own work, router, network."""

PHASES: Mapping[str, Resource] = MappingProxyType(
    {"load_slot_wait": "load_slots", "download": "download", "memory_wait": "memory", "load": "load"}
)
"""Parts of a wait for a load that has another reason than lack of room -> what they wait for."""

TIME_OUTS: Mapping[str, Resource] = MappingProxyType(
    {"client_timeout": "client_timeout", "invocation_timeout": "invocation_timeout"}
)
"""Causes of attempts that were given up -> the time-out, which is what they lacked for their own work."""


@dataclass(frozen=True)
class Tail:
    """The slowest successful calls: shares of their time, and of what they take beyond a call that does not wait."""

    time: Shares
    excess: Shares


def tail_shares(roots: Roots, pooled: Pooled) -> Tail | None:
    """Of the slowest successful calls; None without any.

    A call without waiting takes what calls in the middle take by themselves. Where the waits are small against that,
    all of the excess counts as the calls' own.
    """
    if not pooled.count.any():
        return None
    failed = of_failed_attempts(roots)
    tail = _seconds_of(roots, _of_one_call(pooled, 1.0 - TAIL, 1.0), failed)
    alone_s = _seconds_of(roots, _of_one_call(pooled, *MIDDLE), failed).get(None, 0.0)
    own_s = tail.get(None, 0.0)
    matters = sum(tail.values()) - own_s >= MATTERS * alone_s
    excess = {**tail, None: max(0.0, own_s - alone_s)} if matters else Shares()
    return Tail(_normalized(tail), _normalized(excess))


def _of_one_call(pooled: Pooled, low: float, high: float) -> Floats:
    """The parts of the ledger, mean of the calls between two shares of all, seconds."""
    weights = band_weights(pooled.count, low, high)
    seconds: Floats = (weights[:, None] * pooled.parts_s).sum(axis=0) / (weights * pooled.count).sum()
    return seconds


def error_shares(roots: Roots) -> Shares | None:
    """Of the failed calls, each by the cause of its last attempt; None without any."""
    return _weighted(roots, _sum(roots.runs, "errors"))


def of_failed_attempts(roots: Roots) -> Shares:
    """Of all failed attempts."""
    return _weighted(roots, _sum(roots.runs, "attempt_causes")) or {None: 1.0}


def of_parts(roots: Roots, seconds: Floats, failed: Shares) -> Shares:
    """Of the time of calls with these parts of the ledger; `failed`: what earlier attempts of them waited for."""
    return _normalized(_seconds_of(roots, seconds, failed))


def _seconds_of(roots: Roots, seconds: Floats, failed: Shares) -> Shares:
    """As `of_parts`, in seconds."""
    found = Shares()
    for part, value in zip(PARTS, seconds.tolist(), strict=True):
        if part in ("retry_backoff", "failed_attempts"):
            for resource, share in failed.items():
                found[resource] = found.get(resource, 0.0) + share * value
        else:
            resource = _waits_for(roots, part)
            found[resource] = found.get(resource, 0.0) + value
    return found


def _normalized(found: Shares) -> Shares:
    total = sum(found.values())
    return {resource: value / total for resource, value in found.items() if value > 0.0} if total > 0.0 else {None: 1.0}


def _waits_for(roots: Roots, part: str) -> Resource | None:
    if part == "cpu_wait":
        return "cpu"
    if part == "queue":
        return roots.queue
    if part == "device_wait":
        return roots.on_device
    if part == "device_copy":
        return "device_memory"
    if part == "batch_wait":
        return "batch_delay"
    if part == "frontend_stall":
        return roots.lack if roots.lack and roots.stall == "load" else roots.stall
    if part == "download" and roots.download == "disk":
        return "disk"
    if part in PHASES:
        return roots.endless or roots.lack or PHASES[part]
    return None


def _weighted(roots: Roots, errors: Floats) -> Shares | None:
    total = float(errors.sum())
    if not total:
        return None
    found = Shares()
    for cause, n in zip(CAUSES, errors.tolist(), strict=True):
        if n:
            for resource, share in _of_cause(roots, cause).items():
                found[resource] = found.get(resource, 0.0) + share * n / total
    return found


def _of_cause(roots: Roots, cause: str) -> Shares:
    """What the attempts lacked that failed with a cause."""
    if cause == "throttled":
        return {"throttling": 1.0}
    if cause == "never_fits":
        return {roots.misfits: 1.0}
    if cause == "load_failed" and roots.scenario.uses_devices and not roots.scenario.faults:
        return {"device_memory": 1.0}
    refused = cause == roots.scenario.server_kind.queue.refusal
    if cause in ("worker_died", "host_lost", "load_failed", "model_error") and not refused:
        return {None: 1.0}
    row = CAUSES.index(cause)
    seconds: Floats = np.sum([run.failed_parts_s[row] for run in roots.runs], axis=0)
    if cause in TIME_OUTS and roots.hopeless[cause]:
        return {TIME_OUTS[cause]: 1.0}
    if not refused:
        shares = of_parts(roots, seconds, {None: 1.0})
        return {TIME_OUTS.get(cause) if of is None else of: share for of, share in shares.items()}
    return of_refusals(roots, cause)


def of_refusals(roots: Roots, cause: str) -> Shares:
    """What the attempts lacked that found a queue full and failed with this cause."""
    row = CAUSES.index(cause)
    seconds: Floats = np.sum([run.failed_parts_s[row] for run in roots.runs], axis=0)
    # Whoever waited for a load came to a queue that was filled by all others who waited for it.
    loading = np.where([part in LOADING for part in PARTS], seconds, 0.0)
    cold = float(_sum(roots.runs, "cold_causes")[row]) / max(1.0, float(_sum(roots.runs, "attempt_causes")[row]))
    shares = {of: cold * share for of, share in of_parts(roots, loading, {None: 1.0}).items()} if cold else Shares()
    shares[roots.full_queue] = shares.get(roots.full_queue, 0.0) + 1.0 - cold
    return shares


def _sum(runs: Sequence[RunData], name: str) -> Floats:
    total: Floats = np.sum([getattr(run, name) for run in runs], axis=0, dtype=np.float64)
    return total
