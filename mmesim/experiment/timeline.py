"""The timeline of a part of a finished run: its first replication is simulated again, and everything in it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mmesim.engine.timeline.watch import watch
from mmesim.errors import UserError
from mmesim.results.measured.run_data import RunData
from mmesim.results.result import Result
from mmesim.results.timeline.trace import Trace, trace

if TYPE_CHECKING:
    from mmesim.engine.user_processes import UserProcess


def timeline(
    result: Result, window_s: tuple[float, float] | None = None, processes: Sequence[UserProcess] = ()
) -> Trace:
    """The trace of [start, end) of the first replication of a result, seconds from the start of the run.

    By default of its slowest minute (`slowest_minute`). `processes`: those that the run was given besides the
    scenario's. UserError when there is no such minute, or the part is not within the run.
    """
    run = result.runs[0]
    start_s, end_s = window_s or slowest_minute(run)
    if not 0.0 <= start_s < end_s <= run.duration_s:
        raise UserError(f"window_s: {start_s:g} to {end_s:g} s is not part of the run, from 0 to {run.duration_s:g} s")
    return trace(result.scenario, watch(result.scenario, run.replication, (start_s, end_s), processes))


def slowest_minute(run: RunData) -> tuple[float, float]:
    """The measured minute with the largest mean latency of successful calls: where it begins and ends, seconds."""
    start_s, mean = run.windows["start_s"], run.windows["ClientLatency"]
    counts = (start_s >= run.warmup_s) & ~np.isnan(mean)
    if not counts.any():
        raise UserError(
            "no call was answered in a measured minute: say which part the timeline shows, --timeline-window (window_s)"
        )
    worst = float(start_s[counts][np.argmax(mean[counts])])
    return worst, min(worst + 60.0, run.duration_s)
