"""Feeds the kernel's buffer of arrivals, a block at a time."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator

from mmesim.engine.dataplane import DataPlane
from mmesim.scenario.scenario import Scenario
from mmesim.workload.block import OVERHEAD_COLUMNS, Block
from mmesim.workload.requests import blocks

NEAR = 2048
"""Rows of the buffer that are written at a time: few enough to stay in the near caches."""


class OpenLoop:
    """The open-loop requests of a run. The results do not depend on the size of a block."""

    def __init__(
        self,
        scenario: Scenario,
        replication: int,
        plane: DataPlane,
        report: Callable[[], None] | None,
        block_size: int | None = None,
    ) -> None:
        rows = plane.tables.views.arrivals.time.size
        self._blocks: Generator[Block] | Iterator[Block] = blocks(
            scenario, replication, min(rows, block_size or rows), beyond=True
        )
        self._plane = plane
        self._report = report
        plane.tables.views.clock[0].more = 1

    def close(self) -> None:
        """No request is wanted any more: traces that are not read to their end say now what is to be known of them."""
        if isinstance(self._blocks, Generator):
            self._blocks.close()

    def refill(self, _: int) -> None:
        """Put the next block into the buffer, or note that there is none."""
        views = self._plane.tables.views
        if self._report is not None:
            self._report()
        block = next(self._blocks, None)
        if block is None:
            views.clock[0].more = 0
            return
        n, arrivals = len(block), views.arrivals
        columns = {name: getattr(block, name) for name in ("time", "model", "cpu", "wait", "route", "key")}
        if block.device is not None:
            views.arrival_device[:n] = block.device
        if block.overhead is not None:
            for k, name in enumerate(OVERHEAD_COLUMNS):
                getattr(views.arrival_overhead, name)[:n] = block.overhead[:, k]
        # One field of all rows would touch every cache line of the buffer, and so would the next.
        for first in range(0, n, NEAR):
            rows = slice(first, min(first + NEAR, n))
            for name, column in columns.items():
                getattr(arrivals, name)[rows] = column[rows]
        views.clock[0].arrival = 0
        views.clock[0].n_arrivals = n
