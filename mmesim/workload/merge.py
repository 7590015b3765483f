"""Several streams of requests made one, in order of time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mmesim.workload.block import Block, join


def merge(streams: Sequence[Iterator[Block]]) -> Iterator[Block]:
    """All requests of all streams in order of time; at equal times in order of the streams.

    Each stream keeps its own order, which must be that of time. Only one block a stream is held at any time. The blocks
    that come out have any size; none is empty.
    """
    if len(streams) == 1:
        yield from (block for block in streams[0] if len(block))
        return
    heads: list[Block | None] = [_next(stream) for stream in streams]
    while True:
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
            cut = int(np.searchsorted(head.time, horizon, side="right" if i <= limit else "left"))
            if cut:
                pieces.append(head[:cut])
                heads[i] = head[cut:] if cut < len(head) else _next(streams[i])
        together = join(pieces)
        yield together if len(pieces) == 1 else together[np.argsort(together.time, kind="stable")]


def _next(stream: Iterator[Block]) -> Block | None:
    return next((block for block in stream if len(block)), None)
