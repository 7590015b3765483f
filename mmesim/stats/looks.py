"""A test of a mean at a look: how surely it lies below a limit, and how surely above another.

Both sides are tested at once, each with its own error: `below` of a limit by one sample, `above` of a limit by the
same or another. With Hall's statistic, that holds for skewed samples as long as their mean is nearly normal: where
|skewness| / sqrt(n) exceeds 0.3 nothing is decided, nor with fewer than 10 values, whose skewness cannot be seen.
Values that are all alike have no spread to go by: they say no more than that the next is likely to be the same.
Recoveries are whole minutes, so ten of them may well be alike though the mean is another. Values that differ by little,
against the distance of their mean from the limit, say the same where they are too skewed for more: of a trace that is
replayed, 235 calls miss in each replication, and 236 in a few.

A share of things that were counted, nearly all of which are alike, has no such mean. Its bound is that of Clopper and
Pearson for blocks that do not influence each other: a block without a single one of what is counted is clean, and the
share is at most that of blocks which are not clean. 368 clean blocks bound a share by 1 % at 2.5 %.
Source: C. J. Clopper, E. S. Pearson, The use of confidence or fiducial limits illustrated in the case of the binomial,
Biometrika 26 (1934).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from scipy.special import bdtr, betaincinv, rel_entr

from mmesim.stats.means import chance_below, hall, mean

FEWEST = 10
"""Values of the first look: the skewness of fewer is at most near (n - 2) / sqrt(n - 1), whatever the distribution."""
GUARD = 0.3
"""Largest |skewness| / sqrt(n) at which a look decides."""
OTHERS = 0.1
"""Share of other values that must be ruled out where all are alike."""
ALIKE = 1e-9
"""Largest difference of alike values, relative to the largest: that of sums in another order."""
NEARLY = 0.1
"""Largest difference of nearly alike values, relative to the distance of their mean from the limit."""
LOOKS = (10, 20, 40, 60, 80)
"""Values after which a test looks."""


def guarded(n: int, skewness: float) -> bool:
    """Whether that many values of this skewness decide nothing."""
    return n < FEWEST or abs(skewness) > GUARD * math.sqrt(n)


def p_below(values: Sequence[float], limit: float) -> float:
    """The p-value of "the mean is below the limit", 1 where nothing can be decided."""
    if len(values) < FEWEST:
        return 1.0
    statistic, skewness = hall(values, limit)
    skewed = guarded(len(values), skewness)
    if statistic < 0.0 and (alike(values) or (skewed and nearly_alike(values, limit))):
        return p_alike(len(values))
    return 1.0 if skewed else chance_below(len(values), statistic)


def p_above(values: Sequence[float], limit: float) -> float:
    """The p-value of "the mean is above the limit", 1 where nothing can be decided."""
    return p_below([-value for value in values], -limit)


def alike(values: Sequence[float]) -> bool:
    """Whether values do not differ but by rounding."""
    low, high = min(values), max(values)
    return high - low <= ALIKE * max(abs(low), abs(high))


def nearly_alike(values: Sequence[float], limit: float) -> bool:
    """Whether values differ by far less than their mean does from a limit."""
    return max(values) - min(values) <= NEARLY * abs(limit - mean(values))


def p_alike(n: int) -> float:
    """The p-value of "fewer than OTHERS of all values are others", when n values are alike."""
    return math.pow(1.0 - OTHERS, n)


def p_share_below(dirty: int, blocks: int, limit: float) -> float:
    """The p-value of "a share is below the limit (0..1)", when at most `dirty` of that many blocks have any of it."""
    if dirty >= blocks or limit <= 0.0:
        return 1.0
    return float(bdtr(dirty, blocks, limit)) if limit < 1.0 else 0.0


def p_rate_below(length: float, limit: float) -> float:
    """The p-value of "a rate is below the limit", when nothing happened in that time: events come independently."""
    return math.exp(-limit * length)


def p_mean_above(values: Sequence[float], limit: float) -> float:
    """The p-value of "the mean of values between 0 and 1 is above the limit (0..1)", whatever their distribution.

    Source: W. Hoeffding, Probability inequalities for sums of bounded random variables, J. American Statistical
    Association 58 (1963), theorem 1.
    """
    found = mean(values)
    if found <= limit:
        return 1.0
    if limit <= 0.0:
        return 0.0
    return math.exp(-len(values) * float(rel_entr(found, limit) + rel_entr(1.0 - found, 1.0 - limit)))


def share_bound(dirty: int, blocks: int, level: float) -> float:
    """The upper bound of a share at this level, when at most `dirty` of that many blocks have any of it."""
    return 1.0 if dirty >= blocks else float(betaincinv(dirty + 1, blocks - dirty, 1.0 - level))


def clean_blocks(limit: float, level: float) -> int:
    """How many blocks, all clean, bound a share below the limit (0..1, exclusive) at this level."""
    return math.ceil(math.log(level) / math.log1p(-limit))


def length(skewness: float) -> int:
    """How many short replications one of the gate is worth, so that the look in the middle may decide.

    `skewness` is that of the pilot's short replications: half as much again is allowed for, since a small sample shows
    too little of it. The skewness of the mean of L of them is 1 / sqrt(L) of theirs.
    """
    return max(1, math.ceil((1.5 * skewness / (GUARD * math.sqrt(LOOKS[len(LOOKS) // 2]))) ** 2))
