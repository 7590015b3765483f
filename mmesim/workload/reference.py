"""The traffic as it is at the start of a run: what each model is asked for, and requests of the same kind from before.

These requests come from random streams of their own (`reference`): the requests of the run are the same with or without
them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmesim.arrays import Floats, Ints
from mmesim.errors import Problem, ScenarioError
from mmesim.scenario.scenario import Scenario
from mmesim.workload.arrivals import poisson
from mmesim.workload.arrivals.rates import calls_per_s_at_start
from mmesim.workload.draws.generators import generator
from mmesim.workload.draws.popularity import Alias
from mmesim.workload.hosted import hosted

LARGEST_REPLAY = 20_000_000
"""Requests of a reference stream that are replayed at most: some seconds."""

TIMES = 3
"""Characteristic times that a cache needs to forget how it began: three leave exp(-3) of an LRU cache's beginning."""

_CHUNK = 65536


def rates_at_start(scenario: Scenario) -> Floats:
    """The calls a second that each model of the table gets from the streams that are on at time 0.

    Recorded streams have no rate: they count as nothing. Raises ScenarioError for names that do not exist.
    """
    models = scenario.model_table()
    rates = np.zeros(len(models))
    for traffic in scenario.traffic:
        if traffic.arrivals is not None and traffic.start_s == 0.0:
            chosen = scenario.models_of(traffic)
            rows = [model.index for model in chosen]
            seed, delay_s = scenario.run.seed, scenario.fixed_delay_s
            rates[rows] += calls_per_s_at_start(traffic, chosen, seed, delay_s)
    here = hosted(scenario)
    return rates if here is None else np.where(here, rates, 0.0)


@dataclass(frozen=True)
class Room:
    """What models take and what all hosts together have of it, of one kind or of several that must all suffice."""

    needs: Ints
    """[kinds, models]: what one copy takes."""
    capacity: tuple[float, ...]

    @staticmethod
    def of(scenario: Scenario, hosts: int) -> Room:
        """The room for loaded models on this number of hosts: memory in bytes, and processes and threads."""
        endpoint, models = scenario.endpoint, scenario.model_table()
        memory = endpoint.usable_memory_bytes - endpoint.base_memory_bytes
        tasks = np.inf if endpoint.pid_limit is None else endpoint.pid_limit - scenario.server.base_tasks
        needs = np.array([[m.pool_memory_bytes for m in models], [m.pool_tasks for m in models]], dtype=np.int64)
        return Room(needs, (float(hosts * memory), float(hosts * tasks)))

    @staticmethod
    def on_disk(scenario: Scenario, hosts: int) -> Room:
        """The room for artefacts on the disks of this number of hosts, bytes."""
        needs = np.array([[model.artifact_bytes for model in scenario.model_table()]], dtype=np.int64)
        return Room(needs, (float(hosts * scenario.endpoint.disk_bytes),))

    def holds(self, copies: NDArray[np.number]) -> bool:
        """Whether these numbers of copies of each model fit at once, if all hosts were one."""
        return all(float((row * copies).sum()) <= have for row, have in zip(self.needs, self.capacity, strict=True))


class Reference:
    """An endless stream of requests with the mix that the run begins with; the same at every iteration."""

    def __init__(self, scenario: Scenario, replication: int, rates_per_s: Floats) -> None:
        """`rates_per_s` [models]: at least one above 0."""
        self._scenario = scenario
        self._replication = replication
        self._rates = rates_per_s

    def blocks(self, chunk: int = _CHUNK) -> Iterator[tuple[Floats, Ints, Floats]]:
        """Time (seconds from 0), row of the model and the router's uniform number, `chunk` requests at a time."""
        total = float(self._rates.sum())
        rows = np.arange(len(self._rates), dtype=np.int64)
        route = self._generator("route")
        mix = Alias(self._rates / total)
        for block in poisson.arrivals(
            total, mix, rows, self._generator("arrivals"), self._generator("popularity"), chunk
        ):
            yield block.time, block.model, route.random(chunk)

    def _generator(self, purpose: str) -> np.random.Generator:
        return generator(self._scenario.run.seed, self._replication, "reference", purpose)

    def characteristic_time_s(self, room: Room) -> float:
        """The time after which the models that were asked for no longer fit: the cache's own time, seconds.

        On average it solves sum size_i (1 - exp(-r_i T)) = capacity, which is Che's equation (see analytic.lru).
        Raises ScenarioError when that takes too many requests; only for a mix that does not fit.
        """
        hosts = self._scenario.endpoint.instance_count
        spread = hosts if self._scenario.endpoint.router.policy.spreads else 1
        seen = np.zeros(len(self._rates) * spread, dtype=np.bool_)
        used = np.zeros(len(room.capacity))
        requests = 0
        for time, model, route in self.blocks():
            copies = model * spread + (route * spread).astype(np.int64)
            distinct, first = np.unique(copies, return_index=True)
            new = np.sort(first[~seen[distinct]])
            seen[distinct] = True
            grown = used[:, None] + np.cumsum(room.needs[:, model[new]], axis=1)
            over = np.flatnonzero((grown > np.array(room.capacity)[:, None]).any(axis=0))
            if over.size:
                return float(time[new[over[0]]])
            used = grown[:, -1] if new.size else used
            requests += len(time)
            if TIMES * requests > LARGEST_REPLAY:
                break
        message = f"the cache forgets too slowly: more than {LARGEST_REPLAY:,} calls would have to be replayed"
        hint = "write warm: true, which places the most popular models"
        raise ScenarioError([Problem(self._scenario.name, None, "endpoint.warm", "stationary", message, hint)])
