"""The disk of a host: which artefact goes first."""

from __future__ import annotations

import numpy as np

from mmesim.engine.simulation import Simulation
from mmesim.scenario import Scenario


def test_the_artefact_that_goes_first_is_the_one_used_longest_ago_of_those_without_a_pool() -> None:
    scenario = Scenario.from_dict(
        {
            "name": "disk",
            "endpoint": {"vcpu": 4, "memory": "16 GiB", "network": "1 GB/s"},
            "models": [{"name": "m", "artifact_size": "1 MB", "memory": "1 MiB", "service": {"cpu": "1 ms"}}],
            "traffic": [{"arrivals": {"poisson": {"rate": "1 /s"}}}],
            "run": {"duration": "1 s"},
        }
    )
    rng = np.random.default_rng(1)
    host = Simulation(scenario).hosts[0]
    used: dict[int, int] = {}  # artefact on disk -> when it was used last
    pools = np.zeros(8, dtype=np.int64)
    for step in range(5000):
        model = int(rng.integers(8))
        match int(rng.integers(5)):
            case 0 if not pools[model]:
                host.store(model, 10)
                used[model] = step
            case 1:
                host.store(model, 10)
                host.begin_pool(model)
                pools[model] += 1
                used[model] = step
            case 2 if pools[model]:
                host.unloaded(model, 0, 0, keep=True)
                pools[model] -= 1
                used[model] = step
            case 3 if pools[model] == 1:
                host.unloaded(model, 0, 0, keep=False)
                pools[model] -= 1
                del used[model]
            case 4 if (victim := host.disk_victim()) is not None:
                host.delete(victim)
                del used[victim]
        free = {model: at for model, at in used.items() if not pools[model]}
        assert host.disk_victim() == (min(free, key=free.__getitem__) if free else None)
        assert host.disk.value == 10 * len(used)
