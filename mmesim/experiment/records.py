"""The calls that a run records: a budget of all its replications together, not of each."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import replace
from typing import TypeVar

from mmesim.results.run_data import RunData

K = TypeVar("K")


def keep_within(runs: MutableMapping[K, RunData], budget: int | None) -> None:
    """Leave out recorded calls, in the order of their rank, until at most `budget` are left (None, -1: any number).

    All replications have the sample of one threshold: that of the one that left out most, halved until all fit. So what
    is left depends on the replications alone, not on the order in which they were added and thinned.
    """
    thresholds = [run.records.threshold for run in runs.values() if run.records is not None]
    if budget is None or budget < 0 or not thresholds:
        return
    threshold = min(thresholds)
    while True:
        for key, run in runs.items():
            if run.records is not None and run.records.threshold > threshold:
                runs[key] = replace(run, records=run.records.below(threshold))
        if sum(len(run.records.call) for run in runs.values() if run.records is not None) <= budget:
            return
        threshold //= 2
