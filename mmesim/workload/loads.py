"""How long each load of a model takes: start of the pool, work of each worker, first byte of the download."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from mmesim.arrays import Floats
from mmesim.scenario.scenario import Scenario
from mmesim.scenario.values.times import Time
from mmesim.workload.draws.generators import KeyedGenerators
from mmesim.workload.draws.sampler import Sampler


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


class _Part:
    """One time of a load: the same array again and again if it is constant, else `n` draws."""

    def __init__(self, spec: Time, n: int) -> None:
        self._sampler = Sampler((spec,))
        self._families = self._sampler.families
        self._which = np.zeros(n, dtype=np.int64)
        self.constant = None if self._families else _read_only(self._sampler.draw({}, self._which))

    def draw(self, rng: np.random.Generator) -> Floats:
        if self.constant is not None:
            return self.constant
        return _read_only(self._sampler.draw(dict.fromkeys(self._families, rng), self._which))


class LoadTimes:
    """The loads of one replication; each belongs to a model and the request that asked for it, in any order."""

    def __init__(self, scenario: Scenario, replication: int) -> None:
        self._models = scenario.model_table()
        self._generators = KeyedGenerators(scenario.run.seed, replication, "load")
        start, first_byte = scenario.server.process_start, scenario.endpoint.download.first_byte
        part = cache(_Part)  # models that are described together share theirs
        # In the order of LoadDraw, which is the order of the draws too.
        self._parts = [
            (
                part(start.cpu, 1),
                part(start.wait, 1),
                part(model.load.cpu, model.workers),
                part(model.load.wait, model.workers),
                part(first_byte, 1),
            )
            for model in self._models
        ]
        self._constant = [all(part.constant is not None for part in parts) for parts in self._parts]
        self._known: dict[int, LoadDraw] = {}

    def draw(self, model: int, asked_by: int) -> LoadDraw:
        """The load of a model (row of the table) that call number `asked_by` caused; always the same for both."""
        if not self._constant[model]:
            return self._draw(model, asked_by)
        if model not in self._known:
            self._known[model] = self._draw(model, asked_by)
        return self._known[model]

    def _draw(self, model: int, asked_by: int) -> LoadDraw:
        rng = self._generators.at(self._models[model].name, asked_by)
        start_cpu, start_wait, cpu, wait, first_byte = (part.draw(rng) for part in self._parts[model])
        return LoadDraw(
            start_cpu=float(start_cpu[0]),
            start_wait=float(start_wait[0]),
            cpu=cpu,
            wait=wait,
            first_byte=float(first_byte[0]),
        )


def _read_only(times: Floats) -> Floats:
    times.flags.writeable = False
    return times
