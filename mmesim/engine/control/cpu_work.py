"""CPU work of the controller and of loads: it competes with the calls of the host for the same vCPUs."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import simpy

from mmesim.engine.control.host import Host
from mmesim.engine.control.task import happen
from mmesim.engine.dataplane import DataPlane
from mmesim.engine.environment import Environment
from mmesim.engine.kernel.codes import CPU_DONE, NONE


class CpuWork:
    """Every piece of CPU work under way that SimPy processes wait for."""

    def __init__(self, env: Environment, plane: DataPlane) -> None:
        self._env = env
        self._plane = plane
        self._computing: dict[int, simpy.Event] = {}
        """Row of the work -> its end."""
        env.handle(CPU_DONE, self._ended)

    def done(
        self, host: Host, cpu_s: float, second_s: float = 0.0, loop: int = NONE
    ) -> Generator[simpy.Event, Any, None]:
        """Compute `cpu_s` and then `second_s` seconds on one thread of the host; the first part may block a loop."""
        if cpu_s <= 0.0:
            cpu_s, second_s, loop = second_s, 0.0, NONE
        if cpu_s <= 0.0:
            return
        row = self._plane.start_cpu(self._env.now, host.row, cpu_s, second_s, loop)
        end = self._computing[row] = simpy.Event(self._env)
        try:
            yield end
        except simpy.Interrupt:
            if self._computing.get(row) is end:  # else it has ended, or its host has
                del self._computing[row]
                self._plane.cancel_cpu(self._env.now, row)
            raise

    def abandon(self, host: Host) -> None:
        """The host is about to be no more: nothing that it computes ends."""
        computes_on = self._plane.tables.views.controls.host
        for row in [row for row in self._computing if computes_on[row] == host.row]:
            del self._computing[row]

    def _ended(self, row: int) -> None:
        happen(self._computing.pop(row))
