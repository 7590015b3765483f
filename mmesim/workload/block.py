"""Requests as columns in order of time, and how such blocks are cut, joined and merged."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self, TypeVar

import numpy as np

from mmesim.arrays import Flags, Floats, Ints
from mmesim.scenario.models.groups import Model

OVERHEAD_COLUMNS: tuple[str, ...] = ("pre_cpu", "pre_wait", "hold_cpu", "hold_wait", "post_cpu", "post_wait")
"""The columns of `Block.overhead`, in order."""

STREAM_KEYS = 2**40
"""Keys of one stream: more than it has requests."""
_STREAMS = 2**22


def first_key(name: str) -> int:
    """The key of the first request of a stream: by its name, so that other streams may come and go; below 2**62."""
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") % _STREAMS * STREAM_KEYS


def rows_of(models: Sequence[Model]) -> Ints:
    """Rows of these models in the scenario's table."""
    return np.array([model.index for model in models], dtype=np.int64)


class Columns:
    """A dataclass of arrays with one entry a call; a column that may be None is so in all blocks of one source."""

    def __getitem__(self, rows: slice | Ints | Flags) -> Self:
        """The same columns for some of the calls."""
        chosen: dict[str, Any] = {}
        for name in _names(self):
            column = getattr(self, name)
            chosen[name] = None if column is None else column[rows]
        return type(self)(**chosen)


def _names(columns: Columns) -> list[str]:
    return [field.name for field in fields(columns)]  # type: ignore[arg-type]


@dataclass(frozen=True)
class Arrivals(Columns):
    """When requests come and for which models, before anything else about them is drawn."""

    time: Floats
    """Seconds, never falling."""
    model: Ints
    """Row of the scenario's model table."""
    service: Floats | None
    """Service times that replace the drawn ones, seconds, NaN for a call without one; None if the source has none."""

    def __len__(self) -> int:
        return len(self.time)


@dataclass(frozen=True)
class Block(Columns):
    """Requests in order of time; one entry a request in each column, times in seconds."""

    time: Floats
    """When the client starts the call; never falls."""
    model: Ints
    """Row of the scenario's model table."""
    cpu: Floats
    """CPU time asked, at speed 1."""
    wait: Floats
    """Time asked that needs no CPU."""
    device: Floats | None
    """Time asked on a device; None when no model uses one."""
    route: Floats
    """Uniform in [0, 1): the router's chance."""
    overhead: Floats | None
    """[n, 6], columns as in `OVERHEAD_COLUMNS`; None when all six are constants."""
    stream: Ints
    """Index in the scenario's traffic."""
    key: Ints
    """What chance beyond the block depends on: the stream and the number of the request in it, from 0 (`first_key`)."""

    def __len__(self) -> int:
        return len(self.time)


Calls = TypeVar("Calls", Arrivals, Block)


def join(blocks: Sequence[Calls]) -> Calls:
    """One block of several, in the order given; at least one is needed."""
    if len(blocks) == 1:
        return blocks[0]
    joined: dict[str, Any] = {}
    for name in _names(blocks[0]):
        columns = [column for block in blocks if (column := getattr(block, name)) is not None]
        joined[name] = np.concatenate(columns) if columns else None
    return type(blocks[0])(**joined)


def sorted_by_time(blocks: Sequence[Calls]) -> Calls:
    """One block of several in order of time; at one time in the order given."""
    together = join(blocks)
    return together[np.argsort(together.time, kind="stable")]


def gather(blocks: Iterable[Calls], rows: int) -> Iterator[Calls]:
    """The same calls in blocks of at least `rows` (but the last), so that what is done for each block costs little."""
    waiting: list[Calls] = []
    held = 0
    for block in blocks:
        waiting.append(block)
        held += len(block)
        if held >= rows:
            yield join(waiting)
            waiting, held = [], 0
    if held:
        yield join(waiting)


def resize(blocks: Iterable[Calls], size: int) -> Iterator[Calls]:
    """The same calls in blocks of `size` (the last may be shorter); no block is empty."""
    waiting: list[Calls] = []
    rows = 0
    for block in blocks:
        start = 0
        while rows + len(block) - start >= size:
            end = start + size - rows
            waiting.append(block[start:end])
            yield join(waiting)
            waiting, rows, start = [], 0, end
        if start < len(block):
            waiting.append(block[start:])
            rows += len(block) - start
    if waiting:
        yield join(waiting)


def merge(streams: Sequence[Iterator[Calls]], rows: int) -> Iterator[Calls]:
    """All calls of all streams in order of time; at equal times in order of the streams.

    Each stream keeps its own order, which must be that of time. Of each stream at least `rows` calls are held, if it
    has them, and at most one block more. The blocks that come out have any size; none is empty.
    """
    if len(streams) == 1:
        yield from (block for block in streams[0] if len(block))
        return
    heads: list[Calls | None] = [None] * len(streams)
    while True:
        # All are filled up together: were it only those that ran out, streams whose blocks end at different times
        # would let a few calls pass at a time.
        heads = [_filled(head, stream, rows) for head, stream in zip(heads, streams, strict=True)]
        ends = [(float(head.time[-1]), number) for number, head in enumerate(heads) if head is not None]
        if not ends:
            return
        # Nothing beyond the earliest end of a head may go yet. At just that time the stream that ends there goes first
        # against later ones, which wait: its next block may begin with the same time.
        horizon, limit = min(ends)
        parts: list[Calls] = []
        for number, head in enumerate(heads):
            if head is None:
                continue
            cut = int(head.time.searchsorted(horizon, side="right" if number <= limit else "left"))
            if cut:
                parts.append(head[:cut])
                heads[number] = head[cut:] if cut < len(head) else None
        yield parts[0] if len(parts) == 1 else sorted_by_time(parts)


def _filled(head: Calls | None, stream: Iterator[Calls], rows: int) -> Calls | None:
    """The head of a stream with at least `rows` calls, or all that are left; None if none is."""
    parts = [] if head is None else [head]
    held = 0 if head is None else len(head)
    while held < rows:
        block = next(stream, None)
        if block is None:
            break
        if len(block):
            parts.append(block)
            held += len(block)
    return join(parts) if parts else None
