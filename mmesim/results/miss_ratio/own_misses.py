"""Misses of LRU caches of every size for a run's own calls, host by host, by their stack distances.

The calls of each host are those that the run's router sent there: with another memory it might have sent some
elsewhere. Each goes through the cache of its host in order of arrival; loads take no time, and nothing stays for being
in use. A host begins empty, so that the first call for each model misses however much memory there is; the first hosts
of an endpoint that is warm at the start begin as if the same calls had come before. Calls of the warm-up fill the
caches and are not counted. No call counts that reached no host, or for a model that no host can hold; of one that was
tried again, the last attempt.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmesim.analytic.stack import FIRST, Stack, last_called
from mmesim.arrays import Flags, Floats, Ints
from mmesim.preflight.room import free_memory_bytes
from mmesim.results.measured.run_data import CallRecords
from mmesim.scenario.scenario import Scenario


@dataclass(frozen=True)
class Calls:
    """The calls of one replication, in order of arrival, of those all that were answered or failed."""

    model: NDArray[np.integer]
    host: NDArray[np.integer]
    """-1 of a call that reached none."""
    measured: Flags
    """Whether it came after the warm-up."""

    @classmethod
    def of(cls, records: CallRecords, warmup_s: float) -> Calls:
        """From the records of a replication."""
        return cls(records.model, records.host, records.arrival_s >= warmup_s)


def own_misses(scenario: Scenario, given: Iterable[Calls], room_bytes: Floats) -> Floats | None:
    """The share of all these calls that caches of `room_bytes` on each host, ascending, miss; nan where one of the
    models has no room.

    None where hosts of another size come with a deploy, or there is no call.
    """
    if not hosts_alike(scenario):
        return None
    sizes = np.array([model.pool_memory_bytes for model in scenario.model_table()], dtype=np.int64)
    fits = sizes <= free_memory_bytes(scenario.endpoint)
    count, first, largest = np.zeros(len(room_bytes) + 1, dtype=np.int64), 0, 0
    for calls in given:
        for models, measured, warm in _hosts(scenario, calls, fits):
            stack = Stack(sizes)
            if warm:
                stack.models = last_called(models)
            largest = max(largest, int(sizes[models].max()))
            for rows, distance in stack.batches(models):
                counted = measured[rows]
                again = counted & (distance != FIRST)
                first += int(counted.sum() - again.sum())
                needed = distance[again] + sizes[models[rows][again]]
                count += np.bincount(np.searchsorted(room_bytes, needed), minlength=len(count))
    total = first + int(count.sum())
    if not total:
        return None
    missed: Floats = np.where(room_bytes < largest, np.nan, 1.0 - np.cumsum(count)[:-1] / total)
    return missed


def hosts_alike(scenario: Scenario) -> bool:
    """Whether each host that ever comes has the same memory for models."""
    room = free_memory_bytes(scenario.endpoint)
    return all(one.endpoint is None or free_memory_bytes(one.endpoint) == room for one in scenario.deploys)


def _hosts(scenario: Scenario, calls: Calls, fits: Flags) -> Iterator[tuple[Ints, Flags, bool]]:
    """Models and whether they are measured, of the calls of each host; whether it began as after the same calls."""
    held = fits[calls.model]
    for number in range(int(calls.host.max(initial=-1)) + 1):
        rows = np.flatnonzero(held & (calls.host == number))
        if len(rows):
            warm = bool(scenario.endpoint.warm) and number < scenario.endpoint.instance_count
            yield calls.model[rows].astype(np.int64), calls.measured[rows], warm
