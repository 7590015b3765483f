"""Discrete-event simulator for Amazon SageMaker multi-model endpoints."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmesim.errors import MmesimError
    from mmesim.experiment.diff import Diff, diff
    from mmesim.experiment.run import replicate, run
    from mmesim.experiment.sweep import sweep
    from mmesim.experiment.sweep_result import SweepResult
    from mmesim.results.result import Result
    from mmesim.scenario.schema import Scenario

__all__ = [
    "Diff",
    "MmesimError",
    "Result",
    "Scenario",
    "SweepResult",
    "__version__",
    "diff",
    "replicate",
    "run",
    "sweep",
]

__version__ = "0.1.0"

# Imported on first use: `mmesim --help` must not wait for pydantic, NumPy and Numba.
_HOMES = {
    "Diff": "mmesim.experiment.diff",
    "MmesimError": "mmesim.errors",
    "Result": "mmesim.results.result",
    "Scenario": "mmesim.scenario.schema",
    "SweepResult": "mmesim.experiment.sweep_result",
    "diff": "mmesim.experiment.diff",
    "replicate": "mmesim.experiment.run",
    "run": "mmesim.experiment.run",
    "sweep": "mmesim.experiment.sweep",
}


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
