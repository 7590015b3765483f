"""The devices of a host: jobs one after the other, and the models that are on each."""

from __future__ import annotations

from dataclasses import dataclass

import simpy

from mmesim.scenario.endpoint.devices import Devices
from mmesim.scenario.models.groups import Model
from tests.twin.process import Process


class Device:
    """One device: some jobs at a time, first come, first served, and the models of workers, each used at a time."""

    def __init__(self, env: simpy.Environment, rules: Devices) -> None:
        self._env, self._rules = env, rules
        self._turns = simpy.Resource(env, rules.at_once)
        self._there: dict[Worker, None] = {}  # that used longest ago first
        self._working: list[Worker] = []

    def holds(self, model: Model) -> bool:
        """Whether a model of a worker would fit with nothing else there."""
        return model.device_memory_bytes <= self._rules.free_bytes

    def put(self, worker: Worker) -> bool:
        """The model of a worker is there from now on, the one used last, if others leave room for it."""
        self._there.pop(worker, None)
        leaves = [one for one in self._there if one not in self._working]
        while self._taken() + worker.model.device_memory_bytes > self._rules.free_bytes and leaves:
            self.take_off(leaves.pop(0))
        fits = self._taken() + worker.model.device_memory_bytes <= self._rules.free_bytes
        if fits:
            self._there[worker] = None
        return fits

    def place(self, worker: Worker) -> None:
        """The model is there before the run begins, if there is room beside the others."""
        if self._taken() + worker.model.device_memory_bytes <= self._rules.free_bytes:
            self._there = {worker: None, **self._there}  # it is called less than those

    def take_off(self, worker: Worker) -> None:
        """The model of the worker leaves the device."""
        self._there.pop(worker, None)

    def work(self, worker: Worker, seconds: float) -> Process:
        """A job has its turn; the value: whether its model was or came there."""
        with self._turns.request() as turn:
            yield turn
            is_there, needs = worker in self._there, worker.model.device_memory_bytes
            if needs and not self.put(worker):
                return False
            self._working.append(worker)
            if needs and not is_there:
                yield self._env.timeout(needs / self._rules.copy_Bps)
            yield self._env.timeout(seconds)
            self._working.remove(worker)
        return True

    def _taken(self) -> int:
        return sum(worker.model.device_memory_bytes for worker in self._there)


@dataclass(eq=False)
class Worker:
    """A worker of a copy; its device, if its host has any."""

    model: Model
    device: Device | None = None
    job: simpy.Process | None = None
    dead: bool = False

    @property
    def size(self) -> int:
        """Memory of its process, without what has leaked there."""
        return self.model.process_memory_bytes + self.model.memory_bytes
