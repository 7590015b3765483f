"""A run that is looked at between any two events of the control plane, and fifty times a simulated second."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import simpy
from simpy.core import EmptySchedule

from mmesim.engine.simulation import Simulation
from mmesim.results.measured.run_data import RunData
from mmesim.scenario import Scenario

EVERY_S = 0.0201


def run_watched(scenario: Scenario, look: Callable[[Simulation], None], records: int | None = -1) -> RunData:
    """Simulate, calling `look` after each step; it must only read."""
    sim = Simulation(scenario, records=records)
    sim.env.process(_tick(sim))
    while True:
        try:
            sim.env.step()
        except EmptySchedule:
            return sim.measured(0.0)
        look(sim)


def _tick(sim: Simulation) -> Generator[simpy.Event, Any, None]:
    while sim.env.now < sim.scenario.run.duration_s:
        yield sim.env.timeout(EVERY_S)
