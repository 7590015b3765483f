"""The data plane as Python sees it: the tables, and the compiled functions bound to them once per run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from mmesim.arrays import Ints
from mmesim.engine import setup
from mmesim.engine.kernel import codes, jit, step, verbs
from mmesim.engine.kernel.codes import MARGIN
from mmesim.engine.kernel.router import MOST_FREE
from mmesim.engine.kernel.tables import Tables
from mmesim.scenario.endpoint.devices import Devices
from mmesim.scenario.models.groups import Model
from mmesim.scenario.server.kind import ServerKind

GROWING = {
    codes.GROW_ATTEMPTS: "attempts",
    codes.GROW_POOLS: "pools",
    codes.GROW_TIMERS: "timers",
    codes.GROW_TASKS: "tasks",
    codes.GROW_WORKERS: "workers",
    codes.GROW_CONTROLS: "controls",
}


FEW = MARGIN // 4
"""For fewer attempts there is always room."""

NUMBERS: dict[str, int] = verbs.verb.numbers
"""Number of each verb."""


def entries() -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The two functions of the kernel that Python calls, compiled or loaded: `advance` and `act`."""
    return jit.bind(step.advance, float), jit.bind(verbs.act, int, float, int, int, float, float, float)


class DataPlane:
    """Runs requests between the control plane's events, and does what the control plane decides.

    Rows (hosts, pools, attempts) are integers; times are seconds of simulated time. `tables.views` must not be kept
    across a call, as tables grow; only what feeds and measures a run (arrivals, users, records, windows) writes there.
    """

    def __init__(self, tables: Tables, flush: Callable[[], None]) -> None:
        self.tables = tables
        self._flush = flush
        self.advance: Callable[[Any, float], tuple[int, int]]
        self._act: Callable[..., tuple[int, int]]
        self.advance, self._act = entries()
        """Run up to, and without, a time: (rows, until) -> (signal, row) as in kernel.codes."""
        self._short = codes.NONE
        self._now = memoryview(tables.arrays.clock["now"])  # the clock never grows
        self._plain = self.advance is step.advance
        self.rows: Any = tables.views if self._plain else tables.address
        """The tables as `advance` takes them: their address, or in plain Python the views, replaced when one grows."""
        self.pools: Any
        """The pools, to read a number of one of them. Replaced as `rows`."""
        self.phases: tuple[memoryview[float], memoryview[float], memoryview[float]]
        """[pools] each: when slot wait and download, in the order of `slot_covers`, and the wait for memory ended.

        A load writes there, so that a call which gives up meanwhile knows what it has waited for. Replaced as `rows`.
        """
        self._rebind()

    def _grow(self, table: str, rows: int) -> None:
        self.tables.grow(table, rows)
        self._rebind()

    def _rebind(self) -> None:
        self.rows = self.tables.views if self._plain else self.tables.address
        self.pools = pools = self.tables.numbers("pools")
        self.phases = (pools.t0, pools.t1, pools.t2)

    def make_room(self, table: int) -> None:
        """Give the kernel what it needs before it can go on: a larger table, or an empty buffer of records."""
        if table == codes.GROW_RECORDS:
            self._flush()
        else:
            self._grow(GROWING[table], 2 * self.tables.rows(GROWING[table]))

    @property
    def now(self) -> float:
        """Time of the last event."""
        now: float = self._now[0]
        return now

    def next_event_s(self) -> float:
        """Before when nothing happens here, seconds: 0 when that is not known, inf when nothing is left."""
        arrays = self.tables.arrays
        clock, deadlines = arrays.clock[0], arrays.deadlines[0]
        fed = clock["arrival"] < clock["n_arrivals"]
        if clock["signal"] != codes.REACHED or clock["undrawn"] != codes.NONE or (not fed and clock["more"]):
            return 0.0
        arrival = arrays.arrivals["time"][clock["arrival"]] + arrays.params[0]["out_delay"] if fed else codes.INF
        timer = arrays.timers["time"][0] if clock["n_timers"] else codes.INF
        expiry = min(deadlines["client_expiry"], deadlines["waiter_expiry"], deadlines["forward_expiry"])
        return float(min(arrays.ends[1], arrival, timer, expiry))

    def _do(self, verb: str, now: float, i: int = 0, j: int = 0, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> int:
        while self._short != codes.NONE:
            self.make_room(self._short)
            _, self._short = self._act(self.rows, NUMBERS["come_to"], now, 0, 0, 0.0, 0.0, 0.0)
        result, self._short = self._act(self.rows, NUMBERS[verb], now, i, j, x, y, z)
        return result

    def add_host(self, now: float, key: int, config: int, speed: float) -> int:
        """A new host to which the router does not send yet; `key` is its place in every rendezvous order.

        `config`: the place in `copies` of its configuration; `speed`: as in `set_speed`, when nothing slows it down.
        """
        if int(self.tables.views.clock[0].n_hosts) >= self.tables.rows("hosts"):
            self.tables.grow_hosts(2 * self.tables.rows("hosts"))
            self._rebind()
        return int(self._do("add_host", now, key, config, speed))  # in plain Python a number of NumPy

    def equip_host(self, now: float, host: int, loops: int, vcpu: float, cores: float, smt_slope: float) -> None:
        """What a new host computes with, and its event loops (0 for no limit); `cores` and slope: `cores_and_slope`."""
        if loops > self.tables.rows("loops"):
            self.tables.grow_places("loops", loops)
            self._rebind()
        self._do("equip_host", now, host, loops, vcpu, cores, smt_slope)

    def open_host(self, now: float, host: int) -> None:
        """The router may send to a host from now on that is new or was drained."""
        self._do("open_host", now, host)

    def take_side(self, now: float, host: int, side: int) -> None:
        """A new host, to which the router does not send yet, is on a side: 0 or 1."""
        self._do("take_side", now, host, side)

    def split_calls(self, now: float, share: float) -> None:
        """Hosts of side 1 take this share of the attempts from now on, those of side 0 the others."""
        self._do("split_calls", now, x=share)

    def add_config(self, place: int, kind: ServerKind, models: Sequence[Model]) -> None:
        """Hosts of one more configuration may come, with this place in `copies`; `come_to` must follow.

        It looks whether there is room for pools with more workers than before.
        """
        self.tables.grow_places("copies", place + 1)
        setup.set_copies(self.tables, place, kind, models)
        self._rebind()

    def kill_host(self, now: float, host: int) -> None:
        """The host is no more: everything on it ends. The router knows of it after `notice_loss`, which must follow."""
        self._room_for_all(host)
        self._do("kill_host", now, host)

    def empty_host(self, now: float, host: int) -> None:
        """The container of the host dies: what was handed to it fails, its pools are gone but for those that load."""
        self._room_for_all(host)
        self._do("empty_host", now, host)

    def notice_loss(self, now: float, host: int) -> None:
        """The router learns that a host is lost."""
        self._do("notice_loss", now, host)

    def rehash(self, now: float) -> None:
        """The hosts have changed: `sticky` uses no copy any more that is not on the first host of its model."""
        self._do("rehash", now)

    def create_pool(self, now: float, model: int, host: int) -> int:
        """A pool in state loading that no request asked for."""
        return self._do("create_pool", now, model, host)

    def pool_ready(self, now: float, pool: int) -> None:
        """The load of a pool has ended: its waiters are forwarded."""
        self._room_for_waiters(pool)
        self._do("pool_ready", now, pool)

    def spoil_pool(self, now: float, pool: int, left: int, cpu_s: float = 0.0, wait_s: float = 0.0) -> None:
        """The load of a pool, which is about to end, leaves a copy that does not work.

        Each job of a BROKEN one takes this long and fails; one with NO_WORKER refuses.
        """
        self._do("spoil_pool", now, pool, left, cpu_s, wait_s)

    def load_failed(self, now: float, pool: int, cause: int) -> None:
        """The load of a pool has failed: its waiters get `cause`, its row is free."""
        self._room_for_waiters(pool)
        self._do("load_failed", now, pool, cause)

    def drain_pool(self, now: float, pool: int) -> None:
        """No request is sent to the pool any more; only for a pool with nothing queued or in flight."""
        self._do("drain_pool", now, pool)

    def empty_pool(self, now: float, pool: int) -> None:
        """A ready pool is unregistered while it works: its jobs fail, its queue is dropped and never answered."""
        self._room(self.pools.host[pool], self.pools.in_flight[pool])
        self._do("empty_pool", now, pool)

    def drain_host(self, now: float, host: int) -> None:
        """The router sends no request to the host any more; what is there goes on."""
        self._do("drain_host", now, host)

    def drop_pool(self, now: float, pool: int, on_disk: bool) -> None:
        """The pool is gone; `on_disk`: its artefact stays on the host's disk."""
        self._do("drop_pool", now, pool, int(on_disk))

    def equip_devices(self, now: float, host: int, devices: Devices) -> None:
        """The devices of a host that has nothing to do yet; the tables have room for those of the scenario's hosts."""
        room, copy_Bps = float(devices.free_bytes), devices.copy_Bps
        self._do("equip_devices", now, host, devices.count, float(devices.at_once), room, copy_Bps)

    def put_on_device(self, now: float, pool: int) -> None:
        """The model of a ready pool is on the devices of its workers, as far as there is room: before the run."""
        self._do("put_on_device", now, pool)

    def fill_devices(self, now: float, pools: Iterable[int]) -> None:
        """The models of these ready pools are on the devices of their workers, as far as there is room: before the run,
        those used last first.
        """
        for pool in pools:
            self.put_on_device(now, pool)
        # What is placed later counts as used later: here it was the other way round.
        devices, on = self.tables.views.devices, self.tables.views.on_device
        for one, other in ((devices.newest, devices.oldest), (on.newer, on.older)):
            one[...], other[...] = other.copy(), one.copy()

    def start_cpu(self, now: float, host: int, cpu_s: float, second_s: float = 0.0, loop: int = codes.NONE) -> int:
        """Begin CPU work on one thread, `cpu_s` and then `second_s` seconds; its row, which CPU_DONE names at the end.

        The first part blocks an event loop of the model server, if one is given.
        """
        return self._do("start_cpu", now, host, loop, cpu_s, second_s)

    def cancel_cpu(self, now: float, row: int) -> None:
        """Take back CPU work that has not ended."""
        self._do("cancel_cpu", now, row)

    def block_loop(self, now: float, host: int, loop: int) -> None:
        """A registration blocks an event loop of the model server; several may block one."""
        self._do("block_loop", now, host, loop)

    def release_loop(self, now: float, host: int, loop: int) -> None:
        """A registration no longer blocks the event loop."""
        self._do("release_loop", now, host, loop)

    def crash_worker(self, now: float, pool: int, number: int) -> int:
        """A worker of a ready pool dies, its batch with it; its row, -1 if there is no such worker alive."""
        return self._do("crash_worker", now, pool, number)

    def revive_worker(self, now: float, worker: int) -> None:
        """A worker that died has loaded its model again."""
        self._do("revive_worker", now, worker)

    def add_worker(self, now: float, station: int) -> None:
        """A worker that ADD_WORKER asked for, with the row of pools whose queue is long, has started."""
        self._do("add_worker", now, station)

    def forgo_worker(self, now: float, station: int) -> None:
        """A worker that ADD_WORKER asked for does not start: what waits next asks again."""
        self._do("forgo_worker", now, station)

    def want(self, now: float, host: int, waiting: int) -> None:
        """Whether a load of the host waits for a pool to become idle (1 or 0): then IDLE is signalled."""
        self._do("want", now, host, waiting)

    def idle_pools(self, now: float, host: int) -> Ints:
        """Rows of the host's pools that may be unloaded: ready, not pinned, nothing queued or in flight.

        Valid until the next call.
        """
        n = self._do("idle_pools", now, host)
        rows: Ints = self.tables.views.scratch[:n]
        return rows

    def pools_of(self, host: int) -> list[int]:
        """Rows of all pools of the host, in order of the beginning of their loads."""
        found, pool = [], int(self.tables.views.hosts.first_pool[host])
        while pool != codes.NONE:
            found.append(pool)
            pool = self.pools.next_pool[pool]
        return found

    def set_clock(self, now: float, host: int, clock: float) -> None:
        """The host's clock, by which GDSF ages what is not asked for any more."""
        self._do("set_clock", now, host, x=clock)

    def forget_disk(self, now: float, model: int, host: int) -> None:
        """The artefact of the model was deleted from the host's disk."""
        self._do("forget_disk", now, model, host)

    def sync(self, now: float) -> None:
        """Bring all integrals over time to now."""
        self._do("sync", now)

    def set_speed(self, now: float, host: int, speed: float) -> None:
        """CPU seconds of work that one thread does in a second, from now on."""
        self._do("set_speed", now, host, x=speed)

    def replay(self, first: int, last: int) -> tuple[int, int]:
        """Let the requests [first, last) of the buffer of arrivals touch their pools, without timing.

        The first that finds its model not ready, and the host that it goes to; (last, -1) when there is none.
        """
        missed = self._do("replay", self.now, first, last)
        return missed, int(self.tables.views.scratch[0]) if missed < last else codes.NONE

    def next_call(self, now: float, user: int, free_at: float) -> None:
        """A user of a closed loop, free since or at `free_at`, begins the next call that was drawn, after its pause."""
        self._do("next_call", now, user, x=free_at)

    def come_to(self, now: float) -> None:
        """Set the clock, before the run begins, and look for room."""
        self._do("come_to", now)

    def hosts_in_order(self, model: int) -> Iterator[int]:
        """Hosts that are up, in the order in which a copy of the model is placed when nothing is in flight.

        That is rendezvous order, unless copies are placed by free room. Only the first is found before the next is
        asked for.
        """
        self._do("hosts_in_order", self.now, model)
        views = self.tables.views
        up = views.up[: int(views.clock[0].n_up)].copy()
        scores = views.scores[up]
        if views.params[0].placement == MOST_FREE:
            yield from up[np.lexsort((-scores, views.hosts.placed[up]))].tolist()
        elif up.size:
            yield int(up[scores.argmax()])
            yield from up[np.argsort(-scores, kind="stable")][1:].tolist()

    def _room_for_waiters(self, pool: int) -> None:
        """Room for what the waiters of a pool may add in one verb."""
        waiters = self.pools.waiter_n[pool]
        if waiters >= FEW:
            self._room(self.pools.host[pool], waiters)

    def _room_for_all(self, host: int) -> None:
        """Room for what all attempts on a host may add in one verb."""
        attempts = self.tables.views.attempts
        self._room(host, int(np.count_nonzero((attempts.state != codes.A_FREE) & (attempts.host == host))))

    def _room(self, host: int, waiters: int) -> None:
        """Room for what `waiters` attempts on a host may add in one verb; for a few there always is.

        An attempt adds two timers at most: that of a batch, and that of its user's next call or of its next attempt.
        """
        views = self.tables.views
        if waiters < FEW:
            return
        waiters *= 2
        if int(views.space[0].n_free_attempts) < waiters + MARGIN:  # each may be tried again
            self._grow("attempts", 2 * (views.attempts.state.size + waiters + MARGIN))
            views = self.tables.views
        if int(views.hosts.heap_n[host]) + waiters + MARGIN > views.tasks.finish.shape[1]:
            self._grow("tasks", 2 * (int(views.hosts.heap_n[host]) + waiters + MARGIN))
        if int(views.clock[0].n_timers) + waiters + MARGIN > views.timers.time.size:
            self._grow("timers", 2 * (int(views.clock[0].n_timers) + waiters + MARGIN))
        if views.params[0].record == 1:
            self._flush()
            if waiters + MARGIN > views.records.call.size:
                self._grow("records", 2 * (waiters + MARGIN))
                self._grow("record_parts", 2 * (waiters + MARGIN))
                if views.params[0].record_times == 1:
                    self._grow("record_times", 2 * (waiters + MARGIN))
