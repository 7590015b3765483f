"""The summary of a run: every figure of summary.json, from what the replications measured.

Counts are sums over replications. Ratios, times and quantiles are means of the values of each replication with
Student's t interval; the maximum has none. Every key is always present: what cannot be said is null.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from mmesim.errors import SimulationError
from mmesim.results import checks
from mmesim.results.cost import cost
from mmesim.results.expect import judge
from mmesim.results.histogram import Ints
from mmesim.results.intervals import Estimate, estimate
from mmesim.results.latency import latency_ms, pool, share_over_limits
from mmesim.results.ledger import ledger_ms
from mmesim.results.metrics import METRICS
from mmesim.results.run_data import CAUSES, RunData
from mmesim.results.steady import steady_state
from mmesim.results.tenants import tenants
from mmesim.scenario.schema import Scenario

Summary = dict[str, object]

SIGNIFICANT_DIGITS = 12


def summarise(scenario: Scenario, runs: Sequence[RunData], version: str) -> Summary:
    """Return summary.json as a dictionary of plain values (schema: `mmesim.results.schema`).

    `runs` are the finished replications, at least one; fewer than the scenario asks for mark the summary `interrupted`.
    """
    if not runs:
        raise ValueError("a summary needs at least one finished replication")
    pooled = pool(runs)
    summary: Summary = {
        "scenario": scenario.name,
        "version": version,
        "seed": scenario.run.seed,
        "replications": len(runs),
        "interrupted": len(runs) < scenario.run.replications,
        "simulated_s": runs[0].duration_s,
        "warmup_s": runs[0].warmup_s,
        "steady_state": steady_state(scenario, runs).as_dict(),
        "wall_s": math.fsum(r.wall_s for r in runs),
        "requests": {
            "total": sum(r.calls for r in runs),
            "ok": sum(r.ok for r in runs),
            "errors": _by_cause([r.errors for r in runs]),
            "in_flight_at_end": sum(r.in_flight_at_end for r in runs),
        },
        "attempts": {
            "total": sum(r.attempts for r in runs),
            "retries": sum(r.attempts - r.calls for r in runs),
            "causes": _by_cause([r.attempt_causes for r in runs]),
        },
        "throughput_rps": _figure("throughput_rps", runs),
        "latency_ms": {name: e.as_dict() for name, e in latency_ms(runs, pooled).items()},
        "share_over": {name: e.as_dict() for name, e in share_over_limits(runs, scenario.latency_limits_s).items()},
        "ledger_ms": ledger_ms(pooled.count, pooled.parts_s),
        "cache_hit_ratio": _figure("cache_hit_ratio", runs),
        "error_rate": _figure("error_rate", runs),
        "tenants": tenants(runs, scenario.expect),
        "loads": int(sum(r.hosts.loads.sum() for r in runs)),
        "unloads": int(sum(r.hosts.unloads.sum() for r in runs)),
        "model_loading_wait_ms": _loading_wait(runs),
        "loaded_models": _figure("loaded_models", runs),
        "cpu_utilization": _figure("cpu_utilization", runs),
        "memory_utilization": _figure("memory_utilization", runs),
        "disk_utilization": _figure("disk_utilization", runs),
        "pids": {
            "peak": max((int(r.hosts.tasks_peak.max()) for r in runs if len(r.hosts.tasks_peak)), default=0),
            "limit": scenario.endpoint.pid_limit,
        },
        "cost": cost(scenario.endpoint.host, runs),
        "binding_constraint": None,
        "findings": _findings(scenario),
        "expect": judge(scenario.expect, runs, pooled),
        "robustness": None,
        "checks": checks.combine(runs),
    }
    return {key: _plain(value, key) for key, value in summary.items()}


def _findings(scenario: Scenario) -> list[dict[str, str]] | None:
    """What has to be known beside the figures; null when nothing was looked for."""
    config = scenario.server.config
    return None if config is None else [{"kind": "config", "text": text} for text in config.notes]


def _by_cause(counts: Sequence[Ints]) -> dict[str, int]:
    return {cause: int(sum(c[i] for c in counts)) for i, cause in enumerate(CAUSES)}


def _estimate(name: str, runs: Sequence[RunData]) -> Estimate:
    figure = METRICS[name]
    return estimate([figure.of(r) for r in runs], figure.missing, low=0.0, high=figure.high)


def _figure(name: str, runs: Sequence[RunData]) -> dict[str, object]:
    return _estimate(name, runs).as_dict()


def _loading_wait(runs: Sequence[RunData]) -> dict[str, object]:
    """The mean wait of the calls that waited: a replication without any says nothing about it, and is left out."""
    figure = METRICS["model_loading_wait"]
    waits = [figure.of(r) for r in runs]
    return estimate(waits, figure.missing, low=0.0, scale=1000.0, skip_missing=True).as_dict()


def _plain(value: object, place: str) -> object:
    """The value with floats cut to 12 significant digits, which is what two platforms agree on."""
    if isinstance(value, float):
        if not math.isfinite(value):
            raise SimulationError(f"summary: {place} is {value}")
        return float(f"{value:.{SIGNIFICANT_DIGITS}g}")
    if isinstance(value, Mapping):
        return {key: _plain(v, f"{place}.{key}") for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v, f"{place}[{i}]") for i, v in enumerate(value)]
    return value
