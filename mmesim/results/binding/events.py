"""What binds when it is not a resource: a fault, a deploy or a scale-in that most of the failed or slow calls are
due to.

Only what nothing else makes counts: hosts that are lost, workers that die, the failed calls of models whose loads a
fault makes fail, and memory that models would not lack if it did not leak.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from mmesim import units
from mmesim.arrays import Flags
from mmesim.results.binding.roots import Roots
from mmesim.results.measured.happened import Happened, Kind
from mmesim.results.measured.run_data import CAUSES
from mmesim.scenario.constraints import Resource
from mmesim.scenario.faults.fault import Fault
from mmesim.scenario.faults.kinds import (
    ContainerRestart,
    FailingS3,
    InstanceLoss,
    Leak,
    PoisonModel,
    WorkerCrash,
    ZoneLoss,
)

MOST = 0.5
"""An event binds from this share on."""
LACKS: tuple[Resource, Resource] = ("memory", "placement")
"""What calls seem to wait for when memory leaks."""


@dataclass(frozen=True)
class Event:
    """What of the scenario it is, such as `fault zone_loss`; what it did in words; share of the failed calls."""

    names: str
    text: str
    share_of_errors: float
    number: float
    """How often it came, mean over replications."""
    try_: str | None = None


def failing(roots: Roots) -> Event | None:
    """The event that most failed calls are due to; None when there is none."""
    found = [one for one in _causes(roots) if one.share_of_errors >= MOST]
    return max(found, key=lambda one: one.share_of_errors, default=None)


def leaking(roots: Roots, lacked: Resource) -> Event | None:
    """The leak because of which models lack memory: they would fit, and more has leaked than they leave free."""
    leaks = [fault for fault in _came(roots) if isinstance(fault.what, Leak)]
    if lacked not in LACKS or not leaks or not roots.fit_all:
        return None
    leaked = sum(_leaked_bytes(roots, fault.what) for fault in leaks if isinstance(fault.what, Leak))
    spare = roots.have_bytes - roots.need_bytes
    if leaked < spare:
        return None
    text = (
        f"calls and unloads leave {units.show_bytes(leaked)} behind in all, and the called models, which would fit, "
        f"leave {units.show_bytes(spare)} free"
    )
    return _event(roots, leaks, text, _share(roots, "worker_died"))


def _causes(roots: Roots) -> Iterator[Event]:
    """Everything that made calls fail and can be told by its cause, or by its models."""
    came = _came(roots)
    yield from _losses(roots, [one for one in came if isinstance(one.what, InstanceLoss | ZoneLoss)])
    for kinds, cause, text in (
        ((WorkerCrash, ContainerRestart, Leak), "worker_died", "calls fail with worker_died, in workers that die"),
        ((FailingS3,), "load_failed", "calls fail with load_failed, since downloads fail"),
    ):
        some = [one for one in came if isinstance(one.what, kinds)]
        if some:
            yield _event(roots, some, text, _share(roots, cause))
    poisoned = [one for one in came if isinstance(one.what, PoisonModel)]
    if poisoned:
        rows = np.any([_rows(roots, one.what.models) for one in poisoned if isinstance(one.what, PoisonModel)], axis=0)
        failed, bad = roots.tenants.calls - roots.tenants.ok, int(rows.sum())
        share = float(failed[rows].sum()) / max(1.0, float(failed.sum()))
        models = f"{units.show_count(bad)} bad model{'s' if bad > 1 else ''}"
        text = f"the calls of {models} fail, however many workers there are"
        yield _event(roots, poisoned, text, share)


def _losses(roots: Roots, faults: list[Fault]) -> Iterator[Event]:
    """Calls on hosts that died; without a fault that loses hosts, on hosts that were removed before they were done."""
    share = _share(roots, "host_lost")
    if faults:
        yield _event(roots, faults, "calls fail with host_lost, on instances that are lost", share)
        return
    cut = "calls fail with host_lost, on instances that are removed with calls in flight"
    deploys = _entries(roots, lambda one: one.kind == Kind.deploy)
    entries = deploys or _entries(roots, lambda one: one.kind == Kind.scale_in)
    if entries:
        names = _listed("deploy" if deploys else "scale-in", [one.name for one in entries])
        yield Event(names, cut, share, len(entries) / len(roots.runs), "a longer endpoint.drain")


def _event(roots: Roots, faults: list[Fault], text: str, share: float) -> Event:
    names = [one.name for one in faults]
    entries = _entries(roots, lambda one: one.kind == Kind.fault and one.name in names)
    first = units.show_seconds(min(one.at_s for one in entries))
    times = len(entries) / len(roots.runs)
    return Event(_listed("fault", names), f"from {first} on {text}", share, times)


def _came(roots: Roots) -> list[Fault]:
    """The faults of the scenario that came in any replication."""
    names = {one.name for one in _entries(roots, lambda one: one.kind == Kind.fault)}
    return [fault for fault in roots.scenario.faults if fault.name in names]


def _entries(roots: Roots, wanted: Callable[[Happened], bool]) -> list[Happened]:
    return [one for run in roots.runs for one in run.happened if wanted(one)]


def _share(roots: Roots, cause: str) -> float:
    """Share of the failed calls whose last attempt failed with a cause."""
    row, failed = CAUSES.index(cause), sum(float(run.errors.sum()) for run in roots.runs)
    return sum(float(run.errors[row]) for run in roots.runs) / failed if failed else 0.0


def _leaked_bytes(roots: Roots, leak: Leak) -> float:
    """What leaked in the measured time of a replication, as if it all stayed."""
    calls = float(roots.tenants.calls[_rows(roots, leak.models)].sum())
    unloads = sum(float(run.hosts.unloads.sum()) for run in roots.runs)
    leaked = calls * (leak.per_call_bytes or 0) + unloads * (leak.per_unload_bytes or 0)
    return leaked / len(roots.runs)


def _rows(roots: Roots, models: Iterable[str]) -> Flags:
    """[models] whether a fault means them: by name, or by group."""
    asked = set(models)
    table = roots.scenario.model_table()
    return np.array([bool({model.name, model.group} & asked) for model in table], dtype=bool)


def _listed(what: str, names: list[str]) -> str:
    distinct = list(dict.fromkeys(filter(None, names)))
    return f"{what}{'s' if len(distinct) > 1 else ''} {', '.join(distinct)}".strip()
