"""The calls that a run records: a budget of all its replications together, not of each."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import replace
from typing import TypeVar

from mmesim.results.measured.filed import filed, give_back, is_large
from mmesim.results.measured.run_data import RunData

K = TypeVar("K")


def keep_within(runs: MutableMapping[K, RunData], budget: int | None) -> None:
    """Leave out recorded calls, in the order of their rank, until at most `budget` are left (None, -1: any number).

    All replications have the sample of one threshold: that of the one that left out most, halved until all fit. So what
    is left depends on the replications alone, not on the order in which they were added and thinned. Where it is much
    it is in temporary files afterwards.
    """
    threshold = lowest_threshold(runs)
    if threshold is None:
        return
    while True:
        for key, run in runs.items():
            runs[key] = _kept(run, threshold)
        recorded = sum(len(run.records.call) for run in runs.values() if run.records is not None)
        if budget is None or not 0 <= budget < recorded:
            return
        threshold //= 2


def _kept(run: RunData, threshold: int) -> RunData:
    """The replication with the sample of this threshold."""
    records = run.records
    if records is None:
        return run
    if records.threshold > threshold:
        records = records.below(threshold)
    if is_large(records):
        records = filed(records)
        give_back()
    return run if records is run.records else replace(run, records=records)


def lowest_threshold(runs: Mapping[K, RunData]) -> int | None:
    """Below which rank all of these have recorded calls: what other replications record above it is left out later.

    None where nothing was recorded.
    """
    return min((run.records.threshold for run in runs.values() if run.records is not None), default=None)
