"""Random small problems: at most twelve fleets, and limits near what one of them does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mmesim.engine.simulation import simulate
from mmesim.results.measured.run_data import RunData
from mmesim.scenario.file.template import Template
from mmesim.scenario.scenario import Scenario
from mmesim.stats.histogram import quantile

TYPES = ("ml.m5.large", "ml.m5.xlarge", "ml.c5.xlarge", "ml.r5.large", "ml.m5.2xlarge")
MOST_FLEETS = 12
GLANCE = 20_000_000
"""Number of the one replication by which a limit is chosen: nothing else sees it."""
MEASURED_S, WARMUP_S = 120.0, 60.0

Rng = np.random.Generator


@dataclass(frozen=True)
class Problem:
    """A scenario with a plan."""

    seed: int
    scenario: Scenario


def problem(seed: int) -> Problem:
    """The problem of a seed: models that need about as much memory and CPU as a fleet in the middle of the grid has."""
    rng = np.random.default_rng(seed)
    grid = _grid(rng)
    rate, models = _between(rng, 10.0, 60.0), round(_between(rng, 5.0, 60.0))
    cpu_ms = 1000.0 * _between(rng, 0.4, 2.5) / rate
    values: dict[str, Any] = {
        "name": f"problem-{seed}",
        "endpoint": {
            "instance_type": grid["endpoint.instance_type"][0],
            "instance_count": max(grid["endpoint.instance_count"]) // 2 or 1,
            "router": {"policy": str(rng.choice(["sticky", "random", "least_outstanding"], p=[0.6, 0.2, 0.2]))},
            "load_slots": int(rng.integers(1, 4)),
        },
        "models": {
            "name": "m",
            "count": models,
            "artifact_size": f"{_between(rng, 1.0, 100.0):.3g} MB",
            "memory": f"{int(1024.0 * _between(rng, 4.0, 40.0) / models)} MiB",
            "process_memory": "20 MiB",
            "load": {"cpu": f"{_between(rng, 100.0, 800.0):.3g} ms", "wait": f"{_between(rng, 1.0, 1000.0):.3g} ms"},
            "service": {"cpu": {"lognormal": {"mean": f"{cpu_ms:.4g} ms", "cv": float(rng.uniform(0.2, 1.5))}}},
        },
        "traffic": {
            "arrivals": {"poisson": {"rate": f"{rate:.4g} /s"}},
            "popularity": {"zipf": float(rng.uniform(0.5, 1.3))},
        },
        "run": {"duration": f"{MEASURED_S + WARMUP_S} s", "warmup": f"{WARMUP_S} s", "seed": seed},
        "plan": {"grid": grid},
    }
    base = Template.of(Scenario.from_dict(values))
    run = simulate(_middle(base, grid), GLANCE)
    return Problem(seed, Scenario.from_dict(values | {"expect": _expect(rng, run)}))


def _between(rng: Rng, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _grid(rng: Rng) -> dict[str, list[Any]]:
    kinds = int(rng.integers(1, 4))
    most = MOST_FLEETS // kinds
    return {
        "endpoint.instance_type": [str(one) for one in rng.choice(TYPES, kinds, replace=False)],
        "endpoint.instance_count": list(range(1, int(rng.integers(3, most + 1)) + 1)),
    }


def _middle(base: Template, grid: dict[str, list[Any]]) -> Scenario:
    counts = grid["endpoint.instance_count"]
    return base.at({"endpoint.instance_count": counts[len(counts) // 2]})


def _expect(rng: Rng, run: RunData) -> list[str]:
    """A percentile near what a fleet of middle size has; now and then a limit of the errors or misses besides."""
    name, share = [("p90", 0.9), ("p95", 0.95), ("p99", 0.99)][int(rng.integers(3))]
    seen_s = quantile(run.shortest_s, run.longest_s, run.count, share) if run.ok else 1.0
    lines = [f"{name} < {max(5.0, 1000.0 * seen_s * _between(rng, 0.6, 1.7)):.3g} ms"]
    if rng.random() < 0.3:
        lines.append("error_rate < 1 %")
    if rng.random() < 0.3:
        lines.append(f"cache_hit_ratio >= {int(rng.choice([80, 90, 95]))} %")
    return lines
