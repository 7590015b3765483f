"""Calls at random moments, for random models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from mmesim.arrays import Floats, Ints
from mmesim.workload.block import Arrivals
from mmesim.workload.draws.generators import Generators
from mmesim.workload.draws.popularity import Alias


def moments(draws: np.random.Generator, chunk: int) -> Iterator[Floats]:
    """The moments of a Poisson process of rate 1 from 0 on, without end, `chunk` at a time; draw k is gap k."""
    last = 0.0
    while True:
        gaps = draws.standard_exponential(chunk)
        # The sum runs through all chunks in one order of additions, so that cutting it elsewhere changes no bit.
        gaps[0] += last
        np.cumsum(gaps, out=gaps)
        last = float(gaps[-1])
        yield gaps


class HasRate(Protocol):
    """A process with a constant mean rate."""

    @property
    def rate_per_s(self) -> float:
        """Calls a second."""


def times(process: HasRate, generators: Generators, chunk: int) -> Iterator[Floats]:
    """A Poisson process that starts at 0 and never ends, seconds; the time of call k scales with 1 / rate."""
    for block in moments(generators("arrivals"), chunk):
        block /= process.rate_per_s
        yield block


def expected(process: HasRate, length_s: float) -> float:
    """Calls in some time, on average: of every process with this mean rate that begins in equilibrium."""
    return process.rate_per_s * length_s


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
    for block in moments(times, chunk):
        block /= rate_per_s
        yield Arrivals(time=block, model=rows[popularity.draw(choices, chunk)], service=None)
