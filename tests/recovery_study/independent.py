"""Minutes of independent calls, of which a share is bad: what the rule is made for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mmesim.results.over_time.kept_again import long_enough, not_broken

ALLOWED = 0.01
"""A limit of the p99."""
LEVELS = (0.5, 1.0, 1.5, 2.0, 3.0)
"""Shares of bad calls after the disturbance, as multiples of what is allowed."""
EDGE = 1.0


@dataclass(frozen=True)
class Cell:
    """A disturbance, and minutes after it, with so many calls in each minute."""

    each: int
    minutes: int
    disturbed: str

    def shares(self, level: float) -> np.ndarray:
        """Minute by minute, the chance of a call to be bad."""
        long, share = {"none": (0, 0.0), "mild": (self.minutes // 2, 0.03), "severe": (5, 0.5)}[self.disturbed]
        after = level * ALLOWED
        return np.concatenate([np.full(long, max(share, after)), np.full(self.minutes, after)])


def cells() -> Iterator[Cell]:
    """All of them."""
    for each in (20, 60, 600):
        for minutes in (20, 60, 240):
            for disturbed in ("none", "mild", "severe"):
                yield Cell(each, minutes, disturbed)


def never(cell: Cell, level: float, runs: int) -> int:
    """In how many of so many runs it is said that the limit is not kept again."""
    shares = cell.shares(level)
    rng = np.random.default_rng([cell.each, cell.minutes, len(shares), round(10 * level)])
    calls, found = np.full(len(shares), cell.each), 0
    for _ in range(runs):
        bad = rng.binomial(cell.each, shares)
        found += not bool((not_broken(calls, bad, ALLOWED) & long_enough(calls, bad, ALLOWED)).any())
    return found
