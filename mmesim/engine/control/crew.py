"""Workers after the load of their model: those that die and come back, and those that a server adds under load.

The kernel asks for one more (ADD_WORKER), which brings memory and processes of its own, and says when it has idled and
stopped (WORKER_GONE). The workers that a copy begins with are the loader's.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

import simpy

from mmesim.engine.control.cpu_work import CpuWork
from mmesim.engine.control.host import Host
from mmesim.engine.control.loads.room import Room
from mmesim.engine.control.task import Slots
from mmesim.engine.dataplane import DataPlane
from mmesim.engine.environment import Environment
from mmesim.engine.kernel.codes import ADD_WORKER, NONE, READY, SERVES, WORKER_GONE
from mmesim.scenario.models.groups import Model
from mmesim.scenario.server.kind import Workers
from mmesim.workload.loads import LoadDraw

ADDED = 2**61
"""From here on count the starts of added workers, beside the loads: above the number of any call."""

Process = Generator[simpy.Event, Any, None]
LoadWorker = Callable[[Host, Model, LoadDraw, int], Process]
"""A worker process, of this number, loads the model; an interrupt ends it."""


@dataclass
class Added:
    """Workers that are being added to one station."""

    host: Host
    turn: Slots
    """Starts, one after the other."""
    starting: list[simpy.Process] = field(default_factory=list)

    def end(self) -> None:
        """No start goes on."""
        for start in self.starting:
            if start.is_alive:
                start.interrupt()


class Crew:
    """The workers of the whole endpoint that come and go by demand."""

    def __init__(
        self,
        env: Environment,
        plane: DataPlane,
        hosts: list[Host],
        work: CpuWork,
        load_worker: LoadWorker,
        room: Room,
    ) -> None:
        self._env = env
        self._plane = plane
        self._hosts = hosts
        self._work = work
        self._load_worker = load_worker
        self._room = room
        self.added: dict[int, Added] = {}
        """Workers that were added, by station."""
        self._restarts: dict[int, list[simpy.Process]] = {}
        """Workers that died and are coming back, by station."""
        self._starts = 0
        env.handle(ADD_WORKER, self._add)
        env.handle(WORKER_GONE, self._gone)

    def start_worker(self, host: Host, model: Model, draw: LoadDraw, worker: int) -> Process:
        """One worker process starts by itself, without a parent, and loads the model; an interrupt ends it."""
        try:
            yield from self._work.done(host, draw.start_cpu)
            if draw.start_wait > 0.0:
                yield self._env.timeout(draw.start_wait)
        except simpy.Interrupt:
            return
        yield from self._load_worker(host, model, draw, worker)

    def crash(self, pool: int, number: int = 0) -> bool:
        """A worker of a ready pool dies: its batch gets 500, requests go on queueing, and it comes back.

        What had leaked in it is free: its share of what has in its pool.

        When it does, and whether it loads its model first, is a rule of the kind of server, which may have none.
        False when it is dead already, or there is none of this number.
        """
        host = self._hosts[self._plane.tables.views.pools.host[pool]]
        kind = host.config.kind
        if kind.death(None) is None:
            raise ValueError(f"what follows the death of one worker of {kind.title} is not known, or none dies alone")
        alive = self.deaths(pool).count(False)
        worker = self._plane.crash_worker(self._env.now, pool, number)
        if worker == NONE:
            return False
        leaked_bytes = host.leaked.get(pool, 0) // alive
        if leaked_bytes:
            host.grow(pool, -leaked_bytes)
            self._room.made(host)
        others = [restart for restart in self._restarts.get(pool, ()) if restart.is_alive]
        life = int(self._plane.tables.views.workers.gen[worker])  # now: its pool may be gone before the process begins
        self._restarts[pool] = [*others, self._env.process(self._restart(pool, worker, life))]
        if self._plane.pools.in_flight[pool] == 0:
            # The data plane signals one idle pool at a time, and more may crash at this instant.
            self._room.made(host)
        return True

    def deaths(self, station: int) -> list[bool]:
        """For each worker of a row of pools, in the order of their numbers, whether it has died and is not back."""
        views, found = self._plane.tables.views, []
        worker = int(views.pools.first_worker[station])
        while worker != NONE:
            found.append(bool(views.workers.dead[worker]))
            worker = int(views.workers.sibling[worker])
        return found

    def _restart(self, pool: int, worker: int, life: int) -> Process:
        try:
            yield from self._comes_back(pool, worker, life)
        except simpy.Interrupt:
            return

    def _comes_back(self, pool: int, worker: int, life: int) -> Process:
        env, plane = self._env, self._plane
        views = plane.tables.views
        row, host = int(views.pools.model[pool]), self._hosts[views.pools.host[pool]]
        model = None if row == NONE else host.config.models[row]
        death = host.config.kind.death(model)
        assert death is not None  # `crash` has looked
        yield env.timeout(death.back_off_s)
        if host.is_gone:
            return
        if model is not None and death.reloads:
            again = self.start_worker if host.config.starts_each_worker else self._load_worker
            yield from again(host, model, host.config.loads.draw(model.index, worker), 0)
        if plane.tables.views.workers.gen[worker] == life:  # else its pool was unloaded meanwhile
            plane.revive_worker(env.now, worker)

    def unloads(self, pool: int) -> None:
        """An unload of a pool begins, or its container dies: none of its workers that died comes back."""
        for restart in self._restarts.pop(pool, ()):
            if restart.is_alive:
                restart.interrupt()

    def leave(self, pool: int) -> None:
        """A pool is unloaded: no worker starts for it any more. What those that were added hold goes with it."""
        added = self.added.pop(pool, None)
        if added is not None:
            added.end()

    def abandon(self, host: Host) -> None:
        """The host is about to be no more: no worker starts there any more."""
        for station in [station for station, added in self.added.items() if added.host is host]:
            self.leave(station)

    def _rule(self, station: int) -> tuple[Host, Workers]:
        pools = self._plane.tables.views.pools
        row, host = int(pools.model[station]), self._hosts[pools.host[station]]
        kind = host.config.kind
        return host, kind.server_workers if row == NONE else kind.model_workers(host.config.models[row])

    def _add(self, station: int) -> None:
        """The queue is long: one more worker is started for it, if there is room for it."""
        env = self._env
        host, rule = self._rule(station)
        if not host.fits(rule.memory_bytes, rule.tasks):
            self._plane.forgo_worker(env.now, station)
            return
        host.add(station, rule.memory_bytes, rule.tasks)
        added = self.added.setdefault(station, Added(host, Slots(env, 1)))
        added.starting = [start for start in added.starting if start.is_alive]
        added.starting.append(env.process(self._start(station, host, rule, added.turn)))

    def _start(self, station: int, host: Host, rule: Workers, turn: Slots) -> Process:
        env, pools = self._env, self._plane.tables.views.pools
        row, life = int(pools.model[station]), int(pools.gen[station])
        try:
            if rule.loads:
                slot = turn.request()
                try:
                    yield slot
                    draw = host.config.loads.draw(row, ADDED + self._starts)
                    self._starts += 1
                    yield from self.start_worker(host, host.config.models[row], draw, 0)
                finally:
                    turn.release(slot)
            else:
                yield from self._work.done(host, rule.start_cpu_s)
                yield env.timeout(rule.start_wait_s)
        except simpy.Interrupt:
            return
        pools = self._plane.tables.views.pools
        if int(pools.gen[station]) == life and int(pools.state[station]) in (READY, SERVES):
            self._plane.add_worker(env.now, station)  # else its pool is being unloaded, or was

    def _gone(self, station: int) -> None:
        """A worker that was added has stopped: what it held is free."""
        host, rule = self._rule(station)
        host.add(station, -rule.memory_bytes, -rule.tasks)
        self._room.made(host)
