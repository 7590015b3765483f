"""Arrivals in pieces of other sizes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from mmesim.workload.block import Arrivals


def joined(parts: Sequence[Arrivals]) -> Arrivals:
    """One piece of several, in the order given; at least one is needed."""
    if len(parts) == 1:
        return parts[0]
    # One source gives service times with all of its pieces or with none.
    service = [part.service for part in parts if part.service is not None]
    return Arrivals(
        time=np.concatenate([part.time for part in parts]),
        model=np.concatenate([part.model for part in parts]),
        service=np.concatenate(service) if service else None,
    )


def gather(source: Iterable[Arrivals], rows: int) -> Iterator[Arrivals]:
    """The same arrivals in pieces of at least `rows`, so that what is done for each piece costs little."""
    waiting: list[Arrivals] = []
    held = 0
    for arrivals in source:
        waiting.append(arrivals)
        held += len(arrivals)
        if held >= rows:
            yield joined(waiting)
            waiting, held = [], 0
    if held:
        yield joined(waiting)


def sorted_by_time(parts: Sequence[Arrivals]) -> Arrivals:
    """One piece of several in order of time; at one time in the order given."""
    together = joined(parts)
    order = np.argsort(together.time, kind="stable")
    service = None if together.service is None else together.service[order]
    return Arrivals(together.time[order], together.model[order], service)
