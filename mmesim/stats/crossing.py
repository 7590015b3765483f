"""Where a curve that was measured at a few places rises above a level, with the error of the measurement.

Between two places the curve is a straight line. The interval is the percentile bootstrap over replications: those of
all places are drawn together, since places that share random numbers err together.
Source: B. Efron, R. Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mmesim.arrays import Floats

RESAMPLED = 2000
"""Bootstrap samples."""
OFTEN = 0.95
"""Share of the samples that must cross at all, else there is no interval."""


def crossing(places: Sequence[float], values: Floats, level: float) -> float | None:
    """Where the mean curve first rises above a level: `values` [places, replications]; None where it does not.

    A curve that begins above the level crosses it at the first place.
    """
    return _first(np.asarray(places, dtype=np.float64), values.mean(axis=1), level)


def crossing_interval(
    places: Sequence[float], values: Floats, level: float, rng: np.random.Generator, confidence: float = 0.95
) -> tuple[float, float] | None:
    """The interval of the crossing; None where many samples of the replications have none."""
    at, replications = np.asarray(places, dtype=np.float64), values.shape[1]
    chosen = rng.integers(0, replications, (RESAMPLED, replications))
    found = [_first(at, values[:, sample].mean(axis=1), level) for sample in chosen]
    known = [one for one in found if one is not None]
    if len(known) < math.ceil(OFTEN * RESAMPLED):
        return None
    low, high = np.quantile(known, ((1.0 - confidence) / 2, (1.0 + confidence) / 2))
    return float(low), float(high)


def _first(places: Floats, curve: Floats, level: float) -> float | None:
    above = np.flatnonzero(curve > level)
    if not len(above):
        return None
    index = int(above[0])
    if index == 0:
        return float(places[0])
    before, after = float(curve[index - 1]), float(curve[index])
    share = (level - before) / (after - before)
    return float(places[index - 1] + share * (places[index] - places[index - 1]))
