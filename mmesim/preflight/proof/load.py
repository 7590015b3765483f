"""More work than there is time for: of the CPUs, of the devices, of the workers, and of single calls.

A call that is answered within the limit has its whole cost in the time from its beginning to the limit. So the calls
of a measured time T that are good cost at most capacity x (T + limit), however the fleet chooses them and whatever its
queues hold. Which calls those are is not known: the cheapest, at best. With any threshold c, the cost of a call cut at
c, min(X, c), gives

    bad calls >= sum over all calls of min(X, c) / c  -  capacity x (T + limit) / c,

since a bad call takes at most c off. The best threshold is that of the dearest calls which fail first; every other one
gives a weaker bound, none a wrong one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from mmesim import units
from mmesim.arrays import Floats
from mmesim.preflight.devices import jobs_at_once
from mmesim.preflight.offered import named
from mmesim.preflight.proof.asked import Asked, Bad
from mmesim.preflight.proof.chance import surplus
from mmesim.preflight.proof.fleet import Fleet
from mmesim.preflight.proof.law import sum_beyond
from mmesim.preflight.proof.work import (
    Parts,
    cpu_of_call,
    cut,
    device_of_call,
    mean_of,
    time_of_call,
    worker_of_call,
)
from mmesim.scenario.endpoint.host_type import HostType
from mmesim.scenario.models.groups import Model
from mmesim.scenario.scenario import Scenario

THRESHOLDS = 40
LOWEST, HIGHEST = 0.5, 64.0
"""Thresholds lie between these multiples of the smallest and the largest mean."""
ALIKE = 16
"""Distinct means that are thresholds themselves: of constant times each is the best one."""


def cpu(fleet: Fleet, asked: Asked) -> Iterator[Bad]:
    """CPU work beyond what all vCPUs do."""
    endpoint, time_s = fleet.scenario.endpoint, _time_s(fleet, asked)
    host, count = endpoint.host, endpoint.most_instances
    have = count * host.cores_when_full
    found = _shared(fleet, asked, cpu_of_call, have * time_s)
    if found is not None:
        proved, good, work = found
        each = f"{units.show_number(work / asked.length_s)} s of CPU work a second"
        does = f"{_instances(fleet)} at most {units.show_number(have)} s ({_vcpus(host)})"
        yield Bad(asked.share_of(proved, good), "cpu", f"calls bring {each}, {does}")


def devices(fleet: Fleet, asked: Asked) -> Iterator[Bad]:
    """Work for devices beyond what all of them do."""
    have = jobs_at_once(fleet.scenario)
    found = _shared(fleet, asked, device_of_call, have * _time_s(fleet, asked)) if have else None
    if found is not None:
        proved, good, work = found
        each = f"{units.show_number(work / asked.length_s)} s of work for devices a second"
        yield Bad(asked.share_of(proved, good), "device", f"calls bring {each}, all devices do at most {have:,} s")


def workers(fleet: Fleet, asked: Asked) -> Iterator[Bad]:
    """Time of workers beyond what there are: of each model, or of all together where they share them."""
    kind, endpoint = fleet.offered.kind, fleet.scenario.endpoint
    count, time_s = endpoint.most_instances, _time_s(fleet, asked)
    if kind.queue.scope == "server":
        have = kind.server_workers.at_most * count
        found = _shared(fleet, asked, worker_of_call, have * time_s)
        if found is not None:
            proved, good, work = found
            busy = units.show_number(work / asked.length_s)
            yield Bad(
                asked.share_of(proved, good), "workers", f"calls keep {busy} workers busy, there are {have:,} at most"
            )
        return
    homes = 1 if endpoint.router.policy.one_home and endpoint.router.misroute == 0.0 else count
    have_of = fleet.offered.each(lambda model: kind.model_workers(model).at_most) * homes
    yield from _own_workers(fleet, asked, have_of, time_s)


def _own_workers(fleet: Fleet, asked: Asked, have_of: Floats, time_s: float) -> Iterator[Bad]:
    """Models whose calls keep more workers busy than they can have."""
    calls = asked.of_model
    firsts, sort_of = fleet.offered.alike
    parts = [worker_of_call(fleet.scenario, model) for model in firsts]
    mean_s = np.array([mean_of(one) for one in parts])[sort_of]
    over = np.flatnonzero((calls * mean_s > have_of * time_s) & ~fleet.failing)
    if not len(over):
        return
    proved = float(calls[fleet.failing].sum())
    good = 0.0
    for row in over.tolist():
        one = parts[sort_of[row]]
        at_s = _thresholds(np.array([mean_s[row]]))
        marks, served = calls[row] * cut(one, at_s) / np.array(at_s), have_of[row] * time_s / np.array(at_s)
        best = int(np.argmax(marks - served))
        if marks[best] > served[best]:
            proved, good = proved + float(marks[best]), good + float(served[best])
    if good == 0.0:
        return
    worst = int(over[np.argmax(calls[over] * mean_s[over] / have_of[over])])
    busy = units.show_number(float(calls[worst] * mean_s[worst]) / asked.length_s)
    names = named([fleet.offered.models[row].name for row in (worst, *over[over != worst].tolist())])
    text = f"{names}: calls keep {busy} workers busy, there are {have_of[worst]:,.0f} at most"
    yield Bad(asked.share_of(proved, good), "workers", text)


def own_time(fleet: Fleet, asked: Asked) -> Iterator[Bad]:
    """Calls that take longer than the limit even when they wait for nothing."""
    calls, left_s = asked.of_model, asked.limit_s - fleet.scenario.fixed_delay_s
    chance = fleet.offered.each(lambda model: sum_beyond(time_of_call(fleet.scenario, model), left_s))
    late = float(calls @ np.where(fleet.failing, 0.0, chance))
    proved = late + float(calls[fleet.failing].sum())
    if late > 0.0:
        share = units.show_fraction(late / asked.expected)
        longer = f"{share} of the calls take longer than the limit"
        yield Bad(asked.share_of(proved), "service", f"{longer} even on an idle instance with their model loaded")


def _shared(
    fleet: Fleet, asked: Asked, cost: Callable[[Scenario, Model], Parts], capacity_s: float
) -> tuple[float, float, float] | None:
    """Marks, what can be good of them, and the whole cost in seconds, where all calls share one capacity."""
    calls = np.where(fleet.failing, 0.0, asked.of_model)
    firsts, sort_of = fleet.offered.alike
    parts = [cost(fleet.scenario, model) for model in firsts]
    mean_s = np.array([mean_of(one) for one in parts])
    of_sort = np.bincount(sort_of, weights=calls, minlength=len(firsts))
    work = float(of_sort @ mean_s)
    if work <= capacity_s:
        return None
    at_s = _thresholds(mean_s[of_sort > 0.0])
    lost = float(asked.of_model[fleet.failing].sum())
    marks = lost + (of_sort @ np.array([cut(one, at_s) for one in parts])) / np.array(at_s)
    good = capacity_s / np.array(at_s)
    left = [surplus(asked.allowed, asked.expected, float(m), float(g)) for m, g in zip(marks, good, strict=True)]
    best = int(np.argmax(left))
    return float(marks[best]), float(good[best]), work


def _thresholds(mean_s: Floats) -> tuple[float, ...]:
    """Of the costs with these means."""
    means = np.unique(mean_s[mean_s > 0.0])
    between = np.geomspace(LOWEST * means[0], HIGHEST * means[-1], THRESHOLDS)
    return tuple(np.concatenate([between, means[-ALIKE:]]).tolist())


def _time_s(fleet: Fleet, asked: Asked) -> float:
    """How long the endpoint has for the calls of the measured time, seconds."""
    return asked.length_s + max(0.0, asked.limit_s - fleet.scenario.fixed_delay_s)


def _instances(fleet: Fleet) -> str:
    endpoint = fleet.scenario.endpoint
    count, name = endpoint.most_instances, endpoint.instance_type
    what = name or f"instance{'s' if count > 1 else ''}"
    return f"{count} x {what} do" if name else f"{count} {what} {'do' if count > 1 else 'does'}"


def _vcpus(host: HostType) -> str:
    speed = "" if host.cpu_speed == 1.0 else f" at {units.show_number(host.cpu_speed)} times the speed of an ml.c5"
    return f"{host.vcpu} vCPUs each{speed}"
