"""Renewal processes: the gaps between calls are independent and of one distribution, in equilibrium from time 0 on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from mmesim.arrays import Floats
from mmesim.scenario.traffic.arrivals import (
    ConstantRate,
    GammaArrivals,
    HyperexponentialArrivals,
    LognormalArrivals,
    Renewal,
    WeibullArrivals,
)
from mmesim.scenario.values.times import Gamma, Lognormal, Weibull
from mmesim.workload.draws.generators import Generators
from mmesim.workload.draws.sampler import Sampler, residual

GAPS: dict[type[Renewal], type[Gamma] | type[Weibull] | type[Lognormal]] = {
    GammaArrivals: Gamma,
    WeibullArrivals: Weibull,
    LognormalArrivals: Lognormal,
}
"""Process -> distribution of its gaps, given by mean and cv."""


def constant(process: ConstantRate, generators: Generators, chunk: int) -> Iterator[Floats]:
    """Times of calls with equal gaps, without end; the first is at a random moment of the first gap."""
    phase = float(generators("phase").random())
    first = 0
    while True:
        yield (np.arange(first, first + chunk, dtype=np.float64) + phase) / process.rate_per_s
        first += chunk


def renewal(process: Renewal, generators: Generators, chunk: int) -> Iterator[Floats]:
    """Times of calls, without end. Gaps are drawn with mean 1 and divided by the rate; draw k is gap k + 1."""
    first, draw = _gaps(process, generators)
    last = first
    yield np.array([first / process.rate_per_s])
    while True:
        gaps = draw(chunk)
        gaps[0] += last
        np.cumsum(gaps, out=gaps)
        last = float(gaps[-1])
        yield gaps / process.rate_per_s


def _gaps(process: Renewal, generators: Generators) -> tuple[float, Callable[[int], Floats]]:
    """What is left of the gap at time 0, and how further gaps are drawn; both with mean 1."""
    gaps, phase = generators("arrivals"), generators("phase")
    if isinstance(process, HyperexponentialArrivals):
        return _two_phases(process.cv, gaps, phase, generators("phases"))
    spec = GAPS[type(process)](1.0, process.cv)
    sampler = Sampler((spec,))
    return residual(spec)(phase), lambda n: sampler.draw(
        dict.fromkeys(sampler.families, gaps), np.zeros(n, dtype=np.int64)
    )


def _two_phases(
    cv: float, gaps: np.random.Generator, phase: np.random.Generator, which: np.random.Generator
) -> tuple[float, Callable[[int], Floats]]:
    """Hyperexponential gaps with balanced means: each phase has half of the time.

    Source: R. W. Morse, Operations Research 3 (1955); W. Whitt, Operations Research 30 (1982), section 3.
    """
    squared = cv * cv
    chance = (1.0 + math.sqrt((squared - 1.0) / (squared + 1.0))) / 2.0
    short, long = 0.5 / chance, 0.5 / (1.0 - chance)

    def draw(n: int) -> Floats:
        times = gaps.standard_exponential(n)
        times *= np.where(which.random(n) < chance, short, long)
        return times

    # Each phase has half of the time, so a random moment lies in either with chance 1/2; a phase has no memory.
    begun = short if phase.random() < 0.5 else long
    return float(phase.standard_exponential()) * begun, draw
