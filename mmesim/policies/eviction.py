"""Which idle model is unloaded first: each policy picks one of the idle pools of a host."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, assert_never

import numpy as np

from mmesim.arrays import Flags, Floats, Ints
from mmesim.scenario.endpoint.eviction import EvictionPolicy, Gdsf, Ttl

MEGA = 1e6


@dataclass(frozen=True)
class ModelFigures:
    """What a ranking may want to know of each model; in the order of the scenario's table."""

    names: tuple[str, ...]
    size_bytes: Ints
    """Memory of a loaded copy."""
    load_s: Floats
    """Mean time of a load from disk on an idle host."""


class IdlePools:
    """The ready pools of one host with nothing queued or in flight, but those of pinned models; read-only.

    One entry each in every array. Accesses and insertions are sequence numbers, never times, so that ties at one
    instant keep their order. `rng` is for policies that draw, one for each host.
    """

    __slots__ = ("_figures", "_now", "_pools", "_rows", "rng")

    def __init__(self, pools: Any, rows: Ints, rng: np.random.Generator, figures: ModelFigures, now: float) -> None:
        self._pools = pools
        self._rows = rows
        self._figures = figures
        self._now = now
        self.rng = rng

    def __len__(self) -> int:
        return int(self._rows.size)

    @property
    def model(self) -> Ints:
        """Row of the model in the scenario's table."""
        return self._of("model")

    @property
    def name(self) -> tuple[str, ...]:
        """Name of the model."""
        return tuple(self._figures.names[row] for row in self.model.tolist())

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

    @property
    def credit(self) -> Floats:
        """The host's clock, which GDSF moves, at the last request, or at the end of the load if that was later."""
        values: Floats = self._pools.credit[self._rows]
        return values

    @property
    def idle_s(self) -> Floats:
        """Seconds since the last request, or since the load began if no request came after that."""
        since: Floats = self._pools.last[self._rows]
        return self._now - since

    @property
    def age_s(self) -> Floats:
        """Seconds since the end of the load."""
        loaded: Floats = self._pools.t3[self._rows]
        return self._now - loaded

    @property
    def size_bytes(self) -> Ints:
        """Memory of the pool."""
        return self._figures.size_bytes[self.model]

    @property
    def load_s(self) -> Floats:
        """Mean time of a load of the model from disk on an idle host."""
        return self._figures.load_s[self.model]

    def _of(self, column: str) -> Ints:
        values: Ints = getattr(self._pools, column)[self._rows]
        return values


Choice = Callable[[IdlePools], int]
"""Index of the pool to unload; there is at least one."""


@dataclass(frozen=True)
class Policy:
    """`choose` says which pool goes; `clock` what the host's clock becomes when that pool (its index) has gone."""

    choose: Choice
    clock: Callable[[IdlePools, int], float] | None = None


def lru(pools: IdlePools) -> int:
    """Least recently used."""
    return int(pools.accessed.argmin())


def fifo(pools: IdlePools) -> int:
    """First in, first out: the pool that was loaded longest ago."""
    return int(pools.inserted.argmin())


def lfu(pools: IdlePools) -> int:
    """Least frequently used since it was loaded; of several the least recently used."""
    return _oldest(pools, pools.frequency == pools.frequency.min())


def random(pools: IdlePools) -> int:
    """Any of them, with equal chance."""
    return int(pools.rng.integers(len(pools)))


def size(pools: IdlePools) -> int:
    """The largest; of several the least recently used."""
    return _oldest(pools, pools.size_bytes == pools.size_bytes.max())


def _gdsf(cost: Callable[[IdlePools], Floats]) -> Policy:
    """Greedy-Dual-Size-Frequency: the lowest `credit + frequency * cost / size in MB`; of several as LRU.

    The host's clock is the priority of its last victim, so that what was popular once ages (Cherkasova, HP Labs
    technical report HPL-98-69, 1998).
    """

    def priority(pools: IdlePools) -> Floats:
        ranked: Floats = pools.credit + pools.frequency * cost(pools) * MEGA / pools.size_bytes
        return ranked

    def choose(pools: IdlePools) -> int:
        ranked = priority(pools)
        return _oldest(pools, ranked == ranked.min())

    return Policy(choose, lambda pools, index: float(priority(pools)[index]))


def _ttl(ttl_s: float) -> Choice:
    """Pools that were loaded longer than `ttl_s` ago; of these, else of all, the least recently used.

    The time counts from the load: counted from the last request it would rank as LRU does.
    """

    def choose(pools: IdlePools) -> int:
        expired = pools.age_s > ttl_s
        return _oldest(pools, expired) if expired.any() else lru(pools)

    return choose


def _oldest(pools: IdlePools, among: Flags) -> int:
    """Of some pools the least recently used."""
    some = np.flatnonzero(among)
    return int(some[pools.accessed[some].argmin()])


GDSF = _gdsf(lambda pools: np.ones(len(pools)))
GDSF_BY_LOAD = _gdsf(lambda pools: pools.load_s)

EVICTION: MappingProxyType[str, Policy] = MappingProxyType(
    {
        "lru": Policy(lru),
        "fifo": Policy(fifo),
        "lfu": Policy(lfu),
        "random": Policy(random),
        "size": Policy(size),
        "gdsf": GDSF,
    }
)


def policy(rule: EvictionPolicy | Ttl | Gdsf) -> Policy:
    """The policy of a rule as the scenario gives it."""
    match rule:
        case EvictionPolicy():
            return EVICTION[rule]
        case Ttl():
            return Policy(_ttl(rule.ttl_s))
        case Gdsf():
            return GDSF_BY_LOAD if rule.cost == "load_time" else GDSF
        case _:
            assert_never(rule)
