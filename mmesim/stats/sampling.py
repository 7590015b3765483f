"""Points spread evenly over the unit cube."""

from __future__ import annotations

import warnings

import numpy as np
from scipy.stats import qmc

from mmesim.arrays import Floats


def sobol(points: int, dimensions: int, rng: np.random.Generator) -> Floats:
    """Points of a scrambled Sobol sequence (A. B. Owen, J. Complexity 14, 1998), [points, dimensions] in [0, 1).

    Any number of points is allowed; a power of two is spread best.
    """
    with warnings.catch_warnings():
        # SciPy warns of other numbers; the documentation says so where people choose one.
        warnings.simplefilter("ignore", UserWarning)
        spread: Floats = qmc.Sobol(dimensions, rng=rng).random(points)
    return spread


def latin_hypercube(points: int, dimensions: int, rng: np.random.Generator) -> Floats:
    """Points with one in each of `points` equal slices of every dimension, [points, dimensions] in [0, 1)."""
    spread: Floats = qmc.LatinHypercube(dimensions, rng=rng).random(points)
    return spread
