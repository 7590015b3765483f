"""How long workers were there and how long they were busy, up to some moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mmesim.arrays import Floats
from mmesim.engine.kernel.codes import NONE


@dataclass(frozen=True)
class WorkerTime:
    """Worker-seconds, one entry a model; a last one in `there_s` for workers that serve all models of a host."""

    busy_s: Floats
    """Spent on batches: from taking the first call of one to the end of its job."""
    there_s: Floats
    """Of workers that were alive while their model was ready."""

    def since(self, before: WorkerTime) -> WorkerTime:
        """What was added after `before`."""
        return WorkerTime(self.busy_s - before.busy_s, self.there_s - before.there_s)


def worker_time(views: Any, now: float) -> WorkerTime:
    """Everything up to `now`, batches under way included."""
    stats, attempts = views.model_stats, views.attempts
    there = stats.worker + stats.workers * (now - stats.worker_at)
    busy = stats.busy[:-1].copy()
    heads = views.workers.head[views.workers.head != NONE]
    np.add.at(busy, attempts.model[heads], now - attempts.taken[heads])
    return WorkerTime(busy, there)
