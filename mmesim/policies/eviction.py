"""Which idle model is unloaded first: a ranking over the idle pools of one host; the lowest rank goes."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


class IdlePools:
    """The ready pools of one host with nothing queued or in flight, read-only; one entry each in every array.

    Accesses and insertions are sequence numbers, never times, so that ties at one instant keep their order. `rng` is
    for policies that draw, one for each host.
    """

    __slots__ = ("_pools", "_rows", "rng")

    def __init__(self, pools: Any, rows: Ints, rng: np.random.Generator) -> None:
        self._pools = pools
        self._rows = rows
        self.rng = rng

    def __len__(self) -> int:
        return int(self._rows.size)

    @property
    def model(self) -> Ints:
        """Row of the model in the scenario's table."""
        return self._of("model")

    @property
    def accessed(self) -> Ints:
        """Sequence number of the last request."""
        return self._of("accessed")

    @property
    def inserted(self) -> Ints:
        """Sequence number of the end of the load."""
        return self._of("inserted")

    @property
    def frequency(self) -> Ints:
        """Requests since the model was asked for, the one that caused the load included."""
        return self._of("frequency")

    def _of(self, column: str) -> Ints:
        values: Ints = getattr(self._pools, column)[self._rows]
        return values


Eviction = Callable[[IdlePools], int]
"""Index of the pool to unload; there is at least one."""


def lru(pools: IdlePools) -> int:
    """Least recently used."""
    return int(pools.accessed.argmin())


def fifo(pools: IdlePools) -> int:
    """First in, first out: the pool that was loaded longest ago."""
    return int(pools.inserted.argmin())


def lfu(pools: IdlePools) -> int:
    """Least frequently used since it was loaded; of several the least recently used."""
    rare = np.flatnonzero(pools.frequency == pools.frequency.min())
    return int(rare[pools.accessed[rare].argmin()])


def random(pools: IdlePools) -> int:
    """Any of them, with equal chance."""
    return int(pools.rng.integers(len(pools)))


EVICTION: MappingProxyType[str, Eviction] = MappingProxyType({"lru": lru, "fifo": fifo, "lfu": lfu, "random": random})
