"""Which idle model is unloaded first: a policy ranks the idle pools of a host, or picks one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, assert_never

import numpy as np

from mmesim.arrays import Floats, Ints
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


class Pools:
    """What a key may be made of: an array with an entry for each of some pools, or a number for one pool; read-only.

    Accesses and insertions are sequence numbers, never times, so that ties at one instant keep their order.
    """

    __slots__ = ("_figures", "_pools", "_rows")

    def __init__(self, pools: Any, rows: Ints | int, figures: ModelFigures) -> None:
        self._pools = pools
        self._rows = rows
        self._figures = figures

    @property
    def model(self) -> Ints:
        """Row of the model in the scenario's table."""
        values: Ints = self._pools.model[self._rows]
        return values

    @property
    def accessed(self) -> Ints:
        """Sequence number of the last request, or of the beginning of the load when no request asked for it."""
        values: Ints = self._pools.accessed[self._rows]
        return values

    @property
    def inserted(self) -> Ints:
        """Sequence number of the end of the load."""
        values: Ints = self._pools.inserted[self._rows]
        return values

    @property
    def frequency(self) -> Ints:
        """Requests since the model was asked for, the one that caused the load included."""
        values: Ints = self._pools.frequency[self._rows]
        return values

    @property
    def credit(self) -> Floats:
        """The host's clock, which GDSF moves, at the last request, or at the end of the load if that was later."""
        values: Floats = self._pools.credit[self._rows]
        return values

    @property
    def size_bytes(self) -> Ints:
        """Memory of the pool."""
        return self._figures.size_bytes[self.model]

    @property
    def load_s(self) -> Floats:
        """Mean time of a load of the model from disk on an idle host."""
        return self._figures.load_s[self.model]

    def show(self, pools: Any, rows: Ints | int) -> None:
        """Be these pools from now on."""
        self._pools = pools
        self._rows = rows


class IdlePools(Pools):
    """The ready pools of one host with nothing queued or in flight, but those of pinned models; read-only.

    One entry each in every array. `rng` is for policies that draw, one for each host.
    """

    __slots__ = ("_now", "_number", "rng")

    def __init__(self, pools: Any, rows: Ints, figures: ModelFigures, rng: np.random.Generator, now: float) -> None:
        super().__init__(pools, rows, figures)
        self._number = int(rows.size)
        self._now = now
        self.rng = rng

    def __len__(self) -> int:
        return self._number

    @property
    def name(self) -> tuple[str, ...]:
        """Name of the model."""
        return tuple(self._figures.names[row] for row in self.model.tolist())

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


Choice = Callable[[IdlePools], int]
"""Index of the pool to unload; there is at least one."""

Key = tuple[Any, ...]
"""Numbers, or arrays of them with an entry for each pool; the first decides, then the second."""


@dataclass(frozen=True)
class Chosen:
    """A policy that looks at all idle pools and says which one goes."""

    choose: Choice


@dataclass(frozen=True)
class Ranked:
    """A policy by which the pool with the lowest key goes.

    While a pool is ready its key may grow, but never falls, and no two pools of a host have the same: so a heap finds
    the lowest without a look at every pool (engine.control.ranking).
    """

    key: Callable[[Pools], Key]
    ages: bool = False
    """Whether the host's clock moves on to the first number of the key of the pool that goes; it never goes back."""

    def choose(self, pools: IdlePools) -> int:
        """Index of the pool to unload, found by a look at all of them; there is at least one."""
        among: Ints = np.arange(len(pools))
        for values in self.key(pools):
            among = among[values[among] == values[among].min()]
        return int(among[0])


Policy = Chosen | Ranked


def lru(pools: Pools) -> Key:
    """Least recently used."""
    return (pools.accessed,)


def fifo(pools: Pools) -> Key:
    """First in, first out: the pool that was loaded longest ago."""
    return (pools.inserted,)


def lfu(pools: Pools) -> Key:
    """Least frequently used since it was loaded; of several the least recently used."""
    return pools.frequency, pools.accessed


def random(pools: IdlePools) -> int:
    """Any of them, with equal chance."""
    return int(pools.rng.integers(len(pools)))


def size(pools: Pools) -> Key:
    """The largest; of several the least recently used."""
    return -pools.size_bytes, pools.accessed


def gdsf(pools: Pools, cost: Floats | float = 1.0) -> Key:
    """Greedy-Dual-Size-Frequency: the lowest `credit + frequency * cost / size in MB`; of several as LRU.

    The host's clock is the priority of its last victim, so that what was popular once ages (Cherkasova, HP Labs
    technical report HPL-98-69, 1998). A victim may have been in use while others went that had more: then the clock
    stands still, as there, where every file can go.
    """
    return pools.credit + pools.frequency * cost * MEGA / pools.size_bytes, pools.accessed


def gdsf_by_load(pools: Pools) -> Key:
    """The same where a miss costs the time of a load."""
    return gdsf(pools, pools.load_s)


def _ttl(ttl_s: float) -> Choice:
    """Pools that were loaded longer than `ttl_s` ago; of these, else of all, the least recently used.

    The time counts from the load: counted from the last request it would rank as LRU does.
    """

    def choose(pools: IdlePools) -> int:
        expired = np.flatnonzero(pools.age_s > ttl_s)
        among = expired if expired.size else np.arange(len(pools))
        return int(among[pools.accessed[among].argmin()])

    return choose


EVICTION: MappingProxyType[str, Policy] = MappingProxyType(
    {
        "lru": Ranked(lru),
        "fifo": Ranked(fifo),
        "lfu": Ranked(lfu),
        "random": Chosen(random),
        "size": Ranked(size),
        "gdsf": Ranked(gdsf, ages=True),
    }
)


def policy(rule: EvictionPolicy | Ttl | Gdsf) -> Policy:
    """The policy of a rule as the scenario gives it."""
    match rule:
        case EvictionPolicy():
            return EVICTION[rule]
        case Ttl():
            return Chosen(_ttl(rule.ttl_s))
        case Gdsf():
            return Ranked(gdsf_by_load if rule.cost == "load_time" else gdsf, ages=True)
        case _:
            assert_never(rule)
