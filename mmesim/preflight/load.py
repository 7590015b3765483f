"""Offered load against capacity: CPU, threads, and the number of calls; of workers see `workers`."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

import numpy as np

from mmesim import units
from mmesim.preflight.finding import Finding
from mmesim.preflight.offered import Offered
from mmesim.scenario.endpoint.host_type import HostType

BUSY = 0.9
"""Share of a capacity from which on a warning is due: calls of M/M/1 then take 10 times their service on average."""
SIZED_FOR = 0.7
"""Share of the capacity that the advised number of instances is used to."""
SPIN = 0.1
"""Share of the CPU time that over-subscription may take without a word."""
CALL_BYTES = 450
"""Memory of the simulator for one call in flight."""
MOST_BYTES = 8 * 2**30
MANY_CALLS, CALLS_PER_S = 1e9, 1e6
"""Calls that take a long while to simulate, and how many a core does in a second, roughly."""

RULE = "docs/assumptions.md, CPU"


def cpu(offered: Offered) -> Iterator[Finding]:
    """The CPU work that calls bring a second, against what all hosts can do."""
    scenario = offered.scenario
    hosts, one = scenario.endpoint.most_instances, scenario.endpoint.host.cores_when_full
    have = capacity_s(offered)
    brought = offered.open_per_s @ offered.cpu_s
    mean, peak = float(brought.mean()), float(brought.max())
    if max(mean / BUSY, peak) < have:
        return
    shared = f"the {hosts} instances do" if hosts > 1 else "the instance does"
    enough = instances_for(offered)
    if mean >= have:
        follows = "more than there is: what is not done waits or is refused, whatever the queues hold"
    elif peak >= have:
        follows = f"and in the busiest {units.show_seconds(window_s(offered))} {units.show_fraction(peak / have)}"
    else:
        follows = "waiting times rise steeply from here on"
    yield Finding(
        id="cpu",
        severity="problem" if mean >= have else "warning",
        text=f"calls bring {units.show_number(mean)} s of CPU work a second, {shared} at most "
        f"{units.show_number(have)} s ({_capacity(scenario.endpoint.host, each=hosts > 1)}): "
        f"{units.show_fraction(mean / have)}, {follows}; of {enough} instances they would take "
        f"{units.show_fraction(max(mean, peak) / (enough * one))}",
        evidence={"offered_cpu": mean, "busiest_offered_cpu": peak, "capacity_cpu": have, "share": mean / have},
        source=RULE,
        try_=f"{scenario.endpoint.count_key}={enough}",
    )


def instances_for(offered: Offered) -> int:
    """How many instances the CPU work of the busiest window uses to `SIZED_FOR`; 0 without calls of a known rate."""
    brought = float((offered.open_per_s @ offered.cpu_s).max())
    return ceil(brought / (SIZED_FOR * offered.scenario.endpoint.host.cores_when_full))


def _capacity(host: HostType, each: bool) -> str:
    """How much CPU work an instance does in a second, and why that is not one second for each vCPU."""
    cores = units.show_number(host.vcpu / host.threads_per_core)
    does = f"each {units.show_number(host.cores_when_full)} s: " if each else ""
    smt = f", whose 2 threads together do {units.show_number(host.smt_yield)} times the work of one"
    speed = "" if host.cpu_speed == 1.0 else f", at {units.show_number(host.cpu_speed)} times the speed of an ml.c5"
    return f"{does}{host.vcpu} vCPUs = {cores} cores{smt if host.threads_per_core == 2 else ''}{speed}"


def threads(offered: Offered) -> Iterator[Finding]:
    """What over-subscription takes when the threads of the calls that are served at once exceed the vCPUs."""
    scenario, kind = offered.scenario, offered.kind
    host, hosts = scenario.endpoint.host, scenario.endpoint.most_instances
    if not any(model.oversubscription and model.service.threads > 1 for model in offered.models):
        return
    count = np.array([float(model.service.threads) for model in offered.models])
    factor = np.array([model.oversubscription if model.service.threads > 1 else 0.0 for model in offered.models])
    most = offered.each(lambda model: max(1, kind.model_workers(model).at_most))
    computing = np.array([model.service.cpu.mean > 0.0 for model in offered.models])
    busy = np.minimum(offered.open_per_s.max(axis=0) * offered.worker_s / hosts, most) * computing
    running = float(busy @ count)
    alone = int(np.argmax(count * computing * (factor > 0.0)))
    running, spin = (
        (float(count[alone]), float(factor[alone]))
        if running <= count[alone]
        else (running, float(busy @ (count * factor)) / running)
    )
    loss = 1.0 - 1.0 / (1.0 + spin * max(0.0, running / host.vcpu - 1.0))
    if loss <= SPIN:
        return
    yield Finding(
        id="threads",
        severity="warning",
        text=f"about {units.show_number(running)} threads compute at once on {host.vcpu} vCPUs, and threads that spin "
        f"take {units.show_fraction(loss)} of the CPU time: threads are the cause, not the model",
        evidence={"threads": running, "vcpu": host.vcpu, "oversubscription": spin, "lost_share": loss},
        source=RULE,
        try_=f"models.{offered.models[alone].entry}.service.threads=1, as OMP_NUM_THREADS=1 does",
    )


def calls(offered: Offered) -> Iterator[Finding]:
    """Calls that are in flight at once when the endpoint cannot keep up, and calls in all."""
    scenario = offered.scenario
    retries = scenario.clients.retries
    attempts = 1 if retries is None else retries.max_attempts
    rate = float(offered.open_per_s.sum(axis=1).max())
    brought = float((offered.open_per_s @ offered.cpu_s).max())
    have = capacity_s(offered)
    left_over = rate * max(0.0, 1.0 - have / brought) if brought else 0.0
    in_flight = left_over * min(scenario.run.duration_s, attempts * scenario.clients.timeout_s)
    total = float(offered.open_per_s.sum(axis=1).mean()) * scenario.run.duration_s * scenario.run.replications
    if in_flight * CALL_BYTES > MOST_BYTES:
        yield Finding(
            id="calls",
            severity="problem",
            text=f"the endpoint cannot keep up with {rate:,.0f} calls a second: up to {in_flight:,.0f} calls wait "
            f"at once, and simulating them takes about {units.show_bytes(in_flight * CALL_BYTES)} of memory",
            evidence={"calls_per_s": rate, "in_flight": in_flight, "memory_bytes": in_flight * CALL_BYTES},
            source="docs/performance.md",
            try_="a lower rate, or more instances (see cpu)",
        )
    elif total > MANY_CALLS:
        yield Finding(
            id="calls",
            severity="note",
            text=f"about {total:,.0f} calls are simulated: about {units.show_seconds(total / CALLS_PER_S)} on one core",
            evidence={"calls": total},
            source="docs/performance.md",
            try_="a shorter run.duration, or --jobs",
        )


def capacity_s(offered: Offered) -> float:
    """CPU work that all instances do in a second."""
    endpoint = offered.scenario.endpoint
    return endpoint.most_instances * endpoint.host.cores_when_full


def window_s(offered: Offered) -> float:
    """Length of one of the windows over which calls are counted."""
    return offered.scenario.run.duration_s / len(offered.open_per_s)
