"""Loads and unloads: the processes of a host's controller, written to be read.

A load takes a load slot, downloads the artefact unless it is on disk, makes room in memory, starts the model's
processes, and then releases its waiters. One load serves all requests for a model on a host. Sources: the container
contract of multi-model endpoints (docs.aws.amazon.com, sagemaker, mms-container-apis) and Multi Model Server's
registration of a model.
"""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from math import inf
from typing import Any

import simpy

from mmesim.engine.control.cpu_work import CpuWork
from mmesim.engine.control.crew import Crew
from mmesim.engine.control.eviction import Eviction
from mmesim.engine.control.host import Host
from mmesim.engine.control.loads.faults import LoadFailed, LoadFaults
from mmesim.engine.control.loads.limit import TOO_LONG, LoadLimit
from mmesim.engine.control.loads.log import LoadLog
from mmesim.engine.control.loads.room import Room
from mmesim.engine.control.task import Task, together
from mmesim.engine.dataplane import DataPlane
from mmesim.engine.environment import Environment
from mmesim.engine.kernel.codes import (
    DRAINING,
    IDLE,
    LOAD_FAILED,
    LOAD_TIMEOUT,
    MISS,
    NEVER_FITS,
    NONE,
    READY,
)
from mmesim.scenario.models.groups import Model
from mmesim.scenario.scenario import Scenario
from mmesim.workload.loads import LoadDraw

NO_REQUEST = 2**62
"""From here on count the loads that no request has asked for: above the number of any call."""

Process = Generator[simpy.Event, Any, None]


class Loader:
    """Every load and unload of the endpoint. `hosts` is indexed by host row and may grow."""

    def __init__(
        self,
        env: Environment,
        plane: DataPlane,
        scenario: Scenario,
        hosts: list[Host],
        eviction: Eviction,
        log: LoadLog | None,
    ) -> None:
        self._env = env
        self._plane = plane
        self._hosts = hosts
        self._slot_covers_load = scenario.endpoint.slot_covers == "load"
        self._unpack_Bps_per_vcpu = scenario.endpoint.download.unpack_Bps_per_vcpu
        self._eviction = eviction
        self._log = log
        self.faults = LoadFaults(env, plane, scenario, eviction)
        self._keeps_models = scenario.endpoint.model_cache == "enabled"
        self._room = Room(env, plane, eviction, self._unload, self._keeps_models, log)
        self._work = CpuWork(env, plane)
        self._unasked = 0
        self._outside: set[int] = set()
        """Pools whose loads have room and wait for the container."""
        self.finished: list[tuple[float, float]] = []
        """(asked for, ready) of each load that ended well, seconds."""
        self.download_s: list[float] = []
        self.load_s: list[float] = []
        self.unload_s: list[float] = []
        env.handle(MISS, self._begin)
        env.handle(IDLE, self._idle)
        self.crew = Crew(env, plane, hosts, self._work, self.load_worker, self._room)
        self._limit = LoadLimit(env, scenario.endpoint.load_limit_s)

    def _begin(self, pool: int) -> simpy.Process:
        """Load a pool; a request, for one, has found its model neither ready nor loading. The load's end."""
        process = Task(self._env, self._load(pool))
        self._limit.begin(process, pool)
        return process

    def load(self, model: int, host: int) -> simpy.Process:
        """Begin to load a model that has no copy on the host, though no request has asked for it. Its end."""
        return self._begin(self._plane.create_pool(self._env.now, model, host))

    def loading(self, pool: int) -> simpy.Process:
        """The load of a pool that is loading."""
        return next(process for process, row in self._limit.under_way() if row == pool)

    def _load(self, pool: int) -> Process:
        env, plane = self._env, self._plane
        host = self._hosts[plane.pools.host[pool]]
        config = host.config
        model = config.models[plane.pools.model[pool]]
        row, asked = model.index, env.now
        if not host.can_ever_hold(model):
            plane.load_failed(asked, pool, NEVER_FITS)
            return
        asked_by = self._asker(pool)
        draw = config.loads.draw(row, asked_by)
        # The registration comes in on some event loop, which it blocks: one for each request that asks, so chosen alike
        # in every fleet.
        loop = asked_by % config.load_loops if config.load_loops else NONE
        host.begin_pool(row)
        if self._log is not None:
            self._log.begun(pool, host.row, row, asked)
        slot: simpy.Event | None = None
        has_room = False
        try:
            if self._slot_covers_load:
                if row not in host.artefacts:
                    yield from self._fetch(host, model, draw, asked_by)
                plane.phases[0][pool] = env.now
                slot = host.slots.request()
                yield slot
            else:
                slot = host.slots.request()
                yield slot
                plane.phases[0][pool] = env.now
                if row not in host.artefacts:
                    yield from self._fetch(host, model, draw, asked_by)
            plane.phases[1][pool] = env.now
            yield from self._room.in_memory(host, config.asked_bytes[row], config.tasks[row])
            host.take(config.peak_bytes[row], config.tasks[row], 1)
            has_room = True
            third = plane.phases[2][pool] = env.now
            while host.back is not None:
                self._outside.add(pool)
                yield host.back
            self._outside.discard(pool)
            yield from self._start_processes(host, model, draw, loop)
            if self.faults.bad:
                yield from self.faults.strike(host, pool, draw, self._unload)
            self.load_s.append(env.now - third)
        except (simpy.Interrupt, LoadFailed) as end:
            self._failed(host, pool, row, end, has_room)
            return
        finally:
            if slot is not None:
                host.slots.release(slot)
        self._loaded(host, pool, row, asked)

    def _asker(self, pool: int) -> int:
        """The number of the call that asked for a load, or one that no call has."""
        asked_by: int = self._plane.pools.asked_by[pool]
        if asked_by == NONE:
            asked_by = NO_REQUEST + self._unasked
            self._unasked += 1
        return asked_by

    def _failed(self, host: Host, pool: int, model: int, end: simpy.Interrupt | LoadFailed, has_room: bool) -> None:
        """A load has ended without a copy: what it held is free."""
        self._outside.discard(pool)
        now, config = self._env.now, host.config
        if self._log is not None:
            self._log.ended(pool, self._plane, now, is_ready=False)
        if not host.is_gone:
            broken_off = isinstance(end, simpy.Interrupt) and end.cause == TOO_LONG
            self._plane.load_failed(now, pool, LOAD_TIMEOUT if broken_off else LOAD_FAILED)
        host.end_pool(model)
        if has_room:
            host.take(-config.peak_bytes[model], -config.tasks[model], -1)
        self._room.made(host)  # its memory is free, or its artefact may be deleted now

    def _loaded(self, host: Host, pool: int, model: int, asked: float) -> None:
        """A load has ended well: its waiters are released, and the copy can be a victim."""
        now, plane, config = self._env.now, self._plane, host.config
        held_bytes, peak_bytes = config.memory_bytes[model], config.peak_bytes[model]
        if peak_bytes > held_bytes:
            host.take(held_bytes - peak_bytes, 0)
            self._room.made(host)
        if pool in host.extra:
            host.take(*host.extra[pool])
            self._room.made(host)
        host.loaded.add(1, now)
        host.loads += 1
        self.finished.append((asked, now))
        if self._log is not None:
            self._log.ended(pool, plane, now, is_ready=True)
        plane.pool_ready(now, pool)
        self._eviction.joins(host, pool)
        if plane.pools.in_flight[pool] == 0:
            self._idle(pool)

    def _fetch(self, host: Host, model: Model, draw: LoadDraw, asked_by: int) -> Process:
        """Bring an artefact to the host's disk that is not there."""
        env, size = self._env, model.artifact_bytes
        begun = env.now
        yield from self._room.on_disk(host, size)
        host.disk.add(size, env.now)
        transfer = None
        try:
            yield from self.faults.s3.first_byte(draw.first_byte, model.name, asked_by)
            host.network.limit(self.faults.s3.most_per_download)
            transfer = host.network.transfer(size)
            yield transfer
            if self._unpack_Bps_per_vcpu is not None:
                yield from self._work.done(host, size / self._unpack_Bps_per_vcpu)
        except (simpy.Interrupt, LoadFailed):
            if transfer is not None:
                host.network.cancel(transfer)
            host.disk.add(-size, env.now)
            self._room.made(host)
            raise
        host.artefacts[model.index] = size
        self.download_s.append(env.now - begun)
        host.downloads += 1
        host.download_s += env.now - begun

    def _start_processes(self, host: Host, model: Model, draw: LoadDraw, loop: int) -> Process:
        """The container's load: the pool's parent starts, unless there is none, then all workers load in parallel."""
        env, config = self._env, host.config
        if loop != NONE and config.keeps_loop_to_end:
            self._plane.block_loop(env.now, host.row, loop)
            try:
                yield from self._start_processes(host, model, draw, NONE)
            finally:
                if not host.is_gone:
                    self._plane.release_loop(env.now, host.row, loop)
            return
        loading = config.loading[model.index]
        if config.starts_each_worker:
            yield from together(env, (self.crew.start_worker(host, model, draw, k) for k in range(loading)))
            return
        if loading == 1 and host.disk_reads is None and draw.start_wait == 0.0:
            # One thread computes twice without a pause: one piece of work.
            yield from self._work.done(host, draw.start_cpu, draw.cpu[0], loop)
            if draw.wait[0] > 0.0:
                yield env.timeout(draw.wait[0])
            return
        try:
            if loop != NONE:
                self._plane.block_loop(env.now, host.row, loop)
            yield from self._work.done(host, draw.start_cpu)
            if draw.start_wait > 0.0:
                yield env.timeout(draw.start_wait)
        finally:
            if loop != NONE and not host.is_gone:
                self._plane.release_loop(env.now, host.row, loop)
        yield from together(env, (self.load_worker(host, model, draw, k) for k in range(loading)))

    def load_worker(self, host: Host, model: Model, draw: LoadDraw, worker: int) -> Process:
        """One worker reads the artefact, computes, and waits; an interrupt ends it."""
        read = None
        try:
            if host.disk_reads is not None:
                read = host.disk_reads.transfer(model.artifact_bytes)
                yield read
            yield from self._work.done(host, draw.cpu[worker])
            yield self._env.timeout(draw.wait[worker])
        except simpy.Interrupt:
            if read is not None and host.disk_reads is not None:
                host.disk_reads.cancel(read)

    def unload(self, host: Host, pool: int) -> simpy.Event:
        """Begin to unload a ready pool; if it is not idle, its jobs fail and its queue is dropped. The unload's end."""
        if self._plane.pools.in_flight[pool] > 0:
            self._plane.empty_pool(self._env.now, pool)
        return self._unload(host, pool)

    def _unload(self, host: Host, pool: int) -> simpy.Event:
        """Begin to unload a ready, idle pool; the event ends the unload, whoever waits for it.

        The artefact stays on disk, unless the endpoint has no model cache.
        """
        now, config = self._env.now, host.config
        self._plane.drain_pool(now, pool)
        self.crew.unloads(pool)
        host.loaded.add(-1, now)
        if self._log is not None:
            self._log.unloading(host.row, pool, host.deaths, self._plane.pools.model[pool], now)
        unloaded = simpy.Timeout(self._env, config.unload_s)
        if config.unload_loops:
            for loop in range(config.unload_loops):
                self._plane.block_loop(now, host.row, loop)
            unloaded.callbacks.append(partial(self._front_end_is_free, host))
        unloaded.callbacks.append(partial(self._unloaded, host, pool, host.deaths))
        return unloaded

    def _front_end_is_free(self, host: Host, _: simpy.Event) -> None:
        """The event loops go on that an unload has kept."""
        if not host.is_gone:
            for loop in range(host.config.unload_loops):
                self._plane.release_loop(self._env.now, host.row, loop)

    def _unloaded(self, host: Host, pool: int, deaths: int, _: simpy.Event) -> None:
        """An unload is over that began when the host's container had died this many times."""
        now, pools = self._env.now, self._plane.pools
        if host.deaths != deaths:  # its container has died meanwhile
            if self._log is not None:
                self._log.unloaded(host.row, pool, deaths, now)
            return
        if pools.in_flight[pool] > 0:  # a forced one: the front end still has requests for it
            again = self._env.timeout(host.config.kind.unload_poll_s)
            again.callbacks.append(partial(self._unloaded, host, pool, deaths))
            return
        model, config = pools.model[pool], host.config
        memory_bytes, tasks = config.memory_bytes[model], config.tasks[model]
        host.unloads += 1
        if self._log is not None:
            self._log.unloaded(host.row, pool, deaths, now)
        self.unload_s.append(config.unload_s)
        keep = self._keeps_models or host.present[model] > 1  # another pool of it may be loading
        if self.crew.added:
            self.crew.leave(pool)
        more_bytes, more_tasks = host.let_go(pool)
        memory_bytes, tasks = memory_bytes + more_bytes, tasks + more_tasks
        host.unloaded(model, memory_bytes, tasks, keep)
        if self.faults.left_behind:
            self.faults.unloaded(host, model)
        self._plane.drop_pool(now, pool, on_disk=keep)
        self._room.made(host)

    def abandon(self, host: Host) -> None:
        """The host is about to be no more: whatever is done there ends, and gives back what it holds.

        What waits there for the end of CPU work or of a transfer without a load, a worker that comes back, waits for
        ever.
        """
        pools = self._plane.pools
        self.crew.abandon(host)
        self._work.abandon(host)
        for process, pool in self._limit.under_way():
            if pools.host[pool] == host.row:
                process.interrupt("host_lost")
        host.go(self._in_container(host))

    def crash_container(self, host: Host, back: simpy.Event) -> None:
        """The container of a host dies, and is there again at `back`: what is in it fails, and its models are gone.

        Loads that have come as far as the container fail; the others go on, up to there, and wait for it.
        """
        pools = self._plane.pools
        for process, pool in self._limit.under_way():
            if pools.host[pool] == host.row and pools.t2[pool] < inf and pool not in self._outside:
                process.interrupt("container")
        self.crew.abandon(host)
        host.back = back
        there = self._in_container(host)
        for pool, _ in there:
            self.crew.unloads(pool)
        host.empty(there)
        self._plane.empty_host(self._env.now, host.row)
        self._room.made(host)

    def _in_container(self, host: Host) -> list[tuple[int, int]]:
        """Row and model of the pools of a host that are loaded, or not unloaded yet."""
        pools, there = self._plane.pools, self._plane.pools_of(host.row)
        return [(pool, pools.model[pool]) for pool in there if pools.state[pool] in (READY, DRAINING)]

    def _idle(self, pool: int) -> None:
        """A pool has fallen idle, or had when that was signalled: calls that take no time may be gone or come since."""
        pools = self._plane.pools
        host = self._hosts[pools.host[pool]]
        if self._keeps_models:
            self._room.made(host)
        elif pools.state[pool] == READY and pools.in_flight[pool] == 0:
            self._unload(host, pool)
