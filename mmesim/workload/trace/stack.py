"""LRU stack distances: one pass over a trace gives the misses of LRU caches of every size.

The stack distance of a call is the number of other models that were called since the last call of its own; an LRU cache
of C models of one size hits exactly the calls with a distance below C. Source: R. Mattson, J. Gecsei, D. Slutz,
I. Traiger, Evaluation techniques for storage hierarchies, IBM Systems Journal 9 (1970). Loads take no time here. Every
call is counted: no sampling as in C. Waldspurger et al., Efficient MRC construction with SHARDS, FAST 2015.
"""

from __future__ import annotations

import numpy as np

from mmesim.arrays import Floats, Ints

BATCH = 1 << 16
"""Calls that are looked at together, or twice the number of models where that is more."""


class StackDistances:
    """Counts the calls of a trace by stack distance; memory grows with the models, not with the calls."""

    def __init__(self) -> None:
        self.first_calls = 0
        """Calls of a model that was never called before: a cache of any size misses them."""
        self.counts: Ints = np.zeros(0, dtype=np.int64)
        """[distance]: how many calls have it."""
        self._stack: Ints = np.zeros(0, dtype=np.int64)
        """Every model called so far, the last called one at the end."""
        self._waiting: list[Ints] = []
        self._held = 0

    def add(self, models: Ints) -> None:
        """The next calls of the trace: the number of the model of each, from 0."""
        self._waiting.append(models)
        self._held += len(models)
        if self._held >= max(BATCH, 2 * len(self._stack)):
            self._flush()

    def miss_ratios(self) -> Floats:
        """[0 .. models]: share of the calls that miss in an empty LRU cache of that many models; 0 without calls."""
        self._flush()
        total = self.first_calls + int(self.counts.sum())
        beyond = np.zeros(len(self._stack) + 1, dtype=np.int64)
        beyond[: len(self.counts)] = np.cumsum(self.counts[::-1])[::-1]
        ratios: Floats = (self.first_calls + beyond) / max(total, 1)
        return ratios

    def _flush(self) -> None:
        if not self._held:
            return
        # The stack goes before the calls, as if each of its models had just been called once more.
        calls = np.concatenate([self._stack, *self._waiting])
        self._waiting, self._held = [], 0
        before = len(self._stack)
        order = np.argsort(calls, kind="stable")
        again = np.flatnonzero(calls[order[1:]] == calls[order[:-1]]) + 1
        previous = np.full(len(calls), -1, dtype=np.int64)
        previous[order[again]] = order[again - 1]
        last = np.ones(len(calls), dtype=np.bool_)
        last[order[again - 1]] = False
        self._stack = calls[last]
        self.first_calls += int((previous[before:] < 0).sum())
        distance = _distances(previous)[before:]
        found = np.bincount(distance[distance >= 0], minlength=len(self.counts))
        found[: len(self.counts)] += self.counts
        self.counts = found


def _distances(previous: Ints) -> Ints:
    """The stack distance of each call, from where the last call of its model is (-1: nowhere); -1 for a first call."""
    # Of the calls before i, those whose own previous call is not after p = previous[i] are the p + 1 calls up to p and,
    # of the calls between p and i, the first of each model. The others between are repetitions.
    place = np.argsort(previous, kind="stable")
    rank = np.empty(len(previous), dtype=np.int64)
    rank[place] = np.arange(len(previous))
    return np.where(previous < 0, -1, _smaller_before(rank) - previous - 1)


def _smaller_before(ranks: Ints) -> Ints:
    """For each element of a permutation of 0 .. n-1, how many before it are smaller.

    Bit by bit from the highest: of elements that agree in the bits above, one with the bit set is larger than those
    without it. The elements with equal bits above lie together, in their first order.
    """
    bits = max(1, int(len(ranks) - 1).bit_length())
    size = 1 << bits
    # The elements that fill up to a power of two come last and are the largest: they count for no other.
    order = np.concatenate((ranks, np.arange(len(ranks), size)))
    smaller = np.zeros(size, dtype=np.int64)
    for bit in reversed(range(bits)):
        groups = order.reshape(-1, 2 << bit)
        high = (groups >> bit & 1).astype(np.bool_)
        low_before = np.cumsum(~high, axis=1)
        smaller[groups[high]] += low_before[high]
        halves = (groups[~high].reshape(-1, 1 << bit), groups[high].reshape(-1, 1 << bit))
        order = np.concatenate(halves, axis=1).ravel()
    return smaller[ranks]
