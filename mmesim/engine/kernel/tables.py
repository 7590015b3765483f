"""The tables of the data plane: built, viewed and grown here and nowhere else.

The compiled kernel gets the address of a directory of them (`Tables.address`, see kernel.pointers); Python code and the
uncompiled kernel get the same memory as one view a column (`Tables.views`), so that `t.pools.state[p]` means the same
in both, and so does `t.clock[0].now` for a table of one row. `Tables.arrays` are the tables as NumPy's record arrays.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmesim.engine.kernel import rows, scalars
from mmesim.engine.kernel.codes import INF, N_CAUSES, N_PARTS, N_TIMES, RATES, WINDOW_BUCKETS, WINDOW_TIMES
from mmesim.engine.kernel.columns import Layout, zeros
from mmesim.engine.kernel.plain import PLAIN

LAYOUTS: dict[str, Layout] = {
    "clock": scalars.CLOCK,
    "space": scalars.SPACE,
    "deadlines": scalars.DEADLINES,
    "counts": scalars.COUNTS,
    "window": scalars.WINDOW,
    "params": scalars.PARAMS,
    "hosts": rows.HOST,
    "models": rows.MODEL,
    "copies": rows.COPY,
    "pools": rows.POOL,
    "workers": rows.WORKER,
    "by_demand": rows.BY_DEMAND,
    "on_device": rows.ON_DEVICE,
    "devices": rows.DEVICE,
    "device_calls": rows.DEVICE_CALL,
    "attempts": rows.ATTEMPT,
    "controls": rows.CONTROL_TASK,
    "loops": rows.LOOP,
    "timers": rows.TIMER,
    "tasks": rows.TASK,
    "arrivals": rows.ARRIVAL,
    "arrival_overhead": rows.OVERHEAD,
    "drafts": rows.DRAFT,
    "draft_overhead": rows.OVERHEAD,
    "users": rows.USER,
    "model_stats": rows.MODEL_STATS,
    "selections": rows.SELECTION,
    "cells": rows.CELL,
    "records": rows.RECORD,
}
"""Tables of records."""

ONE_ROW = ("clock", "space", "deadlines", "counts", "window", "params")
"""Tables of one row: `t.clock[0]` is a record, whose columns are read and written by name."""

FREE_LISTS = {"pools": "pool", "workers": "worker", "attempts": "attempt", "controls": "control"}
"""Tables whose free rows are linked, and what `space` calls a row of them."""


TABLES = (*LAYOUTS, *PLAIN)
DTYPES: dict[str, np.dtype[Any]] = {
    **{name: layout.dtype for name, layout in LAYOUTS.items()},
    **{name: np.dtype(table.unit.kind) for name, table in PLAIN.items()},
}
AXES = {
    **{name: 2 if name in ("tasks", "loops", "copies", "devices") else 1 for name in LAYOUTS},
    **{name: table.axes for name, table in PLAIN.items()},
}
"""1, or 2: rows and places of each."""
WORDS = 3
"""Words of a table in the directory: its address, rows and places."""
Arrays = namedtuple("Arrays", TABLES)  # type: ignore[misc]  # of record arrays
Views = namedtuple("Views", TABLES)  # type: ignore[misc]  # of one view a column, for Python


def _views_of(name: str, array: NDArray[Any]) -> Any:
    """What Python sees of a table: a column by its name, the record of a table of one row; a plain array as it is."""
    if name not in LAYOUTS:
        return array
    names = array.dtype.names or ()
    return (_record(names)(array),) if name in ONE_ROW else _columns(names)(array)


class Columns:
    """The columns of a table by name; `table[b] = table[a]` copies a row, as in the kernel."""

    __slots__ = ("_array",)
    names: tuple[str, ...] = ()

    def __init__(self, array: NDArray[Any], as_seen: Callable[[NDArray[Any]], Any] = np.asarray) -> None:
        self._array = array
        for name in self.names:
            setattr(self, name, as_seen(array[name]))

    def __getitem__(self, row: int) -> Any:
        return self._array[row]

    def __setitem__(self, row: int, values: Any) -> None:
        self._array[row] = values


class Record:
    """The record of a table of one row: its columns can be read and set by name."""

    __slots__ = ("_of",)

    def __init__(self, array: NDArray[Any]) -> None:
        self._of = tuple(array[name] for name in array.dtype.names or ())


@cache
def _columns(names: tuple[str, ...]) -> type[Columns]:
    return type("TableColumns", (Columns,), {"__slots__": names, "names": names})


@cache
def _record(names: tuple[str, ...]) -> type[Record]:
    return type("TableRecord", (Record,), {"__slots__": (), **{name: _field(k) for k, name in enumerate(names)}})


def _field(k: int) -> property:
    def get(record: Any) -> Any:
        return record._of[k][0]

    def put(record: Any, value: Any) -> None:
        record._of[k][0] = value

    return property(get, put)


def _minima(times: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """A tree of minima: the times of the hosts in its second half, place k the earlier of places 2k and 2k + 1.

    And the host that each place has its time from, the lowest row of several.
    """
    hosts = times.size
    tree, firsts = zeros(2 * hosts, np.dtype(np.float64)), zeros(2 * hosts, np.dtype(np.int64))
    tree[0], tree[hosts:], firsts[hosts:] = INF, times, np.arange(hosts)
    for k in range(hosts - 1, 0, -1):
        earlier = 2 * k if tree[2 * k] <= tree[2 * k + 1] else 2 * k + 1
        tree[k], firsts[k] = tree[earlier], firsts[earlier]
    return tree, firsts


def _leaves(hosts: int) -> int:
    """Leaves of the tree of minima: a power of two."""
    leaves = 2
    while leaves < hosts:
        leaves *= 2
    return leaves


@dataclass(frozen=True)
class Sizes:
    """How many rows to start with; every kind of row that is not fixed by the scenario grows on demand."""

    hosts: int
    models: int
    limits: int
    loops: int
    selections: int = 0
    cells: int = 0
    users: int = 0
    drafts: int = 0
    budgets: int = 0
    devices: int = 0
    drawn_overhead: bool = False
    by_demand: bool = False
    processes: int = 1
    workers: int = 256
    pools: int = 256
    attempts: int = 1024
    tasks: int = 128
    timers: int = 256
    arrivals: int = 65536
    records: int = 0
    record_times: bool = False
    tens: int = 0


class Tables:
    """All rows of one run. `views` and `arrays` change at a growth, `address` never."""

    def __init__(
        self, sizes: Sizes, edges: tuple[NDArray[Any], NDArray[Any]], coarse: tuple[NDArray[Any], NDArray[Any]]
    ):
        hosts, models = max(1, sizes.hosts), max(1, sizes.models)
        buckets, coarse_buckets = edges[0].size - 1, coarse[0].size - 1
        sizes_of = {"hosts": hosts, "models": models, "model_stats": models + 1, "records": sizes.records}
        sizes_of |= {"selections": max(1, sizes.selections), "cells": max(1, sizes.cells)}
        sizes_of |= {"timers": sizes.timers, "arrivals": sizes.arrivals, "users": sizes.users, "drafts": sizes.drafts}
        shapes: dict[str, int | tuple[int, ...]] = {
            **dict.fromkeys(ONE_ROW, 1),
            **dict.fromkeys(FREE_LISTS, 0),
            **sizes_of,
            "tasks": (hosts, sizes.tasks),
            "rates": (hosts, RATES),
            "loops": (hosts, max(1, sizes.loops)),
            "devices": (hosts, sizes.devices),
            **dict.fromkeys(("by_demand", "on_device", "device_calls"), 0),
            "copies": (models + 1, 1),
            "arrival_overhead": sizes.arrivals if sizes.drawn_overhead else 0,
            "draft_overhead": sizes.drafts if sizes.drawn_overhead else 0,
        }
        shapes |= {
            **dict.fromkeys(("ends", "firsts"), 2 * _leaves(hosts)),
            **dict.fromkeys(("up", "stations", "scores"), hosts),
            **dict.fromkeys(
                ("histogram", "shortest", "longest", "cold_histogram", "retried_cold", "episodes"), buckets
            ),
            "parts": (buckets, N_PARTS),
            "model_over": (models, max(1, sizes.limits)),
            "model_hist": (models, coarse_buckets),
            "limits": max(1, sizes.limits),
            "members": (models, max(1, sizes.selections)),
            "cell_causes": (max(1, sizes.cells), N_CAUSES),
            "causes": (4, N_CAUSES),
            "failed_parts": (N_CAUSES, N_PARTS),
            **dict.fromkeys(("window_causes", "retry_on"), N_CAUSES),
            "window_hist": coarse_buckets,
            "window_times": (WINDOW_TIMES, WINDOW_BUCKETS),
            **dict.fromkeys(("most_in_system", "least_in_system"), sizes.tens),
            "budgets": sizes.budgets,
            "arrival_device": sizes.arrivals if sizes.devices else 0,
            "draft_device": sizes.drafts if sizes.devices else 0,
            "record_parts": (sizes.records, N_PARTS),
            "record_times": (sizes.records if sizes.record_times else 0, N_TIMES),
            "scratch": 0,
            "ledger": N_PARTS,
            "tokens": sizes.processes,
            "edges": edges[0].size,
            "start": edges[1].size,
            "coarse_edges": coarse[0].size,
            "coarse_start": coarse[1].size,
        }
        self._content: dict[str, NDArray[Any]] = {
            **{name: layout.rows(shapes[name]) for name, layout in LAYOUTS.items()},
            **{name: table.filled(shapes[name]) for name, table in PLAIN.items()},
        }
        given = {"edges": edges[0], "start": edges[1], "coarse_edges": coarse[0], "coarse_start": coarse[1]}
        for name, values in given.items():
            self._content[name][:] = values
        self._content["ends"], self._content["firsts"] = _minima(np.full(_leaves(hosts), INF))
        self._beside = {
            "workers": ["by_demand"] * sizes.by_demand + ["on_device"] * (sizes.devices > 0),
            "attempts": ["device_calls"] * (sizes.devices > 0),
        }
        """Tables that have as many rows as another, where they are used."""
        self._directory = np.zeros((len(TABLES), WORDS), np.int64)
        self.address = self._directory.ctypes.data
        """Where the directory lies, for as long as these tables are there."""
        self._refresh()
        rows = {"pools": sizes.pools, "workers": sizes.workers, "attempts": sizes.attempts, "controls": 64}
        for table, n in rows.items():
            self.grow(table, n)

    def _refresh(self) -> None:
        for row, array in zip(self._directory, self._content.values(), strict=True):
            row[0] = array.ctypes.data
            row[1 : 1 + array.ndim] = array.shape
        self.arrays: Any = Arrays(**self._content)
        self.views: Any = Views(**{name: _views_of(name, array) for name, array in self._content.items()})

    def _larger(self, table: str, shape: tuple[int, ...]) -> NDArray[Any]:
        """The table with at least this many rows (and places); the old ones keep their numbers."""
        old = self._content[table]
        shape = tuple(max(wanted, had) for wanted, had in zip(shape, old.shape, strict=True))
        new = LAYOUTS[table].rows(shape) if table in LAYOUTS else zeros(shape, old.dtype)
        new[tuple(slice(n) for n in old.shape)] = old
        self._content[table] = new
        return new

    def grow_hosts(self, hosts: int) -> None:
        """Make every table that has rows or places for hosts hold at least `hosts` of them."""
        content = self._content
        for table in ("hosts", "up", "stations", "scores", "rates", "tasks", "loops", "devices"):
            self._larger(table, (hosts, *content[table].shape[1:]))
        times, before = np.full(_leaves(content["hosts"].size), INF), content["ends"]
        times[: before.size // 2] = before[before.size // 2 :]
        content["ends"], content["firsts"] = _minima(times)
        self._refresh()

    def grow_places(self, table: str, places: int) -> None:
        """Make each row of a table with places hold at least this many of them."""
        self._larger(table, (self._content[table].shape[0], places))
        self._refresh()

    def grow(self, table: str, rows: int) -> None:
        """Make `table` hold at least `rows` rows (`tasks`: tasks a host); new ones join its free list."""
        old, space = self._content[table], self._content["space"]
        if table == "tasks":
            self._larger(table, (old.shape[0], rows))
            space["tasks_full"] = 0
        else:
            new = self._larger(table, (rows, *old.shape[1:]))
            if table in FREE_LISTS and new.size > old.size:
                row = FREE_LISTS[table]
                link = new["free"] if table == "pools" else new["next"]
                link[old.size :] = np.arange(old.size + 1, new.size + 1)
                link[-1] = space[f"free_{row}"][0]
                space[f"free_{row}"] = old.size
                space[f"n_free_{row}s"] += new.size - old.size
            for beside in self._beside.get(table, ()):
                self._larger(beside, (new.size,))
            if table == "pools":
                self._content["scratch"] = zeros(new.size, np.dtype(np.int64))
        self._refresh()

    def numbers(self, table: str) -> Any:
        """The columns of a table by name, for numbers one by one: those of Python, in half the time of an array's."""
        columns = getattr(self.views, table)
        return _columns(columns.names)(self._content[table], attrgetter("data"))

    def rows(self, table: str) -> int:
        """Rows of a table, free ones included (of `tasks`: tasks a host)."""
        return int(self._content[table].shape[-1])
