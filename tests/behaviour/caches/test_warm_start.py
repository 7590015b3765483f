"""`warm: true`: who is placed where when not all models fit, and that it is not looked for in vain."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mmesim.engine.dataplane import DataPlane
from mmesim.engine.simulation import Simulation
from mmesim.scenario import Scenario

MIB = 2**20


def _scenario(models: list[dict[str, Any]], **endpoint: Any) -> Scenario:
    place = {"vcpu": 4, "memory": "8 GiB", "network": "1 GB/s", "instance_count": 5, "warm": True}
    return Scenario.from_dict(
        {
            "name": "warm",
            "endpoint": place | endpoint,
            "models": [{"artifact_size": "10 MB", "service": {"cpu": "1 ms"}} | model for model in models],
            "traffic": [{"arrivals": {"poisson": {"rate": "10 /s"}}, "popularity": {"zipf": 0.9}}],
            "run": {"duration": "1 s"},
        }
    )


@pytest.mark.parametrize("scarce", ["memory", "disk", "tasks"])
def test_models_go_by_popularity_to_the_first_host_in_rendezvous_order_where_they_fit(scarce: str) -> None:
    rng = np.random.default_rng(2)
    models = [
        {
            "name": f"m{k}",
            "memory": f"{rng.integers(10, 600)} MiB",
            "artifact_size": f"{rng.integers(1, 300)} MB",
            "framework_threads": int(rng.integers(1, 30)),
        }
        for k in range(400)
    ]
    limits: dict[str, dict[str, Any]] = {"memory": {}, "disk": {"disk_size": "900 MB"}, "tasks": {"pid_limit": 500}}
    scenario = _scenario(models, **limits[scarce])
    sim = Simulation(scenario)
    table, endpoint = scenario.model_table(), scenario.endpoint
    free = [
        [
            endpoint.usable_memory_bytes - endpoint.base_memory_bytes,
            endpoint.disk_bytes,
            (endpoint.pid_limit or 10**9) - scenario.server.base_tasks,
        ]
        for _ in range(5)
    ]
    expected: list[set[int]] = [set() for _ in range(5)]
    for model in table:  # the most popular is the first
        needs = (model.pool_memory_bytes, model.artifact_bytes, model.pool_tasks)
        for host in sim.plane.hosts_in_order(model.index):
            if all(need <= have for need, have in zip(needs, free[host], strict=True)):
                free[host] = [have - need for need, have in zip(needs, free[host], strict=True)]
                expected[host].add(model.index)
                break
    found = [{model for model, n in host.present.items() if n} for host in sim.hosts]
    assert found == expected
    assert 20 < sum(map(len, found)) < 380


def test_when_the_hosts_are_full_they_are_not_asked_for_each_model(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    hosts_in_order = DataPlane.hosts_in_order

    def counted(plane: DataPlane, model: int):
        asked.append(model)
        return hosts_in_order(plane, model)

    monkeypatch.setattr(DataPlane, "hosts_in_order", counted)
    sim = Simulation(_scenario([{"name": "m", "count": 20_000, "memory": "100 MiB"}]))
    placed = int(sum(host.loaded.value for host in sim.hosts))
    assert 100 < placed < 400
    assert len(asked) == placed + 1
