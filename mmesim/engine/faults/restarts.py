"""Containers that die and are started again."""

from __future__ import annotations

from mmesim.engine.control.host import Host
from mmesim.engine.faults.world import Process, World
from mmesim.scenario.faults.fault import Fault
from mmesim.scenario.faults.kinds import ContainerRestart


def container_restart(world: World, fault: Fault, chance: float) -> Process:
    """The container of one instance dies."""
    assert isinstance(fault.what, ContainerRestart)
    host = world.instance(fault.what.instance, chance)
    if host is not None:
        world.begins(fault, host=host.row)
        yield from restart(world, host, fault.what.takes_s)
        world.ends(fault)


def restart(world: World, host: Host, takes_s: float) -> Process:
    """The container of a host dies and is back after some time, unless it dies again before."""
    back = world.env.event()
    world.loader.crash_container(host, back)
    yield world.env.timeout(takes_s)
    if host.back is back:
        host.back = None
    back.succeed()
