"""The misses of a run's own calls, by stack distances: as LRU caches of every size have them, byte for byte."""

from __future__ import annotations

import libcachesim
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmesim.analytic import stack
from mmesim.analytic.stack import FIRST, Stack, last_called
from mmesim.arrays import Flags, Floats, Ints
from mmesim.engine.simulation import simulate
from mmesim.preflight.room import free_memory_bytes
from mmesim.results.miss_ratio.own_misses import Calls, own_misses
from mmesim.scenario import EvictionPolicy, Poisson, Scenario, Traffic
from tests.laws.scenarios import instant_model
from tests.oracles.caches import cache
from tests.unit.results.synthetic import scenario

MIB = 2**20


def hits(models: Ints, sizes: Ints, capacity: int) -> Flags:
    """Which of the calls libCacheSim's LRU cache of so many bytes hits."""
    there = libcachesim.LRU(cache_size=capacity, hashpower=10)
    requests = (libcachesim.Request(obj_id=m + 1, obj_size=int(sizes[m])) for m in models.tolist())
    return np.array([there.get(one) for one in requests], dtype=np.bool_)


@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(1, 300), st.integers(1, 90))
@settings(max_examples=60, deadline=None)
def test_a_call_hits_the_caches_that_have_room_for_its_distance_and_its_model(seed, models, calls, batch):
    rng = np.random.default_rng(seed)
    sizes, called = rng.integers(1, 1000, models), rng.integers(0, models, calls)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stack, "BATCH", batch)
        distance = np.concatenate([found for _, found in Stack(sizes).batches(called)])
    for capacity in rng.integers(sizes.max(), max(sizes.max(), sizes.sum()) + 2, 4).tolist():
        ours = (distance != FIRST) & (distance + sizes[called] <= capacity)
        assert np.array_equal(ours, hits(called, sizes, capacity))


def of(models: list[int], hosts: list[int], measured: list[bool] | None = None) -> Calls:
    flags = np.array([True] * len(models) if measured is None else measured, dtype=np.bool_)
    return Calls(np.array(models, dtype=np.int64), np.array(hosts, dtype=np.int64), flags)


def tenants(*memory: str, **endpoint: object) -> Scenario:
    each = [
        {"name": f"m{n}", "artifact_size": "1 MB", "memory": one, "service": {"cpu": 0.01}}
        for n, one in enumerate(memory)
    ]
    return scenario(models=each, endpoint={"base_memory": 0, "instance_count": 2} | endpoint)


def pools(of_models: Scenario) -> list[int]:
    return [model.pool_memory_bytes for model in of_models.model_table()]


def missed(given: Scenario, calls: Calls, *room_bytes: float) -> list[float]:
    found = own_misses(given, [calls], np.array(room_bytes))
    assert found is not None
    ratios: list[float] = found.tolist()
    return ratios


def test_by_hand():
    # On host 0: a b a c a b, where c takes as much as a and b. The second a has b above it, the third c; b has c and a.
    given = tenants("100 MiB", "100 MiB", "300 MiB")
    a, b, c = pools(given)
    calls = of([0, 1, 0, 2, 0, 1], [0] * 6)
    assert missed(given, calls, c - 1, c, a + c - 1, a + c, a + b + c - 1, a + b + c) == pytest.approx(
        [np.nan, 5 / 6, 5 / 6, 4 / 6, 4 / 6, 3 / 6], nan_ok=True
    )


def test_each_host_has_a_cache_of_its_own_and_a_call_that_reached_none_counts_nowhere():
    given = tenants("100 MiB", "100 MiB")
    (a, _) = pools(given)
    # a and b in turn, each on its own host: with room for one model, both stay. On one host neither does.
    assert missed(given, of([0, 1, 0, 1, 1], [0, 1, 0, 1, -1]), a) == [0.5]
    assert missed(given, of([0, 1, 0, 1, 1], [0, 0, 0, 0, -1]), a) == [1.0]


def test_calls_of_the_warm_up_fill_the_caches_and_are_not_counted():
    given = tenants("100 MiB", "100 MiB")
    room = sum(pools(given))
    assert missed(given, of([0, 1, 0, 1], [0] * 4, [False, False, True, True]), room) == [0.0]
    assert missed(given, of([0, 1, 0, 1], [0] * 4, [False, True, True, True]), room) == pytest.approx([1 / 3])


def test_the_first_hosts_of_a_warm_endpoint_begin_as_after_the_same_calls():
    given = tenants("100 MiB", "100 MiB", warm=True)
    room = sum(pools(given))
    assert missed(given, of([0, 1, 0], [0, 0, 0]), room) == [0.0]
    assert missed(given, of([0, 1, 0], [2, 2, 2]), room) == pytest.approx([2 / 3])  # it came later, cold


def test_a_model_that_no_host_can_hold_counts_nowhere():
    given = tenants("100 MiB", "100 GiB")
    assert missed(given, of([0, 1, 1, 0], [0] * 4), pools(given)[0]) == [0.5]


def test_without_calls_or_with_hosts_of_another_size_there_is_no_curve():
    room: Floats = np.array([1e9])
    assert own_misses(tenants("100 MiB"), [of([], [])], room) is None
    given = tenants("100 MiB")
    deploy = {"name": "small", "at": 10, "to": {"endpoint.memory": "4 GiB"}, "endpoint": given.endpoint}
    changed = given.model_copy(update={"deploys": scenario(deploys=[deploy]).deploys})
    assert own_misses(changed, [of([0], [0])], room) is not None
    small = given.endpoint.model_copy(update={"usable_memory_given_bytes": 2**30})
    changed = changed.model_copy(update={"deploys": (changed.deploys[0].model_copy(update={"endpoint": small}),)})
    assert own_misses(changed, [of([0], [0])], room) is None


@given(st.integers(0, 1000))
@settings(max_examples=5, deadline=None)
def test_the_last_called_models_in_order(seed):
    calls = np.random.default_rng(seed).integers(0, 9, 40)
    backwards = dict.fromkeys(calls[::-1].tolist())
    assert last_called(calls).tolist() == list(backwards)[::-1]


def test_they_are_the_misses_of_a_run_in_which_loads_take_no_time():
    traffic = Traffic(arrivals=Poisson(rate_per_s=20.0))
    given = cache(15, EvictionPolicy.lru, instant_model("m", count=40), traffic, 200.0)
    run = simulate(given, records=-1)
    assert run.records is not None
    room = float(free_memory_bytes(given.endpoint))
    found = own_misses(given, [Calls.of(run.records, run.warmup_s)], np.array([room]))
    assert found is not None
    assert 0.1 < found[0] < 0.9
    assert found[0] == pytest.approx(run.misses / (run.hits + run.misses))
