"""One host: its copies, its CPU and devices, and the attempts that wait or are served there."""

from __future__ import annotations

from collections.abc import Callable

import simpy

from mmesim.scenario import Scenario
from mmesim.scenario.models.groups import Model
from tests.twin.calls import Attempt
from tests.twin.copies import Copy
from tests.twin.devices import Device, Worker
from tests.twin.loads import Loads
from tests.twin.shared import Shared, cpu_rate
from tests.twin.space import Space
from tests.twin.trouble import Trouble


class Host:
    """The state of one host."""

    def __init__(
        self, env: simpy.Environment, scenario: Scenario, number: int, steps: Callable[[], int], trouble: Trouble
    ) -> None:
        self._env, self.number = env, number
        self._steps = steps  # the next number of everything that is ranked by what came last
        self.slowed = 1.0
        full = cpu_rate(scenario.endpoint.host)
        self.cpu = Shared(env, lambda jobs: full(jobs) / self.slowed)
        devices = scenario.endpoint.host.devices
        self.devices = [] if devices is None else [Device(env, devices) for _ in range(devices.count)]
        self._hired = 0
        self._throttling = scenario.endpoint.throttling
        self._most_tokens = float(self._throttling.burst or max(1.0, self._throttling.rate_per_s or 0.0))
        self._tokens, self._counted_s = self._most_tokens, env.now
        self.copies: dict[int, Copy] = {}
        self.space = Space(env, scenario, self.copies, steps)
        self.space.left_behind = trouble.leaving
        self.space.on_unloaded = lambda model: self.on_unloaded(self, model)
        self.space.on_deleted = lambda model: self.on_deleted(self, model)
        self.loads = Loads(env, scenario, self.space, self.cpu, trouble)
        self.loads.on_loaded, self.loads.on_ended = self._loaded, self._ended
        self.outstanding = 0
        self.alive, self.leaves = True, False
        self.side, self.endpoint = 0, scenario.endpoint  # of a deploy
        self.waiting: dict[Attempt, None] = {}  # what waits here for a load, in order
        self.handed: dict[Attempt, None] = {}  # what was handed to the container and is not answered, in order
        self.inside: dict[simpy.Process, None] = {}  # what the container does with them
        self.on_ready: Callable[[Host, Copy], None] = lambda host, copy: None
        self.on_unloaded: Callable[[Host, Model], None] = lambda host, model: None
        self.on_deleted: Callable[[Host, int], None] = lambda host, model: None
        self.on_aborted: Callable[[Host, Copy, str], None] = lambda host, copy, cause: None

    def fits_when_empty(self, model: Model) -> bool:
        """Whether the model fits on this host without any other."""
        return self.space.fits_when_empty(model) and all(device.holds(model) for device in self.devices)

    def refuses(self) -> bool:
        """Whether an attempt that comes now is throttled; one that is not takes a token."""
        if self._throttling.in_flight is not None and self.outstanding >= self._throttling.in_flight:
            return True
        if self._throttling.rate_per_s is None:
            return False
        more = (self._env.now - self._counted_s) * self._throttling.rate_per_s
        self._tokens, self._counted_s = min(self._most_tokens, self._tokens + more), self._env.now
        if self._tokens < 1.0:
            return True
        self._tokens -= 1.0
        return False

    def touch(self, copy: Copy) -> None:
        """A call was routed to this copy."""
        copy.used += 1
        copy.accessed, copy.clock = self._steps(), self.space.clock

    def start_load(self, model: Model, draws: int) -> Copy:
        """A load of the model begins, whose draws belong to this number."""
        copy = self.copies[model.index] = Copy(model)
        self.loads.start(copy, draws)
        return copy

    def preload(self, model: Model) -> simpy.Process:
        """A load begins that no call asks for."""
        copy = self.copies[model.index] = Copy(model, accessed=self._steps())
        return self.loads.start(copy, 0)

    def die(self) -> list[Attempt]:
        """All work here ends, and nothing is in flight any more; the attempts that were here, in order."""
        here = [*self.waiting, *self.handed]
        self.alive, self.waiting, self.handed = False, {}, {}
        self.space.stopped = True
        self.cpu.stop()
        self.loads.stop()
        for copy in self.copies.values():
            copy.state, copy.in_flight = "ready", 0  # for all that the router knows
        self.outstanding = 0
        return here

    def empty(self) -> None:
        """All models are gone from memory, with the loads that have come as far as the container."""
        for copy in [copy for copy in self.copies.values() if copy.state == "ready"]:
            copy.retire()
            copy.state = "gone"
            del self.copies[copy.model.index]
            self.space.gone(copy)
        self.space.unloads_end()
        self.loads.fail_inside()

    def place(self, model: Model) -> bool:
        """The model is ready on this host before the run begins, if it fits."""
        copy = Copy(model, "ready", accessed=self._steps(), loaded=self._steps())
        if not all(device.holds(model) for device in self.devices) or not self.space.place(copy):
            return False
        self.copies[model.index] = copy
        self._staff(copy)
        for worker in reversed(copy.workers):  # that which is last in line was used last
            if worker.device is not None and model.device_memory_bytes:
                worker.device.place(worker)
        return True

    def became_idle(self) -> None:
        """A copy finished its last call, or room was freed."""
        self.space.look()

    def _staff(self, copy: Copy) -> None:
        """The workers of a copy come; they share the devices out in turn, whatever their model."""
        for _ in range(copy.model.workers):
            device = self.devices[self._hired % len(self.devices)] if self.devices else None
            self._hired += 1
            copy.workers.append(Worker(copy.model, device))
        copy.idle_workers.extend(copy.workers)

    def _loaded(self, copy: Copy) -> None:
        copy.state, copy.loaded, copy.loaded_s, copy.clock = "ready", self._steps(), self._env.now, self.space.clock
        if not copy.hollow:
            self._staff(copy)

    def _ended(self, copy: Copy, cause: str | None) -> None:
        """A load has ended, without a copy if there is a cause."""
        if cause is None:
            self.on_ready(self, copy)
        else:
            del self.copies[copy.model.index]
            self.on_aborted(self, copy, cause)
        self.became_idle()
