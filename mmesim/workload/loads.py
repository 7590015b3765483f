"""How long each load of a model takes: start of the pool, work of each worker, first byte of the download."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from mmesim.scenario.models.groups import Model
from mmesim.scenario.scenario import Scenario
from mmesim.scenario.values.times import Time
from mmesim.workload.draws.generators import KeyedGenerators
from mmesim.workload.draws.sampler import Sampler

_Times = tuple[float, ...]


@dataclass(frozen=True)
class LoadDraw:
    """The work of one load, seconds."""

    start_cpu: float
    start_wait: float
    cpu: _Times
    """Of each worker."""
    wait: _Times
    """Of each worker."""
    first_byte: float


class _Part:
    """One time of a load: `n` numbers, the same again and again if it is constant."""

    def __init__(self, spec: Time, n: int) -> None:
        self._sampler = Sampler((spec,))
        self._families = self._sampler.families
        self._which = np.zeros(n, dtype=np.int64)
        self.constant = None if self._families else self._drawn({})

    def draw(self, rng: np.random.Generator) -> _Times:
        return self._drawn(dict.fromkeys(self._families, rng)) if self.constant is None else self.constant

    def _drawn(self, generators: dict[str, np.random.Generator]) -> _Times:
        return tuple(self._sampler.draw(generators, self._which).tolist())


class _Load:
    """The loads of all models that are described alike; `constant` where each of them takes the same."""

    def __init__(self, *parts: _Part) -> None:
        self._parts = parts  # in the order of the draws
        constants = [part.constant for part in parts if part.constant is not None]
        self.constant = _load_draw(*constants) if len(constants) == len(parts) else None

    def draw(self, rng: np.random.Generator) -> LoadDraw:
        return _load_draw(*(part.draw(rng) for part in self._parts))


def _load_draw(start_cpu: _Times, start_wait: _Times, cpu: _Times, wait: _Times, first_byte: _Times) -> LoadDraw:
    return LoadDraw(start_cpu[0], start_wait[0], cpu, wait, first_byte[0])


class LoadTimes:
    """The loads of one replication; each belongs to a model and the request that asked for it, in any order."""

    def __init__(self, scenario: Scenario, replication: int, models: Sequence[Model] | None = None) -> None:
        """`models`: the table as it is on other hosts than the scenario's, which may have other numbers of workers."""
        self._models = scenario.model_table() if models is None else models
        self._generators = KeyedGenerators(scenario.run.seed, replication, "load")
        start, first_byte = scenario.server.process_start, scenario.endpoint.download.first_byte

        @cache
        def load(cpu: Time, wait: Time, workers: int) -> _Load:
            each = (_Part(cpu, workers), _Part(wait, workers))
            return _Load(_Part(start.cpu, 1), _Part(start.wait, 1), *each, _Part(first_byte, 1))

        self._loads = [load(model.load.cpu, model.load.wait, model.workers) for model in self._models]

    def draw(self, model: int, asked_by: int) -> LoadDraw:
        """The load of a model (row of the table) that call number `asked_by` caused; always the same for both."""
        load = self._loads[model]
        return load.constant or load.draw(self._generators.at(self._models[model].name, asked_by))
