"""The working set: how many different models are called in some time, and what they take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

import numpy as np
from pydantic import ConfigDict

from mmesim import units
from mmesim.preflight.finding import Finding
from mmesim.preflight.offered import Offered
from mmesim.preflight.room import Host, at_most, copies_of_each, free_memory_bytes
from mmesim.scenario.values.meanings import Documented

TIMES_S: Mapping[str, float] = MappingProxyType({"1 min": 60.0, "10 min": 600.0, "60 min": 3600.0})
"""Names of the times, and their seconds."""
LOOKED_AT = "10 min"
"""A working set of this time that does not fit is a warning."""


class WorkingSet(Documented):
    """The models that are called in some time."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    models: float
    """different models that are called, on average"""
    memory_bytes: float
    """memory of one copy of each of them, or of one on each host if the router spreads calls over all"""
    fleet_share: float
    """the same, as a share of the memory for models on all hosts"""


def working_sets(offered: Offered) -> dict[str, WorkingSet] | None:
    """The working set in each of `TIMES_S`; None without any expected call, as of recorded traffic.

    A model with r calls a second is called in t seconds with the chance 1 - exp(-r t): exact for Poisson arrivals.
    """
    rates = offered.mean_per_s
    if not rates.any():
        return None
    scenario = offered.scenario
    memory = np.array([float(model.pool_memory_bytes) for model in offered.models]) * copies_of_each(scenario)
    # What no host can hold is never loaded.
    rates = np.where(Host(offered).holds("memory"), rates, 0.0)
    have = free_memory_bytes(scenario.endpoint) * scenario.endpoint.most_instances
    found = dict[str, WorkingSet]()
    for name, time_s in TIMES_S.items():
        called = -np.expm1(-rates * time_s)
        taken = float(called @ memory)
        found[name] = WorkingSet(
            models=float(called.sum()), memory_bytes=taken, fleet_share=taken / have if have > 0 else 0.0
        )
    return found


def working_set(offered: Offered) -> Iterator[Finding]:
    """A working set of ten minutes that the fleet cannot hold."""
    sets = working_sets(offered)
    if sets is None or sets[LOOKED_AT].fleet_share <= 1.0:
        return
    scenario, one = offered.scenario, sets[LOOKED_AT]
    have = free_memory_bytes(scenario.endpoint)
    yield Finding(
        id="working_set",
        severity="warning",
        text=f"{one.models:,.0f} models are called within {LOOKED_AT} and need {units.show_bytes(one.memory_bytes)}, "
        f"the memory for models is {units.show_bytes(have * scenario.endpoint.most_instances)}"
        f"{at_most(scenario.endpoint)}: some are unloaded and loaded again within that time",
        evidence={"models": one.models, "memory_bytes": one.memory_bytes, "fleet_share": one.fleet_share},
        source="docs/assumptions.md, traffic",
        try_=f"{scenario.endpoint.count_key}={int(np.ceil(one.memory_bytes / have))}" if have > 0 else None,
    )
