"""Tables of the kernel for tests of a function or two."""

import os

import numpy as np
import pytest

from mmesim.engine.kernel.tables import Sizes, Tables

compiled = pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT", "0") != "0", reason="about the compiled kernel")


def small_tables() -> Tables:
    """Tables of three hosts and five models, with two latency limits."""
    grid = np.array([0.0, 1.0, np.inf]), np.array([0, 1])
    return Tables(Sizes(hosts=3, models=5, limits=2, loops=4), grid, grid)
