"""From what is expected of a run to what is certain in it: a share of bad calls that no run stays below.

Let every call of a Poisson stream carry an independent mark z between 0 and 1 (its part in what is proved of it), and
let the bad calls be at least the sum of the marks less what the fleet can make good. For a share a, sum (z - a) is a
compound Poisson sum whose downward jumps are at most a. Bernstein's inequality for its lower tail,

    P(sum <= mean - t) <= exp(-t^2 / (2 (v + a t / 3))),   v = expected calls x E[(z - a)^2],

holds exactly, not in the limit (S. Boucheron, G. Lugosi, P. Massart, Concentration Inequalities, 2013, theorem 2.10;
for the sum over a Poisson number of calls its logarithmic moments add up in the same way). E[z^2] <= E[z] makes v a
matter of means. With a fixed number of calls the same bound holds.
"""

from __future__ import annotations

import math
from typing import overload

import numpy as np

from mmesim.arrays import Floats

CERTAINTY = 18.0
"""The chance that a run contradicts is at most exp(-18) = 1.5e-8: what 6 standard deviations are to a normal law."""
HALVINGS = 40


def surplus(share: float, calls: float, proved: float, good: float) -> float:
    """By how many calls the bad ones exceed a share of all, at least, in all runs but one in exp(18).

    `calls`: expected; `proved`: expected sum of the marks; `good`: what of it the fleet can make good at most.
    """
    variance = max(0.0, proved * (1.0 - 2.0 * share) + share * share * calls)
    linear = CERTAINTY * share / 3.0
    return proved - good - share * calls - linear - math.sqrt(linear * linear + 2.0 * CERTAINTY * variance)


@overload
def margin(variance: float) -> float: ...
@overload
def margin(variance: Floats, jump: float | Floats = 1.0) -> Floats: ...
def margin(variance: float | Floats, jump: float | Floats = 1.0) -> float | Floats:
    """By how much a sum of this variance, with jumps of up to this, exceeds or misses its mean in no run."""
    linear = CERTAINTY * jump / 3.0
    found: float | Floats = linear + np.sqrt(linear * linear + 2.0 * CERTAINTY * variance)
    return found


def least_share(calls: float, proved: float, good: float = 0.0) -> float:
    """The largest share of bad calls that no run stays below; 0 when nothing is proved. Arguments as of `surplus`."""
    low, high = 0.0, 1.0
    if calls <= 0.0 or surplus(low, calls, proved, good) <= 0.0:
        return 0.0
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        if surplus(middle, calls, proved, good) > 0.0:
            low = middle
        else:
            high = middle
    return low
