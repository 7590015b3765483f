"""Calls at random moments, for random models."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mmesim.workload.block import Arrivals
from mmesim.workload.popularity import Alias

Ints = NDArray[np.int64]


def arrivals(
    rate_per_s: float,
    popularity: Alias,
    rows: Ints,
    times: np.random.Generator,
    choices: np.random.Generator,
    chunk: int,
) -> Iterator[Arrivals]:
    """A Poisson process that starts at 0 and never ends, `chunk` calls at a time.

    `rows[i]` is the model of index i of `popularity`. Gaps and models come from a generator each: the time of call k
    scales with 1 / rate, its model does not depend on the rate, and neither on `chunk`.
    """
    since_start = 0.0
    while True:
        gaps = times.standard_exponential(chunk)
        # The sum runs through all chunks in one order of additions, so that cutting it elsewhere changes no bit.
        gaps[0] += since_start
        np.cumsum(gaps, out=gaps)
        since_start = float(gaps[-1])
        yield Arrivals(time=gaps / rate_per_s, model=rows[popularity.draw(choices, chunk)], service=None)
