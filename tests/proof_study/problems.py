"""Random small problems as a planner meets them: a fleet near the edge of what its traffic and its models need."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmesim.scenario.endpoint.catalogue import HOME_REGION
from mmesim.scenario.endpoint.host_type import HostType, resolve_host
from mmesim.scenario.scenario import Scenario

TYPES = ("ml.m5.large", "ml.m5.xlarge", "ml.m5.2xlarge", "ml.c5.large", "ml.c5.xlarge", "ml.r5.large", "ml.m6g.large")
ROUTERS = ("sticky", "hash", "random", "least_outstanding", "round_robin")
NEAR = (0.3, 3.0)
"""Offered CPU work over capacity, and needed memory over what there is, lie about between these, even in logarithms."""
RATES = (10.0, 400.0)
LENGTHS_S = (20.0, 600.0)
MODELS = (1.0, 400.0)
MOST_CALLS = 12_000.0

Rng = np.random.Generator


def problem(rng: Rng) -> Scenario:
    """A scenario with one line of `expect`."""
    count = round(_between(rng, 0.6, 20.0)) or 1
    rate = _between(rng, *RATES)
    length_s = float(np.clip(rng.uniform(*LENGTHS_S), LENGTHS_S[0], max(LENGTHS_S[0], MOST_CALLS / rate)))
    models = round(_between(rng, *MODELS))
    endpoint = _endpoint(rng, count)
    cores = HostType.model_validate(resolve_host(endpoint["instance_type"], HOME_REGION, {})).cores_when_full
    cpu_ms = 1000.0 * _between(rng, *NEAR) * count * cores / rate
    groups = [_group(rng, name, max(1, models // (k + 1)), cpu_ms) for k, name in enumerate(_names(rng))]
    values: dict[str, Any] = {
        "name": "problem",
        "endpoint": endpoint,
        "server": _server(rng),
        "models": groups,
        "traffic": _traffic(rng, rate, [group["name"] for group in groups]),
        "clients": _clients(rng),
        "run": {
            "duration": f"{length_s} s",
            "warmup": f"{float(rng.choice([0.0, 0.2, 0.5])) * length_s} s",
            "seed": int(rng.integers(1, 1_000_000)),
        },
        "expect": [_line(rng, groups, cpu_ms, length_s)],
    }
    # Then the models are made as large as the fleet's memory asks for.
    first = Scenario.from_dict(values)
    have = (first.endpoint.usable_memory_bytes - first.endpoint.base_memory_bytes) * count
    factor = _between(rng, *NEAR) * have / sum(model.pool_memory_bytes for model in first.model_table())
    for group in groups:
        for key in ("memory", "process_memory"):
            group[key] = f"{max(1, int(float(group[key].split()[0]) * factor))} MiB"
    return Scenario.from_dict(values)


def _between(rng: Rng, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _names(rng: Rng) -> tuple[str, ...]:
    return ("a", "b") if rng.random() < 0.3 else ("a",)


def _time(rng: Rng, mean_ms: float) -> Any:
    """A time of this mean, of any form."""
    form = rng.integers(7)
    if form == 0:
        return f"{mean_ms} ms"
    if form == 1:
        return {"exponential": {"mean": f"{mean_ms} ms"}}
    if form == 2:
        return {"uniform": {"low": "0 ms", "high": f"{2 * mean_ms} ms"}}
    if form == 3:
        return {"empirical": [f"{mean_ms * part} ms" for part in (0.2, 0.8, 2.0)]}
    law = ("lognormal", "gamma", "weibull")[form - 4]
    return {law: {"mean": f"{mean_ms} ms", "cv": _between(rng, 0.2, 2.0)}}


def _group(rng: Rng, name: str, count: int, cpu_ms: float) -> dict[str, Any]:
    cpu_ms *= _between(rng, 0.7, 1.4)
    batch = rng.choice(["max", "sum", "affine"], p=[0.7, 0.2, 0.1])
    service: dict[str, Any] = {"cpu": _time(rng, cpu_ms), "batch": str(batch)}
    if batch == "affine":
        service["batch"] = {"affine": {"base": f"{cpu_ms} ms", "per_item": f"{0.3 * cpu_ms} ms"}}
    if rng.random() < 0.3:
        service["wait"] = _time(rng, _between(rng, 1.0, 300.0))
    if rng.random() < 0.2:
        service |= {"threads": int(rng.integers(2, 5)), "serial": float(rng.choice([0.0, 0.3]))}
    group: dict[str, Any] = {
        "name": name,
        "count": count,
        "artifact_size": f"{int(_between(rng, 1, 400))} MB",
        "memory": f"{int(_between(rng, 20, 400))} MiB",
        "process_memory": f"{int(_between(rng, 20, 100))} MiB",
        "load": {"cpu": f"{_between(rng, 50, 1000)} ms", "wait": f"{_between(rng, 1, 3000)} ms"},
        "service": service,
    }
    if rng.random() < 0.2:
        group["load"] = {"cpu": _time(rng, 300.0), "wait": f"{_between(rng, 1, 3000)} ms"}
    return group


def _endpoint(rng: Rng, count: int) -> dict[str, Any]:
    policy = str(
        rng.choice(["sticky", "hash", "random", "least_outstanding", "round_robin"], p=[0.6, 0.1, 0.1, 0.1, 0.1])
    )
    warm: Any = [False, True, "stationary"][int(rng.integers(3))]
    cache = "disabled" if rng.random() < 0.05 else "enabled"
    if policy == "least_outstanding" or cache == "disabled":
        warm = bool(warm) and cache == "enabled"
    endpoint: dict[str, Any] = {
        "instance_type": str(rng.choice(TYPES)),
        "instance_count": count,
        "router": {"policy": policy, "misroute": f"{rng.choice([0, 2])} %"},
        "warm": warm,
        "model_cache": cache,
        "eviction": str(rng.choice(["lru", "fifo", "lfu", "random", "gdsf"])),
        "load_peak": float(rng.choice([1.0, 1.5])),
        "slot_covers": str(rng.choice(["download_and_load", "load"])),
    }
    if rng.random() < 0.3:
        endpoint["disk_size"] = f"{_between(rng, 0.5, 10.0)} GB"
    if rng.random() < 0.3:
        endpoint["load_timeout"] = f"{_between(rng, 0.3, 20.0)} s"
    if rng.random() < 0.2:
        endpoint["pid_limit"] = int(rng.integers(60, 600))
    if rng.random() < 0.1:
        endpoint["throttling"] = {"in_flight": int(rng.integers(1, 60))}
    return endpoint


def _server(rng: Rng) -> dict[str, Any]:
    return {
        "default_workers_per_model": int(rng.choice([1, 1, 2, 4])),
        "job_queue_size": int(rng.choice([1, 10, 100, 1000])),
        "preload_model": bool(rng.random() < 0.3),
        "batch_size": int(rng.choice([1, 1, 1, 2, 8])),
        "max_batch_delay": str(rng.choice(["0 ms", "20 ms", "100 ms"])),
        "overhead": str(rng.choice(["sagemaker", "measured-vm", "none"])),
    }


def _clients(rng: Rng) -> dict[str, Any]:
    retries = str(rng.choice(["none", "boto3-legacy", "boto3-standard"], p=[0.8, 0.1, 0.1]))
    return {"timeout": f"{_between(rng, 2.0, 70.0)} s", "retries": retries}


def _traffic(rng: Rng, rate: float, groups: list[str]) -> list[dict[str, Any]]:
    popularity: Any = [{"zipf": float(rng.uniform(0.4, 1.5))}, "uniform"][int(rng.random() < 0.2)]
    first: dict[str, Any] = {"arrivals": {"poisson": {"rate": f"{rate} /s"}}, "popularity": popularity}
    form = rng.random()
    if form < 0.1:
        first["arrivals"] = {"constant": {"rate": f"{rate} /s"}}
    if form > 0.85 and len(groups) == 2:
        half: dict[str, Any] = {"arrivals": {"poisson": {"rate": f"{rate / 2} /s"}}, "popularity": popularity}
        return [{**half, "models": [name]} for name in groups]
    return [first]


def _line(rng: Rng, groups: list[dict[str, Any]], cpu_ms: float, length_s: float) -> str:
    of = f" of {groups[0]['name']}" if len(groups) == 2 and rng.random() < 0.3 else ""
    when = rng.random()
    if when < 0.05:
        of += f" in {0.6 * length_s:.0f} s..{0.9 * length_s:.0f} s"
    elif when < 0.1:
        of += f" in every {0.3 * length_s:.0f} s"
    kind = rng.random()
    if kind < 0.2:
        return f"cache_hit_ratio{of} >= {rng.choice([50, 80, 90, 95, 99])} %"
    if kind < 0.35:
        return f"error_rate{of} < {rng.choice([0.1, 1, 5])} %"
    figure = str(rng.choice(["p50", "p90", "p95", "p99", "p99.9", "max"], p=[0.1, 0.15, 0.25, 0.35, 0.1, 0.05]))
    cold = " cold" if rng.random() < 0.15 else ""
    return f"{figure}{cold}{of} < {_between(rng, 1.5 * cpu_ms, max(5000.0, 30.0 * cpu_ms)):.0f} ms"
