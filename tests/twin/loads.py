"""The loads of one host: a slot, the artefact, room, processes."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import cast

import simpy

from mmesim.scenario import Scenario
from mmesim.scenario.models.groups import Model
from mmesim.scenario.values.times import always
from tests.twin.copies import Copy
from tests.twin.process import Process, once
from tests.twin.shared import Shared, link_rate
from tests.twin.space import Space
from tests.twin.trouble import LoadFailed, Trouble

PARENT_BYTES = 3 * 2**20
PARENT_TASKS = 3
"""Of the model server, for the parent of the workers."""


class Loads:
    """Loads that wait or are under way; each ends as a copy or fails."""

    def __init__(self, env: simpy.Environment, scenario: Scenario, space: Space, cpu: Shared, trouble: Trouble) -> None:
        endpoint = scenario.endpoint
        self.env, self.scenario, self.space, self.cpu, self.trouble = env, scenario, space, cpu, trouble
        stream_Bps, read_Bps = endpoint.download.stream_Bps, endpoint.disk_read_Bps
        self.network = Shared(env, link_rate(endpoint.host.network_Bps, lambda: trouble.rate_of_one(stream_Bps)))
        self.disk = None if read_Bps is None else Shared(env, link_rate(read_Bps, lambda: 1e300))
        self.queue = 0
        self._slots = simpy.Resource(env, endpoint.load_slots)
        self._under_way: list[simpy.Process] = []
        self._stopped = False
        self._back: simpy.Event | None = None
        self._inside: set[simpy.Process] = set()
        self.on_loaded: Callable[[Copy], None] = lambda copy: None
        self.on_ended: Callable[[Copy, str | None], None] = lambda copy, cause: None

    def start(self, copy: Copy, draws: int) -> simpy.Process:
        """A load begins, whose draws belong to this number; it is aborted when it takes too long."""
        self.queue += 1
        load = self.env.process(self._load(copy, draws))
        self._under_way.append(load)
        self.env.process(self._limit(load))
        return load

    def stop(self) -> None:
        """The host is lost, with all that is loaded."""
        self._stopped, self.queue = True, 0
        self.network.stop()
        if self.disk is not None:
            self.disk.stop()
        for load in self._under_way:
            if load.is_alive:
                load.interrupt()

    @property
    def is_up(self) -> bool:
        """Whether there is a container."""
        return self._back is None

    def go_down(self, takes_s: float) -> Process:
        """There is no container for some time, or longer if it dies again."""
        back = self._back = self.env.event()
        yield self.env.timeout(takes_s)
        if self._back is back:
            self._back = None
        back.succeed()

    def fail_inside(self) -> None:
        """Loads that have come as far as the container fail, those first that were asked for first."""
        for load in self._under_way:
            if load in self._inside:
                load.interrupt("restart")

    def start_worker(self, model: Model) -> Process:
        """One worker loads the model."""
        try:
            if self.disk is not None:
                yield from self.disk.use(model.artifact_bytes)
            yield from self.cpu.use(always(model.load.cpu) or 0.0)
            yield self.env.timeout(always(model.load.wait) or 0.0)
        except simpy.Interrupt:
            pass

    def _limit(self, load: simpy.Process) -> Process:
        yield self.env.timeout(self.scenario.endpoint.load_limit_s)
        if load.is_alive:
            load.interrupt()

    def _load(self, copy: Copy, draws: int) -> Process:
        """Slot, artefact, room, processes; what is held is given back when the load is broken off."""
        model, space, first = copy.model, self.space, self.scenario.endpoint.slot_covers
        this = cast(simpy.Process, self.env.active_process)
        slot: simpy.resources.resource.Request | None = None
        try:
            if first == "download_and_load":
                slot = self._slots.request()
                yield from once(slot)
            if model.index not in space.files:
                yield from self._download(model, draws)
            space.use_file(model)
            if slot is None:
                slot = self._slots.request()
                yield from once(slot)
            yield from space.in_memory(copy)
            while self._back is not None:
                yield self._back
            self._inside.add(this)
            yield from self._start(model)
            failure = self.trouble.of(model.index)
            if failure == "500":
                raise LoadFailed
            if failure == "507":
                yield from self._hollow(copy)
        except (simpy.Interrupt, LoadFailed) as why:
            self._inside.discard(this)
            if self._stopped:
                return
            failed = isinstance(why, LoadFailed) or why.cause == "restart"
            self.queue -= 1
            space.use_file(model)
            space.resize(copy, 0, 0)
            if slot is not None:
                slot.cancel() if not slot.triggered else self._slots.release(slot)
            self.on_ended(copy, "load_failed" if failed else "load_timeout")
            return
        self._inside.discard(this)
        if not copy.hollow:
            space.resize(copy, model.pool_memory_bytes, model.pool_tasks)
        copy.broken = failure is not None
        self.on_loaded(copy)
        self.queue -= 1
        self._slots.release(slot)
        self.on_ended(copy, None)

    def _hollow(self, copy: Copy) -> Process:
        """A model is unloaded for this one, of which the parent process alone is left then."""
        victim = self.space.victim()
        if victim is not None:
            yield self.space.unload(victim)
        copy.hollow = True
        self.space.resize(copy, PARENT_BYTES, copy.model.framework_threads + PARENT_TASKS)

    def _download(self, model: Model, draws: int) -> Process:
        download = self.scenario.endpoint.download
        yield from self.space.on_disk(model)
        try:
            yield from self._first_byte(model, draws)
            yield from self.network.use(model.artifact_bytes)
            if download.unpack_Bps_per_vcpu is not None:
                yield from self.cpu.use(model.artifact_bytes / download.unpack_Bps_per_vcpu)
        except (simpy.Interrupt, LoadFailed):
            self.space.delete(model)
            raise

    def _first_byte(self, model: Model, draws: int) -> Process:
        """Requests to S3 until one does not fail, or all have."""
        own_s = always(self.scenario.endpoint.download.first_byte) or 0.0
        for number in count(1):
            yield self.env.timeout(self.trouble.first_byte_s(own_s))
            failure = self.trouble.failure(model, draws, number)
            if failure is None:
                return
            tries, pause = failure
            if number >= tries:
                raise LoadFailed
            yield self.env.timeout(pause * 2 ** (number - 1))

    def _start(self, model: Model) -> Process:
        """The parent of the model's workers, then all of them."""
        start = self.scenario.server.process_start
        yield from self.cpu.use(always(start.cpu) or 0.0)
        yield self.env.timeout(always(start.wait) or 0.0)
        workers = [self.env.process(self.start_worker(model)) for _ in range(model.workers)]
        try:
            yield self.env.all_of(workers)
        except simpy.Interrupt:
            for worker in workers:
                if worker.is_alive:
                    worker.interrupt()
            raise
