"""Whether the one of two values is the larger more often than chance makes it, in pairs of which some are infinite."""

from __future__ import annotations

from collections.abc import Sequence

from scipy.special import bdtr


def sign_test(a: Sequence[float], b: Sequence[float]) -> float:
    """The chance of pairs as one-sided as these, or more, where either value is the larger equally often (two-sided).

    Equal pairs say nothing; 1 without any other. Exact (J. Arbuthnot, 1710; W. J. Conover, Practical Nonparametric
    Statistics, 3.4): six pairs that all go one way are the fewest with a chance below 5 %.
    """
    higher, lower = (sum(one > other for one, other in zip(*pair, strict=True)) for pair in ((b, a), (a, b)))
    if higher + lower == 0:
        return 1.0
    return min(1.0, 2.0 * float(bdtr(float(min(higher, lower)), higher + lower, 0.5)))
