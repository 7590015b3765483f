"""Laws of the requests, over random traffic: order, counts, determinism, and draws that keep to their request."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import Any, TypeVar

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mmesim.scenario import (
    ConstantRate,
    CpuWait,
    Diurnal,
    Drift,
    Endpoint,
    FlashCrowd,
    GammaArrivals,
    Geometric,
    HyperexponentialArrivals,
    LognormalArrivals,
    LognormalPopularity,
    Mmpp,
    MmppState,
    ModelSweep,
    OnOff,
    Overhead,
    Poisson,
    Ramp,
    RateStage,
    RunSettings,
    Scenario,
    Schedule,
    Server,
    Sessions,
    Tenants,
    Traffic,
    UniformPopularity,
    WeibullArrivals,
    Zipf,
)
from mmesim.scenario.models.groups import ModelGroup, Service
from mmesim.scenario.traffic.combinations import conflicts
from mmesim.scenario.values.times import (
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
from mmesim.workload.block import Block, join, merge, resize
from mmesim.workload.requests import blocks
from tests.unit.workload.times import scaled

DURATION_S = 20.0

T = TypeVar("T")

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


def made(kind: type[T], **parts: st.SearchStrategy[Any]) -> st.SearchStrategy[T]:
    """Objects of a class of the schema; `st.builds` would make up keys by the names of the file."""
    return st.fixed_dictionaries(parts).map(lambda given: kind(**given))


rates = st.floats(0.5, 15.0)
turns = st.one_of(
    st.builds(Constant, st.floats(0.05, 10.0)),
    st.builds(Exponential, st.floats(0.05, 10.0)),
    st.builds(Weibull, st.floats(0.05, 10.0), cvs),
)
states = made(MmppState, rate_per_s=st.just(0.0) | rates, stay_s=seconds)
processes = st.one_of(
    made(Poisson, rate_per_s=rates),
    made(ConstantRate, rate_per_s=rates),
    made(GammaArrivals, rate_per_s=rates, cv=cvs),
    made(WeibullArrivals, rate_per_s=rates, cv=cvs),
    made(LognormalArrivals, rate_per_s=rates, cv=cvs),
    made(HyperexponentialArrivals, rate_per_s=rates, cv=st.floats(1.01, 5.0)),
    st.builds(
        lambda some, other, following: Mmpp(
            states={"some": MmppState(rate_per_s=some, stay_s=1.0)} | {f"s{k}": one for k, one in enumerate(other)},
            next=following,
        ),
        rates,
        st.lists(states, min_size=1, max_size=3),
        st.sampled_from(["cycle", "random"]),
    ),
    made(OnOff, rate_per_s=rates, on=turns, off=turns, each=st.sampled_from(["model", "group", "stream"])),
    st.builds(
        lambda first, points, shape, repeat: Schedule(
            rates={"0 s": first} | {f"{place} s": rate for place, rate in points.items()}, shape=shape, repeat_s=repeat
        ),
        rates,
        st.dictionaries(st.integers(1, 15), st.just(0.0) | rates, max_size=4),
        st.sampled_from(["steps", "linear"]),
        st.sampled_from([None, 16.0]),
    ),
    made(
        Diurnal,
        mean_per_s=rates,
        peak_to_mean=st.floats(1.0, 2.0),
        peak_at_s=st.floats(0.0, 86000.0),
        weekend=st.floats(0.0, 1.0),
        start_day=st.sampled_from(["monday", "friday", "sunday"]),
        start_time_s=st.sampled_from([0.0, 86390.0]),
    ),
    made(
        Ramp,
        start_rate_per_s=rates,
        stages=st.lists(
            st.tuples(st.floats(1.0, 9.0), st.just(0.0) | rates).map(
                lambda stage: RateStage(duration_s=stage[0], target_per_s=stage[1])
            ),
            min_size=1,
            max_size=3,
        ),
        gaps=st.sampled_from(["random", "even"]),
    ),
    made(
        FlashCrowd,
        base_per_s=st.just(0.0) | rates,
        peak_per_s=rates,
        at_s=st.floats(0.0, 10.0),
        ramp_s=st.floats(0.0, 5.0),
        hold_s=st.floats(0.1, 5.0),
        decay_s=st.floats(0.0, 5.0),
    ),
)
sweeps = made(
    ModelSweep, rate_per_s=rates, order=st.sampled_from(["file", "random"]), every_s=st.sampled_from([None, 9.0])
)
simple = st.one_of(
    st.just(UniformPopularity()),
    st.floats(0.0, 2.0).map(Zipf),
    st.floats(0.1, 3.0).map(LognormalPopularity),
)
popularities = simple | st.builds(Tenants, size=st.none() | st.integers(1, 3), between=simple, within=simple)
drifts = st.builds(
    lambda swaps, births: Drift(swaps_per_s=swaps, births_per_s=births, alive=0.6 if births else None),
    st.floats(0.1, 5.0),
    st.just(0.0) | st.floats(0.1, 5.0),
)
sessions = made(
    Sessions,
    calls=st.integers(1, 4) | made(Geometric, mean=st.floats(1.0, 4.0)),
    gap=times | st.just(Constant(0.0)),
    models=st.sampled_from(["each", "tenant", "same"]),
)


@st.composite
def streams(draw: st.DrawFn) -> Traffic:
    """A stream with any process, and what goes together with it."""
    start, length = draw(st.sampled_from([0.0, 0.0, 3.0, 25.0])), draw(st.sampled_from([None, 5.0]))
    window: dict[str, Any] = {"start_s": start, "end_s": None if length is None else start + length}
    if draw(st.integers(0, 9)) == 0:
        return Traffic(arrivals=draw(sweeps), **window)
    process, popularity = draw(processes), draw(popularities)
    drift, session = draw(st.none() | drifts), draw(st.none() | sessions)
    assume(not list(conflicts(process, popularity, drift, session, chosen=True)))
    return Traffic(arrivals=process, popularity=popularity, drift=drift, sessions=session, **window)


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


WHOLE = 4096
"""Calls of a block that holds all of 20 s: a larger one would draw hours of calls, and every switch until then."""


def _all(scenario: Scenario, block_size: int = WHOLE, replication: int = 0) -> Block | None:
    parts = list(blocks(scenario, replication, block_size))
    return join(parts) if parts else None


def _assert_same(first: Block | None, second: Block | None, but: tuple[str, ...] = ()) -> None:
    if first is None or second is None:
        assert first is second
        return
    for field in fields(Block):
        if field.name not in but:
            np.testing.assert_array_equal(getattr(first, field.name), getattr(second, field.name), err_msg=field.name)


traffics = st.lists(streams(), min_size=1, max_size=4)
works = st.lists(services, min_size=2, max_size=4)


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
    other[changed] = work[changed].model_copy(update={"cpu": scaled(work[changed].cpu, 1.01)})
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
        device=None,
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
