"""Worker processes without a parent, each started by the server itself: what one of them takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmesim.scenario.models.groups import Model

WORKER_JVM_TASKS = 3
"""Threads of the JVM for each worker: one that serves it, two that read what it prints."""
LOOPS_PER_VCPU = 2
"""Event loops: Netty's default."""
NO_PARENT = "its workers have no parent process from which they could share a loaded model"


def process_memory_bytes(model: Model) -> int:
    """Memory of one worker process with its own copy of the model."""
    return model.process_memory_bytes + model.memory_bytes


def process_tasks(model: Model) -> int:
    """Threads of one worker process, or those that its calls compute on if they are more, and its JVM threads."""
    return max(model.framework_threads, model.service.threads) + WORKER_JVM_TASKS
