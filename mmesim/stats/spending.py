"""How much of its error a test may spend at each look, so that looking several times costs nothing in all.

Lan and DeMets' spending function of O'Brien-Fleming type: of the error `alpha` of a one-sided test,
2 - 2 Phi(z / sqrt(t)) with z = Phi^-1(1 - alpha / 2) is spent when the share t of the observations is there; or Kim and
DeMets' alpha t^power, which leaves more to the first looks and less to the last. The boundary of each look follows from
the density of the statistic among the paths that have not crossed before, which is integrated from look to look.
Sources: K. K. G. Lan, D. L. DeMets, Discrete sequential boundaries for clinical trials, Biometrika 70 (1983);
K. Kim, D. L. DeMets, Design and analysis of group sequential tests based on the type I error spending rate function,
Biometrika 74 (1987);
P. Armitage, C. K. McPherson, B. C. Rowe, Repeated significance tests on accumulating data, J. Royal Statistical Society
A 132 (1969).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from scipy.special import ndtr, ndtri

from mmesim.arrays import Floats

NODES = 100
"""Of the integral over each look: more of them change no level by 1e-12 of itself."""
LOWEST = -9.0
"""Where the integrals begin, in standard deviations: less than 1e-18 lies below."""


def spent(alpha: float, share: float, power: float | None = None) -> float:
    """The error of a one-sided test that may have been spent when this share (0..1] of the observations is there.

    `power` (> 0): that of Kim and DeMets' function; None: the function of O'Brien-Fleming type.
    """
    if power is not None:
        return alpha * math.pow(share, power)
    return float(2.0 * ndtr(ndtri(alpha / 2.0) / math.sqrt(share)))


@functools.cache
def nominal_levels(looks: tuple[int, ...], alpha: float, power: float | None = None) -> tuple[float, ...]:
    """For each look the level of its p-value such that a true hypothesis is rejected at any look with chance `alpha`.

    `looks` are the observations at each, rising; the test is one-sided. `power` is as for `spent`. ValueError for
    looks that do not rise.
    """
    if not looks or looks[0] < 1 or any(b <= a for a, b in pairwise(looks)):
        raise ValueError(f"looks rise from at least 1, not {looks}")
    levels = []
    # Points of the sum of the observations below the boundary, and their weights times its density there.
    points, mass = np.zeros(1), np.ones(1)
    before, spent_before = 0.0, 0.0
    for look in looks:
        now = look / looks[-1]
        wanted = spent(alpha, now, power) - spent_before
        step = math.sqrt(now - before)
        boundary = _boundary(points, mass, step, math.sqrt(now), wanted)
        levels.append(float(ndtr(-boundary / math.sqrt(now))))
        nodes, weights = _rule(LOWEST * math.sqrt(now), boundary)
        density = np.exp(-0.5 * ((nodes[:, None] - points) / step) ** 2) / (step * math.sqrt(2.0 * math.pi))
        points, mass = nodes, weights * (density @ mass)
        before, spent_before = now, spent(alpha, now, power)
    return tuple(levels)


def _boundary(points: Floats, mass: Floats, step: float, deviation: float, wanted: float) -> float:
    """Where the sum is crossed first at this look with chance `wanted`: by halving the interval."""
    low, high = 0.0, -LOWEST * deviation
    while True:
        middle = 0.5 * (low + high)
        if middle in (low, high):
            return middle
        crossed = float(ndtr((points - middle) / step) @ mass)
        low, high = (middle, high) if crossed > wanted else (low, middle)


def _rule(low: float, high: float) -> tuple[Floats, Floats]:
    """Nodes and weights of Gauss and Legendre between two ends."""
    nodes, weights = _legendre()
    half = 0.5 * (high - low)
    return low + half * (nodes + 1.0), half * weights


@functools.cache
def _legendre() -> Sequence[Floats]:
    return np.polynomial.legendre.leggauss(NODES)
