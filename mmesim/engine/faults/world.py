"""What a fault acts on, and how it finds its instances, its models and its chance."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import simpy

from mmesim.engine.control.fleet import Fleet
from mmesim.engine.control.host import Host
from mmesim.engine.control.journal import Journal
from mmesim.engine.control.loads.loader import Loader
from mmesim.engine.dataplane import DataPlane
from mmesim.engine.environment import Environment
from mmesim.engine.kernel.codes import READY, UP
from mmesim.results.measured.happened import Kind
from mmesim.scenario.faults.fault import Fault
from mmesim.scenario.models.resolve import called
from mmesim.scenario.scenario import Scenario
from mmesim.workload.draws.generators import KeyedGenerators

Process = Generator[simpy.Event, Any, None]


class World:
    """The endpoint as faults see it."""

    def __init__(
        self,
        env: Environment,
        plane: DataPlane,
        fleet: Fleet,
        loader: Loader,
        journal: Journal,
        scenario: Scenario,
        replication: int,
    ) -> None:
        self.env = env
        self._journal = journal
        self.plane = plane
        self.fleet = fleet
        self.loader = loader
        self.scenario = scenario
        self.over_s = scenario.run.duration_s + scenario.clients.longest_call_s
        """From here on nobody looks any more."""
        self.slowed: dict[int, list[float]] = {}
        """Instance -> the factors by which faults slow it down now."""
        self._replication = replication
        self._draws = self.generators("fault")

    def generators(self, purpose: str) -> KeyedGenerators:
        """Random numbers of this replication that nothing else draws."""
        return KeyedGenerators(self.scenario.run.seed, self._replication, purpose)

    def chances(self, fault: Fault, index: int) -> tuple[float, float]:
        """What belongs to the n-th time of a fault: a gap of mean 1 before it, and a uniform number."""
        draws = self._draws.at(fault.name, index)
        return float(draws.standard_exponential()), float(draws.random())

    def instance(self, wanted: object, chance: float) -> Host | None:
        """The instance of a number, or for `random` one of those that are up; None when there is none."""
        state = self.plane.tables.views.hosts.state
        up = [host for host in self.fleet.alive if int(state[host.row]) == UP]
        if isinstance(wanted, int):
            return next((host for host in self.fleet.alive if host.row == wanted), None)
        return up[min(len(up) - 1, int(chance * len(up)))] if up else None

    def models(self, names: tuple[str, ...]) -> set[int]:
        """Rows of the models that these names of models and groups mean."""
        return {model.index for model in called(names, self.scenario.model_table())}

    def stations(self, host: Host, models: set[int]) -> list[int]:
        """The rows of pools with the workers that serve these models on an instance."""
        views = self.plane.tables.views
        copies = self.copies(host, models)
        return copies if views.params[0].shared_queue == 0 or not copies else [int(views.stations[host.row])]

    def copies(self, host: Host, models: set[int] | None = None) -> list[int]:
        """The pools that are ready on an instance, of these models or of all."""
        pools = self.plane.tables.views.pools
        ready = [row for row in self.plane.pools_of(host.row) if int(pools.state[row]) == READY]
        return ready if models is None else [row for row in ready if int(pools.model[row]) in models]

    def alive(self, station: int) -> list[int]:
        """The numbers of the workers of a row of pools that are alive, as `Crew.crash` counts them."""
        return [number for number, dead in enumerate(self.loader.crew.deaths(station)) if not dead]

    def lasts(self, fault: Fault) -> Generator[simpy.Event, Any, bool]:
        """Wait for the end of the fault; False, at once, when it has none."""
        if fault.for_s is None:
            return False
        yield self.env.timeout(fault.for_s)
        return True

    def begins(self, fault: Fault, **figures: float) -> None:
        """Note that the fault has come; `figures` say whom it hits."""
        self._journal.note(Kind.fault, fault.name, **figures)

    def kills(self, fault: Fault, host: Host) -> None:
        """Note that the kernel killed the largest process of a host."""
        self._journal.note(Kind.killed, fault.name, host=host.row)

    def ends(self, fault: Fault, **figures: float) -> None:
        """Note that the fault is over; `figures` say what came of it."""
        self._journal.note(Kind.fault_over, fault.name, **figures)
