"""Which models could leave: not every subset, but those that a reason speaks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mmesim.arrays import Floats
from mmesim.preflight.offered import Offered
from mmesim.scenario.models.groups import Model
from mmesim.scenario.models.resolve import called
from mmesim.scenario.run.split import Split
from mmesim.workload.requests import expected_calls

HOT = (1, 2, 5, 10)
"""How many of the models with the most work are tried."""
LARGE = (1, 2, 5)
"""How many of the largest, and of the slowest."""
RARE = (0.5, 0.75)
"""Shares of the models: those that are called least."""
MOST_ALL = 15
"""With no more models than these, all of them may leave together."""


@dataclass(frozen=True)
class Leaving:
    """Models that could leave, in the order of the table, and what they have in common."""

    models: tuple[Model, ...]
    names: tuple[str, ...]
    why: str


class Loads:
    """What each model of a scenario brings: calls a second, CPU work, memory of a copy; each [models]."""

    def __init__(self, offered: Offered) -> None:
        self.hosted = offered.scenario.hosted
        # Recorded calls are counted, too: they have no rate otherwise.
        self.rate: Floats = expected_calls(offered.scenario) / offered.scenario.run.duration_s
        self.cpu: Floats = self.rate * offered.cpu_s
        self.call_s: Floats = offered.worker_s
        self.memory: Floats = np.array([float(model.pool_memory_bytes) for model in offered.models])

    @staticmethod
    def share(of: Floats, models: Sequence[Model], among: Sequence[Model]) -> float:
        """What some models have of a figure, as a share of what others have."""
        total = float(of[[model.index for model in among]].sum())
        return float(of[[model.index for model in models]].sum()) / total if total > 0.0 else 0.0


def candidates(loads: Loads, wanted: Split) -> list[Leaving]:
    """All that are tried, each set of models once."""
    found: dict[frozenset[int], Leaving] = {}
    for models, why in _all(loads, wanted):
        key = frozenset(model.index for model in models)
        if key and key not in found:
            ordered = tuple(model for model in loads.hosted if model.index in key)
            found[key] = Leaving(ordered, names(ordered, loads.hosted), why)
    return list(found.values())


def names(models: Sequence[Model], hosted: Sequence[Model]) -> tuple[str, ...]:
    """The shortest names for some models: a group where all of it is meant."""
    chosen = {model.index for model in models}
    broken = {model.group for model in hosted if model.index not in chosen}
    return tuple(dict.fromkeys(one.name if one.group in broken else one.group for one in models))


def _all(loads: Loads, wanted: Split) -> Iterator[tuple[Sequence[Model], str]]:
    hosted = loads.hosted
    for given in wanted.candidates:
        yield called(given, hosted), "named in split.candidates"
    for number in HOT:
        yield from _most(hosted, loads.cpu, number, "with the most CPU work")
    for number in LARGE:
        yield from _most(hosted, loads.memory, number, "with the most memory")
        yield from _most(hosted, loads.call_s, number, "with the longest calls")
    for what, of in (("group", lambda m: m.group), ("framework", lambda m: str(m.framework))):
        kinds = list(dict.fromkeys(map(of, hosted)))
        for kind in kinds if 1 < len(kinds) <= MOST_ALL else ():
            yield [model for model in hosted if of(model) == kind], f"the {what} {kind}"
    by_rate = sorted(hosted, key=lambda model: float(loads.rate[model.index]))
    for share in RARE:
        number = int(share * len(hosted))
        if number >= 2 and _differ(hosted, loads.rate):
            yield by_rate[:number], f"the {number:,} models with the fewest calls"
    if len(hosted) <= MOST_ALL:
        yield hosted, "all models"


def _most(hosted: Sequence[Model], of: Floats, number: int, what: str) -> Iterator[tuple[Sequence[Model], str]]:
    """The models with the most of a figure, where they differ in it, and some are left."""
    if number < len(hosted) and _differ(hosted, of):
        ranked = sorted(hosted, key=lambda model: -float(of[model.index]))
        yield ranked[:number], f"the model {what}" if number == 1 else f"the {number} models {what}"


def _differ(hosted: Sequence[Model], of: Floats) -> bool:
    values = of[[model.index for model in hosted]]
    return float(values.max()) > 1.001 * float(values.min())
