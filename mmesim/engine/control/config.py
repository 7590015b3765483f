"""What the hosts of one configuration of the endpoint have in common: their figures, their server, a copy of a model.

A fleet is mixed while a deploy replaces its hosts by others: how many workers a copy has, and so its memory, may depend
on the vCPUs of the host that it is on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from mmesim.engine.dataplane import DataPlane
from mmesim.scenario.endpoint.endpoint import Endpoint
from mmesim.scenario.models.groups import Model
from mmesim.scenario.scenario import Scenario
from mmesim.scenario.server.kind import ServerKind
from mmesim.workload.loads import LoadTimes


@dataclass(frozen=True, eq=False)
class Config:
    """One configuration of hosts."""

    place: int
    """Among those of the run, from 0, the scenario's own."""
    endpoint: Endpoint
    """With the figures of these hosts; what the platform does is as in the scenario's."""
    kind: ServerKind
    models: Sequence[Model]
    """The table of models, with the workers that each has on these hosts."""
    memory_bytes: Sequence[int]
    """Of a loaded copy of each model."""
    peak_bytes: Sequence[int]
    """Of a copy of each model while it loads."""
    tasks: Sequence[int]
    """Processes and threads of a loaded copy of each model."""
    loads: LoadTimes


class Configs:
    """Every configuration that hosts of a run have had."""

    def __init__(self, plane: DataPlane, scenario: Scenario, replication: int) -> None:
        self._plane = plane
        self._scenario = scenario
        self._replication = replication
        self.all = [self._config(0, scenario.endpoint)]

    @property
    def first(self) -> Config:
        """The scenario's own."""
        return self.all[0]

    def of(self, endpoint: Endpoint | None, now: float) -> Config:
        """The configuration with these figures, made if hosts of it have never been there; None: the scenario's."""
        if endpoint is None:
            return self.first
        for config in self.all:
            if config.endpoint == endpoint:
                return config
        config = self._config(len(self.all), endpoint)
        self._plane.add_config(config.place, config.kind, config.models)
        self._plane.come_to(now)
        self.all.append(config)
        return config

    def _config(self, place: int, endpoint: Endpoint) -> Config:
        scenario = self._scenario
        kind, models = scenario.kind_on(endpoint), scenario.models_on(endpoint)
        return Config(
            place=place,
            endpoint=endpoint,
            kind=kind,
            models=models,
            memory_bytes=[model.pool_memory_bytes for model in models],
            peak_bytes=[ceil(model.pool_memory_bytes * endpoint.load_peak) for model in models],
            tasks=[model.pool_tasks for model in models],
            loads=LoadTimes(scenario, self._replication, models),
        )
