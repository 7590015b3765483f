"""Points spread evenly over the unit cube: one in every slice of each dimension, the same for the same generator."""

from __future__ import annotations

import numpy as np
import pytest

from mmesim.stats.sampling import latin_hypercube, sobol


@pytest.mark.parametrize("spread", [sobol, latin_hypercube])
def test_each_slice_of_each_dimension_has_one_point(spread):
    points = spread(64, 3, np.random.default_rng(1))
    assert points.shape == (64, 3)
    for column in points.T:
        assert np.array_equal(np.sort((64 * column).astype(int)), np.arange(64))
    assert np.array_equal(points, spread(64, 3, np.random.default_rng(1)))
    assert not np.array_equal(points, spread(64, 3, np.random.default_rng(2)))


def test_a_sobol_sequence_of_any_length_is_drawn():
    assert np.array_equal(sobol(5, 2, np.random.default_rng(1)), sobol(8, 2, np.random.default_rng(1))[:5])
