"""One host: what is on it, and how a load gets a slot, a file, room and processes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from math import ceil

import simpy

from mmesim.scenario import EvictionPolicy, Scenario
from mmesim.scenario.models.groups import Model
from mmesim.scenario.values.times import always
from tests.twin.devices import Device, Worker
from tests.twin.process import Process
from tests.twin.shared import Shared, cpu_rate, link_rate
from tests.twin.trouble import LoadFailed, Trouble


@dataclass(eq=False)
class Call:
    """A call on its way: what it asks for, and what became of it."""

    sent: float
    model: Model
    cpu: float
    wait: float
    device: float
    chance: float
    pre: tuple[float, float]
    hold: tuple[float, float]
    host: int = -1
    hit: bool = False
    attempts: int = 0
    cause: str | None = None
    latency: float = -1.0


@dataclass(eq=False)
class Attempt:
    """One attempt of a call: settled once it has been answered, given up once its client does not wait for that."""

    call: Call
    sent: float
    settled: bool = False
    given_up: bool = False


@dataclass(eq=False)
class Copy:
    """A model on a host."""

    model: Model
    state: str = "loading"
    waiters: list[Attempt] = field(default_factory=list)
    in_flight: int = 0
    queue: deque[Attempt] = field(default_factory=deque)
    workers: list[Worker] = field(default_factory=list)
    idle_workers: deque[Worker] = field(default_factory=deque)
    """That which has been idle longest first."""
    filler: Worker | None = None
    filling: list[Attempt] | None = None
    used: int = 0
    accessed: int = 0
    loaded: int = 0
    broken: bool = False
    """Each of its calls fails after it has loaded again."""
    restarts: list[simpy.Process] = field(default_factory=list)
    is_used: bool = True
    """Whether the router remembers it."""

    @property
    def idle(self) -> bool:
        """Ready, nothing queued and nothing in flight."""
        return self.state == "ready" and self.in_flight == 0


@dataclass(eq=False)
class Room:
    """A load that needs room; `take` takes what fits and says whether it did."""

    take: Callable[[], bool]
    taken: simpy.Event
    unloading: bool = False


class Host:
    """The state of one host and the processes of its loads."""

    def __init__(
        self, env: simpy.Environment, scenario: Scenario, number: int, steps: Callable[[], int], trouble: Trouble
    ) -> None:
        endpoint = scenario.endpoint
        self.env, self.scenario, self.number = env, scenario, number
        self._steps = steps  # the next number of everything that is ranked by what came last
        self.trouble, self.slowed = trouble, 1.0
        full = cpu_rate(endpoint.host)
        self.cpu = Shared(env, lambda jobs: full(jobs) / self.slowed)
        stream_Bps, read_Bps = endpoint.download.stream_Bps, endpoint.disk_read_Bps
        self.network = Shared(env, link_rate(endpoint.host.network_Bps, lambda: trouble.rate_of_one(stream_Bps)))
        self.disk = None if read_Bps is None else Shared(env, link_rate(read_Bps, lambda: 1e300))
        devices = endpoint.host.devices
        self.devices = [] if devices is None else [Device(env, devices) for _ in range(devices.count)]
        self._hired = 0
        self.slots = simpy.Resource(env, endpoint.load_slots)
        self.copies: dict[int, Copy] = {}
        self.unloading: set[int] = set()
        self.files: dict[int, int] = {}  # model -> when it was last loaded or unloaded
        self.file_bytes = 0
        self.memory = endpoint.base_memory_bytes
        self.tasks = scenario.server.base_tasks
        self.load_queue = 0
        self.rooms: list[Room] = []
        self.outstanding = 0
        self.alive, self.leaves = True, False
        self.side = 0  # of a deploy
        self.waiting: dict[Attempt, None] = {}  # what waits here for a load, in order
        self.handed: dict[Attempt, None] = {}  # what was handed to the container and is not answered, in order
        self.loads: list[simpy.Process] = []
        self.on_ready: Callable[[Host, Copy], None] = lambda host, copy: None
        self.on_unloaded: Callable[[Host, Model], None] = lambda host, model: None
        self.on_deleted: Callable[[Host, int], None] = lambda host, model: None
        self.on_aborted: Callable[[Host, Copy, str], None] = lambda host, copy, cause: None

    def fits_when_empty(self, model: Model) -> bool:
        """Whether the model fits on this host without any other."""
        endpoint = self.scenario.endpoint
        peak = endpoint.base_memory_bytes + self._held(model, endpoint.load_peak)
        tasks = self.scenario.server.base_tasks + model.pool_tasks
        return (
            peak <= endpoint.usable_memory_bytes
            and (endpoint.pid_limit is None or tasks <= endpoint.pid_limit)
            and model.artifact_bytes <= endpoint.disk_bytes
            and all(device.holds(model) for device in self.devices)
        )

    def touch(self, copy: Copy) -> None:
        """A call was routed to this copy."""
        copy.used += 1
        copy.accessed = self._steps()

    def start_load(self, model: Model) -> Copy:
        """A load of the model begins."""
        copy = Copy(model)
        self.copies[model.index] = copy
        self.load_queue += 1
        load = self.env.process(self._load(copy))
        self.loads.append(load)
        self.env.process(self._limit(load))
        return copy

    def die(self) -> list[Attempt]:
        """All work here ends, and nothing is in flight any more; the attempts that were here, in order."""
        here = [*self.waiting, *self.handed]
        self.alive, self.waiting, self.handed = False, {}, {}
        self.cpu.stop()
        self.network.stop()
        if self.disk is not None:
            self.disk.stop()
        for load in self.loads:
            if load.is_alive:
                load.interrupt()
        for copy in self.copies.values():
            copy.state, copy.in_flight = "ready", 0  # for all that the router knows
        self.outstanding = self.load_queue = 0
        return here

    def place(self, model: Model) -> bool:
        """The model is ready on this host before the run begins, if it fits."""
        if self.file_bytes + model.artifact_bytes > self.scenario.endpoint.disk_bytes:
            return False
        if not all(device.holds(model) for device in self.devices) or not self._take_memory(model, 1.0):
            return False
        self._put(model)
        copy = Copy(model, "ready", accessed=self._steps(), loaded=self._steps())
        self.copies[model.index] = copy
        self._staff(copy)
        for worker in reversed(copy.workers):  # that which is last in line was used last
            if worker.device is not None and model.device_memory_bytes:
                worker.device.place(worker)
        return True

    def _staff(self, copy: Copy) -> None:
        """The workers of a copy come; they share the devices out in turn, whatever their model."""
        for _ in range(copy.model.workers):
            device = self.devices[self._hired % len(self.devices)] if self.devices else None
            self._hired += 1
            copy.workers.append(Worker(copy.model, device))
        copy.idle_workers.extend(copy.workers)

    def became_idle(self) -> None:
        """A copy finished its last call, or room was freed: the loads that wait look, in order."""
        for room in list(self.rooms):
            if not room.unloading and not room.taken.triggered:
                self._look(room)

    def _held(self, model: Model, factor: float) -> int:
        return ceil(factor * model.pool_memory_bytes)

    def _limit(self, load: simpy.Process) -> Process:
        yield self.env.timeout(self.scenario.endpoint.load_limit_s)
        if load.is_alive:
            load.interrupt()

    def _load(self, copy: Copy) -> Process:
        """Slot, artefact, room, processes; what is held is given back when the load is broken off."""
        endpoint = self.scenario.endpoint
        model, slots, peak = copy.model, endpoint.slot_covers, endpoint.load_peak
        slot: simpy.resources.resource.Request | None = None
        held = False
        try:
            if slots == "download_and_load":
                slot = self.slots.request()
                yield from self._once(slot)
            if model.index not in self.files:
                yield from self._download(model)
            self.files[model.index] = self._steps()
            if slot is None:
                slot = self.slots.request()
                yield from self._once(slot)
            yield from self._wait_for_room(lambda: self._take_memory(model, peak), lambda: self._drop(model, peak))
            held = True
            yield from self._start(model)
            if self.trouble.of(model.index) == "500":
                raise LoadFailed
        except (simpy.Interrupt, LoadFailed) as why:
            if not self.alive:
                return
            del self.copies[model.index]
            self.load_queue -= 1
            if model.index in self.files:
                self.files[model.index] = self._steps()
            if held:
                self._drop(model, peak)
            if slot is not None:
                slot.cancel() if not slot.triggered else self.slots.release(slot)
            self.on_aborted(self, copy, "load_failed" if isinstance(why, LoadFailed) else "load_timeout")
            self.became_idle()
            return
        self.memory -= self._held(model, peak) - model.pool_memory_bytes
        copy.state, copy.loaded = "ready", self._steps()
        copy.broken = self.trouble.of(model.index) is not None
        self._staff(copy)
        self.load_queue -= 1
        self.slots.release(slot)
        self.on_ready(self, copy)
        self.became_idle()

    def _download(self, model: Model) -> Process:
        download = self.scenario.endpoint.download
        yield from self._wait_for_room(lambda: self._take_disk(model), lambda: self._delete(model))
        try:
            yield self.env.timeout(self.trouble.first_byte_s(always(download.first_byte) or 0.0))
            if self.trouble.failing:
                raise LoadFailed
            yield from self.use(self.network, model.artifact_bytes)
            if download.unpack_Bps_per_vcpu is not None:
                yield from self.use(self.cpu, model.artifact_bytes / download.unpack_Bps_per_vcpu)
        except (simpy.Interrupt, LoadFailed):
            self._delete(model)
            raise

    def _start(self, model: Model) -> Process:
        """The parent of the model's workers, then all of them."""
        start = self.scenario.server.process_start
        yield from self.use(self.cpu, always(start.cpu) or 0.0)
        yield self.env.timeout(always(start.wait) or 0.0)
        workers = [self.env.process(self.start_worker(model)) for _ in range(model.workers)]
        try:
            yield self.env.all_of(workers)
        except simpy.Interrupt:
            for worker in workers:
                if worker.is_alive:
                    worker.interrupt()
            raise

    def start_worker(self, model: Model) -> Process:
        """One worker loads the model."""
        try:
            if self.disk is not None:
                yield from self.use(self.disk, model.artifact_bytes)
            yield from self.use(self.cpu, always(model.load.cpu) or 0.0)
            yield self.env.timeout(always(model.load.wait) or 0.0)
        except simpy.Interrupt:
            pass

    def _once(self, event: simpy.Event) -> Process:
        """Wait for an event that may have come: then what follows comes before all else of this instant."""
        if not event.triggered:
            yield event

    def use(self, what: Shared, amount: float, threads: int = 1, spin: float = 0.0) -> Process:
        done = what.work(amount, threads, spin)
        try:
            yield done
        except simpy.Interrupt:
            what.cancel(done)
            raise

    # Room: on the disk when the download begins, in memory and among the tasks when the processes start.

    def _wait_for_room(self, take: Callable[[], bool], give_back: Callable[[], None]) -> Process:
        room = Room(take, self.env.event())
        self.rooms.append(room)
        self._look(room)
        try:
            yield from self._once(room.taken)
        except simpy.Interrupt:
            if room.taken.triggered:  # at this very instant: the load has not gone on with it
                give_back()
            raise
        finally:
            self.rooms.remove(room)

    def _look(self, room: Room) -> None:
        if room.take():
            room.taken.succeed()
            return
        victim = self._victim()
        if victim is not None:
            room.unloading = True
            victim.state = "unloading"
            for restart in victim.restarts:
                if restart.is_alive:
                    restart.interrupt()
            for worker in victim.workers:
                if worker.device is not None:
                    worker.device.take_off(worker)
            del self.copies[victim.model.index]
            self.unloading.add(victim.model.index)
            self.env.process(self._unload(victim, room))

    def _unload(self, copy: Copy, room: Room) -> Process:
        yield self.env.timeout(self.scenario.endpoint.unload_s)
        if not self.alive:
            return
        model = copy.model
        self.memory -= model.pool_memory_bytes
        self.tasks -= model.pool_tasks
        self.unloading.discard(model.index)
        self.files[model.index] = self._steps()
        self.on_unloaded(self, model)
        room.unloading = False
        self.became_idle()

    def _take_memory(self, model: Model, factor: float) -> bool:
        endpoint = self.scenario.endpoint
        fits = self.memory + self._held(model, factor) <= endpoint.usable_memory_bytes
        if not fits or (endpoint.pid_limit is not None and self.tasks + model.pool_tasks > endpoint.pid_limit):
            return False
        self.memory += self._held(model, factor)
        self.tasks += model.pool_tasks
        return True

    def _drop(self, model: Model, factor: float) -> None:
        self.memory -= self._held(model, factor)
        self.tasks -= model.pool_tasks

    def _free_disk(self, model: Model) -> bool:
        """Artefacts that no copy here needs are deleted, oldest first, until this one fits."""
        sizes = {m.index: m.artifact_bytes for m in self.scenario.model_table()}
        while self.file_bytes + model.artifact_bytes > self.scenario.endpoint.disk_bytes:
            unused = [m for m in self.files if m not in self.copies and m not in self.unloading]
            if not unused:
                return False
            oldest = min(unused, key=lambda m: self.files[m])
            del self.files[oldest]
            self.file_bytes -= sizes[oldest]
            self.on_deleted(self, oldest)
        return True

    def _take_disk(self, model: Model) -> bool:
        if not self._free_disk(model):
            return False
        self._put(model)
        return True

    def _delete(self, model: Model) -> None:
        del self.files[model.index]
        self.file_bytes -= model.artifact_bytes

    def _put(self, model: Model) -> None:
        self.file_bytes += model.artifact_bytes
        self.files[model.index] = self._steps()

    def _victim(self) -> Copy | None:
        idle = [copy for copy in self.copies.values() if copy.idle and not copy.model.pinned]
        return min(idle, key=self._rank, default=None)

    def _rank(self, copy: Copy) -> tuple[float, ...]:
        policy = self.scenario.endpoint.eviction
        ranks: dict[object, Iterable[float]] = {
            EvictionPolicy.lru: (copy.accessed,),
            EvictionPolicy.fifo: (copy.loaded,),
            EvictionPolicy.lfu: (copy.used, copy.accessed),
            EvictionPolicy.size: (-copy.model.pool_memory_bytes, copy.accessed),
        }
        return tuple(ranks[policy])
