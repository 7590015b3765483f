"""Devices against queueing theory, and their memory against libCacheSim."""

from __future__ import annotations

import math
from pathlib import Path

import libcachesim
import numpy as np
import pytest

from mmesim.engine.simulation import simulate
from mmesim.scenario import EvictionPolicy, HostType, Scenario
from mmesim.scenario.endpoint.devices import Devices
from mmesim.scenario.figures import PARTS
from mmesim.scenario.models.groups import Service
from mmesim.scenario.values.times import ZERO
from tests.laws.scenarios import MIB, instant_model, write_trace
from tests.oracles.caches import cache
from tests.oracles.queues import LARGEST_STANDARD_ERROR, QUEUES, Queue

SEED = 1
WORKERS = 200
"""So many that nobody waits for one: at a load of 0.7, more jobs at once have a probability below 1e-30."""
ON_A_DEVICE = [queue for queue in QUEUES if queue.name in ("M/M/1", "M/D/1", "M/M/4")]


def on_device(queue: Queue) -> Scenario:
    """The queue in front of one device that does as many jobs at a time as the queue has servers."""
    plain = queue.scenario(queue.calls, SEED)
    devices = Devices(memory_bytes=MIB, base_memory_bytes=0, at_once=queue.workers)
    host = HostType(vcpu=1, memory_bytes=2**36, devices=devices)
    model = instant_model(workers=WORKERS, service=Service(device=queue.service))
    scenario: Scenario = plain.model_copy(
        update={"endpoint": plain.endpoint.model_copy(update={"host": host}), "models": (model,)}
    )
    return scenario


@pytest.mark.parametrize("queue", ON_A_DEVICE, ids=lambda queue: queue.name)
def test_a_device_is_a_queue(queue: Queue) -> None:
    run = simulate(on_device(queue))
    assert set(run.checks.values()) == {"ok"}
    error = abs(queue.measure(run) / queue.truth - 1.0)
    standard_error = queue.spread / math.sqrt(run.calls)
    assert standard_error <= LARGEST_STANDARD_ERROR * 1.01
    assert error <= min(0.01, 4.0 * standard_error)


def test_device_memory_is_an_lru_cache(tmp_path: Path) -> None:
    # All models are on the host, 15 of 60 on the device; a copy is over before the next call comes.
    rng, held = np.random.default_rng(7), 15
    models = rng.zipf(1.3, 20_000) % 60
    calls = [(0.001 * k, f"m-{model:03}", 0.0) for k, model in enumerate(models.tolist())]
    traffic = write_trace(tmp_path / "calls.csv", calls)
    group = instant_model("m", count=60, device_memory_bytes=MIB, service=Service(wait=ZERO))
    scenario = cache(60, EvictionPolicy.lru, group, traffic, duration_s=1_000.0)
    devices = Devices(memory_bytes=held * MIB, base_memory_bytes=0, copy_Bps=1e12)
    host = scenario.endpoint.host.model_copy(update={"devices": devices})
    run = simulate(
        scenario.model_copy(update={"endpoint": scenario.endpoint.model_copy(update={"host": host})}), records=-1
    )
    assert run.records is not None
    there, request = libcachesim.LRU(cache_size=held), libcachesim.Request(obj_size=1)
    theirs = np.zeros(models.size, dtype=np.bool_)
    for k, model in enumerate(models.tolist()):
        request.obj_id = model + 1
        theirs[k] = there.get(request)
    copied = run.records.parts_s[:, PARTS.index("device_copy")] > 0.0
    assert 0.1 < theirs.mean() < 0.9
    assert np.array_equal(~copied, theirs)
    assert run.devices is not None
    assert run.devices.copies.sum() == copied.sum()
