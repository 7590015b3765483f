"""How the calls of a trace hit LRU caches of every number of models, all of one size (`mmesim.analytic.stack`)."""

from __future__ import annotations

import numpy as np

from mmesim.analytic.stack import BATCH, FIRST, Stack
from mmesim.arrays import Floats, Ints


class StackDistances:
    """Counts the calls of a trace by stack distance; memory grows with the models, not with the calls."""

    def __init__(self) -> None:
        self.first_calls = 0
        """Calls of a model that was never called before: a cache of any size misses them."""
        self.counts: Ints = np.zeros(0, dtype=np.int64)
        """[distance]: how many calls have it."""
        self._stack = Stack()
        self._waiting: list[Ints] = []
        self._held = 0

    def add(self, models: Ints) -> None:
        """The next calls of the trace: the number of the model of each, from 0."""
        self._waiting.append(models)
        self._held += len(models)
        if self._held >= max(BATCH, 2 * len(self._stack.models)):
            self._flush()

    def miss_ratios(self) -> Floats:
        """[0 .. models]: share of the calls that miss in an empty LRU cache of that many models; 0 without calls."""
        self._flush()
        total = self.first_calls + int(self.counts.sum())
        beyond = np.zeros(len(self._stack.models) + 1, dtype=np.int64)
        beyond[: len(self.counts)] = np.cumsum(self.counts[::-1])[::-1]
        ratios: Floats = (self.first_calls + beyond) / max(total, 1)
        return ratios

    def _flush(self) -> None:
        if not self._held:
            return
        distance = self._stack.distances(np.concatenate(self._waiting))
        self._waiting, self._held = [], 0
        again = distance != FIRST
        self.first_calls += len(distance) - int(again.sum())
        found = np.bincount(distance[again], minlength=len(self.counts))
        found[: len(self.counts)] += self.counts
        self.counts = found
