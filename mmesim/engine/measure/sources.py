"""Where figures of a running endpoint come from: the kernel's counts, and what its hosts add up over time."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from math import inf
from typing import Any

from numpy.typing import NDArray

from mmesim.arrays import Floats
from mmesim.engine.control.fleet import Fleet
from mmesim.engine.control.host import Host
from mmesim.engine.control.loads.loader import Loader
from mmesim.engine.dataplane import DataPlane
from mmesim.engine.environment import Environment
from mmesim.engine.kernel.jit import plain
from mmesim.engine.kernel.record import note_most
from mmesim.engine.kernel.scalars import WINDOW
from mmesim.engine.measure.integrals import Integrals, integrals
from mmesim.stats.histogram import log_middles

_note_most: Callable[[Any, Any], None] = plain(note_most)
_SUM: Callable[[float, float], float] = operator.add


class Sources:
    """What meters read. Nobody's reading changes what another reads, nor the run."""

    def __init__(self, env: Environment, plane: DataPlane, loader: Loader, fleet: Fleet) -> None:
        self.env = env
        self.plane = plane
        self.loader = loader
        self.hosts: Sequence[Host] = fleet.hosts
        self.serving = fleet.serving
        self.window = KernelWindow(plane)
        self.log_middles: Floats = log_middles(plane.tables.views.coarse_edges)
        self._synced_s = -inf

    def sync(self) -> None:
        """Bring what the kernel adds up over time to now."""
        now = self.env.now
        if now != self._synced_s:
            self._synced_s = now
            self.plane.sync(now)

    def integrals(self) -> Integrals:
        """Everything that accumulates over time, up to now."""
        return integrals(self.plane, self.hosts, self.env.now)


class KernelWindow:
    """What the kernel counts, column by column of `scalars.WINDOW`, for any number of readers.

    A column is emptied by whoever reads it, who also gives the others their part: a column that nobody reads often is
    not touched often.
    """

    def __init__(self, plane: DataPlane) -> None:
        self._plane = plane
        table = plane.tables.arrays.window  # it never grows
        self._columns = {column.name: _column(table, column.name) for column in WINDOW.columns}
        self._readers: list[dict[str, float]] = []

    def reader(self) -> dict[str, float]:
        """What one reader has not read yet, by column; only of columns that it has asked for once."""
        unread: dict[str, float] = {}
        self._readers.append(unread)
        return unread

    def begin(self, unread: dict[str, float], name: str) -> float:
        """The reader asks for one more column, of which nothing has been counted for him yet."""
        self._empty((name,))
        nothing = unread[name] = self._columns[name][2]
        return float(nothing)

    def read(self, unread: dict[str, float]) -> dict[str, float]:
        """What each column that the reader has asked for has counted since he read it before."""
        self._empty(unread)
        columns, read = self._columns, {name: float(value) for name, value in unread.items()}
        for name in read:
            unread[name] = columns[name][2]
        return read

    def _empty(self, names: Iterable[str]) -> None:
        """Give every reader his part of what these columns have counted."""
        columns, readers = self._columns, self._readers
        if "in_flight_max" in names:
            views = self._plane.tables.views
            _note_most(views.counts[0], views.window[0])
        for name in names:
            column, join, nothing = columns[name]
            value = column[0]
            if value != nothing:
                column[0] = nothing
                for one in readers:
                    if name in one:
                        one[name] = join(one[name], value)


def _column(table: NDArray[Any], name: str) -> tuple[Any, Callable[[float, float], float], float]:
    """Where a column is counted, how two values of it become one, and what it is when it has counted nothing."""
    join = _JOINED.get(name.rpartition("_")[2], _SUM)
    counted: Any = table[name].data
    return counted, join, inf if join is min else 0


_JOINED: dict[str, Callable[[float, float], float]] = {"min": min, "max": max}
"""How two values of a column become one, by the end of its name; others are added."""
