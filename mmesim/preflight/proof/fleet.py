"""What a fleet holds at once and how fast it is at best: the figures that proofs compare calls with."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mmesim.arrays import Flags, Floats
from mmesim.preflight.load_time import load_parts_s
from mmesim.preflight.offered import Offered
from mmesim.preflight.proof.law import least
from mmesim.preflight.proof.work import shortest, time_of_call
from mmesim.preflight.room import HELD, Held, Host
from mmesim.scenario.models.groups import Model
from mmesim.scenario.scenario import Scenario

MOST = 2**62


@dataclass(frozen=True)
class Room:
    """What each model takes of a resource, and what one host has of it for models."""

    resource: Held
    needs: Floats
    """[models]"""
    has: float


class Fleet:
    """A scenario's hosts and models. Whoever asks several things of one scenario asks them of one such object."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.offered = Offered(scenario)

    @staticmethod
    def of(given: Scenario | Fleet) -> Fleet:
        """The fleet of a scenario, or one itself."""
        return given if isinstance(given, Fleet) else Fleet(given)

    @property
    def caches(self) -> int:
        """Hosts over which the loaded models are spread so that a call finds each of them.

        Where the router sends a call without a look at its model, only those on one host count.
        """
        endpoint = self.scenario.endpoint
        return 1 if endpoint.router.policy.spreads else endpoint.most_instances

    @cached_property
    def never_fits(self) -> dict[Held, Flags]:
        """Resource -> [models] whether an empty host has too little of it.

        With `warm: true` a model is there at the start though it takes too much memory while it loads.
        """
        hosts = Host(self.offered)
        found = {resource: ~hosts.holds(resource) for resource in HELD}
        if self.scenario.endpoint.warm is True:
            memory = self.rooms[0]
            found["memory"] = found["memory"] & (memory.needs > memory.has)
        return found

    @cached_property
    def failing(self) -> Flags:
        """[models]: whether every call for it fails, since no host can hold it."""
        found: Flags = np.logical_or.reduce(list(self.never_fits.values()))
        return found

    @cached_property
    def rooms(self) -> tuple[Room, ...]:
        """Of each resource that bounds what is loaded at once; what the kind of server admits says where it ends."""
        endpoint, server, admits = self.scenario.endpoint, self.scenario.server, self.offered.kind.admits
        usable, limit = endpoint.usable_memory_bytes, math.inf if endpoint.pid_limit is None else endpoint.pid_limit
        memory = _largest(lambda n: admits(n, usable, 0, math.inf), usable)
        tasks = _largest(lambda n: admits(0, usable, n, limit), endpoint.pid_limit or 0)
        models = self.offered.models
        bytes_ = np.array([model.pool_memory_bytes for model in models], dtype=np.float64)
        threads = np.array([model.pool_tasks for model in models], dtype=np.float64)
        return (
            Room("memory", bytes_, memory - endpoint.base_memory_bytes),
            Room("tasks", threads, tasks - server.base_tasks),
            self.disk,
        )

    @cached_property
    def disk(self) -> Room:
        """Of artefacts, without which nothing is loaded."""
        models = self.offered.models
        sizes = np.array([model.artifact_bytes for model in models], dtype=np.float64)
        return Room("disk", sizes, float(self.scenario.endpoint.disk_bytes))

    @cached_property
    def call_s(self) -> Floats:
        """[models]: the shortest time of a call for a loaded model, seconds, the way there and back included."""
        each = self.offered.each(lambda model: shortest(time_of_call(self.scenario, model)))
        return each + self.scenario.fixed_delay_s

    @cached_property
    def load_s(self) -> Floats:
        """[models]: the shortest load in memory, with the artefact on disk, seconds."""
        return self.offered.each(lambda model: load_parts_s(self.offered, model, least).get("load", 0.0))

    @cached_property
    def load_cpu_s(self) -> Floats:
        """[models]: the least CPU work of a load in memory on a CPU of speed 1, seconds."""
        start, kind = self.scenario.server.process_start, self.offered.kind

        def cpu_s(model: Model) -> float:
            loading = kind.loads_at_once(model)
            starting = loading if kind.starts_each_worker else 1
            return starting * least(start.cpu) + loading * least(model.load.cpu)

        return self.offered.each(cpu_s)

    @cached_property
    def download_s(self) -> Floats:
        """[models]: the shortest download, unpacking included, seconds."""

        def download(parts: dict[str, float]) -> float:
            return parts.get("download", 0.0) + parts.get("unpack", 0.0)

        return self.offered.each(lambda model: download(load_parts_s(self.offered, model, least)))


def _largest(admitted: Callable[[int], bool], stated: int) -> float:
    """The largest number that is admitted: mostly the limit as stated; infinite without any limit."""
    if admitted(stated) and not admitted(stated + 1):
        return float(stated)
    if admitted(MOST):
        return math.inf
    low, high = -1, MOST
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if admitted(middle) else (low, middle)
    return float(low)
