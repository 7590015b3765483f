"""What a stream of traffic is about: which models it calls, and until when."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mmesim.arrays import Ints
from mmesim.errors import Problem, ScenarioError, did_you_mean
from mmesim.scenario.models.groups import Model
from mmesim.scenario.scenario import Scenario
from mmesim.scenario.traffic.stream import Traffic


def select(models: Sequence[Model], traffic: Traffic) -> tuple[Model, ...]:
    """The models of a stream in the order of the table; ScenarioError for a name that is neither group nor model."""
    if traffic.models is None:
        return tuple(models)
    names = {model.name for model in models} | {model.group for model in models}
    unknown = [name for name in traffic.models if name not in names]
    if unknown:
        raise ScenarioError(
            [
                Problem("scenario", None, f"traffic.{traffic.name}.models", name, f"no model or group {name!r}", hint)
                for name in unknown
                for hint in [did_you_mean(name, names)]
            ]
        )
    wanted = set(traffic.models)
    return tuple(model for model in models if model.name in wanted or model.group in wanted)


def rows_of(models: Sequence[Model]) -> Ints:
    """Rows of these models in the scenario's table."""
    return np.array([model.index for model in models], dtype=np.int64)


def end_of(scenario: Scenario, traffic: Traffic) -> float:
    """When the last call of a stream must have begun, seconds."""
    return min(scenario.run.duration_s, math.inf if traffic.end_s is None else traffic.end_s)
