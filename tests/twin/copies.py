"""A model on a host: who waits for it, and its workers."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import simpy

from mmesim.scenario.models.groups import Model
from tests.twin.calls import Attempt
from tests.twin.devices import Worker


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
    leaked: int = 0
    """Bytes, spread evenly over the workers that are alive."""
    served: int = 0
    """Calls that its workers are done with."""
    accessed: int = 0
    loaded: int = 0
    loaded_s: float = 0.0
    clock: float = 0.0
    """That of gdsf at its last call or at the end of its load."""
    memory: int = 0
    """What it holds."""
    tasks: int = 0
    broken: bool = False
    """Each of its calls fails after it has loaded again."""
    hollow: bool = False
    """It has no worker, and each of its calls fails at once."""
    restarts: list[simpy.Process] = field(default_factory=list)
    is_used: bool = True
    """Whether the router remembers it."""

    @property
    def alive(self) -> list[Worker]:
        """The workers that are not dead."""
        return [worker for worker in self.workers if not worker.dead]

    @property
    def idle(self) -> bool:
        """Ready, nothing queued and nothing in flight."""
        return self.state == "ready" and self.in_flight == 0

    def retire(self) -> None:
        """The model is about to go: no call is sent here any more, and no worker comes back."""
        self.state = "unloading"
        for restart in self.restarts:
            if restart.is_alive:
                restart.interrupt()
        for worker in self.workers:
            if worker.device is not None:
                worker.device.take_off(worker)
