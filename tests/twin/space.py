"""The room on one host, in memory, among the tasks and on the disk: who has it, who waits, and what goes for that."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import ceil

import simpy

from mmesim.scenario import EvictionPolicy, Scenario
from mmesim.scenario.endpoint.eviction import Ttl
from mmesim.scenario.models.groups import Model
from tests.twin.copies import Copy
from tests.twin.process import Process, once


@dataclass(eq=False)
class Room:
    """A load that needs room; `take` takes what fits and says whether it did."""

    take: Callable[[], bool]
    taken: simpy.Event
    unloading: bool = False


class Space:
    """What is in memory and on the disk of a host, and the loads that wait for room there."""

    def __init__(
        self, env: simpy.Environment, scenario: Scenario, copies: dict[int, Copy], steps: Callable[[], int]
    ) -> None:
        self.env, self.scenario, self.copies, self._steps = env, scenario, copies, steps
        self.memory = scenario.endpoint.base_memory_bytes
        self.tasks = scenario.server.base_tasks
        self.files: dict[int, int] = {}  # model -> when it was last used
        self.file_bytes = 0
        self.unloading: dict[int, tuple[Copy, Room | None]] = {}  # by model
        self.stopped = False
        self.left_behind: list[dict[int, int]] = []  # by an unload of a model
        self.left_bytes = 0
        self._rooms: list[Room] = []
        self.clock = 0.0
        """Of gdsf: the highest rank of all that went to make room."""
        self.on_unloaded: Callable[[Model], None] = lambda model: None
        self.on_deleted: Callable[[int], None] = lambda model: None

    def fits_when_empty(self, model: Model) -> bool:
        """Whether the model fits here without any other."""
        endpoint = self.scenario.endpoint
        peak = endpoint.base_memory_bytes + self._held(model, endpoint.load_peak)
        tasks = self.scenario.server.base_tasks + model.pool_tasks
        return (
            peak <= endpoint.usable_memory_bytes
            and (endpoint.pid_limit is None or tasks <= endpoint.pid_limit)
            and model.artifact_bytes <= endpoint.disk_bytes
        )

    def place(self, copy: Copy) -> bool:
        """The copy is here before the run begins, if it fits."""
        if self.file_bytes + copy.model.artifact_bytes > self.scenario.endpoint.disk_bytes:
            return False
        if not self._take_memory(copy, 1.0):
            return False
        self._put(copy.model)
        return True

    def in_memory(self, copy: Copy) -> Process:
        """Wait until there is room for a load, and take it."""
        peak = self.scenario.endpoint.load_peak
        yield from self._wait(lambda: self._take_memory(copy, peak), lambda: self.resize(copy, 0, 0))

    def on_disk(self, model: Model) -> Process:
        """Wait until there is room for the artefact of the model, and take it."""
        yield from self._wait(lambda: self._take_disk(model), lambda: self.delete(model))

    @property
    def leaked(self) -> int:
        """Bytes that have leaked, here and there."""
        unloading = [copy for copy, _ in self.unloading.values()]
        copies = [*self.copies.values(), *unloading]
        return self.left_bytes + sum(copy.leaked for copy in copies)

    @property
    def in_use(self) -> int:
        """Memory of all that is alive."""
        dead = [worker for copy in self.copies.values() for worker in copy.workers if worker.dead]
        return self.memory + self.leaked - sum(worker.size for worker in dead)

    def resize(self, copy: Copy, memory: int, tasks: int) -> None:
        """The copy holds this much from now on."""
        self.memory += memory - copy.memory
        self.tasks += tasks - copy.tasks
        copy.memory, copy.tasks = memory, tasks

    def use_file(self, model: Model) -> None:
        """The artefact of the model, if it is here, is the one used last."""
        if model.index in self.files:
            self.files[model.index] = self._steps()

    def delete(self, model: Model) -> None:
        """The artefact of the model is gone."""
        del self.files[model.index]
        self.file_bytes -= model.artifact_bytes

    def look(self) -> None:
        """A copy finished its last call, or room was freed: the loads that wait look, in order."""
        for room in list(self._rooms):
            if not room.unloading and not room.taken.triggered:
                self._look(room)

    def _wait(self, take: Callable[[], bool], give_back: Callable[[], None]) -> Process:
        room = Room(take, self.env.event())
        self._rooms.append(room)
        self._look(room)
        try:
            yield from once(room.taken)
        except simpy.Interrupt:
            if room.taken.triggered:  # at this very instant: the load has not gone on with it
                give_back()
            raise
        finally:
            self._rooms.remove(room)

    def _look(self, room: Room) -> None:
        if room.take():
            room.taken.succeed()
            return
        victim = self.victim()
        if victim is not None:
            room.unloading = True
            self.unload(victim, room)

    def unload(self, copy: Copy, room: Room | None = None) -> simpy.Process:
        """No call is sent to this copy any more; what it has is free at the end, for this load or any."""
        self.clock = max(self.clock, _greedy_dual(copy))
        copy.retire()
        del self.copies[copy.model.index]
        self.unloading[copy.model.index] = copy, room
        return self.env.process(self._unload(copy, room))

    def _unload(self, copy: Copy, room: Room | None) -> Process:
        yield self.env.timeout(self.scenario.endpoint.unload_s)
        if not self.stopped and copy.state != "gone":
            del self.unloading[copy.model.index]
            self.gone(copy)
            self.left_bytes += sum(leaving.get(copy.model.index, 0) for leaving in self.left_behind)
            if room is not None:
                room.unloading = False
            self.look()

    def gone(self, copy: Copy) -> None:
        """A copy is in memory no more."""
        copy.state = "gone"
        self.resize(copy, 0, 0)
        self.use_file(copy.model)
        self.on_unloaded(copy.model)

    def unloads_end(self) -> None:
        """The container is new: all unloads under way have ended, and what they had left there is gone."""
        self.left_bytes = 0
        for copy, room in self.unloading.values():
            self.gone(copy)
            if room is not None:
                room.unloading = False
        self.unloading.clear()

    def _held(self, model: Model, factor: float) -> int:
        return ceil(factor * model.pool_memory_bytes)

    def _take_memory(self, copy: Copy, factor: float) -> bool:
        endpoint, memory, tasks = self.scenario.endpoint, self._held(copy.model, factor), copy.model.pool_tasks
        if self.memory + self.leaked + memory > endpoint.usable_memory_bytes:
            return False
        if endpoint.pid_limit is not None and self.tasks + tasks > endpoint.pid_limit:
            return False
        self.resize(copy, memory, tasks)
        return True

    def _take_disk(self, model: Model) -> bool:
        if not self._free_disk(model):
            return False
        self._put(model)
        return True

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
            self.on_deleted(oldest)
        return True

    def _put(self, model: Model) -> None:
        self.file_bytes += model.artifact_bytes
        self.files[model.index] = self._steps()

    def victim(self) -> Copy | None:
        """The idle copy that goes next, if there is any."""
        idle = [copy for copy in self.copies.values() if copy.idle and not copy.model.pinned]
        return min(idle, key=self._rank, default=None)

    def _rank(self, copy: Copy) -> tuple[float, ...]:
        policy = self.scenario.endpoint.eviction
        if isinstance(policy, Ttl):
            return (self.env.now - copy.loaded_s <= policy.ttl_s, copy.accessed)
        ranks: dict[object, Iterable[float]] = {
            EvictionPolicy.lru: (copy.accessed,),
            EvictionPolicy.fifo: (copy.loaded,),
            EvictionPolicy.lfu: (copy.used, copy.accessed),
            EvictionPolicy.gdsf: (_greedy_dual(copy), copy.accessed),
            EvictionPolicy.size: (-copy.model.pool_memory_bytes, copy.accessed),
        }
        return tuple(ranks[policy])


def _greedy_dual(copy: Copy) -> float:
    """The clock when it was called last or had loaded, and calls for each MB."""
    return copy.clock + copy.used / (copy.model.pool_memory_bytes / 1e6)
