"""The interval of the mean of independent values, such as a figure's values in the replications of a run.

Student's t, with Hall's correction for skewness: with r = (mean - truth) / s and the sample skewness k, the statistic
sqrt(n) (r + k r^2 / 3 + k^2 r^3 / 27 + k / (6 n)) is nearer to Student's distribution than sqrt(n) r is. It rises in r
without a turn, so that what it does not reject is one interval, and a mean further from a limit never decides less.
Source: P. Hall, On the removal of skewness by transformation, J. Royal Statistical Society B 54 (1992). The form of
N. J. Johnson (JASA 73, 1978) turns back for skewed samples, so it is not used.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from scipy.special import stdtr, stdtrit

CONFIDENCE = 0.95
SKEWNESS_FROM = 8
"""Least number of values of which the sample skewness is used. It is at most (n - 2) / sqrt(n - 1), whatever the
distribution: of three values it is near that bound as a rule, and Hall's interval of normal ones is twice Student's.
"""


def mean(values: Sequence[float]) -> float:
    """The mean, correctly rounded, so that the order of the replications does not matter."""
    return math.fsum(values) / len(values)


def mean_interval(
    values: Sequence[float], confidence: float = CONFIDENCE, low: float = -math.inf, high: float = math.inf
) -> tuple[float, float] | None:
    """The interval of the mean of independent values, cut to the range [low, high]; it holds the mean of the sample.

    None for fewer than two values: one replication says nothing about its own error. Student's t interval where the
    sample is not skewed, or too small to tell.
    """
    n = len(values)
    if n < 2:
        return None
    middle, spread, skewness = _moments(values)
    if n < SKEWNESS_FROM:
        skewness = 0.0
    t = student(n, confidence) / math.sqrt(n)
    down, up = (_inverted(end - skewness / (6.0 * n), skewness) for end in (t, -t))
    return max(middle - spread * down, low), min(middle - spread * up, high)


def hall(values: Sequence[float], limit: float) -> tuple[float, float]:
    """Hall's statistic of the mean against a limit, positive above it, and the sample skewness that it corrects for.

    It is compared with Student's distribution of n - 1 degrees of freedom, and rises when all values rise alike. Of
    values that are all equal it is infinite, or 0 on the limit. At least two values.
    """
    n = len(values)
    middle, spread, skewness = _moments(values)
    if spread == 0.0:
        return math.copysign(math.inf, middle - limit) if middle != limit else 0.0, 0.0
    used = skewness if n >= SKEWNESS_FROM else 0.0
    r = (middle - limit) / spread
    return math.sqrt(n) * (r + used * r**2 / 3.0 + used**2 * r**3 / 27.0 + used / (6.0 * n)), skewness


def chance_below(n: int, statistic: float) -> float:
    """The chance that Student's t of `n` values is at most this."""
    return float(stdtr(n - 1, statistic))


def student(n: int, confidence: float) -> float:
    """Student's t with n - 1 degrees of freedom, two-sided."""
    return float(stdtrit(n - 1, 0.5 + confidence / 2))


def _moments(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean, standard deviation (n - 1) and skewness (third central moment over the second to 3/2)."""
    n, middle = len(values), mean(values)
    deviations = [value - middle for value in values]
    scale = max(map(abs, deviations))
    if scale == 0.0:
        return middle, 0.0, 0.0
    # In units of the largest deviation nothing underflows.
    parts = [deviation / scale for deviation in deviations]
    variance = math.fsum(part**2 for part in parts) / n
    skewness = math.fsum(part**3 for part in parts) / n / variance**1.5
    return middle, scale * math.sqrt(variance * n / (n - 1)), skewness


def _inverted(y: float, skewness: float) -> float:
    """The r for which r + k r^2 / 3 + k^2 r^3 / 27, which is ((1 + k r / 3)^3 - 1) / k, is y."""
    root = math.cbrt(1.0 + skewness * y)
    # The same as 3 (root - 1) / k, without the difference of two nearly equal numbers.
    return 3.0 * y / (root * root + root + 1.0)
