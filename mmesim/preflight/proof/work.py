"""What a call costs at the least: CPU work, time of a worker, and its own time, each as a sum of independent times.

A batch of B calls costs at least a B-th of what each of them would cost alone, whoever is in it: where it takes as long
as its longest call, that is at least their mean; the time between two batches is charged at its shortest.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from mmesim.arrays import Floats
from mmesim.preflight.proof.law import beyond, cut_sum_mean, least
from mmesim.scenario.models.groups import AffineBatch, Model
from mmesim.scenario.scenario import Scenario
from mmesim.scenario.values.times import Constant, Time, always

Parts = tuple[tuple[Time, float], ...]
"""Independent times, each with a factor, whose sum is meant."""


def cpu_of_call(scenario: Scenario, model: Model) -> Parts:
    """CPU work of a call on a CPU of speed 1, seconds."""
    overhead, service, batch = scenario.server.overhead, model.service, _batch(scenario, model)
    if isinstance(service.batch, AffineBatch):
        each_s = service.batch.base_s / batch + service.batch.per_item_s
        work: Parts = ((Constant(each_s if beyond(service.cpu, 0.0) == 1.0 else 0.0), 1.0),)
    elif batch == 1 or service.batch == "sum":
        work = ((service.cpu, 1.0),)
    elif always(service.wait) is not None and always(service.device) is not None:
        work = ((service.cpu, 1.0 / batch),)
    else:  # the longest call may wait the longest and compute the least
        work = ((Constant(least(service.cpu)), 1.0 / batch),)
    return (*work, *_hold(overhead.hold.cpu, 1.0, batch), (overhead.pre.cpu, 1.0), (overhead.post.cpu, 1.0))


def worker_of_call(scenario: Scenario, model: Model) -> Parts:
    """How long a call keeps a worker of an otherwise idle host, seconds."""
    hold, service, batch = scenario.server.overhead.hold, model.service, _batch(scenario, model)
    speed, alone = scenario.endpoint.host.cpu_speed, _alone(scenario, model)
    if isinstance(service.batch, AffineBatch):
        each_s = service.batch.base_s / batch + service.batch.per_item_s
        work: Parts = ((Constant(each_s), _affine(scenario, model)),)
    else:
        share = 1.0 if service.batch == "sum" else 1.0 / batch
        work = ((service.wait, share), (service.cpu, alone * share), (service.device, share))
    return (*work, *_hold(hold.cpu, 1.0 / speed, batch), *_hold(hold.wait, 1.0, batch))


def device_of_call(scenario: Scenario, model: Model) -> Parts:
    """How long a call keeps its device with its model there, seconds."""
    service, batch = model.service, _batch(scenario, model)
    if isinstance(service.batch, AffineBatch):
        surely = beyond(service.cpu, 0.0) == 0.0 and beyond(service.device, 0.0) == 1.0
        return ((Constant(service.batch.base_s / batch + service.batch.per_item_s if surely else 0.0), 1.0),)
    if batch == 1 or service.batch == "sum":
        return ((service.device, 1.0),)
    if always(service.wait) is not None and always(service.cpu) is not None:
        return ((service.device, 1.0 / batch),)
    return ((Constant(least(service.device)), 1.0 / batch),)  # the longest call may be the shortest on the device


def time_of_call(scenario: Scenario, model: Model) -> Parts:
    """How long a call for a loaded model takes on an idle host, without the way there and back, seconds."""
    overhead, service, batch = scenario.server.overhead, model.service, _batch(scenario, model)
    speed = scenario.endpoint.host.cpu_speed
    if isinstance(service.batch, AffineBatch):
        each_s = service.batch.base_s + service.batch.per_item_s
        work: Parts = ((Constant(each_s), _affine(scenario, model)),)
    else:
        work = ((service.wait, 1.0), (service.cpu, _alone(scenario, model)), (service.device, 1.0))
    held = tuple(
        (Constant(least(time)) if batch > 1 else time, factor)
        for time, factor in ((overhead.hold.cpu, 1.0 / speed), (overhead.hold.wait, 1.0))
    )
    own = ((overhead.pre.cpu, 1.0 / speed), (overhead.pre.wait, 1.0), (overhead.post.cpu, 1.0 / speed))
    return (*work, *held, *own, (overhead.post.wait, 1.0))


@lru_cache(65536)
def cut(parts: Parts, at_s: tuple[float, ...]) -> Floats:
    """`cut_sum_mean` for each of these limits; the fleets of a plan ask for the same ones."""
    found = cut_sum_mean(parts, np.array(at_s))
    found.setflags(write=False)
    return found


def mean_of(parts: Sequence[tuple[Time, float]]) -> float:
    """The mean of the sum, seconds."""
    return sum(time.mean * factor for time, factor in parts)


def shortest(parts: Sequence[tuple[Time, float]]) -> float:
    """The shortest that the sum can be, seconds."""
    return sum(least(time) * factor for time, factor in parts)


def _batch(scenario: Scenario, model: Model) -> int:
    """Calls of the largest batch."""
    if model.max_batch_delay_s > 0.0:
        return model.batch_size
    return min(model.batch_size, scenario.server_kind.batch_without_delay)


def _alone(scenario: Scenario, model: Model) -> float:
    """Time of a second of CPU work alone on its host (Amdahl's law)."""
    service = model.service
    return (service.serial + (1.0 - service.serial) / service.threads) / scenario.endpoint.host.cpu_speed


def _affine(scenario: Scenario, model: Model) -> float:
    """Time of a second of the batch rule: of CPU work, if the calls have any."""
    surely = beyond(model.service.cpu, 0.0)
    if surely == 0.0:
        return 1.0
    alone = _alone(scenario, model)
    return alone if surely == 1.0 else min(1.0, alone)


def _hold(time: Time, factor: float, batch: int) -> Parts:
    return ((time, factor),) if batch == 1 else ((Constant(least(time)), factor / batch),)
