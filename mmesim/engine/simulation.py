"""Wires a scenario into the two planes, runs it, and hands back what was measured."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from typing import Any

import numpy as np
import simpy

from mmesim.engine import setup
from mmesim.engine.collect import collect
from mmesim.engine.control.host import Host
from mmesim.engine.control.loader import Loader
from mmesim.engine.dataplane import DataPlane
from mmesim.engine.environment import Environment
from mmesim.engine.eviction import Eviction
from mmesim.engine.kernel.codes import REFILL
from mmesim.engine.metrics import Integrals, Metrics
from mmesim.engine.recorder import Recorder
from mmesim.engine.source import Source
from mmesim.results.run_data import RunData
from mmesim.scenario.schema import Scenario
from mmesim.workload.arrivals import expected_calls
from mmesim.workload.streams import generator

Observer = Callable[[float, int], None]
"""Is told simulated seconds and calls begun, now and then."""


class Simulation:
    """One replication of a scenario, ready to run. Every part gets its collaborators here and nowhere else."""

    def __init__(
        self, scenario: Scenario, replication: int = 0, records: int | None = None, observer: Observer | None = None
    ) -> None:
        self.scenario = scenario
        self.replication = replication
        seed, endpoint = scenario.run.seed, scenario.endpoint
        tables, self.grid, self.coarse_grid = setup.build(scenario, replication, records)
        key = int(generator(seed, replication, "records").integers(setup.KEY_LIMIT))
        self.recorder = Recorder(records, key)
        self.recorder.attach(tables)
        self.plane = DataPlane(tables, self.recorder.flush)
        self.env = Environment(self.plane)
        self.source = Source(scenario, replication, self.plane, observer)
        self.env.handle(REFILL, self.source.refill)
        self.hosts: list[Host] = []
        for number in range(endpoint.instance_count):
            row = self.plane.add_host(0.0, setup.placement_key(scenario, replication, "host", number))
            self.hosts.append(Host(self.env, row, endpoint, scenario.server.base_tasks))
        self.loader = Loader(self.env, self.plane, scenario, replication, self.hosts, Eviction(scenario))
        if endpoint.warm:
            self._place_warm()
        self.at_warmup: Integrals | None = None
        self.at_end: Integrals | None = None
        self.metrics = Metrics(self.env, self.plane, self.loader, self.hosts, endpoint, scenario.run.duration_s)
        self.env.process(self._measure())

    def run(self) -> RunData:
        """Run until every call is answered; arrivals stop at the end of the scenario's duration."""
        begun = time.perf_counter()
        self.env.run()
        return collect(self, time.perf_counter() - begun)

    def _place_warm(self) -> None:
        """One copy of each model by expected calls, most first, on its first host in rendezvous order where it fits."""
        calls = expected_calls(self.scenario)
        for model in np.argsort(-calls, kind="stable"):
            for host in self.plane.hosts_in_order(int(model)):
                if self.loader.place(int(model), host):
                    break

    def _measure(self) -> Generator[simpy.Event, Any, None]:
        """Take the integrals at both ends of the measured time."""
        run = self.scenario.run
        if run.warmup_s > 0.0:
            yield self.env.timeout(run.warmup_s)
        self.at_warmup = self.metrics.integrals()
        yield self.env.timeout(run.duration_s - self.env.now)
        self.at_end = self.metrics.integrals()


def simulate(
    scenario: Scenario, replication: int = 0, observer: Observer | None = None, records: int | None = None
) -> RunData:
    """Run one replication of a scenario.

    `records`: how many calls to record at most (a seeded sample above that), None for none, -1 for all.
    """
    return Simulation(scenario, replication, records, observer).run()
