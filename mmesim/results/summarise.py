"""The summary of a run, from what the replications measured.

Counts are sums over replications. Ratios and times are means of the values of each replication with Student's t
interval, quantiles those of all calls together with an interval by sectioning; the maximum has none. Every key is
always present: what cannot be said is null.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from mmesim.arrays import Ints
from mmesim.results import checks
from mmesim.results.cost import cost
from mmesim.results.expect import judge
from mmesim.results.figures import estimated, formula, measured
from mmesim.results.latency import latency_ms, pool, share_over_limits
from mmesim.results.ledger import ledger_ms
from mmesim.results.run_data import CAUSES, RunData
from mmesim.results.steady import steady_state
from mmesim.results.summary import Summary, plain
from mmesim.results.tenants import tenants
from mmesim.results.until import Until
from mmesim.scenario.scenario import Scenario
from mmesim.stats.intervals import CONFIDENCE


def summarise(
    scenario: Scenario,
    runs: Sequence[RunData],
    version: str,
    until: Until | None = None,
    robustness: Mapping[str, object] | None = None,
) -> dict[str, Any]:
    """What summary.json holds, as plain values (see `mmesim.results.summary.Summary`).

    `runs` are the finished replications, at least one; fewer than the scenario asks for mark the summary `interrupted`.
    `until` says where they stopped if they went on until a figure was precise enough: then all intervals are at the
    level of a look, so that each holds with at least 95 % although the data decided when to stop.
    `robustness` is the answer under the settings of what AWS does not publish, if that was asked for.
    """
    if not runs:
        raise ValueError("a summary needs at least one finished replication")
    pooled = pool(runs)
    confidence = CONFIDENCE if until is None else until.confidence
    planned = scenario.run.replications if until is None else until.replications
    single = [one for one in measured() if len(one.steps) == 1]
    summary = {
        **{one.key: estimated(formula(one.name), runs, confidence).as_dict() for one in single},
        "scenario": scenario.name,
        "version": version,
        "seed": scenario.run.seed,
        "replications": len(runs),
        "interrupted": len(runs) < planned,
        "until": None if until is None else until.as_dict(),
        "conditional": "trace" if any(stream.replays for stream in scenario.traffic) else None,
        "simulated_s": runs[0].duration_s,
        "warmup_s": runs[0].warmup_s,
        "steady_state": steady_state(scenario, runs),
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
        "latency_ms": {name: e.as_dict() for name, e in latency_ms(runs, pooled, confidence).items()},
        "share_over": {
            name: e.as_dict() for name, e in share_over_limits(runs, scenario.latency_limits_s, confidence).items()
        },
        "ledger_ms": ledger_ms(pooled.count, pooled.parts_s),
        "tenants": tenants(runs, scenario.expect, confidence),
        "loads": int(sum(r.hosts.loads.sum() for r in runs)),
        "unloads": int(sum(r.hosts.unloads.sum() for r in runs)),
        "pids": {
            "peak": max((int(r.hosts.tasks_peak.max()) for r in runs if len(r.hosts.tasks_peak)), default=0),
            "limit": scenario.endpoint.pid_limit,
        },
        "cost": cost(scenario.endpoint.host, runs),
        "binding_constraint": None,
        "findings": _findings(scenario),
        "expect": judge(scenario.expect, runs, pooled, confidence),
        "robustness": robustness,
        "checks": checks.combine(runs),
    }
    # Through the model: a key that is missing or misspelt fails here, and the keys stand in its order.
    shown = Summary.model_validate(summary).model_dump()
    return {key: plain(value, key) for key, value in shown.items()}


def _findings(scenario: Scenario) -> list[dict[str, str]] | None:
    """What a reader of the figures has to know; null when nothing was looked for."""
    config = scenario.server.config
    found = [{"kind": "belief", "text": belief.sentence} for belief in scenario.beliefs]
    if config is not None:
        found += [{"kind": "config", "text": text} for text in config.notes]
    return found if found or config is not None else None


def _by_cause(counts: Sequence[Ints]) -> dict[str, int]:
    return {cause: int(sum(c[i] for c in counts)) for i, cause in enumerate(CAUSES)}
