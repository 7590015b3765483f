"""The systems whose intervals are studied: queues of the textbooks, and an endpoint that has to load models."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import brentq

from mmesim.analytic.lru import LruMisses, che
from mmesim.analytic.mg1 import mg1_ps_mean_sojourn
from mmesim.scenario import CpuWait, HostType, Poisson, RunSettings, Scenario, Traffic, Zipf
from mmesim.scenario.models.groups import Service
from mmesim.scenario.values.times import ZERO, Constant, Exponential, Lognormal
from tests.coverage_study.judged import FIGURES, WARM, warm_limit_s
from tests.laws.scenarios import MIB, instant_endpoint, instant_model, instant_server, patient_clients

SERVICE_S = 0.01
SEED, TRUTH_SEED = 20_000, 10_000
TRUTH_LENGTH = 5
"""The runs that give the truth are this many times as long as those that are judged."""

SHARED_WORKERS = 400
"""Workers of a processor-sharing queue: at a load of 0.9, more jobs at once have a probability below 1e-18."""


@dataclass(frozen=True)
class Cell:
    """One system: what is simulated, how long, which truths are known, and how precise `until` is asked to be.

    `calls` are measured in each replication after `warmup` calls that are not; `truth` holds the figures for which
    there is a formula (times in seconds); `within` is the precision asked of each figure that has a target.
    """

    name: str
    base: Scenario
    rate_per_s: float
    calls: int
    warmup: int
    limit_s: float
    within: Mapping[str, str]
    truth: Mapping[str, float] = field(default_factory=dict)

    @property
    def warm_limit_s(self) -> float | None:
        """The limit of the share of warm calls over it; None where nothing is loaded, so that all calls are warm."""
        return warm_limit_s(self.base)

    @property
    def figures(self) -> tuple[str, ...]:
        """What is judged."""
        return FIGURES if self.warm_limit_s is None else FIGURES + WARM

    def scenario(self, seed: int = SEED, times: int = 1) -> Scenario:
        """The scenario of one replication, `times` as long as the ones that are judged."""
        warmup_s = self.warmup / self.rate_per_s
        duration_s = warmup_s + times * self.calls / self.rate_per_s
        run = RunSettings(duration_s=duration_s, warmup_s=warmup_s, seed=seed)
        changed: Scenario = self.base.model_copy(update={"run": run})
        return changed


def _queue(load: float, shared: bool, calls: int, warmup: int, limit_s: float, within: Mapping[str, str]) -> Cell:
    rate = load / SERVICE_S
    law = Lognormal(SERVICE_S, 1.5) if shared else Exponential(SERVICE_S)
    service = Service(cpu=law, wait=ZERO) if shared else Service(wait=law)
    name = f"{'M/G/1-PS' if shared else 'M/M/1'} at {load * 100:.0f} %"
    base = Scenario(
        name=name,
        endpoint=instant_endpoint(warm=True, host=HostType(vcpu=1, memory_bytes=2**36)),
        server=instant_server(job_queue_size=10**6),
        models=(instant_model(workers=SHARED_WORKERS if shared else 1, service=service),),
        traffic=(Traffic(arrivals=Poisson(rate_per_s=rate)),),
        clients=patient_clients(),
        run=RunSettings(duration_s=1.0),
        expect=(f"p95 < {limit_s!r} s",),
    )
    if shared:
        truth = {"mean": mg1_ps_mean_sojourn(rate, SERVICE_S)}
    else:
        # The sojourn time of M/M/1 is exponential with rate mu - lambda.
        slack = 1.0 / SERVICE_S - rate
        quantiles = {name: -math.log(1.0 - q) / slack for name, q in (("p95", 0.95), ("p99", 0.99))}
        truth = {"mean": 1.0 / slack, "share": math.exp(-slack * limit_s)} | quantiles
    return Cell(name, base, rate, calls, warmup, limit_s, within, truth)


MODELS, ROOM = 100, 70
WARM_LIMIT_S = 0.1
"""One to three in a hundred of the warm calls of the endpoint are slower."""
LOADED_BYTES = 40 * MIB + 3 * MIB
"""Memory of a model with one worker: its own, and 3 MiB of the server's."""


def steady(exponent: float) -> LruMisses:
    """The cache of the endpoint in the long run, in units of calls, at a popularity of this exponent."""
    weights = np.arange(1, MODELS + 1, dtype=np.float64) ** -exponent
    return che(weights / weights.sum(), ROOM)


def exponent_of(miss_ratio: float) -> float:
    """Exponent of the popularity at which an LRU cache of ROOM of MODELS misses that often (Che's approximation)."""
    return round(float(brentq(lambda s: steady(s).total_miss_ratio - miss_ratio, 0.5, 6.0)), 3)


def _endpoint(miss_ratio: float, within: Mapping[str, str]) -> Cell:
    rate, limit_s, exponent = 40.0, 0.5, exponent_of(miss_ratio)
    base = Scenario(
        name=f"MME at {miss_ratio * 100:g} % misses",
        endpoint=instant_endpoint(
            warm=True,
            load_slots=4,
            host=HostType(vcpu=4, memory_bytes=2**36),
            usable_memory_given_bytes=ROOM * LOADED_BYTES,
        ),
        server=instant_server(),
        models=(
            instant_model(
                count=MODELS,
                memory_bytes=40 * MIB,
                load=CpuWait(cpu=Constant(0.2), wait=Lognormal(0.8, 0.3)),
                service=Service(cpu=Lognormal(0.02, 0.8)),
            ),
        ),
        traffic=(Traffic(arrivals=Poisson(rate_per_s=rate), popularity=Zipf(exponent)),),
        clients=patient_clients(),
        run=RunSettings(duration_s=1.0),
        expect=(f"p99 < {limit_s!r} s", f"p95 warm < {WARM_LIMIT_S!r} s"),
    )
    # What the cache holds depends only on the last calls of as many models as fit: about one characteristic time.
    warmup = round(2 * steady(exponent).characteristic_time_s)
    return Cell(base.name, base, rate, calls=3_000, warmup=warmup, limit_s=limit_s, within=within)


def cells() -> tuple[Cell, ...]:
    """All cells of the study."""
    return (
        _queue(0.7, False, 8_000, 1_000, 0.1, _within("6.5 %", "10 %", "22 %")),
        _queue(0.9, False, 25_000, 4_000, 0.3, _within("13 %", "22 %", "65 %")),
        _queue(0.7, True, 8_000, 2_000, 0.12, _within("8.5 %", "10.5 %", "16 %")),
        _queue(0.9, True, 20_000, 6_000, 0.4, _within("19 %", "25 %", "36 %")),
        _endpoint(0.005, _within("5.5 %", "8.5 %", "35 %")),
        _endpoint(0.01, _within("6 %", "7.5 %", "95 %")),
        _endpoint(0.02, _within("7 %", "7.5 %", "8.5 %")),
    )


def _within(mean: str, p95: str, p99: str) -> Mapping[str, str]:
    """Chosen before the study such that about 15 replications are needed: neither the first look nor the last."""
    return {"mean": mean, "p95": p95, "p99": p99}
