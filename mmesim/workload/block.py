"""A block of requests: the columns that the engine reads, and how blocks are cut and joined."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mmesim.arrays import Floats, Ints
from mmesim.scenario.models.groups import Model

OVERHEAD_COLUMNS: tuple[str, ...] = ("pre_cpu", "pre_wait", "hold_cpu", "hold_wait", "post_cpu", "post_wait")
"""The columns of `Block.overhead`, in order."""


def rows_of(models: Sequence[Model]) -> Ints:
    """Rows of these models in the scenario's table."""
    return np.array([model.index for model in models], dtype=np.int64)


@dataclass(frozen=True)
class Arrivals:
    """When requests come and for which models, before anything else about them is drawn."""

    time: Floats
    """Seconds, never falling."""
    model: Ints
    """Row of the scenario's model table."""
    service: Floats | None
    """Service times that replace the drawn ones, seconds; None if the source has none."""

    def __len__(self) -> int:
        return len(self.time)

    def __getitem__(self, rows: slice) -> Arrivals:
        """The same for some of the requests."""
        return Arrivals(self.time[rows], self.model[rows], None if self.service is None else self.service[rows])


STREAM_KEYS = 2**40
"""Keys of one stream: more than it has requests."""
_STREAMS = 2**22


def first_key(name: str) -> int:
    """The key of the first request of a stream: by its name, so that other streams may come and go; below 2**62."""
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") % _STREAMS * STREAM_KEYS


@dataclass(frozen=True)
class Block:
    """Requests in order of time; one entry a request in each column, times in seconds."""

    time: Floats
    """When the client starts the call; never falls."""
    model: Ints
    """Row of the scenario's model table."""
    cpu: Floats
    """CPU time asked, at speed 1."""
    wait: Floats
    """Time asked that needs no CPU."""
    route: Floats
    """Uniform in [0, 1): the router's chance."""
    overhead: Floats | None
    """[n, 6], columns as in `OVERHEAD_COLUMNS`; None when all six are constants."""
    stream: Ints
    """Index in the scenario's traffic."""
    key: Ints
    """What chance beyond the block hangs on: the stream and the number of the request in it, from 0 (`first_key`)."""

    def __len__(self) -> int:
        return len(self.time)

    def __getitem__(self, rows: slice | Ints) -> Block:
        """The same columns for some of the requests."""
        return Block(
            time=self.time[rows],
            model=self.model[rows],
            cpu=self.cpu[rows],
            wait=self.wait[rows],
            route=self.route[rows],
            overhead=None if self.overhead is None else self.overhead[rows],
            stream=self.stream[rows],
            key=self.key[rows],
        )


def join(blocks: Sequence[Block]) -> Block:
    """One block of several, in the order given; at least one is needed."""
    if len(blocks) == 1:
        return blocks[0]
    overhead = [block.overhead for block in blocks if block.overhead is not None]
    return Block(
        time=np.concatenate([block.time for block in blocks]),
        model=np.concatenate([block.model for block in blocks]),
        cpu=np.concatenate([block.cpu for block in blocks]),
        wait=np.concatenate([block.wait for block in blocks]),
        route=np.concatenate([block.route for block in blocks]),
        # One run gives it with all of its blocks or with none.
        overhead=np.concatenate(overhead) if overhead else None,
        stream=np.concatenate([block.stream for block in blocks]),
        key=np.concatenate([block.key for block in blocks]),
    )


def resize(blocks: Iterable[Block], size: int) -> Iterator[Block]:
    """The same requests in blocks of `size` (the last may be shorter); no block is empty."""
    waiting: list[Block] = []
    rows = 0
    for block in blocks:
        start = 0
        while rows + len(block) - start >= size:
            end = start + size - rows
            yield join([*waiting, block[start:end]])
            waiting, rows, start = [], 0, end
        if start < len(block):
            waiting.append(block[start:])
            rows += len(block) - start
    if waiting:
        yield join(waiting)
