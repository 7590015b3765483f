"""The knee of the curve of misses over the number of models: where the models no longer fit.

With few models every call hits but for first loads: the curve is flat. With more it rises, since models that are still
called are unloaded for others: thrashing begins where the working sets together exceed the memory (P. J. Denning,
Thrashing: its causes and prevention, AFIPS FJCC 33, 1968), and that place is the knee of the miss curve (E. Rothberg,
J. P. Singh, A. Gupta, Working sets, cache sizes, and node granularity issues for large-scale multiprocessors, ISCA
1993). Here the knee is where 1 percentage point more of the calls miss than on the flat part: from there on a p99 is
that of a cold call, whatever the limit is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmesim.experiment.capacity.curve import Curve, Short
from mmesim.stats.crossing import crossing, crossing_interval
from mmesim.stats.means import mean

RISE = 0.01
"""Of the calls, which miss beyond the knee and not before it."""
FLAT = 0.001
"""The curve is flat where twice as many models have not more misses than this."""
NEAR = 1.02
"""Between two amounts of this ratio the curve is taken for a straight line."""
MOST_BISECTIONS = 8
DOUBLE = 1.9
"""About twice: amounts are rounded."""


@dataclass(frozen=True)
class Knee:
    """Where it is, with its 95 % interval; or why there is none."""

    amount: float | None
    interval: tuple[float, float] | None
    reason: str | None


def knee(curve: Curve, seed: int, further: bool) -> Knee:
    """The knee, for which more amounts are tried where the curve is too coarse; `further`: also larger ones."""
    amounts = curve.amounts
    if any(np.isnan(point.misses).any() for point in curve.points):
        return Knee(None, None, "there are replications without calls")
    flat = _flat_part(curve)
    if flat is None:
        return Knee(None, None, "calls miss even with the fewest models")
    while further and not _above(curve.points[-1], flat) and curve.points[-1].amount < amounts.most:
        if curve.at(amounts.rounded(2.0 * curve.points[-1].amount)) is None:
            break
    for _ in range(MOST_BISECTIONS):
        place = next((k for k, point in enumerate(curve.points) if _above(point, flat)), 0)
        low, high = curve.points[max(0, place - 1)].amount, curve.points[place].amount
        if high <= NEAR * low or not amounts.apart(low, high) or curve.at(amounts.between(low, high)) is None:
            break
    places = [point.amount for point in curve.points]
    more = np.array([point.misses for point in curve.points]) - np.array(flat.misses)
    found = crossing(places, more, RISE)
    if found is None:
        return Knee(None, None, f"up to {places[-1]:,.0f} models, hardly more calls miss than with few models")
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=tuple(b"knee of a capacity")))
    return Knee(found, crossing_interval(places, more, RISE, rng), None)


def _flat_part(curve: Curve) -> Short | None:
    """An amount on the flat part: the smallest that was tried, when twice as many models have as few misses."""
    amounts = curve.amounts
    while True:
        smallest = curve.points[0]
        double = next((one for one in curve.points if one.amount >= DOUBLE * smallest.amount), None)
        if double is not None and abs(mean(double.misses) - mean(smallest.misses)) <= FLAT:
            return smallest
        if smallest.amount <= amounts.least or curve.at(amounts.rounded(smallest.amount / 2.0)) is None:
            # One model alone cannot be unloaded for another.
            return smallest if smallest.amount <= amounts.least and mean(smallest.misses) <= RISE else None


def _above(point: Short, flat: Short) -> bool:
    return mean(point.misses) - mean(flat.misses) > RISE
