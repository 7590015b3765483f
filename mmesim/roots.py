"""The root of a function of one variable; SciPy has it too, but takes a third of a second to import it."""

from __future__ import annotations

from collections.abc import Callable


def root(function: Callable[[float], float], low: float, high: float, tolerance: float) -> float:
    """Where a continuous function is 0 between two points at which its signs differ, within `tolerance` (above 0).

    Raises ValueError when the signs are the same. Source: T. R. Chandrupatla, A new hybrid quadratic/bisection
    algorithm for finding the zero of a nonlinear function without using derivatives, Advances in Engineering Software
    28 (1997).
    """
    a, b = low, high
    at_a, at_b = function(a), function(b)
    if at_a * at_b > 0.0:
        raise ValueError(f"no root between {low} and {high}: the function is {at_a} and {at_b} there")
    share = 0.5
    while True:
        best, at_best = (a, at_a) if abs(at_a) < abs(at_b) else (b, at_b)
        middle = a + 0.5 * (b - a)
        if at_best == 0.0 or abs(b - a) <= 2.0 * tolerance or middle in (a, b):
            return best
        x = a + share * (b - a)
        at_x = function(x)
        # The root is between `a`, the newest point, and `b`; `c` is the one that was left out.
        if (at_x > 0.0) == (at_a > 0.0):
            c, at_c = a, at_a
        else:
            c, at_c, b, at_b = b, at_b, a, at_a
        a, at_a = x, at_x
        share = _step(a, at_a, b, at_b, c, at_c)
        least = min(0.5, tolerance / abs(b - a))
        share = min(1.0 - least, max(least, share))


def _step(a: float, at_a: float, b: float, at_b: float, c: float, at_c: float) -> float:
    """The share of the way from a to b: to the root of the inverse parabola where that must lie between, else half."""
    xi, phi = (a - b) / (c - b), (at_a - at_b) / (at_c - at_b)
    if phi * phi < xi and (1.0 - phi) ** 2 < 1.0 - xi:
        of_c = at_a / (at_b - at_a) * at_c / (at_b - at_c)
        return of_c + (c - a) / (b - a) * at_a / (at_c - at_a) * at_b / (at_c - at_b)
    return 0.5
