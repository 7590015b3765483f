"""Which idle model is unloaded first: a ranking over the idle pools of one host; the lowest rank goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class IdlePools:
    """The ready pools of one host with nothing queued or in flight; one entry each in every array.

    Accesses and insertions are sequence numbers, never times, so that ties at one instant keep their order.
    """

    model: Ints
    accessed: Ints
    """Sequence number of the last request."""
    inserted: Ints
    """Sequence number of the end of the load."""
    frequency: Ints
    """Requests since the model was asked for, the one that caused the load included."""
    rng: np.random.Generator
    """For policies that draw; one for each host."""


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
    return int(pools.rng.integers(pools.model.size))


EVICTION: MappingProxyType[str, Eviction] = MappingProxyType({"lru": lru, "fifo": fifo, "lfu": lfu, "random": random})
