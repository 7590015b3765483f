"""Discrete-event simulator for Amazon SageMaker multi-model endpoints.

    import mmesim

    scenario = mmesim.Scenario.from_yaml("my.yaml")             # `mmesim init my.yaml` writes one
    result = mmesim.run(scenario)                               # a Result, which shows itself in a notebook
    result.figures, result.models, result.requests              # DataFrames
    result.plot.latency()                                       # print(result.plot) lists the pictures
    smaller = scenario.with_({"endpoint.instance_count": 3})    # keys and units of a scenario file
    mmesim.diff(scenario, smaller).frame                        # the same requests, differences with intervals

Simulate: `run`, `diff` (two fleets), `sweep` (many), `timeline`. Decide: `plan` (the cheapest fleet), `capacity`,
`split`, `gate`. Understand: `explain`, `uncertain`, `robustness`. All but `timeline`, which is about a Result, take a
Scenario or the path of its file, and return an object with its data, which a notebook shows. A wrong input raises
MmesimError. Guides: docs/how-to/use-from-python.md, notebooks/what-if.ipynb.

To read the code, start with three files: `scenario/scenario.py` (what can be said), `engine/simulation.py` (how a
replication is wired), and `engine/kernel/step.py` (what happens to a request). The map is in docs/extend.md.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmesim.errors import MmesimError
    from mmesim.experiment.capacity.capacity import capacity
    from mmesim.experiment.diff.diff import Diff, diff
    from mmesim.experiment.explained.explain import explain
    from mmesim.experiment.gate.gate import gate
    from mmesim.experiment.plan.plan import plan
    from mmesim.experiment.plan.result import PlanResult
    from mmesim.experiment.run import replicate, run
    from mmesim.experiment.split.split import split
    from mmesim.experiment.sweep.result import SweepResult
    from mmesim.experiment.sweep.sweep import sweep
    from mmesim.experiment.timeline import timeline
    from mmesim.experiment.unknowns.robustness import robustness
    from mmesim.experiment.unknowns.robustness_result import Robustness
    from mmesim.experiment.unknowns.uncertain import uncertain
    from mmesim.experiment.unknowns.uncertain_result import Uncertain
    from mmesim.results.answers.capacity import Capacity
    from mmesim.results.answers.explained import Explained
    from mmesim.results.answers.gated import Gated
    from mmesim.results.answers.split import SplitAnswer
    from mmesim.results.result import Result
    from mmesim.scenario.scenario import Scenario

__all__ = [
    "Capacity",
    "Diff",
    "Explained",
    "Gated",
    "MmesimError",
    "PlanResult",
    "Result",
    "Robustness",
    "Scenario",
    "SplitAnswer",
    "SweepResult",
    "Uncertain",
    "__version__",
    "capacity",
    "diff",
    "explain",
    "gate",
    "plan",
    "replicate",
    "robustness",
    "run",
    "split",
    "sweep",
    "timeline",
    "uncertain",
]

__version__ = "0.1.0"

# Imported on first use: `mmesim --help` must not wait for pydantic, NumPy and Numba.
_HOMES = {
    "Capacity": "mmesim.results.answers.capacity",
    "Diff": "mmesim.experiment.diff.diff",
    "Explained": "mmesim.results.answers.explained",
    "Gated": "mmesim.results.answers.gated",
    "MmesimError": "mmesim.errors",
    "PlanResult": "mmesim.experiment.plan.result",
    "Result": "mmesim.results.result",
    "Robustness": "mmesim.experiment.unknowns.robustness_result",
    "Scenario": "mmesim.scenario.scenario",
    "SplitAnswer": "mmesim.results.answers.split",
    "SweepResult": "mmesim.experiment.sweep.result",
    "Uncertain": "mmesim.experiment.unknowns.uncertain_result",
    "capacity": "mmesim.experiment.capacity.capacity",
    "diff": "mmesim.experiment.diff.diff",
    "explain": "mmesim.experiment.explained.explain",
    "gate": "mmesim.experiment.gate.gate",
    "plan": "mmesim.experiment.plan.plan",
    "replicate": "mmesim.experiment.run",
    "robustness": "mmesim.experiment.unknowns.robustness",
    "run": "mmesim.experiment.run",
    "split": "mmesim.experiment.split.split",
    "sweep": "mmesim.experiment.sweep.sweep",
    "timeline": "mmesim.experiment.timeline",
    "uncertain": "mmesim.experiment.unknowns.uncertain",
}


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
