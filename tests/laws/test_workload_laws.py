"""Laws of the requests, over random traffic: order, counts, determinism, and draws that keep to their request."""

from __future__ import annotations

from dataclasses import fields
from functools import cache

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mmesim.scenario.models import ModelGroup, Service
from mmesim.scenario.schema import (
    CpuWait,
    Endpoint,
    Overhead,
    Poisson,
    RunSettings,
    Scenario,
    Server,
    Traffic,
    UniformPopularity,
    Zipf,
)
from mmesim.scenario.times import (
    Constant,
    Empirical,
    Exponential,
    Gamma,
    Lognormal,
    Percentiles,
    Time,
    Uniform,
    Weibull,
)
from mmesim.workload.arrivals import blocks
from mmesim.workload.block import Block, join, resize
from mmesim.workload.merge import merge

DURATION_S = 20.0

seconds = st.floats(1e-4, 10.0)
cvs = st.floats(0.05, 3.0)
points = st.lists(seconds, min_size=3, max_size=3).map(sorted).map(lambda v: ((5.0, v[0]), (50.0, v[1]), (99.0, v[2])))
times: st.SearchStrategy[Time] = st.one_of(
    st.builds(Constant, seconds),
    st.builds(Exponential, seconds),
    st.builds(Lognormal, seconds, cvs),
    st.builds(Gamma, seconds, cvs),
    st.builds(Weibull, seconds, cvs),
    st.tuples(seconds, seconds).map(lambda ends: Uniform(min(ends), max(ends))),
    st.lists(seconds, min_size=1, max_size=4).map(lambda values: Empirical(tuple(values))),
    points.map(Percentiles),
)
services = st.builds(Service, cpu=times, wait=times)
streams = st.builds(
    lambda rate, start, length, zipf: Traffic(
        arrivals=Poisson(rate_per_s=rate),
        popularity=UniformPopularity() if zipf is None else Zipf(zipf),
        start_s=start,
        end_s=None if length is None else start + length,
    ),
    rate=st.floats(0.5, 15.0),
    start=st.sampled_from([0.0, 0.0, 3.0, 25.0]),
    length=st.sampled_from([None, 5.0]),
    zipf=st.none() | st.floats(0.0, 2.0),
)


@cache
def _endpoint() -> Endpoint:
    return Endpoint.model_validate({"vcpu": 2, "memory": "8 GiB", "network": "1 Gbit/s"})


def _scenario(traffic: list[Traffic], work: list[Service], seed: int = 1, pre: Time | None = None) -> Scenario:
    return Scenario(
        name="law",
        endpoint=_endpoint(),
        server=Server(overhead=Overhead(pre=CpuWait(cpu=pre or Constant(0.0004)))),
        models=tuple(
            ModelGroup(
                name=f"m{i}",
                artifact_bytes=10**6,
                memory_bytes=10**6,
                process_memory_bytes=10**6,
                service=one,
                load=CpuWait(cpu=Constant(0.1)),
            )
            for i, one in enumerate(work)
        ),
        traffic=tuple(traffic),
        run=RunSettings(duration_s=DURATION_S, seed=seed),
    )


def _all(scenario: Scenario, block_size: int = 65536, replication: int = 0) -> Block | None:
    parts = list(blocks(scenario, replication, block_size))
    return join(parts) if parts else None


def _assert_same(first: Block | None, second: Block | None, but: tuple[str, ...] = ()) -> None:
    if first is None or second is None:
        assert first is second
        return
    for field in fields(Block):
        if field.name not in but:
            np.testing.assert_array_equal(getattr(first, field.name), getattr(second, field.name), err_msg=field.name)


traffics = st.lists(streams, min_size=1, max_size=4)
works = st.lists(services, min_size=1, max_size=4)


@given(traffics, works, st.none() | times)
@settings(max_examples=60, deadline=None)
def test_requests_are_in_order_and_in_their_windows(
    traffic: list[Traffic], work: list[Service], pre: Time | None
) -> None:
    block = _all(_scenario(traffic, work, pre=pre))
    if block is None:
        return
    assert np.all(np.diff(block.time) >= 0)
    assert np.all((block.model >= 0) & (block.model < len(work)))
    assert np.all((block.route >= 0) & (block.route < 1))
    assert np.all(block.cpu >= 0)
    assert np.all(block.wait >= 0)
    assert np.all(np.isfinite(block.cpu + block.wait))
    for index, stream in enumerate(traffic):
        own = block.time[block.stream == index]
        assert np.all((own >= stream.start_s) & (own < min(DURATION_S, stream.end_s or DURATION_S)))


@given(traffics, works, st.integers(1, 300), st.none() | times)
@settings(max_examples=60, deadline=None)
def test_requests_do_not_depend_on_the_block_size(
    traffic: list[Traffic], work: list[Service], size: int, pre: Time | None
) -> None:
    scenario = _scenario(traffic, work, pre=pre)
    _assert_same(_all(scenario, size), _all(scenario))


@given(traffics, works, st.integers(0, 2**40), st.integers(0, 50))
@settings(max_examples=30, deadline=None)
def test_the_same_seed_gives_the_same_requests(
    traffic: list[Traffic], work: list[Service], seed: int, replication: int
) -> None:
    first, second = (_all(_scenario(traffic, work, seed), replication=replication) for _ in range(2))
    _assert_same(first, second)


@given(traffics, works)
@settings(max_examples=30, deadline=None)
def test_a_stream_is_the_same_alone_and_among_others(traffic: list[Traffic], work: list[Service]) -> None:
    together = _all(_scenario(traffic, work))
    for index, stream in enumerate(traffic):
        alone = _all(_scenario([stream.model_copy(update={"name": f"traffic-{index}"})], work))
        mine = None if together is None else together[np.flatnonzero(together.stream == index)]
        _assert_same(alone, mine if mine is not None and len(mine) else None, but=("stream",))


@given(traffics, works, st.data())
@settings(max_examples=60, deadline=None)
def test_a_mean_that_is_changed_changes_its_own_service_times_and_nothing_else(
    traffic: list[Traffic], work: list[Service], data: st.DataObject
) -> None:
    changed = data.draw(st.integers(0, len(work) - 1))
    other = list(work)
    other[changed] = work[changed].model_copy(update={"cpu": work[changed].cpu.scaled(1.01)})
    before, after = _all(_scenario(traffic, work)), _all(_scenario(traffic, other))
    _assert_same(before, after, but=("cpu",))
    if before is None or after is None:
        return
    own = before.model == changed
    np.testing.assert_array_equal(after.cpu[~own], before.cpu[~own])
    np.testing.assert_allclose(after.cpu[own], 1.01 * before.cpu[own], rtol=1e-13)


def _block(stream: int, time: list[float]) -> Block:
    n = len(time)
    return Block(
        time=np.array(sorted(time), dtype=np.float64),
        model=np.arange(n),
        cpu=np.zeros(n),
        wait=np.zeros(n),
        route=np.zeros(n),
        overhead=None,
        stream=np.full(n, stream),
        key=np.arange(n),
    )


# Few different times, so that ties within and between streams are common.
tied_times = st.lists(st.integers(0, 12).map(float), max_size=30)


@given(
    st.lists(st.tuples(tied_times, st.integers(1, 9)), min_size=1, max_size=5), st.integers(1, 40), st.integers(1, 20)
)
@settings(max_examples=300, deadline=None)
def test_superposed_streams_keep_order_and_counts(parts: list[tuple[list[float], int]], size: int, rows: int) -> None:
    whole = [_block(i, time) for i, (time, _) in enumerate(parts)]
    cut = [
        resize([block], chunk) if len(block) else iter([block]) for block, (_, chunk) in zip(whole, parts, strict=True)
    ]
    merged = list(resize(merge(cut, rows), size))
    assert all(len(block) == size for block in merged[:-1])
    assert all(0 < len(block) <= size for block in merged[-1:])
    got = [row for b in merged for row in zip(b.time.tolist(), b.stream.tolist(), b.model.tolist(), strict=True)]
    expected = [row for b in whole for row in zip(b.time.tolist(), b.stream.tolist(), b.model.tolist(), strict=True)]
    assert got == sorted(expected)
