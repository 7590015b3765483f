"""LRU, FIFO and LFU decide exactly as libCacheSim does, request by request, when loads take no time."""

from __future__ import annotations

from typing import Any

import libcachesim
import numpy as np
import pytest
from numpy.typing import NDArray

from mmesim.scenario import EvictionPolicy, Scenario, TraceSource, Traffic
from mmesim.scenario.models.groups import AzureModels
from tests.helpers.files import AZURE_DAY
from tests.laws.scenarios import instant_model, write_trace
from tests.oracles.caches import cache, replay

REFERENCE: dict[EvictionPolicy, Any] = {
    EvictionPolicy.lru: libcachesim.LRU,
    EvictionPolicy.fifo: libcachesim.FIFO,
    EvictionPolicy.lfu: libcachesim.LFU,
}


def reference_hits(eviction: EvictionPolicy, copies: int, models: NDArray[np.int64]) -> NDArray[np.bool_]:
    there = REFERENCE[eviction](cache_size=copies)
    request = libcachesim.Request(obj_size=1)
    found = np.zeros(models.size, dtype=np.bool_)
    for i, model in enumerate(models.tolist()):
        request.obj_id = model + 1
        found[i] = there.get(request)
    return found


def azure(eviction: EvictionPolicy, copies: int, hours: int) -> Scenario:
    models = instant_model(azure_functions=AzureModels(invocations=AZURE_DAY))
    traffic = Traffic(trace=TraceSource(file=AZURE_DAY, format="azure-functions-2019"))
    return cache(copies, eviction, models, traffic, hours * 3600.0)


@pytest.mark.parametrize("eviction", REFERENCE, ids=str)
@pytest.mark.parametrize(
    ("copies", "hours", "least_requests"),
    [
        pytest.param(600, 24, 608_228, marks=pytest.mark.slow),
        (200, 9, 200_000),
        pytest.param(100, 9, 200_000, marks=pytest.mark.slow),
    ],
)
def test_hits_of_a_real_day(eviction, copies, hours, least_requests):
    models, ours = replay(azure(eviction, copies, hours))
    theirs = reference_hits(eviction, copies, models)
    assert models.size >= least_requests  # all of the day, or enough of it
    assert 0.0 < theirs.mean() < 1.0
    assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("eviction", REFERENCE, ids=str)
def test_requests_at_one_instant_keep_their_order(tmp_path, eviction):
    rng = np.random.default_rng(7)
    calls = [(float(k // 40), f"m-{model:03}", 0.0) for k, model in enumerate(rng.zipf(1.3, 8_000) % 60)]
    traffic = write_trace(tmp_path / "ties.csv", calls)
    models, ours = replay(cache(15, eviction, instant_model("m", count=60), traffic, duration_s=1_000.0))
    theirs = reference_hits(eviction, 15, models)
    assert [f"m-{model:03}" for model in models] == [model for _, model, _ in calls]
    assert 0.2 < theirs.mean() < 0.9
    assert np.array_equal(ours, theirs)
