"""The sign test, computed by hand."""

from __future__ import annotations

import math

import pytest

from mmesim.stats.signs import sign_test


@pytest.mark.parametrize(
    ("a", "b", "chance"),
    [
        ([1.0] * 6, [math.inf] * 6, 2 / 64),
        ([math.inf] * 8, [1.0] * 8, 2 / 256),
        ([1.0, 1.0, 2.0, 5.0], [2.0, 2.0, math.inf, 4.0], 10 / 16),
        ([1.0, math.inf], [1.0, math.inf], 1.0),
        ([1.0, 2.0], [2.0, 1.0], 1.0),
    ],
)
def test_the_chance_of_pairs_as_one_sided(a: list[float], b: list[float], chance: float) -> None:
    assert sign_test(a, b) == sign_test(b, a) == pytest.approx(chance)
