"""In which order fleets of one price are tried: by the misses that Che's approximation expects of them."""

from __future__ import annotations

import math

import numpy as np

from mmesim.analytic.lru import characteristic_time
from mmesim.arrays import Floats
from mmesim.preflight.proof.calls import rates_per_s
from mmesim.preflight.proof.fleet import Fleet
from mmesim.preflight.room import copies_of_each
from mmesim.scenario.scenario import Scenario
from mmesim.workload.block import rows_of


def predicted_miss_ratio(scenario: Scenario | Fleet) -> float | None:
    """The share of calls that find no copy, by Che's approximation with sizes; None without any rate, as of a trace.

    All hosts are one cache where the router keeps a model on one of them; else each is a cache of its own with all
    models. Copies do not break: a cache ends where the next one of mean size no longer fits.
    """
    fleet = Fleet.of(scenario)
    rates = rates_per_s(fleet.scenario)
    total = float(rates.sum())
    if total <= 0.0:
        return None
    rates = np.where(fleet.failing, 0.0, rates)
    held = float(rates.sum())
    if held <= 0.0:
        return 1.0
    hits = held
    for room in fleet.rooms:
        if math.isinf(room.has):
            continue
        each = float(room.needs[rates > 0.0].mean())
        capacity = math.floor(room.has / each) * each * fleet.caches if each > 0.0 else room.has * fleet.caches
        time_s = characteristic_time(rates, room.needs, max(0.0, capacity))
        if math.isfinite(time_s):
            hits = min(hits, held - float((rates * np.exp(-rates * time_s)).sum()))
    return 1.0 - hits / total


def everything_in_memory(scenario: Scenario | Fleet) -> bool:
    """Whether all models fit at once, with a copy on every host where the router asks for one there."""
    fleet = Fleet.of(scenario)
    rows = rows_of(fleet.scenario.hosted)
    if bool(fleet.failing[rows].any()):
        return False
    hosts, copies = fleet.scenario.endpoint.most_instances, copies_of_each(fleet.scenario)
    return all(_packed(room.needs[rows], room.has, hosts if copies == 1 else 1) for room in fleet.rooms)


def _packed(needs: Floats, has: float, hosts: int) -> bool:
    """Whether copies fit into that many hosts, the largest first into the first that has room."""
    if math.isinf(has) or float(needs.sum()) <= has:
        return True
    if float(needs.sum()) > has * hosts:
        return False
    sizes, number = np.unique(needs, return_counts=True)
    free = np.full(hosts, has)
    for size, left in zip(sizes[::-1].tolist(), number[::-1].tolist(), strict=True):
        fitting = np.floor(free / size).astype(np.int64) if size > 0.0 else np.full(hosts, left)
        taken = np.minimum(fitting, np.maximum(0, left - (np.cumsum(fitting) - fitting)))
        free -= taken * size
        if int(taken.sum()) < left:
            return False
    return True
