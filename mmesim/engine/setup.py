"""From a scenario to tables: parameters, models and hosts as the kernel takes them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from mmesim.engine.kernel import codes
from mmesim.engine.kernel.cpu import MILLION
from mmesim.engine.kernel.hashing import PRIME
from mmesim.engine.kernel.record import ROUNDING
from mmesim.engine.kernel.router import PLACEMENTS, POLICIES
from mmesim.engine.kernel.tables import Sizes, Tables
from mmesim.results.measured.run_data import CAUSES
from mmesim.results.measured.window_times import tens
from mmesim.scenario.clients.retries import BotoStandard
from mmesim.scenario.endpoint.host_type import HostType
from mmesim.scenario.models.groups import AffineBatch, Model
from mmesim.scenario.scenario import Scenario
from mmesim.scenario.server.kind import ServerKind
from mmesim.scenario.traffic.closed_loop import ClosedLoop
from mmesim.scenario.values.times import Time
from mmesim.stats.histogram import Grid, coarse_grid, grid
from mmesim.workload.block import OVERHEAD_COLUMNS
from mmesim.workload.draws.generators import generator
from mmesim.workload.users import BLOCKS, CALLS

BATCH = {"max": codes.BATCH_MAX, "sum": codes.BATCH_SUM}
STATES = (None, "warm", "cold")
"""What a selection may ask for, in the order of ANY, WARM, COLD."""
RECORD_ROWS = 16384
"""Rows of the buffer of records of calls, which is emptied when it is full."""


def cores_and_slope(host: HostType) -> tuple[float, float]:
    """Physical cores of a host, and what each busy vCPU above them adds, in cores."""
    cores = host.vcpu / host.threads_per_core
    if host.threads_per_core == 1:
        return cores, 0.0
    return cores, cores * (host.smt_yield - 1.0) / (host.vcpu - cores)


def build(
    scenario: Scenario, replication: int, records: int | None, times: bool = False, window_times: bool = False
) -> tuple[Tables, Grid, Grid]:
    """The tables of one run before anything has happened, and the grids of its histograms.

    `times`: records also say when each call came to each stage. `window_times`: the times of each window are counted
    in buckets, and calls in flight every ten seconds are kept.
    """
    models = scenario.model_table()
    limits = scenario.latency_limits_s
    fine, coarse = grid(limits), coarse_grid()
    hosts = scenario.endpoint.instance_count
    kept = tens(scenario.run.duration_s) if window_times else 0
    users = sum(t.arrivals.most_users for t in scenario.traffic if isinstance(t.arrivals, ClosedLoop))
    tables = Tables(
        Sizes(
            hosts=hosts,
            models=len(models),
            limits=len(limits),
            selections=len(scenario.counted),
            cells=sum(scenario.windows_of(one).number for one in scenario.counted),
            loops=scenario.server_kind.event_loops,
            users=users,
            drafts=users * BLOCKS * CALLS,
            budgets=_budgets(scenario),
            devices=_devices(scenario),
            drawn_overhead=not all(spec.is_constant for spec in _overhead(scenario)),
            by_demand=scenario.server_kind.max_idle_s < codes.INF,
            processes=_processes(scenario),
            workers=2 * sum(m.workers for m in models[:1000]),
            records=0 if records is None else RECORD_ROWS,
            record_times=times,
            tens=kept,
        ),
        (fine.edges, fine.start),
        (coarse.edges, coarse.start),
    )
    set_params(tables, scenario)
    params = tables.views.params[0]
    params.record_times, params.window_times, params.tens = int(times), int(window_times), kept
    if kept:
        tables.views.counts[0].ten_end = min(codes.TEN_S, params.duration)
    set_clients(tables, scenario, replication)
    set_models(tables, scenario, replication)
    set_copies(tables, 0, scenario.server_kind, models)
    set_selections(tables, scenario)
    return tables, fine, coarse


def set_params(tables: Tables, scenario: Scenario) -> None:
    """Fill the one row of parameters."""
    endpoint, clients, kind = scenario.endpoint, scenario.clients, scenario.server_kind
    queue = kind.queue
    params = tables.views.params[0]
    overhead = _overhead(scenario)
    values = {
        "policy": POLICIES.index(endpoint.router.policy),
        "placement": PLACEMENTS.index(endpoint.router.placement),
        "split_models": int(endpoint.router.split_by == "models"),
        "queue_bound": queue.bound,
        "refusal": CAUSES.index(queue.refusal),
        "shared_queue": int(queue.scope == "server"),
        "largest_undelayed": kind.batch_without_delay,
        "delay_from_arrival": int(kind.delay_from_arrival),
        "max_idle": kind.max_idle_s,
        "drawn_overhead": int(not all(spec.is_constant for spec in overhead)),
        "n_limits": len(scenario.latency_limits_s),
        "slot_first": int(endpoint.slot_covers == "download_and_load"),
        "out_delay": clients.network_s / 2 + endpoint.router.overhead_s,
        "back_delay": clients.network_s / 2,
        "network": clients.network_s,
        "router": endpoint.router.overhead_s,
        "client_timeout": clients.timeout_s,
        "patience": clients.timeout_s * (1.0 + ROUNDING),
        "invocation_timeout": endpoint.invocation_timeout_s,
        "load_timeout": endpoint.load_timeout_s,
        "misroute": endpoint.router.misroute,
        "warmup": scenario.run.cut_s,
        "duration": scenario.run.duration_s,
    }
    values["devices"] = _devices(scenario)
    values |= {name: constant(spec) for name, spec in zip(OVERHEAD_COLUMNS, overhead, strict=True)}
    for name, value in values.items():
        setattr(params, name, value)
    for k, limit in enumerate(scenario.latency_limits_s):
        tables.views.limits[k] = limit


def _devices(scenario: Scenario) -> int:
    """Devices of a host; 0 without models that use them."""
    of = scenario.endpoint.host.devices
    return of.count if of is not None and scenario.uses_devices else 0


def set_selections(tables: Tables, scenario: Scenario) -> None:
    """Fill one row for each selection of calls that is counted apart; cells are those of its windows, in order."""
    views, first = tables.views, 0
    views.params[0].n_selections = len(scenario.counted)
    for k, counted in enumerate(scenario.counted):
        windows, rows = scenario.windows_of(counted), views.selections
        rows.state[k] = STATES.index(counted.calls.state)
        rows.first[k], rows.windows[k] = first, windows.number
        rows.start[k], rows.end[k], rows.length[k] = windows.start_s, windows.end_s, windows.length_s
        rows.limit[k] = counted.limit_s
        views.members[[model.index for model in scenario.chosen_by(counted.calls)], k] = 1
        first += windows.number


def set_clients(tables: Tables, scenario: Scenario, replication: int) -> None:
    """Fill the parameters of retries and throttling."""
    params, retries, throttling = tables.views.params[0], scenario.clients.retries, scenario.endpoint.throttling
    params.processes = _processes(scenario)
    params.chance_seed = int(generator(scenario.run.seed, replication, "retries").integers(PRIME))
    params.throttle_in_flight = throttling.in_flight or 0
    params.throttle_rate = throttling.rate_per_s or 0.0
    params.throttle_burst = throttling.tokens
    if retries is None:
        params.max_attempts = 1
        return
    params.max_attempts = retries.max_attempts
    params.retry_base, params.retry_factor, params.retry_cap, params.retry_jitter = retries.pause
    for k, name in enumerate(CAUSES):
        tables.views.retry_on[k] = name in retries.causes_retried
    if isinstance(retries, BotoStandard):
        quota = retries.quota
        params.retry_quota = tables.views.tokens[:] = quota.tokens
        params.quota_cost, params.quota_cost_timeout = quota.retry, quota.retry_after_timeout
        params.quota_refund = quota.success


def _budgets(scenario: Scenario) -> int:
    """Numbers of calls that users of closed loops are held to: one for each user, or one for a stream."""
    loops = [(t.calls, t.arrivals) for t in scenario.traffic if isinstance(t.arrivals, ClosedLoop)]
    return sum(loop.most_users if loop.calls_each is not None else int(calls is not None) for calls, loop in loops)


def _processes(scenario: Scenario) -> int:
    retries = scenario.clients.retries
    return retries.processes if isinstance(retries, BotoStandard) else 1


def _overhead(scenario: Scenario) -> list[Time]:
    stages = (column.split("_") for column in OVERHEAD_COLUMNS)
    return [getattr(getattr(scenario.server.overhead, stage), kind) for stage, kind in stages]


def constant(spec: Time) -> float:
    """The value of a constant time; 0 for a distribution, which is drawn for each request instead."""
    return spec.mean if spec.is_constant else 0.0


def set_models(tables: Tables, scenario: Scenario, replication: int) -> None:
    """Fill one row a model."""
    rows = scenario.model_table()
    views = tables.views.models
    spill_at = scenario.endpoint.router.spill_at
    kind = scenario.server_kind
    at_start = np.array([kind.model_workers(m).at_start for m in rows])
    views.threads[:] = [m.service.threads for m in rows]
    views.serial[:] = [m.service.serial for m in rows]
    views.spin[:] = [round(m.oversubscription * MILLION) for m in rows]
    views.spill_at[:] = np.maximum(4, 2 * at_start) if spill_at is None else spill_at
    views.batch_size[:] = [m.batch_size for m in rows]
    views.pinned[:] = [m.pinned for m in rows]
    views.device_bytes[:] = [m.device_memory_bytes for m in rows]
    views.max_batch_delay[:] = [m.max_batch_delay_s for m in rows]
    for m in rows:
        law = m.service.batch
        if isinstance(law, AffineBatch):
            views.batch_rule[m.index] = codes.BATCH_AFFINE
            views.batch_base[m.index] = law.base_s
            views.batch_per_item[m.index] = law.per_item_s
        else:
            views.batch_rule[m.index] = BATCH[law]
        views.first_cpu[m.index] = constant(m.first_call.cpu)
        views.first_wait[m.index] = constant(m.first_call.wait)
    tables.views.space[0].margin = codes.MARGIN + 2 * max(m.batch_size for m in rows)
    views.key[:] = [placement_key(scenario, replication, "model", m.name) for m in rows]


def set_copies(tables: Tables, place: int, kind: ServerKind, models: Sequence[Model]) -> None:
    """Fill what a copy of each model is on hosts of one configuration, and the workers that serve all models there."""
    copies, params = tables.views.copies, tables.views.params[0]
    rules = [*(kind.model_workers(model) for model in models), kind.server_workers]
    at_start = np.array([rule.at_start for rule in rules])
    copies.bytes[:-1, place] = [model.pool_memory_bytes for model in models]
    copies.workers[:, place] = at_start
    copies.most_workers[:, place] = [rule.at_most for rule in rules]
    copies.add_worker_at[:, place] = [rule.add_at for rule in rules]
    params.margin_workers = max(params.margin_workers, codes.MARGIN + int(at_start.max()))
    params.workers_grow |= any(rule.at_most > rule.at_start for rule in rules)


def placement_key(scenario: Scenario, replication: int, what: str, name: str | int) -> int:
    """Key of a host or a model in rendezvous hashing: by its name, so that others may come or go."""
    text = f"{scenario.run.seed}/{replication}/{what}/{name}"
    return 1 + int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") % (PRIME - 1)
