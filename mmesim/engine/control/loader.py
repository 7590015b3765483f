"""Loads and unloads: the processes of a host's controller, written to be read.

A load takes a load slot, downloads the artefact unless it is on disk, makes room in memory, starts the model's
processes, and then releases its waiters. One load serves all requests for a model on a host. Sources: the container
contract of multi-model endpoints (docs.aws.amazon.com, sagemaker, mms-container-apis) and Multi Model Server's
registration of a model.
"""

from __future__ import annotations

from collections.abc import Generator
from math import inf
from typing import Any, cast

import simpy

from mmesim.engine.control.cpu_work import CpuWork
from mmesim.engine.control.crew import Crew
from mmesim.engine.control.eviction import Eviction
from mmesim.engine.control.host import Host
from mmesim.engine.control.load_faults import LoadFailed, LoadFaults
from mmesim.engine.control.load_limit import TOO_LONG, LoadLimit
from mmesim.engine.control.load_log import LoadLog
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
        log: LoadLog,
    ) -> None:
        self._env = env
        self._plane = plane
        self._hosts = hosts
        self._endpoint = scenario.endpoint
        self._eviction = eviction
        self._log = log
        self.faults = LoadFaults(env, plane, scenario, eviction)
        self._keeps_models = scenario.endpoint.model_cache == "enabled"
        self._work = CpuWork(env, plane)
        self._unasked = 0
        self.finished: list[tuple[float, float]] = []
        """(asked for, ready) of each load that ended well, seconds."""
        self.download_s: list[float] = []
        self.load_s: list[float] = []
        self.unload_s: list[float] = []
        env.handle(MISS, self._begin)
        env.handle(IDLE, self._idle)
        self.crew = Crew(env, plane, hosts, self._work, self)
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
        env, plane, endpoint = self._env, self._plane, self._endpoint
        pools = plane.tables.views.pools
        host = self._hosts[pools.host[pool]]
        config = host.config
        model = config.models[pools.model[pool]]
        asked = env.now
        held_bytes, tasks = config.memory_bytes[model.index], config.tasks[model.index]
        peak_bytes = config.peak_bytes[model.index]
        if not host.can_ever_hold(model):
            plane.load_failed(env.now, pool, NEVER_FITS)
            return
        asked_by = int(pools.asked_by[pool])
        if asked_by == NONE:
            asked_by = NO_REQUEST + self._unasked
            self._unasked += 1
        draw = config.loads.draw(model.index, asked_by)
        # The registration comes in on some event loop, which it blocks: one for each request that asks, so chosen alike
        # in every fleet.
        loop = asked_by % config.load_loops if config.load_loops else NONE
        host.begin_pool(model.index)
        slot: simpy.Event | None = None
        held = 0
        self._log.begun(pool, host.row, model.index, asked)
        try:
            if endpoint.slot_covers == "load":
                yield from self._fetch(host, model, draw, asked_by)
                plane.phases[0][pool] = env.now
                slot = host.slots.request()
                yield slot
            else:
                slot = host.slots.request()
                yield slot
                plane.phases[0][pool] = env.now
                yield from self._fetch(host, model, draw, asked_by)
            plane.phases[1][pool] = env.now
            yield from self._make_room(host, config.asked_bytes[model.index], tasks)
            host.take(peak_bytes, tasks, 1)
            held = peak_bytes
            third = plane.phases[2][pool] = env.now
            while host.back is not None:
                yield host.back
            yield from self._start_processes(host, model, draw, loop)
            if self.faults.bad:
                yield from self.faults.strike(host, pool, draw, self._unload)
            ready = env.now
            self.load_s.append(ready - third)
        except (simpy.Interrupt, LoadFailed) as end:
            self._log.ended(pool, plane, env.now, is_ready=False)
            if not host.is_gone:
                broken_off = isinstance(end, simpy.Interrupt) and end.cause == TOO_LONG
                plane.load_failed(env.now, pool, LOAD_TIMEOUT if broken_off else LOAD_FAILED)
            host.end_pool(model.index)
            if held:
                host.take(-held, -tasks, -1)
            self.room_made(host)  # its memory is free, or its artefact may be deleted now
            return
        finally:
            if slot is not None:
                host.slots.release(slot)
        if peak_bytes > held_bytes:
            host.take(held_bytes - peak_bytes, 0)
            self.room_made(host)
        if pool in host.extra:
            host.take(*host.extra[pool])
            self.room_made(host)
        host.loaded.add(1, ready)
        host.loads += 1
        self.finished.append((asked, ready))
        self._log.ended(pool, plane, ready, is_ready=True)
        plane.pool_ready(ready, pool)
        self._eviction.joins(host, pool)
        if plane.tables.views.pools.in_flight[pool] == 0:
            self._idle(pool)

    def _fetch(self, host: Host, model: Model, draw: LoadDraw, asked_by: int) -> Process:
        """Bring the artefact to the host's disk, unless it is there."""
        env, size = self._env, model.artifact_bytes
        if model.index in host.artefacts:
            return
        begun = env.now
        yield from self._make_disk_room(host, size)
        host.disk.add(size, env.now)
        transfer = None
        try:
            yield from self.faults.s3.first_byte(draw.first_byte, model.name, asked_by)
            host.network.limit(self.faults.s3.most_per_download)
            transfer = host.network.transfer(size)
            yield transfer
            if self._endpoint.download.unpack_Bps_per_vcpu is not None:
                yield from self._work.done(host, size / self._endpoint.download.unpack_Bps_per_vcpu)
        except (simpy.Interrupt, LoadFailed):
            if transfer is not None:
                host.network.cancel(transfer)
            host.disk.add(-size, env.now)
            self.room_made(host)
            raise
        host.artefacts[model.index] = size
        self.download_s.append(env.now - begun)
        host.downloads += 1
        host.download_s += env.now - begun

    def _start_processes(self, host: Host, model: Model, draw: LoadDraw, loop: int) -> Process:
        """The container's load: the pool's parent starts, unless there is none, then all workers load in parallel."""
        env, config = self._env, host.config
        loading = config.kind.loads_at_once(model)
        if loop != NONE and config.keeps_loop_to_end:
            self._plane.block_loop(env.now, host.row, loop)
            try:
                yield from self._start_processes(host, model, draw, NONE)
            finally:
                if not host.is_gone:
                    self._plane.release_loop(env.now, host.row, loop)
            return
        if config.starts_each_worker:
            yield from together(env, (self.crew.start_worker(host, model, draw, k) for k in range(loading)))
            return
        if loading == 1 and host.disk_reads is None and draw.start_wait == 0.0:
            # One thread computes twice without a pause: one piece of work.
            yield from self._work.done(host, draw.start_cpu, float(draw.cpu[0]), loop)
            if draw.wait[0] > 0.0:
                yield env.timeout(float(draw.wait[0]))
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
            yield from self._work.done(host, float(draw.cpu[worker]))
            yield self._env.timeout(float(draw.wait[worker]))
        except simpy.Interrupt:
            if read is not None and host.disk_reads is not None:
                host.disk_reads.cancel(read)

    def _make_room(self, host: Host, memory_bytes: int, tasks: int) -> Process:
        """Unload idle models in the order of the eviction policy until this much fits, for one more model."""
        ticket = host.line.ticket()
        yield from self._let_others_look(host, ticket)
        while not host.fits(memory_bytes, tasks, 1):
            host.lacked[host.lacks(memory_bytes, tasks)] += 1
            yield from self._free_something(host, ticket)

    def _make_disk_room(self, host: Host, size_bytes: int) -> Process:
        """Delete artefacts of models that have no pool on the host, least recently used first, until this much fits.

        When every artefact belongs to a pool, idle models are unloaded as for memory.
        """
        ticket = host.line.ticket()
        yield from self._let_others_look(host, ticket)
        while not host.disk_fits(size_bytes):
            host.lacked["disk"] += 1
            if not self._eviction.delete_artefact(host, self._env.now):
                yield from self._free_something(host, ticket)

    def _free_something(self, host: Host, ticket: int) -> Process:
        """Unload the pool that the eviction policy ranks first; if none is idle, wait until room may have been made."""
        victim = self._eviction.victim(host, self._env.now)
        if victim != NONE:
            self._log.evicted(host.row, int(self._plane.tables.views.pools.model[victim]), self._env.now)
            yield self._unload(host, victim)
            yield from self._let_others_look(host, ticket)
            return
        if not host.awaits_room:
            self._plane.want(self._env.now, host.row, 1)
        host.awaits_room = True
        yield host.line.wait(ticket)

    def _let_others_look(self, host: Host, ticket: int) -> Process:
        """Those who asked for room before look first."""
        if host.line.turn_due:
            yield host.line.wait(ticket)

    def unload(self, host: Host, pool: int) -> simpy.Event:
        """Begin to unload a ready pool; if it is not idle, its jobs fail and its queue is dropped. The unload's end."""
        if self._plane.tables.views.pools.in_flight[pool] > 0:
            self._plane.empty_pool(self._env.now, pool)
        return self._unload(host, pool)

    def _unload(self, host: Host, pool: int) -> simpy.Event:
        """Begin to unload a ready, idle pool; the event ends the unload, whoever waits for it.

        The artefact stays on disk, unless the endpoint has no model cache.
        """
        env, now = self._env, self._env.now
        self._plane.drain_pool(now, pool)
        host.loaded.add(-1, now)
        config, model = host.config, int(self._plane.tables.views.pools.model[pool])
        self._log.unloading(host.row, pool, host.deaths, model, now)
        unloaded = env.timeout(config.unload_s, (host, pool, host.deaths))
        for loop in range(config.unload_loops):
            self._plane.block_loop(now, host.row, loop)
        if config.unload_loops:
            unloaded.callbacks.append(self._front_end_is_free)
        unloaded.callbacks.append(self._unloaded)
        return unloaded

    def _front_end_is_free(self, event: simpy.Event) -> None:
        """The event loops go on that an unload has kept."""
        host, _, _ = cast(tuple[Host, int, int], event.value)
        if not host.is_gone:
            for loop in range(host.config.unload_loops):
                self._plane.release_loop(self._env.now, host.row, loop)

    def _unloaded(self, event: simpy.Event) -> None:
        host, pool, deaths = cast(tuple[Host, int, int], event.value)  # of the timeout that `_unload` began
        now, pools = self._env.now, self._plane.tables.views.pools
        if host.deaths != deaths:  # its container has died meanwhile
            self._log.unloaded(host.row, pool, deaths, now)
            return
        if pools.in_flight[pool] > 0:  # a forced one: the front end still has requests for it
            again = self._env.timeout(host.config.kind.unload_poll_s, (host, pool, deaths))
            again.callbacks.append(self._unloaded)
            return
        model, config = int(pools.model[pool]), host.config
        host.unloads += 1
        self._log.unloaded(host.row, pool, deaths, now)
        self.unload_s.append(config.unload_s)
        keep = self._keeps_models or host.present[model] > 1  # another pool of it may be loading
        if self.crew.added:
            self.crew.leave(pool)
        more_bytes, more_tasks = host.extra.pop(pool, (0, 0))
        host.unloaded(model, config.memory_bytes[model] + more_bytes, config.tasks[model] + more_tasks, keep)
        if self.faults.left_behind:
            self.faults.unloaded(host, model)
        self._plane.drop_pool(now, pool, on_disk=keep)
        self.room_made(host)

    def abandon(self, host: Host) -> None:
        """The host is about to be no more: whatever is done there ends, and gives back what it holds.

        What waits there for the end of CPU work or of a transfer without a load, a worker that comes back, waits for
        ever.
        """
        pools = self._plane.tables.views.pools
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
        pools = self._plane.tables.views.pools
        for process, pool in self._limit.under_way():
            if pools.host[pool] == host.row and pools.t2[pool] < inf:
                process.interrupt("container")
        self.crew.abandon(host)
        host.back = back
        host.empty(self._in_container(host))
        self._plane.empty_host(self._env.now, host.row)
        self.room_made(host)

    def _in_container(self, host: Host) -> list[tuple[int, int]]:
        """Row and model of the pools of a host that are loaded, or not unloaded yet."""
        pools, there = self._plane.tables.views.pools, self._plane.pools_of(host.row)
        return [(pool, int(pools.model[pool])) for pool in there if pools.state[pool] in (READY, DRAINING)]

    def _idle(self, pool: int) -> None:
        """A pool has fallen idle, or had when that was signalled: calls that take no time may be gone or come since."""
        pools = self._plane.tables.views.pools
        host = self._hosts[pools.host[pool]]
        if self._keeps_models:
            self.room_made(host)
        elif pools.state[pool] == READY and pools.in_flight[pool] == 0:
            self._unload(host, pool)

    def room_made(self, host: Host) -> None:
        """Wake the loads of the host that wait for room: some may have been made."""
        if host.awaits_room:
            if self._keeps_models:
                self._plane.want(self._env.now, host.row, 0)
            host.wake()
