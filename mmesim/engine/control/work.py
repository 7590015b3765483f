"""CPU work of a host's controller and container: it shares the vCPUs with the calls, in the data plane."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import simpy

from mmesim.engine.control.host import Host
from mmesim.engine.control.task import happen
from mmesim.engine.dataplane import DataPlane
from mmesim.engine.environment import Environment
from mmesim.engine.kernel.codes import CPU_DONE, NONE


class Work:
    """All of it that is under way, on any host."""

    def __init__(self, env: Environment, plane: DataPlane) -> None:
        self._env = env
        self._plane = plane
        self._under_way: dict[int, simpy.Event] = {}
        """Row of the work -> its end."""
        env.handle(CPU_DONE, self._done)

    def on(
        self, host: Host, cpu_s: float, second_s: float = 0.0, loop: int = NONE
    ) -> Generator[simpy.Event, Any, None]:
        """Work on one thread of the host, one part after the other; the first may block an event loop."""
        if cpu_s <= 0.0:
            cpu_s, second_s, loop = second_s, 0.0, NONE
        if cpu_s <= 0.0:
            return
        row = self._plane.start_cpu(self._env.now, host.row, cpu_s, second_s, loop)
        done = self._under_way[row] = self._env.event()
        try:
            yield done
        except simpy.Interrupt:
            if self._under_way.get(row) is done:  # else it has ended, or its host has
                del self._under_way[row]
                self._plane.cancel_cpu(self._env.now, row)
            raise

    def lost(self, host: Host) -> None:
        """The host is gone, and all work there with it: the data plane has dropped it or is about to."""
        computes_on = self._plane.tables.views.controls.host
        for row in [row for row in self._under_way if computes_on[row] == host.row]:
            del self._under_way[row]

    def _done(self, row: int) -> None:
        happen(self._under_way.pop(row))
