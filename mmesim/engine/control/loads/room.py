"""How a load gets room on its host: idle models are unloaded for it, and artefacts without a copy are deleted."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import simpy

from mmesim.engine.control.eviction import Eviction
from mmesim.engine.control.host import Host
from mmesim.engine.control.loads.log import LoadLog
from mmesim.engine.dataplane import DataPlane
from mmesim.engine.environment import Environment
from mmesim.engine.kernel.codes import NONE

Process = Generator[simpy.Event, Any, None]


class Room:
    """Room on all hosts, for loads in the order in which they first asked for it.

    `unload` begins to unload an idle pool and returns the end of that; `keeps_models`: models stay where they are idle.
    """

    def __init__(
        self,
        env: Environment,
        plane: DataPlane,
        eviction: Eviction,
        unload: Callable[[Host, int], simpy.Event],
        keeps_models: bool,
        log: LoadLog | None,
    ) -> None:
        self._env = env
        self._plane = plane
        self._eviction = eviction
        self._unload = unload
        self._keeps_models = keeps_models
        self._log = log

    def in_memory(self, host: Host, memory_bytes: int, tasks: int) -> Process:
        """Unload idle models in the order of the eviction policy until this much fits, for one more model."""
        ticket = host.line.ticket()
        if host.line.turn_due:  # those who asked before look first
            yield host.line.wait(ticket)
        while not host.fits(memory_bytes, tasks, 1):
            host.lacked[host.lacks(memory_bytes, tasks)] += 1
            yield from self._free_something(host, ticket)

    def on_disk(self, host: Host, size_bytes: int) -> Process:
        """Delete artefacts of models that have no pool on the host, least recently used first, until this much fits.

        When every artefact belongs to a pool, idle models are unloaded as for memory.
        """
        ticket = host.line.ticket()
        if host.line.turn_due:
            yield host.line.wait(ticket)
        while not host.disk_fits(size_bytes):
            host.lacked["disk"] += 1
            if not self._eviction.delete_artefact(host, self._env.now):
                yield from self._free_something(host, ticket)

    def _free_something(self, host: Host, ticket: int) -> Process:
        """Unload the pool that the eviction policy ranks first; if none is idle, wait until room may have been made."""
        victim = self._eviction.victim(host, self._env.now)
        if victim != NONE:
            if self._log is not None:
                self._log.evicted(host.row, self._plane.pools.model[victim], self._env.now)
            yield self._unload(host, victim)
            if host.line.turn_due:
                yield host.line.wait(ticket)
            return
        if not host.awaits_room:
            self._plane.want(self._env.now, host.row, 1)
        host.awaits_room = True
        yield host.line.wait(ticket)

    def made(self, host: Host) -> None:
        """Wake the loads of the host that wait for room: some may have been made."""
        if host.awaits_room:
            if self._keeps_models:
                self._plane.want(self._env.now, host.row, 0)
            host.wake()
