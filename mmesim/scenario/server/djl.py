"""DJL Serving with Python models: its rules and its figures.

Source: deepjavalibrary/djl-serving: wlm (WorkLoadManager, WorkerPool, TemporaryBatchAggregator, ModelInfo),
engines/python (PyModel, PyProcess), serving/docs (configurations_model, out_of_memory_management).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from mmesim import units
from mmesim.scenario.clients.causes import Cause
from mmesim.scenario.server.kind import LARGEST_BATCH, PER_GPU, UNLOAD_POLL_S, Death, Queue, Workers
from mmesim.scenario.server.processes import NO_PARENT, WorkerProcesses

if TYPE_CHECKING:
    from mmesim.scenario.models.groups import Model

JOB_QUEUE_SIZE = 1000
"""Default of `job_queue_size`."""
MAX_IDLE_S = 60.0
"""Default of `max_idle_time`."""
RESERVED_BYTES = 500 * 2**20
"""Default of `reserved_memory_mb`."""
ESTIMATE = 12, 10
"""A model is expected to need its files' size times the first over the second."""
ADD_AT_BATCHES = 2
"""A worker is added when more calls wait than this many full batches (WorkLoadManager.runJob)."""


class Djl(WorkerProcesses):
    """One queue for each model; worker processes from the first to the most, by demand."""

    title = "DJL Serving"
    defaults = MappingProxyType(
        {
            "job_queue_size": JOB_QUEUE_SIZE,
            "max_workers": PER_GPU,
            "max_idle_s": MAX_IDLE_S,
            "reserved_memory_bytes": RESERVED_BYTES,
        }
    )
    required = MappingProxyType(
        {
            "overhead": (
                "what its front end costs for each call is not published",
                "overhead: none, what you measured, or sagemaker (that of MMS)",
            )
        }
    )
    meaningless = MappingProxyType(
        {
            "config": "it reads serving.properties, not a file of MMS: give the values as keys of the server",
            "preload_model": NO_PARENT,
            "preload_dirty_bytes": NO_PARENT,
            "queue": "it has one queue for each model",
            "server_workers": "it has workers for each model",
            "max_models": "it looks at memory before a load, not at a number of models",
        }
    )
    meaningless_of_model = MappingProxyType({"preload_model": NO_PARENT})
    workers_key = "max_workers"

    @property
    def default_workers_key(self) -> str:
        """That of the most workers."""
        return "max_workers"

    @property
    def most_default_workers(self) -> int:
        """As given, else as many as GPUs, or vCPUs."""
        return self.server.workers_of(self.server.max_workers, self.vcpu, self.gpus)

    def asks_bytes(self, model: Model, memory_bytes: int) -> int:
        """1.2 times the size of its files and the reserved memory (ModelInfo), and at least what it takes."""
        return max(memory_bytes, self._estimate(model) + (self.server.reserved_memory_bytes or 0))

    def copy_in_words(self, model: Model) -> str:
        """What the workers of the start take, or the estimate, if that decides."""
        reserved = self.server.reserved_memory_bytes or 0
        if self._estimate(model) + reserved <= self.pool_memory_bytes(model):
            return super().copy_in_words(model)
        return f"1.2 times its artefact, and {units.show_bytes(reserved)} that must stay free"

    def _estimate(self, model: Model) -> int:
        return model.artifact_bytes * ESTIMATE[0] // ESTIMATE[1]

    @property
    def queue(self) -> Queue:
        """One for each model; 503 when all workers are busy and one place is left (WorkLoadManager.runJob)."""
        return Queue("model", self.server.queue_bound - 1, Cause.queue_full)

    def model_workers(self, model: Model) -> Workers:
        """One more for each call that finds too many waiting; each is a process that loads the model itself."""
        most = self.most_default_workers if model.max_workers is None else model.max_workers
        return Workers(
            at_start=model.workers,
            at_most=max(most, model.workers),
            add_at=ADD_AT_BATCHES * model.batch_size + 1,
            loads=True,
            memory_bytes=self._each_bytes(model),
            tasks=self.process_tasks(model),
        )

    @property
    def max_idle_s(self) -> float:
        """As given."""
        return MAX_IDLE_S if self.server.max_idle_s is None else self.server.max_idle_s

    @property
    def batch_without_delay(self) -> int:
        """All that waits."""
        return LARGEST_BATCH  # all that waits, with or without a delay (BatchAggregator.drainTo)

    def death(self, model: Model | None) -> Death:
        """The process is started again at once, and loads its model (PyProcess.predict)."""
        return Death(0.0, reloads=True)

    @property
    def unload_poll_s(self) -> float:
        """Each millisecond."""
        return UNLOAD_POLL_S
