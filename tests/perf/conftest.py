from __future__ import annotations

from importlib.metadata import version

import pytest

LIBRARIES = ("mmesim", "numba", "numpy", "simpy", "ciw", "cimba")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--scale", type=float, default=1.0, help="size of the benchmarks, 1 for the published table")


def pytest_benchmark_update_machine_info(config: pytest.Config, machine_info: dict[str, object]) -> None:
    machine_info["libraries"] = {name: version(name) for name in LIBRARIES}
