"""What each kind of fault does: a process that begins when the fault comes and ends when it is over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from mmesim.engine.control.loads.faults import Outage
from mmesim.engine.faults.leaks import leak
from mmesim.engine.faults.losses import instance_loss, zone_loss
from mmesim.engine.faults.restarts import container_restart
from mmesim.engine.faults.world import Process, World
from mmesim.scenario.faults.fault import Fault
from mmesim.scenario.faults.kinds import (
    ALL,
    ContainerRestart,
    FailingS3,
    InstanceLoss,
    Kind,
    Leak,
    PoisonModel,
    SlowInstance,
    SlowS3,
    WorkerCrash,
    ZoneLoss,
)

Effect = Callable[[World, Fault, float], Process]
"""(what it acts on, the fault, a uniform number for its choice) -> the process."""


def slow_s3(world: World, fault: Fault, _: float) -> Process:
    """Downloads of all instances are slow, those under way too."""
    assert isinstance(fault.what, SlowS3)
    s3 = world.loader.faults.s3
    world.begins(fault)
    s3.slow.append(fault.what)
    _limit_downloads(world)
    if (yield from world.lasts(fault)):
        s3.slow.remove(fault.what)
        _limit_downloads(world)
        world.ends(fault)


def _limit_downloads(world: World) -> None:
    for host in world.fleet.alive:
        host.network.limit(world.loader.faults.s3.most_per_download)


def failing_s3(world: World, fault: Fault, _: float) -> Process:
    """A share of the requests to S3 fails."""
    assert isinstance(fault.what, FailingS3)
    outage = Outage(fault.what, world.generators(f"fault/{fault.name}"))
    world.begins(fault)
    world.loader.faults.s3.outages.append(outage)
    if (yield from world.lasts(fault)):
        world.loader.faults.s3.outages.remove(outage)
        world.ends(fault)


def slow_instance(world: World, fault: Fault, chance: float) -> Process:
    """The CPUs of an instance are slower; several such faults multiply."""
    assert isinstance(fault.what, SlowInstance)
    host = world.instance(fault.what.instance, chance)
    if host is None:
        return
    world.begins(fault, host=host.row)
    factors = world.slowed.setdefault(host.row, [])
    factors.append(fault.what.factor)
    _set_speed(world, host.row)
    if (yield from world.lasts(fault)):
        factors.remove(fault.what.factor)
        _set_speed(world, host.row)
        world.ends(fault)


def _set_speed(world: World, row: int) -> None:
    speed = float(world.plane.tables.views.hosts.full_speed[row])
    for factor in world.slowed[row]:
        speed /= factor
    world.plane.set_speed(world.env.now, row, speed)


def worker_crash(world: World, fault: Fault, chance: float) -> Process:
    """Workers of the ready copies of some models die, on one instance or on all."""
    what = fault.what
    assert isinstance(what, WorkerCrash)
    one = None if what.instance is None else world.instance(what.instance, chance)
    hosts = world.fleet.alive if what.instance is None else [] if one is None else [one]
    models, died = world.models(what.models), 0
    for host in hosts:
        for pool in world.stations(host, models):
            alive = world.alive(pool)
            for number in alive if what.workers == ALL else alive[: what.workers]:
                died += world.loader.crew.crash(pool, number)
    world.begins(fault, workers=died)
    yield from ()


def poison_model(world: World, fault: Fault, _: float) -> Process:
    """Loads of some models fail."""
    assert isinstance(fault.what, PoisonModel)
    bad, models = world.loader.faults.bad, world.models(fault.what.models)
    world.begins(fault)
    for model in models:
        bad.setdefault(model, []).append(fault)
    if (yield from world.lasts(fault)):
        for model in models:
            bad[model].remove(fault)
        world.ends(fault)


EFFECTS: Mapping[type[Kind], Effect] = MappingProxyType(
    {
        SlowS3: slow_s3,
        FailingS3: failing_s3,
        SlowInstance: slow_instance,
        WorkerCrash: worker_crash,
        Leak: leak,
        PoisonModel: poison_model,
        InstanceLoss: instance_loss,
        ZoneLoss: zone_loss,
        ContainerRestart: container_restart,
    }
)
"""Kind of fault -> its process."""
