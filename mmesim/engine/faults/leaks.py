"""Memory that is not given back, and the kernel's answer once a host has no more: it kills the largest process."""

from __future__ import annotations

from collections.abc import Mapping

from mmesim.engine.control.host import Host
from mmesim.engine.control.task import Task
from mmesim.engine.faults.restarts import restart
from mmesim.engine.faults.world import Process, World
from mmesim.scenario.faults.fault import Fault
from mmesim.scenario.faults.kinds import RESTART_S, Leak

LOOK_S = 1.0
"""How often calls are counted, and the memory of a host is compared with what it has."""

SERVER_BYTES = 130 * 10**6
"""Resident memory of the server's own process, a JVM, measured on MMS; what unloads leave behind is in it."""

Calls = Mapping[tuple[int, int, int], int]
"""Host, pool and life of the pool's row -> the calls that its workers have served."""


def leak(world: World, fault: Fault, _: float) -> Process:
    """Calls leave memory behind in their copy, unloads leave some in the container."""
    what, env = fault.what, world.env
    assert isinstance(what, Leak)
    models, behind = world.models(what.models), world.loader.faults.left_behind
    until = world.over_s if what.for_s is None else min(world.over_s, env.now + what.for_s)
    world.begins(fault)
    for model in models if what.per_unload_bytes else ():
        behind.setdefault(model, []).append(what.per_unload_bytes or 0)
    seen = _calls(world, models)
    while env.now < until:
        yield env.timeout(min(LOOK_S, until - env.now))
        seen = _grow(world, seen, _calls(world, models), what.per_call_bytes or 0)
        _relieve(world, fault)
    for model in models if what.per_unload_bytes else ():
        behind[model].remove(what.per_unload_bytes or 0)
    if what.for_s is not None:
        world.ends(fault)
    while env.now < world.over_s and any(_excess_bytes(world, host) > 0 for host in world.fleet.alive):
        yield env.timeout(LOOK_S)
        _relieve(world, fault)


def _calls(world: World, models: set[int]) -> Calls:
    pools = world.plane.tables.views.pools
    return {
        (host.row, pool, int(pools.gen[pool])): int(pools.served[pool])
        for host in world.fleet.alive
        for pool in world.copies(host, models)
    }


def _grow(world: World, before: Calls, now: Calls, each_bytes: int) -> Calls:
    """Let each copy grow by what its new calls leave behind."""
    for key, calls in now.items():
        new = calls - before.get(key, 0)
        if new and each_bytes:
            world.fleet.hosts[key[0]].grow(key[1], new * each_bytes)
    return now


def _excess_bytes(world: World, host: Host) -> int:
    """Bytes of what is alive, or will be again, beyond the memory of a host."""
    return host.memory.value - host.config.endpoint.host.memory_bytes


def _relieve(world: World, fault: Fault) -> None:
    """On each host that uses more memory than it has, kill the largest process, until what is alive fits.

    A worker gives back what has leaked in it, and its own memory until it is back; then it may be too much again. When
    the container itself is the largest process, it dies with all of them.
    """
    for host in world.fleet.alive:
        while host.back is None and _excess_bytes(world, host) > _dead_bytes(world, host):
            worker = _largest_worker(world, host)
            if worker is None or worker[2] <= SERVER_BYTES + host.left_bytes:
                world.kills(fault, host)
                Task(world.env, restart(world, host, RESTART_S))
                break
            world.loader.crew.crash(worker[0], worker[1])
            world.kills(fault, host)


def _dead_bytes(world: World, host: Host) -> int:
    """What the workers of a host hold that have died and are not back."""
    pools, models = world.plane.tables.views.pools, host.config.models
    found = 0
    for pool in world.copies(host):
        dead = sum(world.loader.crew.deaths(pool))
        if dead:
            model = models[int(pools.model[pool])]
            shared = model.process_memory_bytes + model.memory_bytes
            found += dead * (model.preload_dirty_bytes if model.preload_model else shared)
    return found


def _largest_worker(world: World, host: Host) -> tuple[int, int, int] | None:
    """Pool, number and bytes of the largest worker alive on a host; None when there is none.

    What has leaked in a copy is spread evenly over those of its workers that are alive.
    """
    pools, models = world.plane.tables.views.pools, host.config.models
    largest = None
    for pool in world.copies(host):
        alive = world.alive(pool)
        if alive:
            model = models[int(pools.model[pool])]
            leaked_bytes = host.leaked.get(pool, 0) // len(alive)
            size_bytes = model.process_memory_bytes + model.memory_bytes + leaked_bytes
            if largest is None or size_bytes > largest[2]:
                largest = pool, alive[0], size_bytes
    return largest
