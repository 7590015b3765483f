"""The accounts of one host: load slots, memory, disk, process ids, network. What to do with them the loader decides."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Sequence
from math import inf

import numpy as np
import simpy

from mmesim.engine.control.config import Config
from mmesim.engine.control.gauge import Gauge
from mmesim.engine.control.link import Link
from mmesim.engine.control.task import Line, Slots
from mmesim.scenario.models.groups import Model

ROOM = ("memory", "tasks", "disk", "models")
"""What a load needs room in; `models`: a server may have room for a number of them."""


class Host:
    """The accounts of one host. Bytes are exact integers; nothing is taken without being given back."""

    was_open = False
    """Whether the router has ever sent to it."""
    is_open = False
    """Whether the router may send to it."""
    leaves = False
    """Whether it is drained, to be gone then."""
    side = 0
    """While the endpoint is updated, its old and its new hosts are on two sides."""
    gone_s: float | None = None
    """When the host went, None while it is there: nothing is added up from then on."""
    loads = 0
    unloads = 0
    downloads = 0
    download_s = 0.0
    """Time of all downloads that have ended."""
    awaits_room = False
    """Whether loads wait for room that nobody is making."""
    holding = 0
    """Models that have memory here: from the load in memory on to the end of the unload."""
    left_bytes = 0
    """What unloads have left behind in the container."""
    leaked_bytes = 0
    """All memory that has ever leaked here: this much more than is usable may be used."""
    back: simpy.Event | None = None
    """When the container is there again, None while it is there: loads in it wait for that."""
    deaths = 0
    """How often the container has died, or the host with it: what goes on in it is void then."""

    def __init__(self, env: simpy.Environment, row: int, config: Config, zone: int, rng: np.random.Generator) -> None:
        endpoint, kind = config.endpoint, config.kind
        self.row = row
        self.config = config
        """What it has in common with others."""
        self.zone = zone
        """Its Availability Zone, from 1."""
        self.rng = rng
        """For an eviction policy that draws."""
        self.born_s = env.now
        self.asked_s = env.now
        """When it was asked for, before it was provisioned."""
        self.slots = Slots(env, endpoint.load_slots)
        self.network = Link(env, endpoint.host.network_Bps, endpoint.download.stream_Bps)
        self.disk_reads = Link(env, endpoint.disk_read_Bps) if endpoint.disk_read_Bps is not None else None
        self.memory = Gauge(endpoint.base_memory_bytes, env.now)
        self.disk = Gauge(0, env.now)
        self.loaded = Gauge(0, env.now)
        self.tasks = Gauge(kind.server.base_tasks, env.now)
        self.lacked = dict.fromkeys(ROOM, 0)
        """How often a load did not fit, by what there was too little of."""
        self.artefacts: dict[int, int] = {}
        """Artefacts on disk: model -> bytes."""
        self.present: Counter[int] = Counter()
        """Pools of each model that are loading, ready or being unloaded."""
        self.extra: dict[int, tuple[int, int]] = {}
        """What some pools hold beyond the memory and the tasks of a copy of their model; negative: less."""
        self.leaked: dict[int, int] = {}
        """What has leaked in some pools, a part of `extra`."""
        self._unused: OrderedDict[int, None] = OrderedDict()
        """Models whose artefact is on disk and that have no pool, the one used longest ago first."""
        self.line = Line(env)
        """Loads that wait for room."""
        self._env = env
        self._usable_bytes = endpoint.usable_memory_bytes
        self._base_bytes = endpoint.base_memory_bytes
        self._base_tasks = kind.server.base_tasks
        self._admits = kind.admits
        self._most_models = inf if kind.most_models is None else kind.most_models
        self._pid_limit = endpoint.pid_limit if endpoint.pid_limit is not None else inf
        self._disk_bytes = endpoint.disk_bytes
        self._device_bytes = 0 if endpoint.host.devices is None else endpoint.host.devices.free_bytes

    def until(self, now: float) -> float:
        """The end of the host's time up to `now`."""
        return now if self.gone_s is None else min(now, self.gone_s)

    @property
    def is_gone(self) -> bool:
        """Whether it is not there any more."""
        return self.gone_s is not None

    @property
    def free(self) -> tuple[int, float]:
        """Bytes of memory, and processes and threads, that models may take besides what is there."""
        return self._usable_bytes - self.memory.value, self._pid_limit - self.tasks.value

    def go(self, pools: Sequence[tuple[int, int]]) -> None:
        """The host is no more, from now on, nor what lies on it: these pools (row, model), artefacts, transfers.

        The pools are those that are loaded, or not unloaded yet. Loads under way give back what they hold themselves.
        """
        now = self._env.now
        self.gone_s = now
        self.empty(pools)
        self.take(-self._base_bytes, -self._base_tasks)
        for model in tuple(self.artefacts):
            self.delete(model)
        self.network.clear()
        if self.disk_reads is not None:
            self.disk_reads.clear()
        self.awaits_room = False

    def empty(self, pools: Sequence[tuple[int, int]]) -> None:
        """The container is empty: these pools (row, model), which are loaded or not unloaded yet, hold nothing more."""
        self.deaths += 1
        self.loaded.add(-self.loaded.value, self._env.now)
        for pool, model in pools:
            more_bytes, more_tasks = self.let_go(pool)
            self.take(-self.config.memory_bytes[model] - more_bytes, -self.config.tasks[model] - more_tasks, -1)
            self.end_pool(model)
        self.take(-self.left_bytes, 0)
        self.left_bytes = 0

    def is_empty(self) -> bool:
        """Whether nothing on it is taken: no slot, memory, disk, task or share of the network."""
        links = [link for link in (self.network, self.disk_reads) if link is not None]
        return not (
            self.slots.count
            or self.slots.waiting
            or self.memory.value
            or self.disk.value
            or self.loaded.value
            or self.tasks.value
            or self.holding
            or +self.present
            or any(link.transfers for link in links)
        )

    def fits(self, memory_bytes: int, tasks: int, models: int = 0) -> bool:
        """Whether this much memory, and this many models, can be added now."""
        return self.holding + models <= self._most_models and self._admits(
            self.memory.value + memory_bytes, self._usable_bytes, self.tasks.value + tasks, self._pid_limit
        )

    def lacks(self, memory_bytes: int, tasks: int) -> str:
        """What there is too little of for a load that asks for this much and does not fit: the first of `ROOM`."""
        if self.memory.value + memory_bytes > self._usable_bytes:
            return "memory"
        return "tasks" if self.tasks.value + tasks > self._pid_limit else "models"

    def can_ever_hold(self, model: Model) -> bool:
        """Whether the model could be loaded with nothing else on the host."""
        found = self.config.ever_held.get(model.index)
        if found is None:
            found = self.config.ever_held[model.index] = self._could_hold(model)
        return found

    def _could_hold(self, model: Model) -> bool:
        tasks = self._base_tasks + model.pool_tasks
        asked_bytes = self._base_bytes + self.config.asked_bytes[model.index]
        fits = self._admits(asked_bytes, self._usable_bytes, tasks, self._pid_limit)
        return fits and self.device_can_hold(model) and model.artifact_bytes <= self._disk_bytes

    def device_can_hold(self, model: Model) -> bool:
        """Whether the model would fit on a device with nothing else on it."""
        return model.device_memory_bytes <= self._device_bytes

    def take(self, memory_bytes: int, tasks: int, models: int = 0) -> None:
        """Reserve memory and process ids, which must fit, or give them back (negative).

        `models`: 1 when a model begins to hold memory here, -1 when this is all that it held.
        """
        now = self._env.now
        self.memory.add(memory_bytes, now)
        self.tasks.add(tasks, now)
        self.holding += models

    def add(self, pool: int, memory_bytes: int, tasks: int) -> None:
        """A pool gets a worker, for which there must be room, or loses it (negative)."""
        more_bytes, more_tasks = self.extra.get(pool, (0, 0))
        self.extra[pool] = more_bytes + memory_bytes, more_tasks + tasks
        self.take(memory_bytes, tasks)

    def grow(self, pool: int, size_bytes: int) -> None:
        """So much leaks in a pool, whether it fits or not, or is given back (negative)."""
        self.leaked[pool] = self.leaked.get(pool, 0) + size_bytes
        more_bytes, more_tasks = self.extra.get(pool, (0, 0))
        self.extra[pool] = more_bytes + size_bytes, more_tasks
        self.leaked_bytes += max(0, size_bytes)
        self.take(size_bytes, 0)

    def let_go(self, pool: int) -> tuple[int, int]:
        """A pool is in memory no more; what it held beyond a copy of its model: bytes and tasks."""
        self.leaked.pop(pool, None)
        return self.extra.pop(pool, (0, 0))

    def leave(self, size_bytes: int) -> None:
        """The container keeps this much, whether it fits or not."""
        self.left_bytes += size_bytes
        self.leaked_bytes += size_bytes
        self.take(size_bytes, 0)

    def store(self, model: int, size_bytes: int) -> None:
        """The artefact is the one used last; it is written to the disk, where it must fit, unless it is there."""
        if model not in self.artefacts:
            self.disk.add(size_bytes, self._env.now)
            self.artefacts[model] = size_bytes
        self._used(model)

    def delete(self, model: int) -> None:
        """The artefact, which is on the disk, is deleted."""
        self.disk.add(-self.artefacts.pop(model), self._env.now)
        self._unused.pop(model, None)

    def begin_pool(self, model: int) -> None:
        """One more pool of the model is here: its artefact stays."""
        self.present[model] += 1
        self._unused.pop(model, None)

    def end_pool(self, model: int) -> None:
        """One pool of the model is gone: its artefact, if there is one, is the one used last."""
        self.present[model] -= 1
        self._used(model)

    def _used(self, model: int) -> None:
        if model in self.artefacts and not self.present[model]:
            self._unused[model] = None
            self._unused.move_to_end(model)

    def unloaded(self, model: int, memory_bytes: int, tasks: int, keep: bool) -> None:
        """A pool is gone: what it held is free, and its artefact is the one used last, or is deleted."""
        self.end_pool(model)
        self.take(-memory_bytes, -tasks, -1)
        if not keep:
            self.delete(model)

    def wake(self) -> None:
        """Let the loads that wait for room look again."""
        self.awaits_room = False
        self.line.wake()

    def disk_victim(self) -> int | None:
        """The model whose artefact is deleted next: the least recently used one that has no pool here."""
        return next(iter(self._unused), None)

    def disk_fits(self, size_bytes: int) -> bool:
        """Whether this much can be written to disk now."""
        return self.disk.value + size_bytes <= self._disk_bytes
