"""One number for everything that a run measured, so that two runs can be compared to the last bit."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from mmesim.results.measured.run_data import RunData

WALL = frozenset({"wall_s"})
"""The only figure that may differ between two runs of one scenario and seed."""
EFFORT = WALL | {"seam_crossings", "control_events"}
"""How much work the run was: it differs when the same run is fed or watched in another way."""


def digest(run: RunData, without: Collection[str] = WALL) -> str:
    """Hash of the type, shape and bytes of every figure of the run, except the fields named in `without`."""
    state = hashlib.sha256()
    for field in fields(run):
        if field.name not in without:
            _feed(state, field.name, getattr(run, field.name))
    return state.hexdigest()


def _feed(state: Any, name: str, value: Any) -> None:
    if is_dataclass(value):
        for field in fields(value):
            _feed(state, f"{name}.{field.name}", getattr(value, field.name))
    elif isinstance(value, dict):
        for key in value:
            _feed(state, f"{name}[{key}]", value[key])
    elif isinstance(value, np.ndarray):
        state.update(f"{name} {value.dtype} {value.shape}".encode())
        state.update(np.ascontiguousarray(value).tobytes())
    else:
        state.update(f"{name} {value!r}".encode())
