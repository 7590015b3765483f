"""Leaks: what calls and unloads leave behind, and what the kernel kills when that is too much."""

from __future__ import annotations

from math import inf

import simpy

from mmesim.scenario import Scenario
from mmesim.scenario.faults.fault import Fault
from mmesim.scenario.faults.kinds import RESTART_S
from mmesim.scenario.models.groups import Model
from tests.twin.container import Containers
from tests.twin.fleet import Fleet
from tests.twin.host import Host
from tests.twin.process import Process
from tests.twin.trouble import Trouble

LOOK_S = 1.0
SERVER_BYTES = 130 * 10**6
"""The model server's own process, without what leaks there."""


class Leaks:
    """The leaks of a run."""

    def __init__(
        self, env: simpy.Environment, scenario: Scenario, fleet: Fleet, trouble: Trouble, containers: Containers
    ) -> None:
        self.env, self.scenario, self.fleet, self.trouble, self.containers = env, scenario, fleet, trouble, containers

    def of(self, fault: Fault) -> Process:
        """Memory leaks for some time: calls are counted, and the kernel looks, once a second."""
        leak = fault.leak
        assert leak is not None
        leaving = {model.index: leak.per_unload_bytes or 0 for model in self.models(fault)}
        self.trouble.leaving.append(leaving)
        until = inf if leak.for_s is None else self.env.now + leak.for_s
        counted = {copy: copy.served for host in self.fleet.all for copy in host.copies.values()}
        while self.env.now < until and not self.trouble.over:
            yield self.env.timeout(min(LOOK_S, until - self.env.now))
            for host in self.fleet.all:
                if not host.alive:
                    continue
                for copy in host.copies.values():
                    if copy.model.index in leaving:
                        calls = copy.served - counted.get(copy, 0)
                        counted[copy] = copy.served
                        copy.leaked += calls * (leak.per_call_bytes or 0)
            self._look_everywhere()
        self.trouble.leaving.remove(leaving)
        while not self.trouble.over and any(_reserved(host) > _has(host) for host in self.fleet.all if host.alive):
            yield self.env.timeout(LOOK_S)
            self._look_everywhere()

    def _look_everywhere(self) -> None:
        for host in self.fleet.all:
            if host.alive:
                self._look(host)

    def models(self, fault: Fault) -> list[Model]:
        """Those that leak."""
        assert fault.leak is not None
        return [model for model in self.scenario.model_table() if model.name in fault.leak.models]

    def _look(self, host: Host) -> None:
        """The largest processes are killed until what is alive fits."""
        while host.loads.is_up and host.space.in_use > _has(host):
            sizes = [
                (copy.alive[0].size + copy.leaked // len(copy.alive), copy)
                for copy in host.copies.values()
                if copy.state == "ready" and copy.alive
            ]
            size, copy = max(sizes, key=lambda one: one[0], default=(0, None))
            if copy is None or SERVER_BYTES + host.space.left_bytes >= size:
                self.containers.restart(host, RESTART_S)
            else:
                self.containers.crash(host, copy, 1)


def _reserved(host: Host) -> int:
    """Memory that belongs to somebody, were it to workers that are dead."""
    return host.space.memory + host.space.leaked


def _has(host: Host) -> int:
    """The memory of a host."""
    return host.space.scenario.endpoint.host.memory_bytes
