"""The tables of the data plane: one record array a kind of row, built, viewed and grown here and nowhere else.

The compiled kernel gets the record arrays (`Tables.arrays`); Python code and the uncompiled kernel get the same
memory as
one view a field (`Tables.views`), so that `t.pools.state[p]` means the same in both. A record array crosses into
the kernel
as one argument, whatever the number of its fields.
"""

from __future__ import annotations

from collections import namedtuple
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmesim.engine.kernel.codes import INF, N_CAUSES, N_PARTS, NONE

Fields = tuple[str, ...]


def _dtype(integers: str, floats: str = "") -> np.dtype[Any]:
    names = integers.split() + floats.split()
    return np.dtype([(n, np.int64 if n in integers.split() else np.float64) for n in names], align=True)


LINE = 64
"""Bytes of a line of the processor's caches; a row that is used at random begins at one."""


def _lines(hot: str, cold: str = "") -> np.dtype[Any]:
    """A row in whole cache lines, `hot` fields first and together; a field with a dot behind it is a float."""
    fields = [(n.rstrip("."), np.float64 if n.endswith(".") else np.int64) for n in (hot + " " + cold).split()]
    size = -(-8 * len(fields) // LINE) * LINE
    return np.dtype(
        {
            "names": [n for n, _ in fields],
            "formats": [f for _, f in fields],
            "offsets": [8 * k for k in range(len(fields))],
            "itemsize": size,
        },
        align=True,
    )


def zeros(shape: int | tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Rows of zeros that begin at a cache line."""
    shape = shape if isinstance(shape, tuple) else (shape,)
    size = int(np.prod(shape)) * dtype.itemsize
    raw = np.zeros(size + LINE, np.uint8)
    first = -raw.ctypes.data % LINE
    return raw[first : first + size].view(dtype).reshape(shape)


CLOCK = _dtype(
    # free lists and their lengths; lists of attempts in order of deadline; counters
    """
    seq signal signal_row free_attempt n_free_attempts free_pool n_free_pools free_worker n_free_workers
    free_control n_free_controls n_timers n_hosts n_up tasks_full short margin arrival n_arrivals more
    client_head client_tail waiter_head waiter_tail forward_head forward_tail
    memory_epoch turn in_system calls calls_done n_records recorded ok_all attempts_all measured_calls measured_ok
    measured_attempts hits misses crossings reached backing_off quota_refusals hungry thinking
    """,
    # `area` is the integral of attempts in the system, `sojourn` the sum of their stays: equal at the end (Little)
    """
    now client_expiry waiter_expiry forward_expiry area area_at sojourn load_wait latency_sum latency_max
    ledger_error
    """,
)
PARAMS = _dtype(
    """
    policy job_queue_size drawn_overhead record record_threshold record_key n_limits slot_first margin_workers loops
    max_attempts processes retry_quota quota_cost quota_cost_timeout quota_refund chance_seed throttle_in_flight
    """,
    """
    retry_base retry_factor retry_cap retry_jitter throttle_rate throttle_burst
    out_delay back_delay network router client_timeout invocation_timeout load_timeout misroute warmup duration
    pre_cpu pre_wait hold_cpu hold_wait post_cpu post_wait vcpu cores smt_slope speed
    """,
)
HOST = _lines(
    """
    heap_n threads spin in_flight rate. virtual. at. busy.
    vcpu. cores. speed. full_speed. smt_slope. clock. state hits
    """,
    "wanted load_queue misses gen key first_pool last_pool n_pools tokens. tokens_at.",
)
MODEL = _lines(
    "first_copy loading spill_at batch_size batch_rule threads max_batch_delay. blocked_epoch",
    """
    key last_copy n_copies disk_host workers spin pinned
    serial. batch_base. batch_per_item. first_cpu. first_wait.
    """,
)
POOL = _lines(
    """
    next_copy host state in_flight model filler idle_n idle_head
    queue_n queue_head queue_tail idle_tail accessed frequency last. credit.
    """,
    """
    gen prev_copy next_pool prev_pool waiter_head waiter_tail waiter_n workers first_worker inserted asked_by free asker
    episode asked. t0. t1. t2. t3.
    """,
)
WORKER = _lines(
    "pool next head tail n batch_no fresh stage threads gen service. hold. asked_cpu. asked_wait. dead sibling"
)
ATTEMPT = _dtype(
    """
    state gen next call number model pool host client_prev client_next server_prev server_next server_list stream hit
    measured answered asker stage key user retry_cost cold
    """,
    """
    call_start start reach forwarded queued taken closed cpu wait route stall slot_wait download memory_wait load
    pre_cpu pre_wait hold_cpu hold_wait post_cpu post_wait service overhead cpu_wait post_start backoff failed
    """,
)
CONTROL_TASK = _dtype("host threads next loop", "second")
LOOP = _dtype("blocked head tail")
TIMER = _dtype("order code gen", "time")
TASK = _dtype("seq code", "finish")
ARRIVAL = _dtype("model stream key", "time cpu wait route pre_cpu pre_wait hold_cpu hold_wait post_cpu post_wait")
# A user of a closed loop; its next calls are rows `first` to `first + drawn` of the drafts, of which `at` are used up
USER = _dtype("first at drawn next calls", "start free_at end")
DRAFT = _dtype("model stream key", "gap cpu wait route pre_cpu pre_wait hold_cpu hold_wait post_cpu post_wait")
MODEL_STATS = _dtype("calls ok misses", "latency")
WINDOW = _dtype(
    "attempts hits misses ok in_flight_max",
    "model_latency model_latency_max overhead_latency load_wait load_wait_max latency",
)
RECORD = _dtype("call key model host hit cause attempts", "arrival latency")

TABLES = """
    clock params hosts models pools workers attempts controls timers tasks ends up arrivals edges start
    counts parts coarse_start coarse_edges model_stats model_over model_hist limits causes window window_causes
    window_hist records record_parts scratch episodes ledger loops scores users drafts tokens retry_on
    retried_cold
"""
Arrays = namedtuple("Arrays", TABLES)  # type: ignore[misc]  # of record arrays, for the compiled kernel
Views = namedtuple("Views", TABLES)  # type: ignore[misc]  # of one view a field, for Python


def _views_of(array: NDArray[Any]) -> Any:
    """The fields of a record array as a namedtuple of views; a plain array as it is."""
    if array.dtype.names is None:
        return array
    return _row(array.dtype.names)(*(array[name] for name in array.dtype.names))


@cache
def _row(names: tuple[str, ...]) -> Any:
    """The type of such views: to make one takes longer than everything else that is done at a growth."""
    return namedtuple("row", names)


def _minima(times: NDArray[np.float64]) -> NDArray[np.float64]:
    """A tree of minima: the times of the hosts in its second half, place k the earlier of places 2k and 2k + 1."""
    tree = np.concatenate([np.full(times.size, INF), times])
    for k in range(times.size - 1, 0, -1):
        tree[k] = min(tree[2 * k], tree[2 * k + 1])
    return tree


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
    users: int = 0
    drafts: int = 0
    processes: int = 1
    workers: int = 256
    pools: int = 256
    attempts: int = 1024
    tasks: int = 128
    timers: int = 256
    arrivals: int = 65536
    records: int = 0


class Tables:
    """All rows of one run. `arrays` goes to the compiled kernel, `views` to Python; both change at a growth."""

    def __init__(
        self, sizes: Sizes, edges: tuple[NDArray[Any], NDArray[Any]], coarse: tuple[NDArray[Any], NDArray[Any]]
    ):
        hosts, models = max(1, sizes.hosts), max(1, sizes.models)
        buckets, coarse_buckets = edges[0].size - 1, coarse[0].size - 1
        self._content: dict[str, NDArray[Any]] = {
            "clock": zeros(1, CLOCK),
            "params": zeros(1, PARAMS),
            "hosts": zeros(hosts, HOST),
            "models": zeros(models, MODEL),
            "pools": zeros(0, POOL),
            "workers": zeros(0, WORKER),
            "attempts": zeros(0, ATTEMPT),
            "controls": np.zeros(0, CONTROL_TASK),
            "timers": zeros(sizes.timers, TIMER),
            "tasks": zeros((hosts, sizes.tasks), TASK),
            "ends": _minima(np.full(_leaves(hosts), INF)),
            "up": np.zeros(hosts, np.int64),
            "arrivals": zeros(sizes.arrivals, ARRIVAL),
            "edges": np.ascontiguousarray(edges[0], np.float64),
            "start": np.ascontiguousarray(edges[1], np.int64),
            "counts": np.zeros(buckets, np.int64),
            "parts": np.zeros((buckets, N_PARTS)),
            "coarse_start": np.ascontiguousarray(coarse[1], np.int64),
            "coarse_edges": np.ascontiguousarray(coarse[0], np.float64),
            "model_stats": zeros(models, MODEL_STATS),
            "model_over": np.zeros((models, max(1, sizes.limits)), np.int64),
            "model_hist": np.zeros((models, coarse_buckets), np.int32),
            "limits": np.full(max(1, sizes.limits), INF),
            "causes": np.zeros((3, N_CAUSES), np.int64),  # measured calls, all calls, measured attempts
            "window": np.zeros(1, WINDOW),
            "window_causes": np.zeros(N_CAUSES, np.int64),
            "window_hist": np.zeros(coarse_buckets, np.int64),
            "records": np.zeros(sizes.records, RECORD),
            "record_parts": np.zeros((sizes.records, N_PARTS)),
            "scratch": np.zeros(0, np.int64),
            "ledger": np.zeros(N_PARTS),
            "scores": np.zeros(hosts, np.int64),
            "loops": np.zeros((hosts, max(1, sizes.loops)), LOOP),
            "episodes": np.zeros(buckets, np.int64),
            "retried_cold": np.zeros(buckets),
            "users": np.zeros(sizes.users, USER),
            "drafts": np.zeros(sizes.drafts, DRAFT),
            "tokens": np.zeros(sizes.processes, np.int64),
            "retry_on": np.zeros(N_CAUSES, np.int64),
        }
        clock = self._content["clock"]
        clock["short"] = clock["hungry"] = NONE
        for name in clock.dtype.names or ():
            if name.endswith(("_head", "_tail")) or name.startswith("free_"):
                clock[name] = NONE
            elif name.endswith("_expiry"):
                clock[name] = INF
        for name in ("head", "tail"):
            self._content["loops"][name] = NONE
        for name in ("first_pool", "last_pool"):
            self._content["hosts"][name] = NONE
        for name in ("first_copy", "last_copy", "disk_host", "blocked_epoch"):
            self._content["models"][name] = NONE
        self._refresh()
        for table, rows in (
            ("pools", sizes.pools),
            ("workers", sizes.workers),
            ("attempts", sizes.attempts),
            ("controls", 64),
        ):
            self.grow(table, rows)

    def _refresh(self) -> None:
        self.arrays: Any = Arrays(**self._content)
        self.views: Any = Views(**{name: _views_of(array) for name, array in self._content.items()})

    def grow_hosts(self, hosts: int) -> None:
        """Make every table that has rows or places for hosts hold at least `hosts` of them."""
        content = self._content
        for table in ("hosts", "up", "scores", "tasks", "loops"):
            old = content[table]
            new = zeros((max(hosts, old.shape[0]), *old.shape[1:]), old.dtype)
            for name in {"hosts": ("first_pool", "last_pool"), "loops": ("head", "tail")}.get(table, ()):
                new[name] = NONE
            new[: old.shape[0]] = old
            content[table] = new
        times, before = np.full(_leaves(content["hosts"].size), INF), content["ends"]
        times[: before.size // 2] = before[before.size // 2 :]
        content["ends"] = _minima(times)
        self._refresh()

    def grow(self, table: str, rows: int) -> None:
        """Make `table` hold at least `rows` rows; its old rows keep their numbers, new ones join its free list."""
        old = self._content[table]
        if table == "tasks":
            new = zeros((old.shape[0], max(rows, old.shape[1])), old.dtype)
            new[:, : old.shape[1]] = old
            self._content["clock"]["tasks_full"] = 0
        else:
            new = zeros((max(rows, old.shape[0]), *old.shape[1:]), old.dtype)
            new[: old.shape[0]] = old
        self._content[table] = new
        free = {"pools": "pool", "workers": "worker", "attempts": "attempt", "controls": "control"}.get(table)
        if free is not None:
            link = new["free"] if table == "pools" else new["next"]
            link[old.size :] = np.arange(old.size + 1, new.size + 1)
            clock = self._content["clock"]
            if new.size > old.size:
                link[-1] = clock[f"free_{free}"][0]
                clock[f"free_{free}"] = old.size
                clock[f"n_free_{free}s"] += new.size - old.size
        if table == "pools":
            self._content["scratch"] = np.zeros(new.size, np.int64)
        self._refresh()

    def rows(self, table: str) -> int:
        """Rows of a table, free ones included (of `tasks`: tasks a host)."""
        return int(self._content[table].shape[-1])
