"""The random endpoints of this package, amid faults that are no losses."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmesim.scenario import Scenario
from mmesim.scenario.clients.causes import Cause
from mmesim.scenario.clients.retries import FixedRetries
from mmesim.scenario.faults.fault import Fault, named
from tests.twin.random_scenarios import RETRIED, scenario


def with_faults(seed: int) -> Scenario:
    """Two to five faults of several kinds, which overlap or not."""
    rng = np.random.default_rng([seed, 7])
    of = scenario(seed)
    faults = []
    for _ in range(int(rng.integers(2, 6))):
        lasts: dict[str, Any] = {"for": float(rng.uniform(0.5, 10.0))} if rng.uniform() < 0.8 else {}
        models = [of.models[int(rng.integers(len(of.models)))].name for _ in range(2)]
        kinds: list[dict[str, Any]] = [
            {"slow_s3": {"factor": float(rng.choice([2.3, 9.1])), **lasts}},
            {"slow_s3": {"first_byte": 0.5033, "stream": 11e6, **lasts}},
            {"failing_s3": {"share": 1.0, "tries": 1, **lasts}},
            {
                "slow_instance": {
                    "instance": int(rng.integers(of.endpoint.instance_count)),
                    "factor": float(rng.choice([1.7, 5.3])),
                    **lasts,
                }
            },
            {"poison_model": {"models": models, "load_failure": "swallowed", **lasts}},
            {"poison_model": {"models": models, "load_failure": "500", **lasts}},
            {"worker_crash": {"models": models, "workers": "all"}},
            {"worker_crash": {"models": [one.name for one in of.models], "workers": int(rng.integers(1, 3))}},
        ]
        kind = kinds[int(rng.integers(len(kinds)))]
        faults.append(Fault.model_validate({**kind, "at": float(rng.uniform(0.5, 15.0))}))
    clients = of.clients
    if isinstance(clients.retries, FixedRetries):
        causes = (*RETRIED, Cause.load_failed, Cause.worker_died)
        clients = clients.model_copy(update={"retries": clients.retries.model_copy(update={"causes": causes})})
    found: Scenario = of.model_copy(update={"faults": named(faults), "clients": clients})
    return found
