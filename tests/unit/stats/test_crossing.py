"""Where a measured curve rises above a level."""

from __future__ import annotations

import numpy as np
import pytest

from mmesim.stats.crossing import crossing, crossing_interval

PLACES = (1.0, 2.0, 4.0)


def test_between_two_places_it_is_a_straight_line():
    values = np.array([[0.0, 0.0], [0.0, 0.2], [0.5, 0.5]])
    assert crossing(PLACES, values, 0.3) == pytest.approx(3.0)


@pytest.mark.parametrize(("level", "expected"), [(-0.1, 1.0), (0.6, None), (0.5, None)])
def test_at_the_ends(level: float, expected: float | None):
    assert crossing(PLACES, np.array([[0.0], [0.1], [0.5]]), level) == expected


def test_the_first_rise_counts():
    assert crossing((1.0, 2.0, 3.0, 4.0), np.array([[0.0], [1.0], [0.0], [1.0]]), 0.5) == 1.5


def test_the_interval_holds_the_crossing_and_narrows():
    rng = np.random.default_rng(3)
    width = []
    for replications in (10, 1000):
        noise = 0.05 * rng.standard_normal(replications)
        values = np.array([0.0 + noise, 0.1 + noise, 0.5 + noise])
        found = crossing_interval(PLACES, values, 0.3, np.random.default_rng(1))
        assert found is not None
        assert found[0] < 3.0 < found[1]
        width.append(found[1] - found[0])
    assert width[1] < 0.2 * width[0]


def test_how_often_the_interval_holds_the_truth():
    rng = np.random.default_rng(5)
    held = 0
    for _ in range(200):
        noise = 0.05 * rng.standard_normal(20)
        values = np.array([0.0 + noise, 0.1 + noise, 0.5 + noise])
        found = crossing_interval(PLACES, values, 0.3, rng)
        assert found is not None
        held += found[0] <= 3.0 <= found[1]
    assert held >= 180  # 95 % of 200, less three standard errors


def test_without_a_crossing_in_most_samples_there_is_no_interval():
    values = np.array([[0.0, 0.0], [0.0, 0.0], [0.0, 1.0]])
    assert crossing_interval(PLACES, values, 0.4, np.random.default_rng(1)) is None
