"""Random small endpoints under random traffic, one for each seed."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from mmesim.scenario import (
    Clients,
    CpuWait,
    Download,
    Endpoint,
    EvictionPolicy,
    HostType,
    ModelGroup,
    Overhead,
    Poisson,
    Router,
    RouterPolicy,
    RunSettings,
    Scenario,
    Server,
    Service,
    Traffic,
    Zipf,
)
from mmesim.scenario.clients.causes import Cause
from mmesim.scenario.clients.retries import FixedRetries
from mmesim.scenario.endpoint.endpoint import Throttling
from mmesim.scenario.models.groups import AffineBatch
from mmesim.scenario.values.times import ZERO, Constant, Exponential, Lognormal, Time, Uniform

MIB = 2**20
POLICIES = [
    RouterPolicy.sticky,
    RouterPolicy.sticky,
    RouterPolicy.hash,
    RouterPolicy.least_outstanding,
    RouterPolicy.round_robin,
]
EVICTIONS = [EvictionPolicy.lru, EvictionPolicy.lru, EvictionPolicy.fifo, EvictionPolicy.lfu, EvictionPolicy.size]

RETRIED = (Cause.queue_full, Cause.load_timeout, Cause.throttled)

T = TypeVar("T")


def scenario(seed: int) -> Scenario:
    """Some hundred calls on 1 to 5 hosts; nothing is decided by chance but what is drawn before the run.

    No two models are alike, and where calls are sent again each has its own time in the front end: what lasts equally
    long and begins at one moment would end at one moment, and the order of its ends is not a rule worth comparing.
    """
    rng = np.random.default_rng(seed)

    def one(*values: T) -> T:
        return values[int(rng.integers(len(values)))]

    def time(mean: float) -> Time:
        kinds: list[Time] = [Constant(mean), Exponential(mean), Lognormal(mean, 1.5), Uniform(0.5 * mean, 1.5 * mean)]
        return one(*kinds)

    def constant(*seconds: float) -> Constant:
        # Not a round number: equal sums of unrelated times would be ties.
        return Constant(one(*seconds) * float(rng.uniform(0.8, 1.2)))

    def group(index: int) -> ModelGroup:
        threads = one(1, 1, 1, 2, 3)
        both: dict[str, Any] = one(
            {"cpu": time(one(0.004, 0.02, 0.1))},
            {"wait": time(one(0.004, 0.02, 0.1))},
            {"cpu": time(0.02), "wait": time(0.03)},
        )
        batch_size = one(1, 1, 1, 2, 5)
        batch: Any = one("max", "sum", AffineBatch(base_s=0.0117, per_item_s=0.0043)) if batch_size > 1 else "max"
        return ModelGroup(
            name=f"g{index}",
            artifact_bytes=int(one(0, 5e6, 40e6) * rng.uniform(0.8, 1.2)),
            memory_bytes=one(20, 50, 120) * MIB,
            process_memory_bytes=one(0, 30) * MIB,
            workers=one(1, 1, 2, 3),
            framework_threads=one(1, 4),
            oversubscription=one(0.0, 0.1, 0.6),
            load=CpuWait(cpu=constant(0.1, 0.4, 1.5), wait=one(ZERO, constant(0.1, 0.4, 1.5))),
            service=Service(**both, threads=threads, serial=one(0.0, 0.3) if threads > 1 else 0.0, batch=batch),
            batch_size=batch_size,
            max_batch_delay_s=float(one(0.003, 0.05) * rng.uniform(0.8, 1.2)),
        )

    groups = tuple(group(index) for index in range(int(rng.integers(1, 15))))
    smt, patient = one(True, False), one(True, False)
    base = 100 * MIB
    endpoint = Endpoint(
        host=HostType(
            vcpu=one(2, 4),
            memory_bytes=16 * 2**30,
            network_Bps=one(60e6, 1e9),
            threads_per_core=2 if smt else 1,
            cpu_speed=one(1.0, 0.83),
        ),
        instance_count=int(rng.integers(1, 6)),
        load_slots=one(1, 2, 3),
        slot_covers=one("download_and_load", "load"),
        usable_memory_given_bytes=base + one(160, 480, 900, 2500) * MIB,
        base_memory_bytes=base,
        load_peak=one(1.0, 1.3),
        eviction=one(*EVICTIONS),
        pid_limit=one(None, 75, 120),
        disk_bytes=one(90 * 10**6, 10**9, 10**10),
        disk_read_Bps=one(None, 200e6),
        download=Download(first_byte=constant(0.05), unpack_Bps_per_vcpu=one(None, 150e6)),
        unload_s=one(0.0013, 0.021),
        invocation_timeout_s=one(0.2137, 60.0),
        load_timeout_s=60.0 if patient else 0.5171,
        load_limit_s=one(1e6, 1e6, 61.3) if patient else one(1e6, 1e6, 2.917),
        router=Router(policy=one(*POLICIES), overhead_s=one(0.0, 0.002), spill_at=one(None, 1, 3)),
        throttling=Throttling(in_flight=one(None, None, None, 4, 25)),
        warm=one(False, False, True),
    )
    steady = Traffic(
        name="steady", arrivals=Poisson(rate_per_s=one(1.0, 8.0, 30.0)), popularity=Zipf(one(0.0001, 0.6, 1.2))
    )
    burst = Traffic(
        name="burst",
        models=tuple(group.name for group in groups[:4]),
        start_s=5.0,
        end_s=5.5,
        arrivals=Poisson(rate_per_s=one(20.0, 300.0)),
        popularity=Zipf(one(0.0001, 0.6, 1.2)),
    )
    retries = one(None, None, FixedRetries(delay_s=0.2391, max_attempts=3, causes=RETRIED))
    drawn = Overhead(
        pre=CpuWait(cpu=Exponential(0.0007), wait=Exponential(0.0007)),
        hold=CpuWait(cpu=Exponential(0.0004), wait=Exponential(0.0003)),
    )
    return Scenario(
        name="twin",
        endpoint=endpoint,
        server=Server(
            overhead=one("sagemaker", "measured-vm", "none", drawn) if retries is None else drawn,
            job_queue_size=int(rng.integers(1, 11)),
            process_start=CpuWait(cpu=constant(0.1), wait=one(ZERO, constant(0.1))),
            event_loops=0,
        ),
        models=groups,
        traffic=(steady, burst),
        clients=Clients(
            timeout_s=one(0.3137, 2.0, 70.0),
            network_s=one(0.0, 0.005),
            retries=retries,
        ),
        run=RunSettings(duration_s=20.0, warmup_s=0.0, seed=int(rng.integers(2**32))),
    )
