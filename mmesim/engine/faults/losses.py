"""Instances that die, alone or with their zone, and what takes their place."""

from __future__ import annotations

from collections.abc import Sequence

from mmesim.engine.control.host import Host
from mmesim.engine.faults.world import Process, World
from mmesim.scenario.faults.fault import Fault
from mmesim.scenario.faults.kinds import InstanceLoss, ZoneLoss


def instance_loss(world: World, fault: Fault, chance: float) -> Process:
    """One instance dies."""
    assert isinstance(fault.what, InstanceLoss)
    host = world.instance(fault.what.instance, chance)
    if host is not None:
        world.begins(fault, host=host.row)
        yield from _lose(world, fault, (host,), fault.what.replace)


def zone_loss(world: World, fault: Fault, _: float) -> Process:
    """All instances of a zone die, those too that load preloads or are drained, but none that is not there yet."""
    assert isinstance(fault.what, ZoneLoss)
    zone = fault.what.zone
    there = [host for host in world.fleet.alive if world.fleet.zone_of(host) == zone]
    world.begins(fault, zone=zone, hosts=len(there))
    yield from _lose(world, fault, there, fault.what.replace)


def _lose(world: World, fault: Fault, hosts: Sequence[Host], replace: bool) -> Process:
    """They die; the fault is over when others have taken the places of those that were not to leave anyway, or are not
    wanted any more.
    """
    for host in hosts:
        world.fleet.lose(host)
    if replace and hosts:
        coming = [world.fleet.replace(host) for host in hosts if not host.leaves]
        yield world.env.all_of(coming)
        # A scale-in may want fewer meanwhile, and another fault may hit those that are on their way.
        came: list[Host] = [one.value for one in coming]  # type: ignore[misc]  # the value of each is a host
        gone = sum(host.is_gone and not host.was_open for host in came)
        world.ends(fault, **({"never_came": gone} if gone else {}))
