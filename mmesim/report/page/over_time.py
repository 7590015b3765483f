"""Windows of a run as a picture can show them: of each stretch of time the mean, the least and the most."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mmesim.arrays import Floats, divide

MOST = 360
"""Stretches at most: two pixels each of the widest picture."""
START = "start_s"
WINDOW_S = 60.0
"""Length of a window; a shorter run is one."""


@dataclass(frozen=True)
class Series:
    """One value a stretch of time: nan where there was nothing."""

    mean: Floats
    least: Floats
    most: Floats


@dataclass(frozen=True)
class OverTime:
    """`start_s`: where each stretch begins; `end_s`: where the last one ends; `window_s`: length of the windows;
    `each`: how many of them a stretch has.
    """

    start_s: Floats
    end_s: float
    window_s: float
    each: int
    series: Mapping[str, Series]


def over_time(
    windows: Iterable[Mapping[str, Floats]],
    names: Mapping[str, str | None],
    duration_s: float,
    window_s: float,
    counts: Collection[str] = (),
) -> OverTime:
    """The windows of all replications together, in equal stretches of whole windows.

    `names`: column -> the column that weighs it in a mean, None where all windows weigh the same. `counts`: those that
    the end of the run cuts short with its last window, and that are given as of a whole one.
    """
    count = max(1, int(np.ceil(duration_s / window_s * (1.0 - 1e-9))))
    each = -(-count // MOST)
    stretches = -(-count // each)
    sums = {name: np.zeros(stretches) for name in names}
    weights = {name: np.zeros(stretches) for name in names}
    least = {name: np.full(stretches, np.inf) for name in names}
    most = {name: np.full(stretches, -np.inf) for name in names}
    for batch in windows:
        place = np.minimum(np.rint(batch[START] / window_s).astype(np.int64) // each, stretches - 1)
        whole = np.minimum(1.0, (duration_s - batch[START]) / window_s)
        for name, weigher in names.items():
            values = batch[name] / whole if name in counts else batch[name]
            weight = np.ones(len(values)) if weigher is None else np.nan_to_num(batch[weigher])
            known = ~np.isnan(values)
            np.add.at(sums[name], place[known], (values * weight)[known])
            np.add.at(weights[name], place[known], weight[known])
            np.minimum.at(least[name], place[known], values[known])
            np.maximum.at(most[name], place[known], values[known])
    series = {
        name: Series(divide(sums[name], weights[name], np.nan), _finite(least[name]), _finite(most[name]))
        for name in names
    }
    return OverTime(np.arange(stretches, dtype=np.float64) * (each * window_s), duration_s, window_s, each, series)


def columns(names: Mapping[str, str | None]) -> Sequence[str]:
    """The columns of windows that these series are made of."""
    return list(dict.fromkeys([START, *names, *(weigher for weigher in names.values() if weigher is not None)]))


def _finite(values: Floats) -> Floats:
    return np.where(np.isfinite(values), values, np.nan)
