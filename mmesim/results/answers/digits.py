"""The digits that documents hold: as many as two platforms agree on."""

from __future__ import annotations

import math
from collections.abc import Mapping

from mmesim.errors import SimulationError

SIGNIFICANT_DIGITS = 12


def plain(value: object, place: str) -> object:
    """The value with floats cut to 12 significant digits, which is what two platforms agree on."""
    if isinstance(value, float):
        if not math.isfinite(value):
            raise SimulationError(f"summary: {place} is {value}")
        return float(f"{value:.{SIGNIFICANT_DIGITS}g}")
    if isinstance(value, Mapping):
        return {key: plain(v, f"{place}.{key}") for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v, f"{place}[{i}]") for i, v in enumerate(value)]
    return value
