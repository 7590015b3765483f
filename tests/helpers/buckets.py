"""Which bucket of a histogram a value falls into, by search: what the kernel computes by arithmetic."""

import numpy as np

from mmesim.arrays import Floats, Ints
from mmesim.stats.histogram import Grid


def bucket_of(grid: Grid, x: Floats | float) -> Ints:
    """The bucket of each value (seconds, at least 0): same shape as `x`."""
    return np.asarray(np.searchsorted(grid.edges, np.asarray(x, dtype=np.float64), side="left") - 1, dtype=np.int64)
