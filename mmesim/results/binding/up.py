"""The fleet that was up while calls waited for loads: there was lacking what they lacked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmesim.results.run_data import RunData


def up_while_loading(runs: Sequence[RunData]) -> float | None:
    """Hosts that were up, mean over the time that calls waited for loads in the measured minutes; None: none waited."""
    waited = up = 0.0
    for run in runs:
        windows = run.windows
        measured = windows["start_s"] >= run.warmup_s
        misses = np.nan_to_num(windows["ModelCacheHit_SampleCount"] * (1.0 - windows["ModelCacheHit"]))
        weights = (misses * np.nan_to_num(windows["ModelLoadingWaitTime"]))[measured]
        waited += float(weights.sum())
        up += float((weights * np.nan_to_num(windows["Instances"])[measured]).sum())
    return up / waited if waited > 0.0 else None
