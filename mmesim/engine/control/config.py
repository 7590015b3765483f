"""What the hosts of one configuration of the endpoint have in common: their figures, their server, a copy of a model.

A fleet is mixed while a deploy replaces its hosts by others: how many workers a copy has, and so its memory, may depend
on the vCPUs of the host that it is on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
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
    asked_bytes: Sequence[int]
    """That must be free before each model loads."""
    tasks: Sequence[int]
    """Processes and threads of a loaded copy of each model."""
    loading: Sequence[int]
    """Workers that load each model at the same time."""
    loads: LoadTimes
    load_loops: int
    """Event loops, one of which a load keeps; 0: it keeps none."""
    keeps_loop_to_end: bool
    """Whether it keeps it until it ends, not only while its parent process starts."""
    starts_each_worker: bool
    """Whether each worker starts by itself, not a parent for all of them."""
    unload_loops: int
    """Event loops, all of which an unload keeps until it ends; 0: it keeps none."""
    unload_s: float
    """Time that an unload takes, seconds."""
    ever_held: dict[int, bool] = field(default_factory=dict)
    """Whether such a host could hold a model with nothing else on it, of the models for which that was asked."""


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
        peak_bytes = [ceil(model.pool_memory_bytes * endpoint.load_peak) for model in models]
        return Config(
            place=place,
            endpoint=endpoint,
            kind=kind,
            models=models,
            memory_bytes=[model.pool_memory_bytes for model in models],
            peak_bytes=peak_bytes,
            asked_bytes=[kind.asks_bytes(model, peak) for model, peak in zip(models, peak_bytes, strict=True)],
            tasks=[model.pool_tasks for model in models],
            loading=[kind.loads_at_once(model) for model in models],
            loads=LoadTimes(scenario, self._replication, models),
            load_loops=kind.event_loops if kind.load_keeps_loop else 0,
            keeps_loop_to_end=kind.load_keeps_loop == "load",
            starts_each_worker=kind.starts_each_worker,
            unload_loops=kind.event_loops if kind.unload_blocks_loops else 0,
            unload_s=kind.unload_s(scenario.endpoint.unload_s),
        )
