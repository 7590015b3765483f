"""The random endpoints of this package, with devices."""

from __future__ import annotations

import numpy as np

from mmesim.scenario import ModelGroup, Scenario
from mmesim.scenario.endpoint.devices import Devices
from mmesim.scenario.values.times import Constant, Exponential
from tests.twin.cases.scenarios import MIB, scenario


def with_devices(seed: int) -> Scenario:
    """One to three devices on each host, with more or less room, for most of the models."""
    rng = np.random.default_rng([seed, 5])
    of = scenario(seed)
    groups = []
    for group in of.models:
        assert isinstance(group, ModelGroup)
        assert group.service is not None
        if rng.uniform() < 0.8:
            times = (Constant(0.0), Constant(0.02 * float(rng.uniform(0.5, 1.5))), Exponential(0.02))
            service = group.service.model_copy(update={"device": times[int(rng.integers(3))]})
            memory = int(rng.choice([0, 30, 100, 300]) * MIB * rng.uniform(0.8, 1.2))
            group = group.model_copy(update={"service": service, "device_memory_bytes": memory})
        groups.append(group)
    devices = Devices(
        count=int(rng.integers(1, 4)),
        memory_bytes=int(rng.choice([250, 600, 4000])) * MIB,
        base_memory_bytes=50 * MIB,
        at_once=int(rng.choice([1, 1, 2, 3])),
        copy_Bps=float(rng.choice([0.7e9, 6e9])),
    )
    host = of.endpoint.host.model_copy(update={"devices": devices})
    endpoint = of.endpoint.model_copy(update={"host": host})
    changed: Scenario = of.model_copy(update={"models": tuple(groups), "endpoint": endpoint})
    return changed
