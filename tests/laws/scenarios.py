"""Random small scenarios that reach every corner of the engine, and traces of requests written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from mmesim.scenario import (
    Clients,
    CpuWait,
    Download,
    Endpoint,
    EvictionPolicy,
    Gdsf,
    HostType,
    Overhead,
    Poisson,
    Router,
    RouterPolicy,
    RunSettings,
    Scenario,
    Server,
    TraceSource,
    Traffic,
    Ttl,
    UniformPopularity,
    Zipf,
)
from mmesim.scenario.clients.causes import Cause
from mmesim.scenario.clients.retries import BotoLegacy, BotoStandard, ExponentialRetries, FixedRetries, Retries
from mmesim.scenario.endpoint.devices import Devices
from mmesim.scenario.endpoint.endpoint import Throttling, Warm
from mmesim.scenario.models.groups import ModelGroup, Service
from mmesim.scenario.traffic.closed_loop import SHORTEST_S, ClosedLoop
from mmesim.scenario.traffic.stages import UserStage
from mmesim.scenario.values.times import ZERO, Constant, Empirical, Exponential, Lognormal, Time, Uniform

MIB = 2**20

INSTANT: dict[str, Any] = {
    "unload_s": 0.0,
    "invocation_timeout_s": 1e6,
    "load_timeout_s": 1e6,
    "load_limit_s": 1e6,
    "download": Download(first_byte=ZERO, stream_Bps=1e18, unpack_Bps_per_vcpu=None),
}
"""An endpoint whose loads and unloads take no time, and that never loses patience."""


def instant_endpoint(**given: Any) -> Endpoint:
    """One host of an endpoint that adds no time of its own; `given` replaces what differs."""
    router = Router(overhead_s=0.0, spill_at=10**9)
    host = HostType(vcpu=4, memory_bytes=64 * 2**30)
    return Endpoint(**{**INSTANT, "router": router, "host": host, "base_memory_bytes": 0, **given})


def instant_server(**given: Any) -> Server:
    """A model server that adds no time of its own; `given` replaces what differs."""
    return Server(**{"overhead": "none", "process_start": CpuWait(), **given})


def instant_model(name: str = "m", **given: Any) -> ModelGroup:
    """A model that is loaded in no time; `given` replaces what differs."""
    plain: dict[str, Any] = {
        "name": name,
        "artifact_bytes": 0,
        "memory_bytes": MIB,
        "process_memory_bytes": 0,
        "load": CpuWait(),
        "service": Service(wait=ZERO),
    }
    return ModelGroup(**{**plain, **given})


def patient_clients() -> Clients:
    """Clients next door who wait for ever."""
    return Clients(timeout_s=1e7, network_s=0.0)


def write_trace(file: Path, requests: Sequence[tuple[float, str, float]]) -> Traffic:
    """A stream of exactly these requests: (time, model, service), seconds."""
    lines = [f"{time!r},{model},{service!r}" for time, model, service in requests]
    file.write_text("\n".join(["time,model,service", *lines]) + "\n")
    return Traffic(trace=TraceSource(file=file, resolution="none"))


def _times(mean: st.SearchStrategy[float], zero: bool = True) -> st.SearchStrategy[Time]:
    """Constants (ties at one instant), smooth times, and times that are sometimes zero."""
    kinds: list[st.SearchStrategy[Time]] = [
        mean.map(Constant),
        mean.map(Exponential),
        mean.map(lambda m: Lognormal(m, 1.5)),
        mean.map(lambda m: Uniform(0.5 * m, 1.5 * m)),
        mean.map(lambda m: Empirical((0.0, 0.5 * m, 2.0 * m))),
    ]
    return st.one_of(st.just(ZERO), *kinds) if zero else st.one_of(*kinds)


WARM: list[Warm] = [False, True, "stationary"]

_SHORT = st.sampled_from([0.004, 0.02, 0.1])
_LONG = st.sampled_from([0.1, 0.4, 1.5])


@st.composite
def _services(draw: st.DrawFn) -> Service:
    threads = draw(st.sampled_from([1, 1, 1, 2, 3]))
    return Service(
        cpu=draw(_times(_SHORT)),
        wait=draw(_times(_SHORT)),
        device=draw(st.one_of(st.just(ZERO), st.just(ZERO), _times(_SHORT))),
        threads=threads,
        serial=draw(st.sampled_from([0.0, 0.3])) if threads > 1 else 0.0,
    )


@st.composite
def _groups(draw: st.DrawFn, index: int) -> ModelGroup:
    return ModelGroup(
        name=f"g{index}",
        count=draw(st.integers(1, 10)),
        artifact_bytes=draw(st.sampled_from([0, 5 * 10**6, 40 * 10**6])),
        memory_bytes=draw(st.sampled_from([20, 50, 120])) * MIB,
        process_memory_bytes=draw(st.sampled_from([0, 30])) * MIB,
        workers=draw(st.integers(1, 3)),
        framework_threads=draw(st.sampled_from([1, 4])),
        oversubscription=draw(st.sampled_from([0.0, 0.1])),
        load=CpuWait(cpu=draw(_times(_LONG)), wait=draw(_times(_LONG))),
        service=draw(_services()),
        device_memory_bytes=draw(st.sampled_from([None, None, 40 * MIB, 90 * MIB])),
    )


def _devices() -> st.SearchStrategy[Devices]:
    """Room for none, one or many of the models that use them."""
    return st.builds(
        lambda **keys: Devices(**keys),  # Hypothesis would fill in the alias of a key, too
        count=st.integers(1, 2),
        memory_bytes=st.sampled_from([80 * MIB, 100 * MIB, 500 * MIB]),
        base_memory_bytes=st.just(0),
        at_once=st.integers(1, 2),
        copy_Bps=st.sampled_from([1e9, 1e10]),
    )


@st.composite
def _endpoints(draw: st.DrawFn, hosts: int | None) -> Endpoint:
    smt = draw(st.booleans())
    base = 100 * MIB
    # The largest model (three workers of 150 MiB) fits or not; of the small ones two to many do.
    usable = base + draw(st.sampled_from([160, 480, 900, 2500])) * MIB
    load_timeout_s = draw(st.sampled_from([0.5, 60.0]))
    policy = draw(st.sampled_from(RouterPolicy))
    return Endpoint(
        host=HostType(
            vcpu=draw(st.sampled_from([2, 4])),
            memory_bytes=16 * 2**30,
            network_Bps=draw(st.sampled_from([60e6, 1e9])),
            threads_per_core=2 if smt else 1,
            cpu_speed=draw(st.sampled_from([1.0, 0.8])),
            devices=draw(_devices()),
        ),
        instance_count=draw(st.integers(1, 6)) if hosts is None else hosts,
        load_slots=draw(st.integers(1, 3)),
        slot_covers=draw(st.sampled_from(["download_and_load", "load"])),
        usable_memory_given_bytes=usable,
        base_memory_bytes=base,
        load_peak=draw(st.sampled_from([1.0, 1.3])),
        eviction=draw(st.sampled_from([*EvictionPolicy, Ttl(ttl_s=3.0), Gdsf(cost="load_time")])),
        pid_limit=draw(st.sampled_from([None, 75, 120])),
        disk_bytes=draw(st.sampled_from([90 * 10**6, 10**9])),
        disk_read_Bps=draw(st.sampled_from([None, 200e6])),
        download=Download(
            first_byte=draw(_times(st.just(0.05))),
            unpack_Bps_per_vcpu=draw(st.sampled_from([None, 150e6])),
        ),
        unload_s=draw(st.sampled_from([0.0, 0.02])),
        invocation_timeout_s=draw(st.sampled_from([0.2, 60.0])),
        load_timeout_s=load_timeout_s,
        load_limit_s=draw(st.sampled_from([load_timeout_s + 0.1, 360.0])),
        router=Router(
            policy=policy,
            overhead_s=draw(st.sampled_from([0.0, 0.002])),
            misroute=draw(st.sampled_from([0.0, 0.0, 0.1])),
            spill_at=draw(st.sampled_from([None, 1, 3])),
        ),
        warm=draw(st.sampled_from(WARM if policy.replayable else [False, True])),
    )


@st.composite
def _servers(draw: st.DrawFn) -> Server:
    part = st.builds(CpuWait, cpu=_times(st.just(0.0004)), wait=_times(st.just(0.0004)))
    named = st.sampled_from(["sagemaker", "measured-vm", "none"])
    kind = draw(st.sampled_from(["mms", "mms", "djl", "torchserve", "triton", "custom"]))
    start = CpuWait(cpu=draw(_times(st.just(0.1))), wait=draw(_times(st.just(0.1))))
    of_kind: dict[str, Any] = {
        "mms": {"process_start": start},
        "torchserve": {"process_start": start},
        "djl": {
            "process_start": start,
            "max_workers": draw(st.integers(1, 6)),
            "max_idle_s": draw(st.sampled_from([0.2, 2.0])),
            "reserved_memory_bytes": draw(st.sampled_from([0, 60 * MIB])),
        },
        "triton": {"base_tasks": 50},
        "custom": {
            "base_tasks": 50,
            "queue": "model",
            "event_loops": draw(st.integers(0, 2)),
            "max_models": draw(st.sampled_from([None, 1, 4])),
        },
    }
    return Server(
        kind=kind,
        overhead=draw(st.one_of(named, st.builds(Overhead, pre=part, hold=part, post=part))),
        job_queue_size=draw(st.integers(1, 10)),
        **of_kind[kind],
    )


@st.composite
def _retries(draw: st.DrawFn) -> Retries:
    causes = tuple(draw(st.lists(st.sampled_from(Cause), min_size=1, unique=True)))
    attempts = draw(st.integers(1, 4))
    return draw(
        st.sampled_from(
            [
                BotoLegacy(max_attempts=attempts),
                BotoStandard(max_attempts=attempts, processes=3),
                FixedRetries(delay_s=0.0, max_attempts=attempts, causes=causes),
                FixedRetries(delay_s=0.2, max_attempts=attempts, jitter=0.5, causes=causes),
                ExponentialRetries(base_s=0.1, cap_s=0.3, max_attempts=attempts, causes=causes),
            ]
        )
    )


@st.composite
def _loops(draw: st.DrawFn) -> ClosedLoop:
    """Users who pause, who are paced, who do not pause at all; all the time, or as stages have it."""
    pauses: dict[str, Any] = draw(
        st.one_of(
            st.fixed_dictionaries(
                {"think_time": _times(st.sampled_from([0.02, 1.0])), "cycle": st.just(Constant(0.01))}
            ),
            st.fixed_dictionaries({"pacing": _times(st.sampled_from([0.05, 1.0]))}),
            st.just({}),
        )
    )
    if draw(st.booleans()):
        return ClosedLoop(users=draw(st.integers(1, 12)), spawn_rate_per_s=draw(st.sampled_from([None, 5.0])), **pauses)
    stage = st.builds(
        lambda duration_s, target: UserStage(duration_s=duration_s, target=target),
        st.sampled_from([0.0, 2.0, 7.0]),
        st.integers(0, 6),
    )
    climb = UserStage(duration_s=draw(st.sampled_from([1.0, 5.0])), target=draw(st.integers(1, 8)))
    stages = (climb, UserStage(duration_s=2.0, target=climb.target), *draw(st.lists(stage, max_size=3)))
    return ClosedLoop(users=draw(st.sampled_from([None, 3])), stages=stages, **pauses)


@st.composite
def with_clients(draw: st.DrawFn, hosts: int | None = None) -> Scenario:
    """The same with users in a closed loop, clients who may try again, and hosts that may refuse."""
    scenario = draw(scenarios(hosts))
    loop = draw(_loops())
    ends_s = draw(st.sampled_from([None, 15.0]))
    users = Traffic(name="users", arrivals=loop, popularity=Zipf(0.6), start_s=1.0, end_s=ends_s)
    throttling = Throttling(
        in_flight=draw(st.sampled_from([None, 3, 30])), rate_per_s=draw(st.sampled_from([None, 20.0]))
    )
    changed: Scenario = scenario.model_copy(
        update={
            "endpoint": scenario.endpoint.model_copy(update={"throttling": throttling}),
            "traffic": (*scenario.traffic, users),
            "clients": scenario.clients.model_copy(
                update={
                    "retries": draw(st.one_of(st.none(), _retries())),
                    # Users who do not pause are some way off: else nothing would take any time.
                    "network_s": 0.05 if loop.least_pause_s < SHORTEST_S else scenario.clients.network_s,
                }
            ),
        }
    )
    return changed


@st.composite
def scenarios(draw: st.DrawFn, hosts: int | None = None) -> Scenario:
    """1 to 6 hosts (or `hosts`), 1 to 30 models, 20 s of steady traffic with bursts: some hundred calls."""
    duration_s = 20.0
    groups = [draw(_groups(index)) for index in range(draw(st.integers(1, 3)))]
    popularity = st.one_of(st.just(UniformPopularity()), st.sampled_from([0.6, 1.2]).map(Zipf))
    steady = Traffic(
        name="steady",
        arrivals=Poisson(rate_per_s=draw(st.sampled_from([1.0, 8.0, 30.0]))),
        popularity=draw(popularity),
    )
    burst = Traffic(
        name="burst",
        models=(groups[0].name,),
        start_s=5.0,
        end_s=5.5,
        arrivals=Poisson(rate_per_s=draw(st.sampled_from([20.0, 300.0]))),
        popularity=draw(popularity),
    )
    return Scenario(
        name="law",
        endpoint=draw(_endpoints(hosts)),
        server=draw(_servers()),
        models=tuple(groups),
        traffic=(steady, burst),
        clients=Clients(
            timeout_s=draw(st.sampled_from([0.3, 2.0, 70.0])), network_s=draw(st.sampled_from([0.0, 0.005]))
        ),
        expect=("p99 < 100 ms", "p90 < 1 s"),  # read as a file's are
        run=RunSettings(
            duration_s=duration_s, warmup_s=draw(st.sampled_from([0.0, 5.0])), seed=draw(st.integers(0, 2**32 - 1))
        ),
    )
