"""Scenarios of which something can be proved by hand."""

from __future__ import annotations

from typing import Any

from mmesim.preflight.proof.proof import proof
from mmesim.scenario.scenario import Scenario

HOST = {"vcpu": 2, "memory": "64 GiB", "network": "unlimited", "base_memory": "0 B", "router": {"overhead": "0 s"}}
MODEL = {
    "name": "m",
    "artifact_size": "1 MB",
    "memory": "57 MiB",
    "process_memory": "40 MiB",  # 100 MiB in all, with the parent
    "workers": 40,
    "service": {"cpu": "10 ms"},
}


def scenario(expect: str, *overrides: str, **sections: Any) -> Scenario:
    """Two vCPUs that calls of 10 ms keep busy at 200 /s; 600 s are measured, and nothing else takes any time."""
    values: dict[str, Any] = {
        "name": "s",
        "endpoint": HOST,
        "server": {"overhead": "none"},
        "models": [MODEL],
        "traffic": {"arrivals": {"poisson": {"rate": "400 /s"}}},
        "clients": {"network": "0 s"},
        "run": {"duration": "10 min"},
        "expect": [expect],
    }
    return Scenario.from_dict(values | sections, overrides)


def at_rate(rate: float) -> dict[str, Any]:
    return {"arrivals": {"poisson": {"rate": f"{rate} /s"}}}


def binds(given: Scenario) -> str | None:
    found = proof(given)
    return None if found is None else found.binds


EXPONENTIAL = "models.m.service.cpu={exponential: {mean: 10 ms}}"
TEN = [MODEL | {"count": 10, "workers": 1, "load": {"cpu": "0 s", "wait": "2 s"}}]
"""A load takes 0.2 s of CPU for the parent and 2 s."""
FIVE_FIT = ("endpoint.usable_memory=550 MiB",)
"""On an instance, 5.5 by size."""
CALM = at_rate(10)
"""Of `TEN` a call a second for each."""
MANY = [TEN[0] | {"count": 1000}]
HUNDRED_FIT = ("endpoint.usable_memory=10000 MiB", "endpoint.load_slots=1")
NEVER = [MODEL | {"name": "a", "workers": 1}, MODEL | {"name": "b", "workers": 1, "memory": "2 GiB"}]
"""The second one is too large for 1 GiB."""
