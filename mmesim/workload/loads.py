"""How long each load of a model takes: start of the pool, work of each worker, first byte of the download."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmesim.scenario.schema import Scenario
from mmesim.scenario.times import Time
from mmesim.workload.distributions import Sampler
from mmesim.workload.streams import KeyedStreams

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LoadDraw:
    """The work of one load, seconds."""

    start_cpu: float
    start_wait: float
    cpu: Floats
    """[workers], read-only."""
    wait: Floats
    """[workers], read-only."""
    first_byte: float


@dataclass(frozen=True)
class _Parts:
    """Where the five times of a model's load come from."""

    start_cpu: Sampler
    start_wait: Sampler
    first_byte: Sampler
    cpu: Sampler
    wait: Sampler

    def is_random(self) -> bool:
        return any(s.families for s in (self.start_cpu, self.start_wait, self.first_byte, self.cpu, self.wait))


class LoadTimes:
    """The loads of one replication; each belongs to a model and the request that asked for it, in any order."""

    def __init__(self, scenario: Scenario, replication: int) -> None:
        self._models = scenario.model_table()
        self._streams = KeyedStreams(scenario.run.seed, replication, "load")
        samplers: dict[Time, Sampler] = {}

        def sampler(spec: Time) -> Sampler:
            if spec not in samplers:
                samplers[spec] = Sampler((spec,))
            return samplers[spec]

        start = scenario.server.process_start
        first_byte = scenario.endpoint.download.first_byte
        self._parts = [
            _Parts(
                start_cpu=sampler(start.cpu),
                start_wait=sampler(start.wait),
                first_byte=sampler(first_byte),
                cpu=sampler(model.load.cpu),
                wait=sampler(model.load.wait),
            )
            for model in self._models
        ]
        self._random = [parts.is_random() for parts in self._parts]
        self._constant: dict[int, LoadDraw] = {}

    def draw(self, model: int, asked_by: int) -> LoadDraw:
        """The load of a model (row of the table) that call number `asked_by` caused; always the same for both."""
        if self._random[model]:
            return self._draw(model, asked_by)
        if model not in self._constant:
            self._constant[model] = self._draw(model, 0)
        return self._constant[model]

    def _draw(self, model: int, asked_by: int) -> LoadDraw:
        parts, row = self._parts[model], self._models[model]
        rng = self._streams.at(row.name, asked_by)
        return LoadDraw(
            start_cpu=float(_times(parts.start_cpu, rng, 1)[0]),
            start_wait=float(_times(parts.start_wait, rng, 1)[0]),
            first_byte=float(_times(parts.first_byte, rng, 1)[0]),
            cpu=_times(parts.cpu, rng, row.workers),
            wait=_times(parts.wait, rng, row.workers),
        )


def _times(sampler: Sampler, rng: np.random.Generator, n: int) -> Floats:
    times = sampler.draw(dict.fromkeys(sampler.families, rng), np.zeros(n, dtype=np.int64))
    times.flags.writeable = False
    return times
