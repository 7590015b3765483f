"""How each figure that a limit can be set to comes from the replications, and how it is shown."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from mmesim.results.figures.figures import (
    NO_CALLS,
    NO_HOSTS,
    NO_MODELS,
    NO_SUCCESS,
    NO_TIME,
    Formula,
    cold_share,
    formula,
    hourly_usd,
    measured_s,
    ratio,
)
from mmesim.results.figures.ledger import ledger_ms
from mmesim.results.figures.tenants import latency_limits, meets
from mmesim.results.measured.run_data import CAUSES, RunData
from mmesim.results.over_time.course import recovery_s
from mmesim.scenario.run.expect import Expectation
from mmesim.scenario.run.expected import COSTS, COUNTS, HOURS_PER_MONTH, OF_LIMIT, ledger_path
from mmesim.scenario.scenario import Scenario

LARGEST: Mapping[str, str] = MappingProxyType(
    {"max": "largest of all calls", OF_LIMIT: "most on any host", "tenants.cold_share.worst": "coldest of all models"}
)
"""Figures that are the largest of all replications, without an interval -> of what."""

_COUNTERS: Mapping[str, Callable[[RunData], float]] = MappingProxyType(
    {
        "loads": lambda run: run.hosts.loads.sum(),
        "unloads": lambda run: run.hosts.unloads.sum(),
        "requests.total": lambda run: run.calls,
        "requests.ok": lambda run: run.ok,
        "requests.in_flight_at_end": lambda run: run.in_flight_at_end,
        "attempts.total": lambda run: run.attempts,
        "attempts.retries": lambda run: run.attempts - run.calls,
    }
)


def expected(e: Expectation, scenario: Scenario) -> Formula:
    """The figure that an expectation names, of one replication: seconds, shares, events a second, US dollars."""
    if e.metric in COUNTS:
        return Formula("rate", lambda run: ratio(_count(e.metric, run), measured_s(run)), NO_TIME)
    if e.metric in COSTS:
        return _cost(e.metric, scenario)
    if e.event is not None:
        return recovery(e.event, scenario)
    path = ledger_path(e.metric)
    if path is not None:
        return _of_ledger(*path, share=e.kind == "share")
    if e.metric == OF_LIMIT:
        limit = scenario.endpoint.pid_limit if e.kind == "share" else 1
        missing = NO_HOSTS if limit else "there is no endpoint.pid_limit"
        return Formula(e.kind, lambda run: ratio(_most_tasks(run), limit or 0), missing)
    if e.metric == "tenants.cold_share.worst":
        return Formula("share", _coldest, NO_MODELS)
    if e.metric == "tenants.meet_slo":
        return _meet_slo(scenario)
    return formula(e.metric)


def _coldest(run: RunData) -> float:
    shares = cold_share(run)
    return float(shares.max()) if len(shares) else math.nan


def _count(name: str, run: RunData) -> float:
    section, _, cause = name.rpartition(".")
    if section == "requests.errors":
        return float(run.errors[CAUSES.index(cause)])
    if section == "attempts.causes":
        return float(run.attempt_causes[CAUSES.index(cause)])
    return float(_COUNTERS[name](run))


def _most_tasks(run: RunData) -> float:
    return float(run.hosts.tasks_peak.max()) if len(run.hosts.tasks_peak) else math.nan


def _cost(name: str, scenario: Scenario) -> Formula:
    if scenario.endpoint.host.price_usd_per_hour is None:
        return Formula("usd", lambda run: math.nan, "no price is known")
    if name == "cost.hour":
        return Formula("usd", hourly_usd, NO_TIME)
    if name == "cost.month":
        return Formula("usd", lambda run: HOURS_PER_MONTH * hourly_usd(run), NO_TIME)
    return Formula("usd", lambda run: ratio(1e6 * hourly_usd(run) * measured_s(run) / 3600.0, run.calls), NO_CALLS)


def _meet_slo(scenario: Scenario) -> Formula:
    limits: Sequence[Expectation] = latency_limits(scenario.expect)

    def share(run: RunData) -> float:
        called = run.tenants.calls > 0
        return float(meets(run.tenants, run.limits_s, limits)[called].mean()) if called.any() else math.nan

    return Formula("share", share, NO_MODELS)


def recovery(event: str, scenario: Scenario) -> Formula:
    """Seconds from a fault or deploy to the recovery, the slowest of its name; infinite where it never came."""
    missing = f"{event} did not happen within the measured time, or was over before it"
    return Formula("ms", lambda run: recovery_s(scenario, run, event), missing, skip_missing=True)


def _of_ledger(band: str, part: str, share: bool) -> Formula:
    def of(run: RunData) -> float:
        entry = ledger_ms(run.edges_s, run.count, run.parts_s, run.latency_max_s)[band]
        value, whole = entry[part], entry["mean"]
        if value is None or whole is None:
            return math.nan
        return ratio(value, whole) if share else value / 1000.0

    missing = NO_SUCCESS if band == "all" else f"no successful calls near {band}"
    return Formula("share" if share else "ms", of, missing)
