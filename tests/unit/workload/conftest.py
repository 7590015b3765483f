"""A small scenario whose traffic, models and server a test chooses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from mmesim.scenario import Endpoint, RunSettings, Scenario, Server, Traffic
from mmesim.scenario.models.groups import ModelGroup, Service
from mmesim.scenario.values.times import Constant

MakeScenario = Callable[..., Scenario]


@pytest.fixture(scope="session")
def make_scenario() -> MakeScenario:
    """`make_scenario(traffic, duration_s=, services={name: Service}, counts={name: int}, seed=, server=, ...)`."""

    def make(
        traffic: Sequence[Traffic],
        duration_s: float = 100.0,
        services: dict[str, Service] | None = None,
        seed: int = 1,
        server: Server | None = None,
        endpoint: dict[str, Any] | None = None,
        counts: dict[str, int] | None = None,
        **model: Any,
    ) -> Scenario:
        services = services or {"a": Service(cpu=Constant(0.01)), "b": Service(cpu=Constant(0.02))}
        sizes: dict[str, Any] = {"artifact_size": "40 MB", "memory": "40 MiB", "framework": "xgboost"}
        return Scenario(
            name="test",
            endpoint=Endpoint.model_validate({"vcpu": 4, "memory": "16 GiB", "network": "1 Gbit/s"} | (endpoint or {})),
            server=server or Server(),
            models=tuple(
                ModelGroup(name=name, service=service, count=(counts or {}).get(name), **sizes, **model)
                for name, service in services.items()
            ),
            traffic=tuple(traffic),
            run=RunSettings(duration_s=duration_s, seed=seed),
        )

    return make
