"""Which bucket of a histogram a value falls into, by search: what the kernel computes by arithmetic."""

import numpy as np
from numpy.typing import ArrayLike

from mmesim.arrays import Floats, Ints
from mmesim.stats.histogram import Grid


def bucket_of(grid: Grid, x: Floats | float) -> Ints:
    """The bucket of each value (seconds, at least 0): same shape as `x`."""
    return np.asarray(np.searchsorted(grid.edges, np.asarray(x, dtype=np.float64), side="left") - 1, dtype=np.int64)


def ends(index: ArrayLike, values: Floats, size: int) -> tuple[Floats, Floats]:
    """The least and the largest of the values with each index, 0 where there is none."""
    least, largest = np.full(size, np.inf), np.zeros(size)
    rows = np.asarray(index, dtype=np.int64)
    np.minimum.at(least, rows, values)
    np.maximum.at(largest, rows, values)
    return np.where(np.isfinite(least), least, 0.0), largest
