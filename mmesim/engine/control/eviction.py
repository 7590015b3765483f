"""The scenario's eviction rule at work: figures of the models for the ranking, and a user's own function, checked."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmesim.engine import user_code
from mmesim.errors import UserCodeError
from mmesim.policies.eviction import Choice, IdlePools, ModelFigures, Policy, policy
from mmesim.scenario.scenario import Function, Model, Scenario


class Eviction:
    """Chooses what is unloaded to make room."""

    def __init__(self, scenario: Scenario) -> None:
        rule = scenario.endpoint.eviction
        models = scenario.model_table()
        self._policy = Policy(_checked(rule)) if isinstance(rule, Function) else policy(rule)
        self._figures = ModelFigures(
            names=tuple(model.name for model in models),
            size_bytes=np.array([model.pool_memory_bytes for model in models], dtype=np.int64),
            load_s=np.array([_load_s(model, scenario) for model in models]),
        )

    def choose(
        self, pools: Any, rows: NDArray[np.int64], rng: np.random.Generator, now: float
    ) -> tuple[int, float | None]:
        """Which of the idle pools `rows` goes, and what its host's clock becomes, None if it stays."""
        idle = IdlePools(pools, rows, rng, self._figures, now)
        index = self._policy.choose(idle)
        clock = None if self._policy.clock is None else self._policy.clock(idle, index)
        return int(rows[index]), clock


def _load_s(model: Model, scenario: Scenario) -> float:
    """Mean time of a load from disk on an idle host: the pool's parent starts, then all workers load at once."""
    start, load = scenario.server.process_start, model.load
    return (start.cpu.mean + load.cpu.mean) / scenario.endpoint.host.cpu_speed + start.wait.mean + load.wait.mean


def _checked(spec: Function) -> Choice:
    """A user's own rule, which must return the index of an idle pool."""
    function = user_code.find(spec)

    def choose(pools: IdlePools) -> int:
        try:
            answer = function(pools)
        except Exception as error:
            raise user_code.failed(f"eviction {spec.function}", error) from error
        try:
            index = -1 if isinstance(answer, bool | np.bool_) else operator.index(answer)
        except TypeError:
            index = -1
        if not 0 <= index < len(pools):
            allowed = f"0 to {len(pools) - 1}" if len(pools) > 1 else "0"
            raise UserCodeError(
                f"eviction {spec.function} returned {answer!r}: it must return the index of an idle pool, {allowed}"
            )
        return index

    return choose
