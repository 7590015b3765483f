"""The fleet that was up while calls waited for loads: there was lacking what they lacked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmesim.results.measured.run_data import RunData


def up_while_loading(runs: Sequence[RunData]) -> float | None:
    """Hosts that were up in the measured minutes, mean over the attempts that missed; None: none did."""
    missed = up = 0.0
    for run in runs:
        windows = run.windows
        measured = windows["start_s"] >= run.warmup_s
        misses = np.nan_to_num(windows["ModelCacheHit_SampleCount"] * (1.0 - windows["ModelCacheHit"]))[measured]
        missed += float(misses.sum())
        up += float((misses * np.nan_to_num(windows["Instances"])[measured]).sum())
    return up / missed if missed > 0.0 else None
