"""A hot model: one that is limited by its own workers, while the fleet has CPU to spare."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from mmesim import units
from mmesim.preflight.finding import Finding
from mmesim.results.findings.seen import RULE, Seen

BUSY = 0.6
"""Utilization of a model's workers from which on its calls wait for each other more than by chance (M/M/1: 1.5 times
their service)."""
CPU_SPARE = 0.8
"""Utilization of the fullest instance below which more workers would find CPU."""
DUE = 0.2
"""Share of the tail and the errors that waits for workers."""
SIZED_FOR = 0.5
"""Utilization that the advised number of workers brings."""


def hot_model(seen: Seen) -> Iterator[Finding]:
    """The model with the busiest workers, if they limit it."""
    roots = seen.roots
    if roots.busiest is None or roots.workers < BUSY or roots.cpu >= CPU_SPARE or seen.due_to("workers") < DUE:
        return
    model = seen.scenario.model_table()[roots.busiest]
    calls = float(seen.calls_of[roots.busiest]) / max(1, seen.calls)
    alike = sum(one.entry == model.entry for one in seen.scenario.model_table())
    kind = seen.scenario.server_kind
    have = kind.model_workers(model).at_most
    workers = max(have + 1, ceil(have * roots.workers / SIZED_FOR))
    advice = model.advice(kind.workers_key, workers)
    if alike > 1 and not model.cells:
        advice = (
            f"a group of its own for {model.name}, with {kind.workers_key}: {workers} "
            f"(not for all {alike:,} of {model.group})"
        )
    yield Finding(
        id="hot_model",
        severity="warning",
        text=f"{model.name} is limited by its own workers: they are busy {units.show_fraction(roots.workers)} of the "
        f"time, the vCPUs of the fullest instance {units.show_fraction(roots.cpu)}; it has "
        f"{units.show_fraction(calls)} of the calls",
        evidence={
            "model": model.name,
            "workers": have,
            "workers_utilization": roots.workers,
            "cpu_utilization": roots.cpu,
            "share_of_calls": calls,
            "advised_workers": workers,
        },
        source=RULE,
        try_=advice,
    )
