"""Servers whose workers are processes without a parent, each with framework and model: what they have in common.

What one worker takes, and the front end on Netty, of DJL Serving and TorchServe.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmesim.scenario.server.kind import LOOPS_PER_VCPU, ServerKind

if TYPE_CHECKING:
    from mmesim.scenario.models.groups import Model

WORKER_JVM_TASKS = 3
"""Threads of the JVM for each worker: one that serves it, two that read what it prints."""
NO_PARENT = "its workers have no parent process from which they could share a loaded model"


class WorkerProcesses(ServerKind):
    """A server that starts each worker of a model by itself; the worker loads the model."""

    def process_tasks(self, model: Model) -> int:
        """Threads of one worker process, or those that its calls compute on if they are more, and its JVM threads."""
        return max(model.framework_threads, model.service.threads) + WORKER_JVM_TASKS

    def pool_memory_bytes(self, model: Model) -> int:
        """Framework and model for each worker of the start; those that are added bring theirs."""
        return model.workers * self._each_bytes(model)

    def pool_tasks(self, model: Model) -> int:
        """The workers of the start, and the JVM threads that serve them."""
        return model.workers * self.process_tasks(model)

    def loads_at_once(self, model: Model) -> int:
        """All workers of the start."""
        return model.workers

    @property
    def starts_each_worker(self) -> bool:
        """There is no parent process."""
        return True

    @property
    def event_loops(self) -> int:
        """As given, else two for each vCPU (Netty's default)."""
        given = self.server.event_loops
        return LOOPS_PER_VCPU * self.vcpu if given is None else given

    @property
    def load_keeps_loop(self) -> None:
        """Models are loaded in a pool of threads of its own."""
        return
