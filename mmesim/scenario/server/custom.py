"""A model server of your own: what it does is what the scenario says.

Also the container of TensorFlow Serving (`aws/sagemaker-tensorflow-serving-container`, python_service.py): a process
for each model, at most as many as there are ports, beyond which a load gets 507.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from mmesim.scenario.clients.causes import Cause
from mmesim.scenario.server.kind import LARGEST_BATCH, UNLOAD_POLL_S, Queue, ServerKind, Workers
from mmesim.scenario.server.overhead import CpuWait

if TYPE_CHECKING:
    from mmesim.scenario.models.groups import Model

YOURS = "only you know it"
FIXED_WORKERS = "its workers are as many as you say, always"
NOT_SIMULATED = "it is a rule of MMS"


class Custom(ServerKind):
    """A queue for each model or one for the whole server, a fixed number of workers, and a number of models."""

    title = "a server of your own"
    defaults = MappingProxyType({"process_start": CpuWait()})
    required = MappingProxyType(
        {
            "queue": (
                YOURS,
                "queue: model (one for each loaded copy), or queue: server (one for all models of a host)",
            ),
            "job_queue_size": (YOURS, "job_queue_size: 64, the calls that may wait in one queue"),
            "event_loops": (YOURS, "event_loops: 4, the threads that read calls; 0: no limit"),
            "overhead": (YOURS, "overhead: none, or what you measured"),
            "base_tasks": (YOURS, "base_tasks: 10, the processes and threads of the server without any model"),
        }
    )
    meaningless = MappingProxyType(
        {
            "config": "it is read for MMS and TorchServe: give the values as keys of the server",
            "preload_model": NOT_SIMULATED,
            "preload_dirty_bytes": NOT_SIMULATED,
            "process_start": "there is one piece of work for a load: models.load",
            "max_workers": FIXED_WORKERS,
            "max_idle_s": FIXED_WORKERS,
            "reserved_memory_bytes": "it is a rule of DJL Serving",
        }
    )
    meaningless_of_model = MappingProxyType({"preload_model": NOT_SIMULATED, "max_workers": FIXED_WORKERS})

    @property
    def shares_workers(self) -> bool:
        """Whether all models of a host have one queue and one set of workers."""
        return self.server.queue == "server"

    @property
    def default_workers_key(self) -> str:
        """That of the whole server where workers are shared."""
        return "server_workers" if self.shares_workers else "default_workers_per_model"

    @property
    def most_default_workers(self) -> int:
        """Those of the whole server where workers are shared."""
        return self.server_workers.at_most if self.shares_workers else self.default_workers

    def pool_memory_bytes(self, model: Model) -> int:
        """The model alone where workers are shared; else framework and model for each worker."""
        if self.shares_workers:
            return model.memory_bytes
        return model.workers * (model.process_memory_bytes + model.memory_bytes)

    def pool_tasks(self, model: Model) -> int:
        """None where workers are shared, which `base_tasks` counts; else the threads of each worker."""
        if self.shares_workers:
            return 0
        return model.workers * max(model.framework_threads, model.service.threads)

    @property
    def most_models(self) -> int | None:
        """As given."""
        return self.server.max_models

    def copy_in_words(self, model: Model) -> str:
        """The model alone where workers are shared."""
        return "the model alone" if self.shares_workers else super().copy_in_words(model)

    @property
    def queue(self) -> Queue:
        """As given; full is 503."""
        return Queue("server" if self.shares_workers else "model", self.server.queue_bound, Cause.queue_full)

    def model_workers(self, model: Model) -> Workers:
        """As many as given, always."""
        workers = 0 if self.shares_workers else model.workers
        return Workers(at_start=workers, at_most=workers)

    @property
    def server_workers(self) -> Workers:
        """As many as given, always."""
        workers = (self.server.server_workers or 0) if self.shares_workers else 0
        return Workers(at_start=workers, at_most=workers)

    def loads_at_once(self, model: Model) -> int:
        """One load of the model where workers are shared; else all workers load it."""
        return 1 if self.shares_workers else model.workers

    @property
    def batch_without_delay(self) -> int:
        """All that waits."""
        return LARGEST_BATCH  # all that waits

    @property
    def event_loops(self) -> int:
        """As given."""
        return self.server.event_loops or 0

    @property
    def load_keeps_loop(self) -> None:
        """Not simulated: give fewer event loops."""
        return

    def death(self, model: Model | None) -> None:
        """Nothing is known of it."""
        return

    @property
    def unload_poll_s(self) -> float:
        """Each millisecond."""
        return UNLOAD_POLL_S
