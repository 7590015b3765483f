"""From which minutes on a limit is kept again for good, as far as calls that are bad by chance can tell.

That all calls from a minute on just keep the limit is a hypothesis for each minute. It is rejected where they break the
limit together, or where a minute of them, or all from a later minute on, do so by itself: in BY_CHANCE of runs at most
if it is true. A minute that is not rejected may have come late by chance, with few calls left. So a recovery is shown
only by one that was followed by as many calls as the event came before it; or by calls that are better for sure than as
many just before them, or than twice the limit. "Never" rejects every minute that could show a recovery, so that it is
said by chance in BY_CHANCE of runs at most, however many minutes there are (intersection-union test: R. L. Berger,
Technometrics 24, 1982), of a fleet that keeps its limits from some such minute on.

The tests take calls as independent. Those of one minute wait for the same loads and queues, so that the share of bad
ones varies more: see docs/recovery.md for how often both errors are made, in theory and in runs.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, betainc

from mmesim.arrays import Flags, Floats, Ints

Number = TypeVar("Number", np.int64, np.float64)
BY_CHANCE = 0.001
"""Chance at most of what is said to break a limit though its calls just keep it."""
BETTER_BY_CHANCE = 0.0001
"""Chance at most of calls that are said to be better than those before them though they are alike. Many pairs of
stretches are looked at, and a single one shows a recovery."""


def not_broken(calls: Ints, bad: Ints, allowed: float, by_chance: float = BY_CHANCE) -> Flags:
    """Whether it is not rejected that from each minute to the last a share `allowed` of the calls, or less, is bad.

    Half of the chance is for all calls together, half is shared by each minute and all calls from each later one on.
    """
    together = at_least(from_each_on(bad), from_each_on(calls), allowed)
    parts = np.minimum(at_least(bad, calls, allowed), together)
    least, left = np.minimum.accumulate(parts[::-1])[::-1], len(calls) - np.arange(len(calls))
    found: Flags = np.minimum(2.0 * together, 4.0 * left * least) >= by_chance
    return found


def long_enough(calls: Ints, bad: Ints, allowed: float) -> Flags:
    """Whether the calls from each minute to the last are enough, or good enough, to show a recovery.

    They are at least as many as those before them, or better for sure than as many just before them, or than twice the
    share that is allowed (than one half way to all calls, where twice is more). Where no call may be bad, chance has no
    part in it: any are enough.
    """
    if allowed == 0.0:
        return np.ones(len(calls), dtype=bool)
    after, bad_after = from_each_on(calls), from_each_on(bad)
    before = after[:1].sum() - after
    # Just before each minute: from the last one on that leaves as many calls as come after it, else from the first.
    first = np.maximum(np.searchsorted(before, before - after, side="right") - 1, 0)
    just_before, bad_before = before - before[first], bad_after[first] - bad_after
    share = after / np.maximum(after + just_before, 1)
    alike = np.where(bad_before > 0, at_most(bad_after, bad_before + bad_after, share), 1.0)
    twice = np.full(len(calls), min(2.0 * allowed, (1.0 + allowed) / 2.0))
    for_sure = (alike < BETTER_BY_CHANCE) | (at_most(bad_after, after, twice) < BY_CHANCE)
    found: Flags = (after >= before) | for_sure
    return found


def from_each_on(values: NDArray[Number]) -> NDArray[Number]:
    """The sum of each value and all behind it."""
    found: NDArray[Number] = np.cumsum(values[::-1])[::-1]
    return found


def at_least(bad: Ints, calls: Ints, share: float) -> Floats:
    """The chance of this many bad calls or more, where each is bad with a chance of `share`."""
    return np.where(bad > 0, betainc(np.maximum(bad, 1), calls - bad + 1, share), 1.0).astype(np.float64)


def at_most(bad: Ints, calls: Ints, share: Floats) -> Floats:
    """The chance of this many bad calls or fewer."""
    return np.asarray(bdtr(bad.astype(np.float64), calls, share), dtype=np.float64)
