"""The miss-ratio curve: what share of the calls a fleet of some memory misses.

By Che's approximation, with the rates of the run itself, so that it holds for recorded traffic too: it needs nothing
but the number of calls of each model, and counts misses in steady state. Or by stack distances, exactly, for the very
calls of the run in their order: that needs every call recorded, and time (0.7 us a call), so it is left to whoever
shows the curve. In neither does a load take time: a prediction to choose by, never the figure that is shown as found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from types import MappingProxyType

import numpy as np
import pyarrow as pa

from mmesim.analytic.lru import characteristic_time
from mmesim.arrays import Flags, Floats
from mmesim.preflight.offered import Offered
from mmesim.preflight.room import Host, copies_of_each, free_memory_bytes
from mmesim.results.figures.tenants import pooled_tenants
from mmesim.results.measured.run_data import RunData
from mmesim.results.miss_ratio.own_misses import Calls, own_misses
from mmesim.results.tables.columns import Column, documented, texts
from mmesim.scenario.scenario import Scenario

MISS_RATIO_COLUMNS: Mapping[str, Column] = MappingProxyType(
    {
        "memory_bytes": ("bytes", "memory for models on all hosts together; one row is that of the run's own fleet"),
        "miss_ratio": ("1", "share of the run's calls that would miss"),
        "how": (
            "",
            "how it is known: che, Che's approximation in steady state for the calls that the run saw of each model; "
            "stack_distances, LRU caches of the hosts, each with its part of the memory, and the very calls of the run",
        ),
    }
)
CHE, STACK_DISTANCES = "che", "stack_distances"
POINTS = 32
"""Points of the curve, besides today's: the memory of all models in equal steps."""


@dataclass(frozen=True)
class Curve:
    """The calls that a run saw of each model [models]."""

    calls: Floats

    @classmethod
    def of(cls, runs: Sequence[RunData]) -> Curve:
        """From the measured calls of all replications."""
        return cls(pooled_tenants(runs).calls.astype(np.float64))

    def misses(self, scenario: Scenario) -> float | None:
        """Share of these calls that a scenario's fleet misses; None where the approximation does not apply.

        That is where models are not kept, or nothing was called. A model that no host can hold always misses.
        """
        if not self._applies(scenario):
            return None
        sizes, fits = _models(scenario)
        return self._missed(sizes, fits, memory_of_fleet(scenario))

    def table(self, scenario: Scenario) -> pa.Table:
        """The misses over the memory of the fleet, from none to that of all models (columns: `MISS_RATIO_COLUMNS`).

        Empty where the approximation does not apply.
        """
        memory, missed = np.empty(0), np.empty(0)
        if self._applies(scenario):
            sizes, fits = _models(scenario)
            today = memory_of_fleet(scenario)
            largest = max(float(sizes[fits & (self.calls > 0)].sum()), today)
            memory = np.union1d(np.linspace(0.0, largest, POINTS + 1), [today])
            missed = np.array([self._missed(sizes, fits, room) for room in memory.tolist()])
        return _table(memory, missed, CHE)

    def _applies(self, scenario: Scenario) -> bool:
        return scenario.endpoint.model_cache != "disabled" and bool(self.calls.any())

    def _missed(self, sizes: Floats, fits: Flags, room: float) -> float:
        """Share of the calls that miss with that much memory."""
        rates = np.where(fits, self.calls, 0.0)
        if not rates.any():
            return 1.0
        time = characteristic_time(rates, sizes, room)
        missed = np.where(fits, np.exp(-rates * time) if time < inf else 0.0, 1.0)
        return float(self.calls @ missed / self.calls.sum())


def with_own_calls(predicted: pa.Table, scenario: Scenario, calls: Sequence[Calls] | None) -> pa.Table:
    """The table of `Curve` with further rows, of stack distances, as far as the curve is known by them.

    `calls`: all of each replication; without them, or where the hosts do not all have the same memory, the table as it
    is. The memory is that of as many hosts as there were at the start; a miss ratio that cannot be given has no row.
    """
    memory = predicted["memory_bytes"].to_numpy()
    if calls is None or not len(memory):
        return predicted
    missed = own_misses(scenario, calls, memory / scenario.endpoint.instance_count)
    if missed is None:
        return predicted
    known = ~np.isnan(missed)
    return pa.concat_tables([predicted, _table(memory[known], missed[known], STACK_DISTANCES)])


def _table(memory: Floats, missed: Floats, how: str) -> pa.Table:
    columns = {"memory_bytes": memory, "miss_ratio": missed, "how": texts([how] * len(memory))}
    return documented(columns, MISS_RATIO_COLUMNS)


def memory_of_fleet(scenario: Scenario) -> float:
    """Memory for models on all hosts together, bytes."""
    return max(0.0, float(free_memory_bytes(scenario.endpoint) * scenario.endpoint.instance_count))


def _models(scenario: Scenario) -> tuple[Floats, Flags]:
    """Of each model the memory of its copies, and whether a host can hold one."""
    sizes = np.array([float(model.pool_memory_bytes) for model in scenario.model_table()]) * copies_of_each(scenario)
    return sizes, Host(Offered(scenario)).holds("memory")
