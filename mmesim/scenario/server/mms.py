"""Multi Model Server: its rules and its figures. Source: awslabs/multi-model-server, frontend (wlm, http)."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from mmesim import units
from mmesim.scenario.clients.causes import Cause
from mmesim.scenario.server.kind import LOOPS_PER_VCPU, UNLOAD_POLL_S, Death, Queue, ServerKind, Workers

if TYPE_CHECKING:
    from mmesim.scenario.models.groups import Model

JOB_QUEUE_SIZE = 100
"""Default of `job_queue_size`."""
MAX_BATCH_DELAY_S = 0.1
"""Default of `max_batch_delay`."""
PROCESS_START_CPU_S = 0.2
"""Start of the parent process of a model, before its workers load: Python and its imports, measured."""
POOL_PARENT_BYTES = 3 * 2**20
"""The parent process of a pool, measured."""
PRELOAD_DIRTY_BYTES = 3 * 2**20
"""What each worker of a preloaded model writes to, measured."""
JVM_TASKS = 50
"""Processes and threads of the JVM without any model, measured."""
POOL_JVM_TASKS, WORKER_JVM_TASKS = 3, 3
"""Threads of the JVM that serve a pool, and each of its workers."""
BACK_OFF_S = 1.0
"""Wait before a worker that has died is started again: the first of 1, 1, 2, 3, 5 ... s (wlm/WorkerThread.retry)."""
BATCH_WITHOUT_DELAY = 2
"""With a delay of zero BatchAggregator takes one job and polls the queue once more."""

FIXED_WORKERS = "its workers are as many as at the load of the model, always"


class Mms(ServerKind):
    """One queue and one pool of worker processes for each model, all of them from the load to the unload."""

    title = "Multi Model Server"
    meaningless = MappingProxyType(
        {
            "max_workers": FIXED_WORKERS,
            "max_idle_s": FIXED_WORKERS,
            "reserved_memory_bytes": "it looks at no figure of memory before a load",
            "queue": "it has one queue for each model",
            "server_workers": "it has workers for each model",
            "max_models": "memory, processes and disk are its only limits",
        }
    )
    meaningless_of_model = MappingProxyType({"max_workers": FIXED_WORKERS})

    def pool_memory_bytes(self, model: Model) -> int:
        """Memory of the parent, and of framework and model for each worker.

        With `preload_model` the workers share framework and model, but for what each of them writes to.
        """
        if model.preload_model:
            shared = model.process_memory_bytes + model.memory_bytes
            return POOL_PARENT_BYTES + shared + model.workers * model.preload_dirty_bytes
        return POOL_PARENT_BYTES + model.workers * (model.process_memory_bytes + model.memory_bytes)

    def pool_tasks(self, model: Model) -> int:
        """The parent and the workers, and the JVM threads that serve them.

        A worker keeps the threads of its framework, or those that its calls compute on if they are more; the parent
        serves no calls.
        """
        threads = max(model.framework_threads, model.service.threads)
        return model.framework_threads + model.workers * (threads + WORKER_JVM_TASKS) + POOL_JVM_TASKS

    def copy_in_words(self, model: Model) -> str:
        """The workers, which may share framework and model, and their parent."""
        workers = f"{model.workers} worker{'' if model.workers == 1 else 's'}"
        each = units.show_bytes(self._each_bytes(model))
        return f"{workers} that share {each}" if model.preload_model else f"{workers} of {each} and their parent"

    @property
    def queue(self) -> Queue:
        """One for each model; full is 503."""
        return Queue("model", self.server.queue_bound, Cause.queue_full)

    def model_workers(self, model: Model) -> Workers:
        """As many as at the start, always."""
        return Workers(at_start=model.workers, at_most=model.workers)

    def loads_at_once(self, model: Model) -> int:
        """All workers, or with `preload_model` the parent for them."""
        return 1 if model.preload_model else model.workers

    @property
    def batch_without_delay(self) -> int:
        """Two."""
        return BATCH_WITHOUT_DELAY

    @property
    def event_loops(self) -> int:
        """As given, else two for each vCPU."""
        given = self.server.event_loops
        return LOOPS_PER_VCPU * self.vcpu if given is None else given

    @property
    def load_keeps_loop(self) -> Literal["start"]:
        """The registration waits on its event loop for the parent process."""
        return "start"

    def death(self, model: Model | None) -> Death:
        """The worker is back after a second and a load of its own, unless the parent has preloaded the model.

        Requests go on queueing meanwhile. A load that ends well begins the back-offs anew: the first is the only one.
        """
        return Death(BACK_OFF_S, reloads=model is not None and not model.preload_model)

    def kept_after_507(self, model: Model) -> tuple[int, int]:
        """The parent process and the threads that serve it: the model stays registered without a worker, measured."""
        return POOL_PARENT_BYTES, model.framework_threads + POOL_JVM_TASKS

    @property
    def unload_poll_s(self) -> float:
        """Each millisecond."""
        return UNLOAD_POLL_S
