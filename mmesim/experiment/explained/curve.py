"""The miss-ratio curve: what share of the calls a fleet of some memory misses, by Che's approximation.

The rates are those of the run itself, so that it holds for recorded traffic too. It counts misses in steady state, and
no load takes time: a prediction to choose by, never the figure that is shown as found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from mmesim.analytic.lru import characteristic_time
from mmesim.arrays import Floats
from mmesim.preflight.offered import Offered
from mmesim.preflight.room import Host, copies_of_each, free_memory_bytes
from mmesim.results.run_data import RunData
from mmesim.results.tenants import pooled_tenants
from mmesim.scenario.scenario import Scenario


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
        if scenario.endpoint.model_cache == "disabled" or not self.calls.any():
            return None
        endpoint, models = scenario.endpoint, scenario.model_table()
        sizes = np.array([float(model.pool_memory_bytes) for model in models]) * copies_of_each(scenario)
        fits = Host(Offered(scenario)).holds("memory")
        rates = np.where(fits, self.calls, 0.0)
        room = max(0.0, float(free_memory_bytes(endpoint) * endpoint.instance_count))
        if not rates.any():
            return 1.0
        time = characteristic_time(rates, sizes, room)
        missed = np.where(fits, np.exp(-rates * time) if time < inf else 0.0, 1.0)
        return float(self.calls @ missed / self.calls.sum())
