from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.optimize import brentq

from mmesim.roots import root

TOLERANCE = 1e-9
FUNCTIONS: dict[str, Callable[[float], float]] = {
    "line": lambda x: x,
    "falling": lambda x: -x,
    "flat at the root": lambda x: x**9,
    "a step": lambda x: -1.0 if x < 0.0 else 1.0,
    "steep": lambda x: math.expm1(min(700.0, 50.0 * x)),
    "saturated": math.atan,
    "of all sizes": lambda x: math.copysign(abs(x) ** 0.1, x),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@given(low=st.floats(-10.0, -1e-3), high=st.floats(1e-3, 10.0), shift=st.floats(-100.0, 100.0))
@example(low=-1.0, high=1.0, shift=0.0)
def test_a_root_is_found_within_the_tolerance(name: str, low: float, high: float, shift: float) -> None:
    evaluations = 0

    def function(x: float) -> float:
        nonlocal evaluations
        evaluations += 1
        return FUNCTIONS[name](x - shift)

    found = root(function, low + shift, high + shift, TOLERANCE)
    assert low + shift <= found <= high + shift
    # Either the function is 0 there as far as floats can tell, or the root is near.
    assert function(found) == 0.0 or abs(found - shift) <= 2.0 * TOLERANCE
    assert evaluations < 200


@given(rate=st.floats(1e-6, 1e6))
def test_it_is_the_root_that_scipy_finds(rate: float) -> None:
    def function(x: float) -> float:
        return -math.expm1(-rate * x) - 0.7

    high = 10.0 / rate
    assert root(function, 0.0, high, 1e-14 * high) == pytest.approx(
        brentq(function, 0.0, high, xtol=1e-14 * high, rtol=1e-14), rel=1e-12
    )


def test_an_end_may_be_the_root() -> None:
    assert root(lambda x: x, 0.0, 1.0, TOLERANCE) == 0.0
    assert root(lambda x: x, -1.0, 0.0, TOLERANCE) == 0.0


def test_equal_signs_are_an_error() -> None:
    with pytest.raises(ValueError, match="no root between 1"):
        root(lambda x: x, 1.0, 2.0, TOLERANCE)
