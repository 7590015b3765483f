"""Draws of one distribution, and the same distribution with every time multiplied by a factor."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np

from mmesim.arrays import Floats
from mmesim.scenario.values.times import Time
from mmesim.workload.draws.sampler import Sampler


def sample(spec: Time, rng: np.random.Generator, n: int) -> Floats:
    """`n` draws, seconds; a constant takes nothing from the generator."""
    sampler = Sampler((spec,))
    return sampler.draw(dict.fromkeys(sampler.families, rng), np.zeros(n, dtype=np.int64))


def scaled(spec: Time, factor: float) -> Time:
    """Every time is multiplied: all fields but the coefficient of variation and the percents."""
    names = [field.name for field in fields(spec) if field.name != "cv"]
    changed: dict[str, Any] = {name: _scaled(getattr(spec, name), factor) for name in names}
    return replace(spec, **changed)


def _scaled(value: Any, factor: float) -> Any:
    if not isinstance(value, tuple):
        return value * factor
    return tuple((item[0], item[1] * factor) if isinstance(item, tuple) else item * factor for item in value)
