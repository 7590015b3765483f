"""How long the calls of a log took, and what that lets one believe of their work."""

from __future__ import annotations

import itertools
import math
import warnings
from dataclasses import dataclass
from typing import Final

import numpy as np

from mmesim.arrays import Floats
from mmesim.errors import TraceError, TraceWarning
from mmesim.scenario.traffic.trace.trace import TraceSource
from mmesim.workload.trace.names import Numbered
from mmesim.workload.trace.replay.replay import READERS
from mmesim.workload.trace.whole import CHUNK

LOOKED_AT = 200_000
"""Calls whose durations are looked at."""
SERVICE_S = (0.005, 0.02, 0.1)
"""What a call may take where nothing is known: low, mid, high."""
LEAST_S = 1e-3
"""A log in milliseconds says no more of a call that took 0."""
LEAST_CV, MOST_CV = 0.05, 1.0
"""Below: as good as constant. Above: calls that differ more have waited."""
_Z90: Final = 1.2815515655446004
"""The 90th percentile of the standard normal distribution."""


@dataclass(frozen=True)
class Durations:
    """Percentiles of how long the calls of a log took, in seconds, queues and loads included."""

    p10_s: float
    p50_s: float
    p99_s: float


@dataclass(frozen=True)
class Work:
    """What is believed of the work of a call; of each low, mid and high."""

    mean_s: tuple[float, float, float]
    cv: tuple[float, float, float] | None
    """Of a lognormal distribution; None: all calls are alike."""


def durations(source: TraceSource, took: tuple[str, float] | None) -> Durations | None:
    """Of the first calls of a log that says how long they took; None for others.

    `took` is where a log says so whose times are those of the starts, as in `TOOK` of
    `mmesim.scenario.traffic.trace.presets`.
    """
    timed = source if source.stamped == "end" else _timed(source, took)
    if timed is None:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TraceWarning)  # they are told where the calls are read
        pieces = READERS[timed.format](timed, Numbered(), CHUNK)
        try:
            read = [p.duration for p in itertools.islice(pieces, LOOKED_AT // CHUNK) if p.duration is not None]
        except TraceError:
            if timed is source:
                raise
            return None  # a layout without the column of durations that most files of its maker have
    found: Floats = np.concatenate([np.zeros(0), *read])
    found = found[found > 0.0]
    return Durations(*np.quantile(found, [0.1, 0.5, 0.99]).tolist()) if len(found) else None


def _timed(source: TraceSource, took: tuple[str, float] | None) -> TraceSource | None:
    """The trace as if its times were those of the ends, so that its durations are read; None for a log without any."""
    if took is None:
        return None
    where, scale = took
    keys: dict[str, object] = {"stamped": "end", "duration_scale": scale}
    if source.format == "access-log":
        keys["pattern"] = rf"^(?=.*?{where}|).*?(?:{source.pattern})"  # a line may have no duration
    else:
        keys["columns"] = source.columns.model_copy(update={"duration": where})
    timed: TraceSource = source.model_copy(update=keys)
    return timed


def believed_work(took: Durations | None) -> Work:
    """A lognormal distribution through the 10th percentile and the median: slower calls may have waited or loaded.

    The same spread is believed within a factor of 2; the mean from a quarter of the 10th percentile to twice as much.
    """
    if took is None:
        return Work(SERVICE_S, None)
    fast_s = max(took.p10_s, LEAST_S)
    sigma = math.log(max(took.p50_s / fast_s, 1.0)) / _Z90
    cv = min(math.sqrt(math.expm1(sigma * sigma)), MOST_CV)
    if cv < LEAST_CV:
        return Work((fast_s / 4, fast_s, max(took.p50_s, 2 * fast_s)), None)
    sigma = math.sqrt(math.log1p(cv * cv))
    mean_s = fast_s * math.exp(_Z90 * sigma + sigma * sigma / 2)
    return Work((fast_s / 4, mean_s, 2 * mean_s), (cv / 2, cv, 2 * cv))
