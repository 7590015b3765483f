"""Where the beginning of a series stops mattering: the rule MSER-5."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmesim.arrays import Floats

BATCH = 5
"""Observations in a batch: the 5 of MSER-5."""
FEWEST_BATCHES = 8
ROUNDING = 1e-24
"""Share of the square of the largest mean that errors may differ by without meaning anything."""


@dataclass(frozen=True)
class Cut:
    """Where a series is to be cut."""

    observations: int
    """How many at the start are left out, a multiple of `BATCH`."""
    at_the_end: bool
    """Whether that is the last place looked at: the series may not have settled at all."""


def mser5(series: Floats) -> Cut | None:
    """The cut that makes the mean of the rest most certain; None for fewer than 40 observations.

    With the means y of batches of five, the cut d minimises sum_{j >= d} (y_j - mean)^2 / (n - d)^2, the marginal
    standard error squared; d is looked for in the first half, because the last few batches can agree by chance.
    Source: K. P. White, An effective truncation heuristic for bias reduction in simulation output, Simulation 69
    (1997); batches of five: K. P. White, M. J. Cobb, S. C. Spratt, A comparison of five steady-state truncation
    heuristics for simulation, WSC 2000.
    """
    n = len(series) // BATCH
    if n < FEWEST_BATCHES:
        return None
    batches = series[: n * BATCH].reshape(n, BATCH).mean(axis=1)
    furthest = n // 2
    errors = [float(((rest - rest.mean()) ** 2).sum()) / len(rest) ** 2 for rest in _tails(batches, furthest)]
    # Of cuts that differ by rounding alone the shortest: a constant series needs none.
    rounding = ROUNDING * float(np.square(batches).max())
    best = next(d for d, error in enumerate(errors) if error <= min(errors) + rounding)
    return Cut(best * BATCH, best == furthest)


def _tails(batches: Floats, furthest: int) -> list[Floats]:
    return [batches[d:] for d in range(furthest + 1)]
