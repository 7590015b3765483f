"""What the simulation asks of a kind of model server. A new kind answers here, in one module, and is named in `kinds`.

The engine asks the kind and fills the kernel's columns with the answers; it never asks for the kind's name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from mmesim import units

if TYPE_CHECKING:
    from mmesim.scenario.clients.causes import Cause
    from mmesim.scenario.models.groups import Model
    from mmesim.scenario.server.server import Server


PER_VCPU, PER_GPU = "per_vcpu", "per_gpu_or_vcpu"
"""Words for the number of workers of a copy, by the hardware of the host."""


UNBOUNDED = 2**62
"""The bound of a queue that refuses nothing."""
LARGEST_BATCH = 1024
"""The kernel keeps room for all the answers of one batch."""
LOOPS_PER_VCPU = 2
"""Event loops of a front end in Java: Netty's default."""
UNLOAD_POLL_S = 1e-3
"""How often a forced unload looks whether the front end still has requests for its model."""


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
    loads: bool = False
    """Whether one more is a process that starts and loads the model, as those of the start did."""
    memory_bytes: int = 0
    """Memory of one more: it does not start where there is no room for it."""
    tasks: int = 0
    """Processes and threads of one more."""


@dataclass(frozen=True)
class Death:
    """What follows the death of a worker."""

    back_off_s: float
    reloads: bool
    """Whether the worker loads its model again once it is back."""


@dataclass(frozen=True)
class ServerKind(ABC):
    """The rules of one kind of model server, with one scenario's server on hosts of `vcpu` vCPUs and `gpus` GPUs."""

    title: ClassVar[str]
    """What it is called in messages."""
    defaults: ClassVar[Mapping[str, Any]] = {}
    """Field of `server` -> its value where nobody gives one, if that is not the default of the field."""
    required: ClassVar[Mapping[str, tuple[str, str]]] = {}
    """Field of `server` that has no default -> why, and a line that can be pasted."""
    meaningless: ClassVar[Mapping[str, str]] = {}
    """Field of `server` that means nothing to it -> why."""
    meaningless_of_model: ClassVar[Mapping[str, str]] = {}
    """The same of fields of a group of models."""
    workers_key: ClassVar[str] = "workers"
    """The key of a group of models that gives its copies more workers."""

    server: Server
    vcpu: int
    gpus: int = 0

    @property
    def default_workers(self) -> int:
        """Workers of a copy of a model that names no number."""
        return self.server.workers_of(self.server.default_workers_per_model, self.vcpu, self.gpus)

    @property
    def default_workers_key(self) -> str:
        """The key of the server that gives more workers where a model names no number."""
        return "default_workers_per_model"

    @property
    def most_default_workers(self) -> int:
        """The number behind `default_workers_key`."""
        return self.default_workers

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

    def asks_bytes(self, model: Model, memory_bytes: int) -> int:
        """How much memory must be free before a load that takes this much."""
        return memory_bytes

    @property
    def most_models(self) -> int | None:
        """Models for which a host has room, whatever they take; None: any number."""
        return None

    def copy_in_words(self, model: Model) -> str:
        """What the memory of a loaded copy is made of."""
        workers = self.model_workers(model).at_start
        return f"{workers} worker{'' if workers == 1 else 's'} of {units.show_bytes(self._each_bytes(model))}"

    def _each_bytes(self, model: Model) -> int:
        return model.process_memory_bytes + model.memory_bytes

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

    @property
    def max_idle_s(self) -> float:
        """Idle time after which a worker stops that was added under load, seconds; infinite: it stays."""
        return inf

    @abstractmethod
    def loads_at_once(self, model: Model) -> int:
        """Workers that load a model at the same time when a copy of it is loaded."""

    @property
    def starts_each_worker(self) -> bool:
        """Whether each worker starts by itself (`server.process_start`), not a parent for all of them."""
        return False

    @property
    @abstractmethod
    def batch_without_delay(self) -> int:
        """Attempts of the largest batch of a worker that does not wait for its batch to fill."""

    @property
    def delay_from_arrival(self) -> bool:
        """Whether `max_batch_delay` counts from when the first call came to the queue, not from when it was taken."""
        return False

    # Front end

    @property
    @abstractmethod
    def event_loops(self) -> int:
        """Event loops of a host's front end, 0 for no limit.

        Each works for one request at a time (its cost: `server.overhead.pre`).
        """

    @property
    @abstractmethod
    def load_keeps_loop(self) -> Literal["start", "load"] | None:
        """What of a load keeps an event loop: the start of its parent process, all of it, or nothing (None)."""

    # Ends

    def unload_s(self, asked_s: float) -> float:
        """How long an unload takes whose own work takes `asked_s` (`endpoint.unload`), seconds."""
        return asked_s

    @property
    def unload_blocks_loops(self) -> bool:
        """Whether an unload keeps all event loops of its host."""
        return False

    @abstractmethod
    def death(self, model: Model | None) -> Death | None:
        """What follows when a worker dies: of a copy of a model, or of the whole server (None).

        None: workers do not die alone.
        """

    def kept_after_507(self, model: Model) -> tuple[int, int] | None:
        """Memory and tasks of what the server keeps registered, without a worker, of a load that it answers with 507.

        None: nothing is kept, and the model can be loaded again.
        """
        return None

    @property
    @abstractmethod
    def unload_poll_s(self) -> float:
        """How often a forced unload looks whether the front end still has requests for its model, seconds."""
