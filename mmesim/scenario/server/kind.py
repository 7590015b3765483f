"""What the simulation asks of a kind of model server. A new kind answers here, in one module, and is named in `kinds`.

The engine asks the kind and fills the kernel's columns with the answers; it never asks for the kind's name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from mmesim.scenario.clients.causes import Cause
    from mmesim.scenario.models.groups import Model
    from mmesim.scenario.server.server import Server


PER_VCPU, PER_GPU = "per_vcpu", "per_gpu_or_vcpu"
"""Words for the number of workers of a copy, by the hardware of the host."""


@dataclass(frozen=True)
class Queue:
    """Where attempts wait for a worker."""

    scope: Literal["model", "server"]
    """One queue, with workers of its own, for each model on a host, or one for all models of a host."""
    bound: int
    """Attempts that may wait, besides those in service."""
    refusal: Cause
    """The cause of an attempt that finds it full."""


@dataclass(frozen=True)
class Workers:
    """The workers of one queue."""

    at_start: int
    at_most: int
    add_at: int = 1
    """Attempts in the queue at which one more worker is started, while there are fewer than `at_most`."""
    start_cpu_s: float = 0.0
    """Work of starting one more, on one thread."""
    start_wait_s: float = 0.0
    """Time that starting one more takes besides."""


@dataclass(frozen=True)
class Death:
    """What follows the death of a worker."""

    back_off_s: float
    reloads: bool
    """Whether the worker loads its model again once it is back."""


@dataclass(frozen=True)
class ServerKind(ABC):
    """The rules of one kind of model server, with one scenario's server on hosts of `vcpu` vCPUs and `gpus` GPUs."""

    server: Server
    vcpu: int
    gpus: int = 0

    @property
    def default_workers(self) -> int:
        """Workers of a copy of a model that names no number."""
        given = self.server.default_workers_per_model
        if isinstance(given, int):
            return given
        return self.gpus or self.vcpu if given == PER_GPU else self.vcpu

    @property
    def documented_with_gpus(self) -> bool:
        """Whether AWS documents multi-model endpoints with GPUs for this kind of server."""
        return False

    # Memory and tasks

    @abstractmethod
    def pool_memory_bytes(self, model: Model) -> int:
        """Memory of one loaded copy of a model."""

    @abstractmethod
    def pool_tasks(self, model: Model) -> int:
        """Processes and threads of one loaded copy of a model."""

    def admits(self, memory_bytes: int, usable_bytes: int, tasks: int, pid_limit: float) -> bool:
        """Whether a load may begin that brings a host to this memory and this number of processes and threads.

        Idle models are unloaded, one after the other in the order of the eviction policy, until it may.
        """
        return memory_bytes <= usable_bytes and tasks <= pid_limit

    # Queue, workers, batches

    @property
    @abstractmethod
    def queue(self) -> Queue:
        """Where attempts wait."""

    @abstractmethod
    def model_workers(self, model: Model) -> Workers:
        """The workers of one copy of a model; none if the queue is the server's."""

    @property
    def server_workers(self) -> Workers:
        """The workers of the whole server; none if each model has its own."""
        return Workers(at_start=0, at_most=0)

    @abstractmethod
    def loads_at_once(self, model: Model) -> int:
        """Workers that load a model at the same time when a copy of it is loaded."""

    @property
    @abstractmethod
    def batch_without_delay(self) -> int:
        """Attempts of the largest batch of a worker that does not wait for its batch to fill."""

    # Front end

    @property
    @abstractmethod
    def event_loops(self) -> int:
        """Event loops of a host's front end, 0 for no limit.

        Each works for one request at a time (its cost: `server.overhead.pre`), and a registration blocks one.
        """

    # Ends

    @abstractmethod
    def death(self, model: Model | None) -> Death:
        """What follows when a worker dies: of a copy of a model, or of the whole server (None)."""

    def kept_after_507(self, model: Model) -> tuple[int, int] | None:
        """Memory and tasks of what the server keeps registered, without a worker, of a load that it answers with 507.

        None: nothing is kept, and the model can be loaded again.
        """
        return None

    @property
    @abstractmethod
    def unload_poll_s(self) -> float:
        """How often a forced unload looks whether the front end still has requests for its model, seconds."""
