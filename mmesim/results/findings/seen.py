"""What the rules that look for causes are given: a scenario, its replications, and what slow calls wait for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mmesim.arrays import Ints
from mmesim.results.answers.explained import Limit
from mmesim.results.binding.roots import FULL, Roots
from mmesim.results.figures.figures import FORMULAS
from mmesim.results.figures.tenants import pooled_tenants
from mmesim.results.measured.run_data import CAUSES, RunData
from mmesim.scenario.constraints import Resource
from mmesim.scenario.scenario import Scenario
from mmesim.stats.means import mean

RULE = "docs/assumptions.md#what-explain-finds"
"""Where the rules and their thresholds stand with their sources."""


@dataclass(frozen=True)
class Seen:
    """A finished run; `limits` is what slow and failed calls wait for (`results.binding.ranked`)."""

    scenario: Scenario
    runs: Sequence[RunData]
    limits: Sequence[Limit]

    @cached_property
    def roots(self) -> Roots:
        """What was used of what there was."""
        return Roots(self.scenario, self.runs)

    @property
    def calls(self) -> int:
        """Measured calls of all replications."""
        return sum(run.calls for run in self.runs)

    @property
    def attempts(self) -> int:
        """Attempts of these calls."""
        return sum(run.attempts for run in self.runs)

    @cached_property
    def calls_of(self) -> Ints:
        """[models] measured calls."""
        return pooled_tenants(self.runs).calls

    @cached_property
    def misses_of(self) -> Ints:
        """[models] calls that found their model not loaded."""
        return pooled_tenants(self.runs).misses

    def count(self, name: str) -> int:
        """A count of all hosts, such as loads."""
        return int(sum(getattr(run.hosts, name).sum() for run in self.runs))

    def failed(self, *causes: str) -> int:
        """Attempts that failed with one of these causes."""
        rows = [CAUSES.index(cause) for cause in causes]
        return int(sum(run.attempt_causes[rows].sum() for run in self.runs))

    def figure(self, name: str) -> float:
        """A figure by its name, the mean of the replications that have it; nan without any."""
        values = [FORMULAS[name].of(run) for run in self.runs]
        known = [value for value in values if not math.isnan(value)]
        return mean(known) if known else math.nan

    def due_to(self, resource: Resource) -> float:
        """Share of the slowest 1 % of all calls that is due to a resource."""
        return next((limit.share for limit in self.limits if limit.id == resource), 0.0)

    @property
    def warmed(self) -> bool:
        """Whether loads are those of a cache in use, and not the first calls after an empty start."""
        return not self.roots.first_loads

    @property
    def overloaded(self) -> bool:
        """Whether a host has no CPU left: its calls spill to hosts that have to load their models."""
        return self.roots.cpu >= FULL

    def load_s(self) -> float:
        """How long a load took on average, from the first call that asked for it; 0 without any."""
        times = np.concatenate([run.load_s for run in self.runs])
        return float(times.mean()) if times.size else 0.0
