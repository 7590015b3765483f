"""The random endpoints of this package, under deploys in steps that are undone or not."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmesim.scenario import Poisson, Scenario
from mmesim.scenario.deploys.deploy import Deploy
from tests.twin.changing import changed
from tests.twin.random_scenarios import scenario


def with_steps(seed: int) -> Scenario:
    """One or two deploys by canary, in equal steps or in batches, with an alarm that some of them set off."""
    rng = np.random.default_rng([seed, 6])
    of = changed(scenario(seed), rng)
    router = of.endpoint.router.model_copy(update={"split_by": ("calls", "models")[seed // 2 % 2]})
    of = of.model_copy(update={"endpoint": of.endpoint.model_copy(update={"router": router})})
    deploys = []
    for at in rng.uniform(0.5, 200.0, int(rng.integers(1, 3))).tolist():
        wait = f"{float(rng.choice([0.0, 7.3, 61.7, 130.9]))} s"
        strategies: list[dict[str, Any]] = [
            {"canary": {"share": float(rng.choice([0.1, 0.3, 0.5])), "wait": wait}},
            {"linear": {"step": float(rng.choice([0.15, 0.25, 0.3, 0.5])), "wait": wait}},
            {"rolling": {"batch": float(rng.choice([0.2, 0.34, 0.5])), "wait": wait}},
        ]
        given: dict[str, Any] = {"name": f"at {at}", "at": at, "strategy": strategies[int(rng.integers(3))]}
        if wait not in ("0.0 s", "7.3 s") and rng.uniform() < 0.7:
            given["rollback_when"] = f"error_rate > {float(rng.choice([3.1, 20.3, 60.7]))} %"
        deploy = Deploy.model_validate(given)
        room = int(of.endpoint.usable_memory_bytes * float(rng.choice([0.4, 0.7, 1.0, 1.5])))
        update = {
            "usable_memory_given_bytes": room,
            "load_slots": int(rng.integers(1, 4)),
            "instance_count": int(rng.integers(1, 6)),
        }
        deploys.append(deploy.model_copy(update={"endpoint": of.endpoint.model_copy(update=update)}))
    steady = of.traffic[0].model_copy(update={"arrivals": Poisson(rate_per_s=float(rng.choice([1.0, 4.0])))})
    stepped: Scenario = of.model_copy(
        update={
            "deploys": tuple(deploys),
            "traffic": (steady, *of.traffic[1:]),
            "run": of.run.model_copy(update={"duration_s": 400.0}),
        }
    )
    return stepped
