"""When each fault of a scenario happens; what it does then is a process of `effects`."""

from __future__ import annotations

from collections.abc import Generator
from itertools import count
from typing import Any

import simpy

from mmesim.engine.control.task import Task
from mmesim.engine.faults.effects import EFFECTS
from mmesim.engine.faults.world import Process, World
from mmesim.engine.measure.condition import Conditions
from mmesim.scenario.faults.fault import Fault


class Faults:
    """Starts one process for each fault, none without faults. What happens at 0 s has happened once it is made."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._faults = world.scenario.faults
        for fault in self._faults:
            if fault.when is None:
                Task(world.env, self._happens(fault))

    def ask(self, conditions: Conditions) -> None:
        """Begin to ask for the conditions of the faults that have one."""
        for fault in self._faults:
            if fault.when is not None:
                self._world.env.process(self._happens_when(fault, conditions.becomes_true(fault.when)))

    def _happens_when(self, fault: Fault, becomes_true: Generator[simpy.Event, Any, bool]) -> Process:
        if (yield from becomes_true):
            self._strike(fault, self._world.chances(fault, 0)[1])

    def _happens(self, fault: Fault) -> Process:
        """Wait for each moment of the fault. Those from the end of the measured time on do not come."""
        env, duration_s = self._world.env, self._world.scenario.run.duration_s
        if fault.rate_per_s is None:
            at_s = fault.at_s or 0.0
            if at_s >= duration_s:
                return
            if at_s > 0.0:
                yield env.timeout(at_s)
            self._strike(fault, self._world.chances(fault, 0)[1])
            return
        for index in count():
            gap, chance = self._world.chances(fault, index)
            if env.now + gap / fault.rate_per_s >= duration_s:
                return
            yield env.timeout(gap / fault.rate_per_s)
            self._strike(fault, chance)

    def _strike(self, fault: Fault, chance: float) -> None:
        Task(self._world.env, EFFECTS[type(fault.what)](self._world, fault, chance))
