"""Faults: losses, S3 and instances that are slow, downloads that fail, bad artefacts, workers that die, leaks."""

from __future__ import annotations

import simpy

from mmesim.scenario import Scenario
from mmesim.scenario.faults.fault import Fault
from mmesim.scenario.faults.kinds import WorkerCrash
from tests.twin.container import Containers
from tests.twin.fleet import Fleet
from tests.twin.host import Host
from tests.twin.leaks import Leaks
from tests.twin.process import Process
from tests.twin.trouble import Trouble


class Faults:
    """The faults of a scenario; each comes at its time and ends after `for`, if at all."""

    def __init__(
        self, env: simpy.Environment, scenario: Scenario, fleet: Fleet, trouble: Trouble, containers: Containers
    ) -> None:
        self.env, self.scenario, self.fleet, self.trouble = env, scenario, fleet, trouble
        self._leaks = Leaks(env, scenario, fleet, trouble, containers)
        self._draws = trouble.draws
        self._crash, self._restart = containers.crash, containers.restart

    def begin(self) -> None:
        """Faults come at their times."""
        for fault in self.scenario.faults:
            self.env.process(self._fault(fault))

    def _fault(self, fault: Fault) -> Process:
        assert fault.at_s is not None
        yield self.env.timeout(fault.at_s)
        if fault.worker_crash is not None:
            self._crashes(fault, fault.worker_crash)
            return
        if fault.container_restart is not None:
            host = self._hit(fault, fault.container_restart.instance)
            if host is not None:
                self._restart(host, fault.container_restart.takes_s)
            return
        if fault.instance_loss is not None:
            host = self._hit(fault, fault.instance_loss.instance)
            if host is not None:
                self.fleet.lose(host, fault.instance_loss.replace)
            return
        if fault.zone_loss is not None:
            for host in list(self.fleet.all):
                if host.alive and self.fleet.zone[host.number] == fault.zone_loss.zone - 1:
                    self.fleet.lose(host, fault.zone_loss.replace)
            return
        if fault.leak is not None:
            yield from self._leaks.of(fault)
            return
        slow = None if fault.slow_instance is None else self._hit(fault, fault.slow_instance.instance)
        self._turn(fault, 1, slow)
        if fault.for_s is not None:
            yield self.env.timeout(fault.for_s)
            self._turn(fault, -1, slow)

    def _hit(self, fault: Fault, instance: object) -> Host | None:
        """The host with this number, or any of those that take calls, if there is one."""
        if isinstance(instance, int):
            return self.fleet.all[instance] if self.fleet.all[instance].alive else None
        up = sorted(self.fleet.staying, key=lambda host: host.number)
        return up[self._draws.any_of(len(up), fault)] if up else None

    def _turn(self, fault: Fault, by: int, slow: Host | None) -> None:
        """A fault that lasts begins (1) or ends (-1)."""
        trouble = self.trouble
        if fault.slow_s3 is not None:
            for host in self.fleet.all:
                host.loads.network.settle()
            trouble.slow[fault.slow_s3] += by
            for host in self.fleet.all:
                host.loads.network.resume()
        elif fault.failing_s3 is not None:
            trouble.failing.append(fault) if by > 0 else trouble.failing.remove(fault)
        elif fault.slow_instance is not None and slow is not None:
            slow.cpu.settle()
            slow.slowed *= fault.slow_instance.factor**by
            slow.cpu.resume()
        elif fault.poison_model is not None:
            of = fault.poison_model
            for model in self.scenario.model_table():
                if model.name in of.models:
                    bad = trouble.bad.setdefault(model.index, [])
                    bad.append(fault) if by > 0 else bad.remove(fault)

    def _crashes(self, fault: Fault, what: WorkerCrash) -> None:
        only = None if what.instance is None else self._hit(fault, what.instance)
        for host in self.fleet.all:
            if host.alive and (what.instance is None or host is only):
                for copy in list(host.copies.values()):
                    if copy.state == "ready" and copy.model.name in what.models:
                        self._crash(host, copy, copy.model.workers if what.workers == "all" else what.workers)
