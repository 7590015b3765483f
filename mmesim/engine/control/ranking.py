"""The pools of a host in the order in which a ranked policy unloads them: no victim needs a look at all of them."""

from __future__ import annotations

from collections.abc import Collection
from heapq import heapify, heappop, heappush, heapreplace

from mmesim.engine.dataplane import DataPlane
from mmesim.engine.kernel.codes import NONE, READY
from mmesim.policies.eviction import Key, ModelFigures, Pools, Ranked

MOST_BUSY = 32
"""When more of the lowest pools than this are in use, a look at all idle ones is the shorter way."""
FEW = 64
"""Entries of pools that are gone which are never worth the work of starting again."""


class Ranking:
    """A heap of the pools of one host that are ready and not pinned, by the key that each had when it was last seen.

    A key may have grown since, and a pool may be gone: both are noticed when its entry is the lowest. So a request
    costs nothing here, and a victim the logarithm of the number of pools.
    """

    def __init__(
        self, plane: DataPlane, host: int, policy: Ranked, figures: ModelFigures, pinned: Collection[int]
    ) -> None:
        """`pinned`: models that are never unloaded for lack of room."""
        self._plane = plane
        self._policy = policy
        self._asked = Pools(plane.pools, NONE, figures)
        self._pinned = pinned
        pools = plane.pools
        ready = [pool for pool in plane.pools_of(host) if pools.state[pool] == READY]
        self._heap: list[tuple[Key, int, int]] = [self._entry(pool) for pool in ready if not self._is_pinned(pool)]
        heapify(self._heap)

    def add(self, pool: int) -> None:
        """A pool of the host is ready."""
        if not self._pinned or not self._is_pinned(pool):
            heappush(self._heap, self._entry(pool))

    def key(self, pool: int) -> Key:
        """The key that the pool has now."""
        self._asked.show(self._plane.pools, pool)
        return self._policy.key(self._asked)

    def lowest(self) -> int | None:
        """The idle pool with the lowest key, NONE when none is idle; None when too many are in use for a quick answer.

        It stays here until it is unloaded.
        """
        pools, heap = self._plane.pools, self._heap
        busy: list[tuple[Key, int, int]] = []
        found: int | None = NONE
        while heap:
            key, pool, life = heap[0]
            if pools.gen[pool] != life or pools.state[pool] != READY:
                heappop(heap)
            elif self.key(pool) != key:
                heapreplace(heap, self._entry(pool))
            elif not pools.in_flight[pool]:
                found = pool
                break
            elif len(busy) == MOST_BUSY:
                found = None
                break
            else:
                busy.append(heappop(heap))
        for entry in busy:
            heappush(heap, entry)
        return found

    def is_mostly_past(self, ready: int) -> bool:
        """Whether most of it is about pools that are gone, when this many are ready."""
        return len(self._heap) > 2 * ready + FEW

    def _entry(self, pool: int) -> tuple[Key, int, int]:
        return self.key(pool), pool, self._plane.pools.gen[pool]

    def _is_pinned(self, pool: int) -> bool:
        return self._plane.pools.model[pool] in self._pinned
