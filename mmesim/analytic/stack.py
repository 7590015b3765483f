"""LRU stack distances: what was called between two calls for the same model, each other model once.

One pass over a sequence of calls tells which of them hit an LRU cache, for caches of every size. A cache that holds
the models called last, as many as fit, hits a call when those called since the last call for its model, and the model
itself, take no more room than it has; with models of different sizes too, as long as each of them fits.

Source: R. Mattson, J. Gecsei, D. Slutz, I. Traiger, Evaluation techniques for storage hierarchies, IBM Systems Journal
9 (1970). Loads take no time here. Every call is counted: no sampling as in C. Waldspurger et al., Efficient MRC
construction with SHARDS, FAST 2015, which loses its accuracy where models are few.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mmesim.arrays import Flags, Ints

BATCH = 1 << 16
"""Calls that are looked at together, or twice the number of models where that is more."""
FIRST = -1
"""The distance of a call for a model that was never called before: a cache of any size misses it."""


class Stack:
    """Tells the distances of a sequence that comes in pieces; memory grows with the models, not with the calls.

    `sizes`: [models] what each takes in a cache; None: they are counted, and so are distances.
    """

    def __init__(self, sizes: Ints | None = None) -> None:
        self._sizes = sizes
        self.models: Ints = np.zeros(0, dtype=np.int64)
        """Every model called so far, the last called one at the end."""

    def distances(self, calls: Ints) -> Ints:
        """[calls] how much the other models take that were called since the last call for the model of each; `FIRST`.

        `calls` are the numbers of models, from 0. So a call hits a cache that has room for its distance and its model.
        """
        # The stack goes before the calls, as if each of its models had just been called once more.
        before = len(self.models)
        sequence = np.concatenate([self.models, calls])
        previous, self.models = _previous(sequence)
        return _between(previous, None if self._sizes is None else self._sizes[sequence])[before:]

    def batches(self, calls: Ints) -> Iterator[tuple[slice, Ints]]:
        """The same for many calls, some of them at a time: which, and their distances."""
        first = 0
        while first < len(calls):
            rows = slice(first, first + max(BATCH, 2 * len(self.models)))
            yield rows, self.distances(calls[rows])
            first = rows.stop


def last_called(calls: Ints) -> Ints:
    """The models of these calls, each once, in order of the last call for each."""
    return _previous(calls)[1]


def _previous(calls: Ints) -> tuple[Ints, Ints]:
    """Where the last call for the model of each call is, -1: nowhere; and the models in order of their last calls."""
    order = np.argsort(calls, kind="stable")
    again = np.flatnonzero(calls[order[1:]] == calls[order[:-1]]) + 1
    previous = np.full(len(calls), -1, dtype=np.int64)
    previous[order[again]] = order[again - 1]
    last = np.ones(len(calls), dtype=np.bool_)
    last[order[again - 1]] = False
    return previous, calls[last]


def _between(previous: Ints, sizes: Ints | None) -> Ints:
    """The distance of each call, from where the last call of its model is, and its size."""
    # Of the calls before i, those whose own previous call is not after p = previous[i] are the p + 1 calls up to p and,
    # of the calls between p and i, the first of each model. The others between are repetitions.
    place = np.argsort(previous, kind="stable")
    rank = np.empty(len(previous), dtype=np.int64)
    rank[place] = np.arange(len(previous))
    smaller = _smaller_before(rank, sizes)
    up_to = np.arange(1, len(previous) + 1) if sizes is None else np.cumsum(sizes)
    return np.where(previous < 0, FIRST, smaller - up_to[previous])


def _smaller_before(ranks: Ints, sizes: Ints | None) -> Ints:
    """For each element of a permutation of 0 .. n-1, how many before it are smaller, or what they take together.

    Bit by bit from the highest: of elements that agree in the bits above, one with the bit set is larger than those
    without it. The elements with equal bits above lie together, in their first order.
    """
    bits = max(1, int(len(ranks) - 1).bit_length())
    size = 1 << bits
    # The elements that fill up to a power of two come last and are the largest: they count for no other.
    order = np.concatenate((ranks, np.arange(len(ranks), size)))
    taken = None if sizes is None else np.concatenate((sizes, np.zeros(size - len(ranks), dtype=np.int64)))
    smaller = np.zeros(size, dtype=np.int64)
    for bit in reversed(range(bits)):
        groups = order.reshape(-1, 2 << bit)
        high = (groups >> bit & 1).astype(np.bool_)
        low = ~high
        each = low if taken is None else np.where(low, taken.reshape(-1, 2 << bit), 0)
        low_before = np.cumsum(each, axis=1)
        smaller[groups[high]] += low_before[high]
        order = _split(groups, high, bit)
        taken = None if taken is None else _split(taken.reshape(-1, 2 << bit), high, bit)
    return smaller[ranks]


def _split(groups: Ints, high: Flags, bit: int) -> Ints:
    """Each group with its elements without the bit before those with it."""
    halves = (groups[~high].reshape(-1, 1 << bit), groups[high].reshape(-1, 1 << bit))
    return np.concatenate(halves, axis=1).ravel()
