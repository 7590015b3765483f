"""TorchServe: its rules and its figures. Source: pytorch/serve, frontend (wlm: Model, WorkLoadManager)."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from mmesim.scenario.clients.causes import Cause
from mmesim.scenario.server import mms
from mmesim.scenario.server.kind import UNLOAD_POLL_S, Death, Queue, Workers
from mmesim.scenario.server.processes import NO_PARENT, WorkerProcesses

if TYPE_CHECKING:
    from mmesim.scenario.models.groups import Model

FIXED_WORKERS = "it starts minWorkers of a model and adds none by itself"


class Torchserve(WorkerProcesses):
    """One queue for each model and as many worker processes as its file says, all of them from load to unload."""

    title = "TorchServe"
    meaningless = MappingProxyType(
        {
            "preload_model": NO_PARENT,
            "preload_dirty_bytes": NO_PARENT,
            "max_workers": FIXED_WORKERS,
            "max_idle_s": FIXED_WORKERS,
            "reserved_memory_bytes": "it looks at no figure of memory before a load",
            "queue": "it has one queue for each model",
            "server_workers": "it has workers for each model",
            "max_models": "memory, processes and disk are its only limits",
        }
    )
    meaningless_of_model = MappingProxyType({"preload_model": NO_PARENT, "max_workers": FIXED_WORKERS})

    @property
    def queue(self) -> Queue:
        """One for each model; full is 503."""
        return Queue("model", self.server.queue_bound, Cause.queue_full)

    def model_workers(self, model: Model) -> Workers:
        """As many as at the start, always (WorkLoadManager.modelChanged)."""
        return Workers(at_start=model.workers, at_most=model.workers)

    @property
    def batch_without_delay(self) -> int:
        """Two: with a delay of zero the queue is looked at once more (Model.pollBatch)."""
        return mms.BATCH_WITHOUT_DELAY

    def death(self, model: Model | None) -> Death:
        """The worker is back after a second and a load of its own, as with MMS, from which TorchServe descends."""
        return Death(mms.BACK_OFF_S, reloads=model is not None)

    @property
    def unload_poll_s(self) -> float:
        """Each millisecond."""
        return UNLOAD_POLL_S
