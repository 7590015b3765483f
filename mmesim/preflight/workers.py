"""Whether the workers of each model suffice for the calls that are to be expected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

import numpy as np

from mmesim import units
from mmesim.arrays import Floats
from mmesim.preflight.finding import Finding
from mmesim.preflight.load import BUSY, SIZED_FOR, capacity_s, instances_for, window_s
from mmesim.preflight.offered import Offered, named

RULE = "docs/assumptions.md, model server"


def occupancy(offered: Offered, instances: int | None = None) -> tuple[Floats, Floats]:
    """[windows, models] busy workers that the calls of each model need, [models] workers that it can get.

    A copy on every host, unless the router gives each model one home. One column if all models share their workers.
    `instances`: other than those of the scenario.
    """
    scenario, kind = offered.scenario, offered.kind
    count = scenario.endpoint.most_instances if instances is None else instances
    hosts = 1 if scenario.endpoint.router.policy.one_home else count
    if kind.queue.scope == "server":
        workers = float(kind.server_workers.at_most * count)
        return (offered.open_per_s @ offered.worker_s)[:, None], np.array([workers])
    workers_of = offered.each(lambda model: kind.model_workers(model).at_most * hosts)
    return offered.open_per_s * offered.worker_s, workers_of


@dataclass(frozen=True)
class _Lack:
    """Models that lack workers, or nearly do: by the mean of the run, or by its busiest window."""

    rows: list[int]
    """Their rows, that with the busiest workers first."""
    share: Floats
    """[models] workers that are needed, over those that there can be."""
    have: Floats
    """[models] workers that there can be."""
    rate: Floats
    """[models] calls a second."""
    is_mean: bool
    is_full: bool
    """Whether there is more work than workers in the mean of the run: the queue grows without end."""


def _lack(offered: Offered, hosts: int) -> _Lack | None:
    """The models that lack workers on that many hosts; None when none does."""
    busy, have = occupancy(offered, hosts)
    mean, peak = busy.mean(axis=0) / have, busy.max(axis=0) / have
    full = bool((mean >= 1.0).any())
    is_mean = full or bool(peak.max() < 1.0)
    share = mean if is_mean else peak
    if share.max() < BUSY:
        return None
    lacking = int((share >= (1.0 if share.max() >= 1.0 else BUSY)).sum())
    rate = offered.open_per_s.mean(axis=0) if is_mean else offered.open_per_s.max(axis=0)
    return _Lack(np.argsort(-share, kind="stable")[:lacking].tolist(), share, have, rate, is_mean, full)


def workers(offered: Offered) -> Iterator[Finding]:
    """Models whose calls need more workers than they can get, or nearly as many.

    Where the CPU has to be mended first, those that lack workers even then.
    """
    hosts = offered.scenario.endpoint.most_instances
    lacks_cpu = float((offered.open_per_s @ offered.cpu_s).mean()) >= capacity_s(offered)
    if lacks_cpu:
        hosts = instances_for(offered)
    lack = _lack(offered, hosts)
    if lack is None:
        return
    per_model = offered.kind.queue.scope == "model"
    busiest = lack.rows[0]
    model, have = offered.models[busiest], float(lack.have[busiest])
    need = float(lack.share[busiest]) * have
    a_copy = offered.kind.model_workers(model).at_most if per_model else round(have / hosts)
    enough = ceil(need / (SIZED_FOR * max(1.0, have / a_copy)))
    where = "one copy" if have == a_copy else f"a copy on each of {hosts} instances"
    limited = f"({a_copy} a copy, {where})" if per_model else f"({a_copy} an instance)"
    even_then = f"; even with {hosts} instances, which the CPU work needs" if lacks_cpu else ""
    yield Finding(
        id="workers",
        severity="problem" if lack.is_full else "warning",
        text=f"{_who(offered, lack)} keep {units.show_number(need)} workers busy, of {have:,.0f} at most {limited}: "
        f"{units.show_fraction(float(lack.share[busiest]))}{_follows(offered, lack)}{even_then}",
        evidence={
            "model": model.name,
            "busy_workers": need,
            "workers": have,
            "share": float(lack.share[busiest]),
            "models": len(lack.rows),
        },
        source=RULE,
        try_=model.advice(offered.kind.workers_key, enough)
        if per_model
        else f"server.{offered.kind.default_workers_key}={enough}",
    )


def _who(offered: Offered, lack: _Lack) -> str:
    """Whose calls they are, and how many and how long those of the busiest are."""
    if offered.kind.queue.scope == "server":
        return "all models together: calls"
    busiest = lack.rows[0]
    names = named([offered.models[row].name for row in lack.rows])
    work = units.show_seconds(float(offered.worker_s[busiest]))
    return f"{names}: {units.show_number(float(lack.rate[busiest]))} calls a second of {work}"


def _follows(offered: Offered, lack: _Lack) -> str:
    """When it is so, and what follows."""
    if lack.is_full:
        return "; the queue grows until it refuses calls, and a longer queue does not help"
    if lack.is_mean:
        return "; waiting times rise steeply from here on"
    return f" in its busiest {units.show_seconds(window_s(offered))}; meanwhile the queue grows"
