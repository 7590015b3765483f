"""The use of each resource against its limit, and what to say of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import ceil
from types import MappingProxyType

import numpy as np

from mmesim import units
from mmesim.preflight.call_time import in_server_s
from mmesim.preflight.devices import instances_for as device_instances
from mmesim.preflight.load import instances_for
from mmesim.preflight.load_time import load_parts_s
from mmesim.preflight.offered import Offered
from mmesim.preflight.room import Held, Host, copies_of_each, free_memory_bytes
from mmesim.results.binding.roots import Roots
from mmesim.results.measured.run_data import CAUSES
from mmesim.scenario.constraints import NAMES, Resource
from mmesim.scenario.models.groups import Model

SELDOM = 0.5
"""Utilization of workers below which it needs a word why they are what calls wait for."""


@dataclass(frozen=True)
class Use:
    """What is used of a resource, its limit (None: it has none), both in its unit; the same in words; what to try.

    `of`: whose it is, where that is one model's.
    """

    used: float
    limit: float | None
    text: str
    try_: str
    evidence: Mapping[str, float | str] = field(default_factory=dict)
    of: str = ""


def use_of(resource: Resource, roots: Roots) -> Use:
    """The use of a resource against its limit; its text begins with the name of the resource."""
    use = _USES[resource](roots)
    return replace(use, text=f"{NAMES[resource]}{use.of}: {use.text}")


def _cpu(roots: Roots) -> Use:
    hosts = roots.instances
    where = "the fullest instance" if hosts > 1 else "the instance"
    text = f"the vCPUs of {where} are busy {units.show_fraction(roots.cpu)} of the time"
    if roots.broken is not None and roots.cpu_then > roots.cpu:
        each = "in the minute" if roots.broken.minutes == 1 else f"in the {roots.broken.minutes:,} minutes"
        text = (
            f"the vCPUs are busy {units.show_fraction(roots.broken.cpu)} of the time {each} that broke a limit; "
            f"{units.show_fraction(roots.cpu)} on {where} over the whole run"
        )
    enough = instances_for(Offered(roots.scenario))
    return Use(
        roots.cpu_then, 1.0, text, roots.advised(enough) if enough > hosts else f"{_more(roots)}, or larger ones"
    )


def _workers(roots: Roots) -> Use:
    row = roots.busiest
    if row is None:
        there = sum(run.shared_worker_s for run in roots.runs) / roots.measured_s
        busy = float(roots.tenants.worker_busy_s.sum()) / roots.measured_s
        return Use(
            busy,
            there,
            f"{units.show_number(busy)} of {units.show_number(there)} are busy on average",
            f"more workers (server.{roots.scenario.server_kind.default_workers_key})",
        )
    model = roots.scenario.model_table()[row]
    busy, there = (float(of[row]) / roots.measured_s for of in (roots.tenants.worker_busy_s, roots.tenants.worker_s))
    share = units.show_fraction(roots.workers)
    of = f"{units.show_number(busy)} of {units.show_number(there)}"
    text = f"{of} are busy on average ({share})"
    kind = roots.scenario.server_kind
    named, owner = {"model": model.name}, f" of {model.name}"
    if roots.grows:
        return _growing_workers(roots, model, Use(busy, there, text, "", named, of=owner))
    if roots.workers < SELDOM:
        text += ", but calls that come at the same time wait for each other"
    more = kind.model_workers(model).at_most + 1
    return Use(busy, there, text, model.advice(kind.workers_key, more), named, of=owner)


def _growing_workers(roots: Roots, model: Model, use: Use) -> Use:
    """Where workers are added while calls wait: that takes time, or there are too few at most."""
    workers = roots.scenario.server_kind.model_workers(model)
    waiting = "a call waits" if workers.add_at == 1 else f"{workers.add_at} calls wait"
    text = (
        f"{use.text}, but a copy starts with {workers.at_start} and gets more only while {waiting}, up to "
        f"{workers.at_most}{', and each of them loads the model first' if workers.loads else ''}"
    )
    return replace(use, text=text, try_=model.advice("workers", workers.at_start + 1))


def _queue(roots: Roots) -> Use:
    bound = float(roots.scenario.server_kind.queue.bound)
    share = units.show_fraction(roots.busy_when_full)
    text = f"bursts fill all {bound:,.0f} places, though workers and CPU are at most {share} busy in those minutes"
    return Use(bound, bound, text, f"server.job_queue_size={2 * int(bound)}")


def _batch_delay(roots: Roots) -> Use:
    models = roots.scenario.model_table()
    longest = max(models, key=lambda model: model.max_batch_delay_s)
    limit = longest.max_batch_delay_s
    text = f"calls wait for a batch to fill, up to {units.show_seconds(limit)}"
    return Use(limit, limit, text, f"a shorter models.{longest.entry}.max_batch_delay")


def _memory(roots: Roots) -> Use:
    misfit = _misfit(roots, "memory")
    if misfit is not None:
        return misfit
    endpoint, copies = roots.scenario.endpoint, copies_of_each(roots.scenario)
    models, n = len(roots.copies_bytes), len(roots.copies_bytes) * copies
    each = float(roots.copies_bytes.mean()) if models else 0.0
    one = free_memory_bytes(endpoint)
    fit = min(n, int(one // each) * roots.instances_then) if each else 0
    text = (
        f"{fit:,} of {n:,} copies fit, {units.show_bytes(each)} each on average: the called models need "
        f"{units.show_bytes(roots.need_bytes)}, the memory for models is {units.show_bytes(roots.have_bytes)}"
        f"{roots.then_in_words}"
    )
    evidence: dict[str, float | str] = {"copies": n, "copies_that_fit": fit, "bytes_each": each}
    hosts = max(roots.instances_then + 1, ceil(roots.need_bytes / one)) if one > 0 else roots.instances_then + 1
    larger = roots.instances == 1 and copies == 1 and n > 0 and fit == 0
    advice = "an instance type with more memory" if larger or copies > 1 else roots.advised(roots.enough(hosts))
    return Use(roots.need_bytes, roots.have_bytes, text, advice, evidence)


def _placement(roots: Roots) -> Use:
    need, have = units.show_bytes(roots.need_bytes), units.show_bytes(roots.have_bytes)
    text = (
        f"all called models would fit ({need} of {have}{roots.then_in_words}), but the router gives one "
        "instance more than it holds, which AWS decides; more instances leave room for that"
    )
    return Use(roots.need_bytes, roots.have_bytes, text, roots.advised(roots.enough(roots.instances_then + 1)))


def _tasks(roots: Roots) -> Use:
    misfit = _misfit(roots, "tasks")
    if misfit is not None:
        return misfit
    peak = max(int(run.hosts.tasks_peak.max(initial=0)) for run in roots.runs)
    limit = roots.scenario.endpoint.pid_limit or 0
    copy = max((m.pool_tasks for m in roots.scenario.model_table() if roots.tenants.calls[m.index]), default=0)
    text = f"{peak:,} of at most {limit:,} on an instance, and a copy has up to {copy:,}"
    return Use(peak, limit, text, "fewer workers (models.workers) or threads (models.framework_threads)")


def _models(roots: Roots) -> Use:
    hosts, called = roots.instances_then, int((roots.tenants.calls > 0).sum())
    have = (roots.scenario.server_kind.most_models or 0) * hosts
    need = called * copies_of_each(roots.scenario)
    text = f"{need:,} copies are called, the server has room for {have:,}{roots.then_in_words}, whatever they take"
    enough = ceil(need / max(1, have // hosts))
    return Use(need, have, text, roots.advised(roots.enough(max(hosts + 1, enough))))


def _disk(roots: Roots) -> Use:
    misfit = _misfit(roots, "disk")
    if misfit is not None:
        return misfit
    endpoint, called = roots.scenario.endpoint, roots.tenants.calls > 0
    sizes = [model.artifact_bytes for model in roots.scenario.model_table() if called[model.index]]
    need, have = sum(sizes) * copies_of_each(roots.scenario), endpoint.disk_bytes * roots.instances_then
    text = (
        f"the artefacts of the called models take {units.show_bytes(need)}, the disks have "
        f"{units.show_bytes(have)}{roots.then_in_words}: they are downloaded again and again"
    )
    return Use(need, have, text, "a larger endpoint.disk_size")


def _device(roots: Roots) -> Use:
    scenario = roots.scenario
    hosts = roots.instances
    where = "the fullest instance" if hosts > 1 else "the instance"
    text = f"the devices of {where} are busy {units.show_fraction(roots.device)} of the time"
    enough = device_instances(Offered(scenario))
    more = f"{_more(roots)}, or a type with more or faster devices"
    return Use(roots.device, 1.0, text, roots.advised(enough) if enough > hosts else more)


def _device_memory(roots: Roots) -> Use:
    misfit = _misfit(roots, "device_memory")
    if misfit is not None:
        return misfit
    endpoint, called = roots.scenario.endpoint, roots.tenants.calls > 0
    devices = endpoint.host.devices
    assert devices is not None  # else nothing waits for one
    models = [model for model in roots.scenario.model_table() if called[model.index]]
    need = sum(model.device_memory_bytes * model.workers for model in models) * copies_of_each(roots.scenario)
    one = devices.free_bytes * devices.count
    have = one * roots.instances_then
    copies = sum(int(run.devices.copies.sum()) for run in roots.runs if run.devices is not None)
    text = (
        f"the called models need {units.show_bytes(need)}, there are {units.show_bytes(have)} for "
        f"models{roots.then_in_words}: {copies:,} copies to a device"
    )
    enough = ceil(need / one)
    more = f"{_more(roots)}, or a type with more device memory"
    advice = roots.advised(roots.enough(enough)) if enough > roots.instances_then else more
    return Use(float(need), float(have), text, advice)


def _load_slots(roots: Roots) -> Use:
    slots = roots.scenario.endpoint.load_slots
    text = f"an instance loads {slots} model{'s' if slots > 1 else ''} at once, the others wait"
    return Use(slots, slots, text, "more instances, or faster loads (models.load, models.artifact_size)")


def _download(roots: Roots) -> Use:
    took = roots.mean_download_s()
    if took is None:
        took = max(
            parts.get("download", 0.0) + parts.get("unpack", 0.0)
            for parts in (load_parts_s(Offered(roots.scenario), model) for model in roots.scenario.hosted)
        )
    limit = _patience_s(roots)
    text = (
        f"one takes {units.show_seconds(took)}, unpacking included, and calls wait {_at_most(limit)} "
        f"for it and the load that follows{_first(roots)}"
    )
    return Use(took, limit, text, _fewer(roots) or "smaller artefacts (models.artifact_size)")


def _load(roots: Roots) -> Use:
    took = roots.mean_load_s()
    if took is None:
        offered = Offered(roots.scenario)
        took = max(sum(load_parts_s(offered, model).values()) for model in roots.scenario.hosted)
    limit = _patience_s(roots)
    text = (
        f"one takes {units.show_seconds(took)} from the first call on, download included, and calls wait "
        f"{_at_most(limit)} for it{_first(roots)}"
    )
    return Use(took, limit, text, _fewer(roots) or "faster loads (models.load)")


def _first(roots: Roots) -> str:
    return "; these are first loads after a cold start" if roots.first_loads else ""


def _more(roots: Roots) -> str:
    """More instances, by the field that says how many there can be."""
    return f"more instances ({roots.scenario.endpoint.count_key})"


def _fewer(roots: Roots) -> str:
    """What to do about loads other than making them faster; first ones happen once, and need not be measured."""
    if roots.scenario.endpoint.model_cache == "disabled":
        return "endpoint.model_cache=enabled"
    if not roots.first_loads:
        return ""
    warmup = "a longer warm-up" if roots.runs[0].warmup_s else "a warm-up"
    return f"measuring after {warmup} (run.warmup), or calling each model once before"


def _throttling(roots: Roots) -> Use:
    throttling = roots.scenario.endpoint.throttling
    if throttling.in_flight is not None:
        n = throttling.in_flight
        text = f"an instance has at most {n:,} calls in flight"
        return Use(n, n, text, "a higher endpoint.throttling.in_flight, or more instances")
    limit = throttling.rate_per_s or 0.0
    up_s = sum(float(run.hosts.up_s.sum()) for run in roots.runs)
    used = sum(run.attempts for run in roots.runs) / up_s if up_s else 0.0
    come, accepted = units.show_number(used), units.show_number(limit)
    text = f"{come} attempts a second come to an instance, which accepts {accepted}"
    return Use(used, limit, text, "a higher endpoint.throttling.rate, or more instances")


def _client_timeout(roots: Roots) -> Use:
    limit_s = roots.scenario.clients.timeout_s
    return _time_out(roots, limit_s, "clients give up", "clients.timeout", roots.scenario.fixed_delay_s)


def _invocation_timeout(roots: Roots) -> Use:
    limit_s = roots.scenario.endpoint.invocation_timeout_s
    return _time_out(roots, limit_s, "the platform gives up", "endpoint.invocation_timeout", 0.0)


def _time_out(roots: Roots, limit_s: float, who: str, field: str, delay_s: float) -> Use:
    """The time-out against what a called model's call takes that waits for nothing, of the slowest model."""
    offered, called = Offered(roots.scenario), roots.tenants.calls > 0
    takes = {model.index: in_server_s(offered, model) for model in offered.models if called[model.index]}
    slowest = offered.models[max(takes, key=lambda index: takes[index])]
    took_s = takes[slowest.index] + delay_s
    text = (
        f"{who} after {units.show_seconds(limit_s)}, and a call for {slowest.name} takes "
        f"{units.show_seconds(took_s)} on average by itself"
    )
    advice = f"a longer {field}, or faster calls (models.{slowest.entry}.service)"
    return Use(took_s, limit_s, text, advice, {"model": slowest.name})


def _patience_s(roots: Roots) -> float:
    """The shortest time after which somebody who waits for a load gives up."""
    return min(roots.scenario.endpoint.load_timeout_s, roots.scenario.clients.timeout_s)


def _at_most(limit_s: float) -> str:
    return f"at most {units.show_seconds(limit_s)}"


def _misfit(roots: Roots, resource: Held) -> Use | None:
    """The model that an empty host cannot hold, if there is one and it was called."""
    row = CAUSES.index("never_fits")
    if not any(run.attempt_causes[row] for run in roots.runs):
        return None
    room = Host(Offered(roots.scenario))
    failing = [model for model in roots.scenario.hosted if not room.fits(model, resource)]
    if not failing:
        return None
    model = max(failing, key=lambda one: room.needs(one, resource))
    finding = room.refusal(model, resource, failing)
    return Use(
        float(np.float64(room.needs(model, resource))),
        float(room.has(resource)),
        finding.text,
        finding.try_ or "",
        {"model": model.name},
    )


_USES: Mapping[Resource, Callable[[Roots], Use]] = MappingProxyType(
    {
        "cpu": _cpu,
        "workers": _workers,
        "queue": _queue,
        "batch_delay": _batch_delay,
        "memory": _memory,
        "placement": _placement,
        "tasks": _tasks,
        "disk": _disk,
        "models": _models,
        "device": _device,
        "device_memory": _device_memory,
        "load_slots": _load_slots,
        "download": _download,
        "load": _load,
        "throttling": _throttling,
        "client_timeout": _client_timeout,
        "invocation_timeout": _invocation_timeout,
    }
)
