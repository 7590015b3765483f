"""Several streams of requests made one, in order of time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mmesim.workload.block import Block, join


def merge(streams: Sequence[Iterator[Block]], rows: int) -> Iterator[Block]:
    """All requests of all streams in order of time; at equal times in order of the streams.

    Each stream keeps its own order, which must be that of time. Of each stream `rows` requests are held, and one block
    more. The blocks that come out have any size; none is empty.
    """
    if len(streams) == 1:
        yield from (block for block in streams[0] if len(block))
        return
    heads: list[Block | None] = [None] * len(streams)
    while True:
        # All are filled up together: were it only those that ran out, streams whose blocks end at different times
        # would let a few requests pass at a time.
        heads = [_fill(head, stream, rows) for head, stream in zip(heads, streams, strict=True)]
        alive = [i for i, head in enumerate(heads) if head is not None]
        if not alive:
            return
        # Nothing beyond the earliest end of a head may go yet. At just that time the stream that ends there goes first
        # against later ones, which wait: its next block may begin with the same time.
        ends = {i: float(head.time[-1]) for i, head in enumerate(heads) if head is not None}
        limit = min(alive, key=lambda i: (ends[i], i))
        horizon = ends[limit]
        pieces: list[Block] = []
        for i in alive:
            head = heads[i]
            assert head is not None
            cut = int(head.time.searchsorted(horizon, side="right" if i <= limit else "left"))
            if cut:
                pieces.append(head[:cut])
                heads[i] = head[cut:] if cut < len(head) else None
        together = join(pieces)
        yield together if len(pieces) == 1 else together[np.argsort(together.time, kind="stable")]


def _fill(head: Block | None, stream: Iterator[Block], rows: int) -> Block | None:
    """The head of a stream with at least `rows` requests, or all that are left; None if none is."""
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
