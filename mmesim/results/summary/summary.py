"""The summary of a run: what summary.json holds, key by key, and how it comes from what the replications measured.

Counts are sums over replications. Ratios and times are means of the values of each replication with an
interval, quantiles those of all calls together with an interval by sectioning; the maximum has none.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from mmesim.arrays import Ints
from mmesim.preflight.finding import Finding
from mmesim.preflight.offered import Offered
from mmesim.preflight.working_set import TIMES_S, WorkingSet, working_sets
from mmesim.results.answers.digits import plain
from mmesim.results.answers.json_schema import json_schema
from mmesim.results.answers.sections import (
    Attempts,
    Band,
    CallClass,
    Cost,
    Count,
    Devices,
    Entry,
    Expected,
    FailedAttempts,
    Pids,
    Requests,
    RobustnessAnswer,
    ShareOver,
    SteadyState,
    Stopping,
    Tenants,
    Value,
    Workers,
    exactly,
    without_default,
)
from mmesim.results.binding.binding import BindingConstraint, binding
from mmesim.results.expect.expect import judge
from mmesim.results.figures.figures import estimated, formula, measured
from mmesim.results.figures.latency import Pooled, calls_of, latency_ms, pool, pooled_ledger, share_over_limits
from mmesim.results.figures.ledger import failed_ledger_ms, without_devices
from mmesim.results.figures.tenants import tenants
from mmesim.results.findings.of_run import findings
from mmesim.results.measured.run_data import CAUSES, RunData
from mmesim.results.summary import checks
from mmesim.results.summary.cost import cost
from mmesim.results.summary.devices import devices
from mmesim.results.summary.happened import OverTimeSummary, happened
from mmesim.results.summary.steady import steady_state
from mmesim.results.summary.until import Until
from mmesim.results.summary.workers import workers
from mmesim.scenario.figures import BANDS, LATENCIES
from mmesim.scenario.scenario import Scenario
from mmesim.stats.histogram import merge
from mmesim.stats.means import CONFIDENCE

LEFT_OUT = ("devices", "happened")
"""Keys that are absent, not null, where there is nothing that they are about."""


class Summary(Entry):
    """Result of one run of a scenario. Shares are 0..1, times in the unit of the key's name."""

    scenario: str
    """name of the scenario"""
    version: str
    """version of mmesim"""
    seed: int
    """seed of the random numbers"""
    replications: Annotated[int, Field(ge=1)]
    """finished replications"""
    interrupted: bool
    """stopped before all replications were finished"""
    until: Stopping | None
    """where the replications stopped; null when their number was given"""
    conditional: Literal["trace"] | None
    """trace: the intervals cover the randomness of service and load, given this trace of calls; null: that of the
    traffic too"""
    simulated_s: float
    """simulated seconds of each replication, warm-up included"""
    warmup_s: float
    """seconds at the start of each replication that are not measured"""
    steady_state: SteadyState
    """whether the measured time was in steady state"""
    wall_s: float
    """wall-clock seconds of simulation, summed over replications; differs from run to run"""
    requests: Requests
    """calls, summed over replications"""
    attempts: Attempts
    """attempts of these calls; with retries more than calls"""
    throughput_rps: Value
    """successful answers a second: those that come within the measured time, whenever the call began"""
    latency_ms: Annotated[dict[str, Value], exactly(*LATENCIES)]
    """successful calls, client view, first attempt to answer; mean gives each replication the same weight"""
    warm: CallClass
    """calls that reached a host and of which no attempt waited for a load"""
    cold: CallClass
    """calls of which an attempt waited for a load"""
    share_over: dict[str, ShareOver]
    """for each latency limit in expect (`500 ms`): share of calls slower than it; a failed call is slower than every
    limit"""
    ledger_ms: Annotated[dict[str, Band], exactly(*BANDS)]
    """what latency is made of: means over the calls of all replications together, so that all.mean differs from
    latency_ms.mean where replications have more or fewer calls"""
    failed_ledger_ms: Annotated[dict[str, FailedAttempts], exactly(*CAUSES)]
    """the same of failed attempts, by cause: what they waited for until they failed"""
    cache_hit_ratio: Value
    """ModelCacheHit: attempts that found their model ready"""
    error_rate: Value
    """failed calls over all calls"""
    tenants: Tenants
    """the models one by one"""
    loads: Count
    """model loads, summed over hosts and replications"""
    unloads: Count
    """model unloads, summed over hosts and replications"""
    model_loading_wait_ms: Value
    """ModelLoadingWaitTime: mean wait of the attempts that waited for a load"""
    loaded_models: Value
    """copies loaded on all hosts together, mean over time"""
    cpu_utilization: Value
    """share of the vCPUs of all hosts"""
    memory_utilization: Value
    """share of the physical memory of all hosts"""
    disk_utilization: Value
    """share of the disks of all hosts"""
    workers: Workers
    """how busy workers are"""
    devices: Devices | None = Field(default=None, json_schema_extra=without_default)
    """how busy and how full devices are; absent where no model uses one"""
    pids: Pids
    """processes and threads"""
    cost: Cost
    """what the instances cost, US dollars"""
    binding_constraint: BindingConstraint | None
    """what most of the tail waits for, in words the finding `binding_constraint`; null when calls take at least half of
    it by themselves"""
    findings: list[Finding]
    """what a reader of the figures has to know, the worst first: what `mmesim validate` finds, and what the run has
    shown"""
    working_set: Annotated[dict[str, WorkingSet], exactly(*TIMES_S)] | None
    """models that are called within some time, by their expected rates; null when all traffic is recorded"""
    happened: OverTimeSummary | None = Field(default=None, json_schema_extra=without_default)
    """what happened to the fleet: faults, deploys, scaling; absent when nothing did"""
    expect: list[Expected]
    """one entry an expectation, in the order of the scenario"""
    robustness: RobustnessAnswer | None
    """the answer under the settings of what AWS does not publish; null unless asked for"""
    checks: dict[str, str]
    """self-check of the simulator: "ok", or what is wrong"""

    @model_serializer(mode="wrap")
    def _without_nothing(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        shown: dict[str, Any] = handler(self)
        return {key: value for key, value in shown.items() if key not in LEFT_OUT or value is not None}


def summary_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of summary.json."""
    return json_schema(Summary, "mmesim summary")


def summarise(
    scenario: Scenario,
    runs: Sequence[RunData],
    version: str,
    until: Until | None = None,
    robustness: Mapping[str, object] | None = None,
) -> dict[str, Any]:
    """What summary.json holds, as plain values (see `mmesim.results.summary.summary.Summary`).

    `runs` are the finished replications, at least one; fewer than the scenario asks for mark the summary `interrupted`.
    `until` says where they stopped if they went on until a figure was precise enough: then all intervals are at the
    level of a look, so that each holds with at least 95 % although the data decided when to stop.
    `robustness` is the answer under the settings of what AWS does not publish, if that was asked for.
    """
    if not runs:
        raise ValueError("a summary needs at least one finished replication")
    pooled = pool(runs)
    confidence = CONFIDENCE if until is None else until.confidence
    constraint, binds = binding(scenario, runs, pooled)
    expect = judge(scenario, runs, pooled, confidence)
    single = [one for one in measured() if len(one.steps) == 1]
    summary = {
        **{one.key: estimated(formula(one.name), runs, confidence).as_dict() for one in single},
        **_simulated(scenario, runs, until),
        **_times(scenario, runs, pooled, confidence),
        "version": version,
        "steady_state": steady_state(scenario, runs),
        "requests": _requests(runs),
        "attempts": _attempts(runs),
        "tenants": tenants(runs, scenario.expect, confidence),
        "loads": int(sum(r.hosts.loads.sum() for r in runs)),
        "unloads": int(sum(r.hosts.unloads.sum() for r in runs)),
        "workers": workers(runs, confidence),
        "devices": devices(runs, confidence),
        "pids": {"peak": _most_tasks(runs), "limit": scenario.endpoint.pid_limit},
        "cost": cost(scenario, runs),
        "binding_constraint": constraint,
        "findings": findings(scenario, runs, expect, binds),
        "working_set": working_sets(Offered(scenario)),
        "happened": happened(scenario, runs, confidence),
        "expect": expect,
        "robustness": robustness,
        "checks": checks.combine(runs),
    }
    # Through the model: a key that is missing or misspelt fails here, and the keys stand in its order.
    shown = Summary.model_validate(summary).model_dump(by_alias=True)
    return {key: plain(value, key) for key, value in shown.items()}


def _simulated(scenario: Scenario, runs: Sequence[RunData], until: Until | None) -> dict[str, object]:
    """What was simulated, how often, and how long."""
    planned = scenario.run.replications if until is None else until.replications
    return {
        "scenario": scenario.name,
        "seed": scenario.run.seed,
        "replications": len(runs),
        "interrupted": len(runs) < planned,
        "until": None if until is None else until.as_dict(),
        "conditional": "trace" if any(stream.replays for stream in scenario.traffic) else None,
        "simulated_s": runs[0].duration_s,
        "warmup_s": runs[0].warmup_s,
        "wall_s": math.fsum(r.wall_s for r in runs),
    }


def _times(scenario: Scenario, runs: Sequence[RunData], pooled: Pooled, confidence: float) -> dict[str, object]:
    """How long calls took, and what that time is made of."""
    failed = failed_ledger_ms(merge([r.attempt_causes for r in runs]), np.sum([r.failed_parts_s for r in runs], axis=0))
    shown_parts = dict if scenario.uses_devices else without_devices
    return {
        "latency_ms": {name: e.as_dict() for name, e in latency_ms(runs, pooled, confidence).items()},
        "warm": calls_of(runs, pooled, "warm", confidence),
        "cold": calls_of(runs, pooled, "cold", confidence),
        "share_over": share_over_limits(runs, scenario.latency_limits_s, confidence),
        "ledger_ms": shown_parts(pooled_ledger(runs, pooled)),
        "failed_ledger_ms": shown_parts(failed),
    }


def _requests(runs: Sequence[RunData]) -> dict[str, object]:
    return {
        "total": sum(r.calls for r in runs),
        "ok": sum(r.ok for r in runs),
        "errors": _by_cause([r.errors for r in runs]),
        "in_flight_at_end": sum(r.in_flight_at_end for r in runs),
    }


def _attempts(runs: Sequence[RunData]) -> dict[str, object]:
    return {
        "total": sum(r.attempts for r in runs),
        "retries": sum(r.attempts - r.calls for r in runs),
        "causes": _by_cause([r.attempt_causes for r in runs]),
    }


def _most_tasks(runs: Sequence[RunData]) -> int:
    """Most processes and threads of any host."""
    return max((int(r.hosts.tasks_peak.max()) for r in runs if len(r.hosts.tasks_peak)), default=0)


def _by_cause(counts: Sequence[Ints]) -> dict[str, int]:
    return {cause: int(sum(c[i] for c in counts)) for i, cause in enumerate(CAUSES)}
