"""Queues of the textbooks as scenarios: one model, always loaded, nothing else takes time."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mmesim.analytic.erlang import machine_repair, mmc_mean_sojourn, mmc_sojourn_exceeds, mmck
from mmesim.analytic.mg1 import md1_mean_wait, mg1_mean_sojourn, mg1_ps_mean_sojourn
from mmesim.results.measured.run_data import CAUSES, RunData
from mmesim.scenario import HostType, Poisson, RunSettings, Scenario, Traffic
from mmesim.scenario.models.groups import Service
from mmesim.scenario.traffic.arrivals import ArrivalProcess
from mmesim.scenario.traffic.closed_loop import ClosedLoop
from mmesim.scenario.values.times import ZERO, Constant, Exponential, Gamma, Lognormal, Time
from mmesim.stats.histogram import share_over
from tests.laws.scenarios import instant_endpoint, instant_model, instant_server, patient_clients

SERVICE_S = 0.01
LARGEST_STANDARD_ERROR = 0.0025
"""Of the truth; the length of a run follows from it."""
WARMUP_CALLS = 50_000
"""Calls that are not measured, so that the empty start is forgotten: hundreds of busy periods in every case."""
ENDLESS = 10**6

Measure = Callable[[RunData], float]


def mean_sojourn_s(run: RunData) -> float:
    return run.latency_sum_s / run.ok


def refused(run: RunData) -> float:
    return float(run.errors[CAUSES.index("queue_full")]) / run.calls


def over(limit_s: float) -> Measure:
    return lambda run: share_over(run.edges_s, run.count, limit_s)


@dataclass(frozen=True)
class Queue:
    """One queue, one figure of it, and what theory says.

    `spread` is the standard deviation of the figure over runs, times the root of the calls of a run, divided by the
    truth: the root of the asymptotic variance, relative. It comes from the pilot of `tests.oracles.pilot` (64 runs,
    so it is known to about 9 %), rounded up by more than 15 %; it was set before the runs of the tests.
    """

    name: str
    load: float
    workers: int
    service: Time
    truth: float
    measure: Measure
    spread: float
    queue_size: int = ENDLESS
    shared: bool = False
    """Processor sharing: the work is CPU time on one vCPU, and nobody waits for a worker."""
    limit_s: float | None = None
    users: int = 0
    """Users of a closed loop instead of random arrivals; `load` is then the rate that they reach."""
    think_s: float = 0.0

    @property
    def calls(self) -> int:
        """Measured calls for a standard error of at most `LARGEST_STANDARD_ERROR`."""
        return math.ceil((self.spread / LARGEST_STANDARD_ERROR) ** 2)

    def scenario(self, calls: int, seed: int) -> Scenario:
        """About this many measured calls."""
        rate = self.load * self.workers / SERVICE_S if not self.shared else self.load / SERVICE_S
        arrivals: ArrivalProcess = Poisson(rate_per_s=rate)
        if self.users:
            arrivals = ClosedLoop(users=self.users, think_time=Exponential(self.think_s))
        service = Service(cpu=self.service, wait=ZERO) if self.shared else Service(wait=self.service)
        warmup_s = WARMUP_CALLS / rate
        return Scenario(
            name=self.name,
            endpoint=instant_endpoint(warm=True, host=HostType(vcpu=1, memory_bytes=2**36)),
            server=instant_server(job_queue_size=self.queue_size),
            models=(instant_model(workers=self.workers, service=service),),
            traffic=(Traffic(arrivals=arrivals),),
            clients=patient_clients(),
            run=RunSettings(duration_s=warmup_s + calls / rate, warmup_s=warmup_s, seed=seed),
            expect=() if self.limit_s is None else (f"p99 < {self.limit_s!r} s",),
        )


def _mmc(load: float, servers: int) -> tuple[float, float, int]:
    return load * servers / SERVICE_S, SERVICE_S, servers


def _blocked(load: float, servers: int, capacity: int) -> float:
    return mmck(load * servers / SERVICE_S, SERVICE_S, servers, capacity).blocking


def _served(load: float, servers: int, capacity: int) -> float:
    return mmck(load * servers / SERVICE_S, SERVICE_S, servers, capacity).mean_sojourn_s


def _variance(cv: float) -> float:
    return (cv * SERVICE_S) ** 2


def _repaired(
    name: str, users: int, servers: int, think_s: float, service: Time | None = None, shared: bool = False
) -> Queue:
    """Users of a closed loop: the machine repair model, their mean time to an answer."""
    truth = machine_repair(users, think_s, SERVICE_S, servers)
    return Queue(
        name,
        truth.mean_busy / servers,
        CROWD if shared else servers,
        service or EXP,
        truth.mean_sojourn_s,
        mean_sojourn_s,
        SPREADS[name],
        shared=shared,
        users=users,
        think_s=think_s,
    )


SPREADS = {"M/M/1//12": 2.8, "M/M/4//60": 5.7, "M/G/1-PS//12": 3.7}
EXP = Exponential(SERVICE_S)
DET = Constant(SERVICE_S)
SKEWED = Lognormal(SERVICE_S, 1.5)
TAIL_S = 0.03
CROWD = 400
"""Workers of a processor-sharing queue: at a load of 0.7, more jobs at once have a probability below 1e-60."""

QUEUES = (
    Queue("M/M/1", 0.6, 1, EXP, mmc_mean_sojourn(*_mmc(0.6, 1)), mean_sojourn_s, 4.4),
    Queue("M/M/1 tail", 0.6, 1, EXP, mmc_sojourn_exceeds(*_mmc(0.6, 1), TAIL_S), over(TAIL_S), 4.5, limit_s=TAIL_S),
    Queue("M/M/4", 0.7, 4, EXP, mmc_mean_sojourn(*_mmc(0.7, 4)), mean_sojourn_s, 3.6),
    Queue("M/M/16", 0.8, 16, EXP, mmc_mean_sojourn(*_mmc(0.8, 16)), mean_sojourn_s, 2.4),
    Queue("M/M/2/7 refused", 0.9, 2, EXP, _blocked(0.9, 2, 7), refused, 6.4, queue_size=5),
    Queue("M/M/2/7 served", 0.9, 2, EXP, _served(0.9, 2, 7), mean_sojourn_s, 2.0, queue_size=5),
    # MMS cannot do without a queue: Erlang's loss system with one place to wait.
    Queue("M/M/5/6 refused", 0.8, 5, EXP, _blocked(0.8, 5, 6), refused, 4.7, queue_size=1),
    Queue("M/M/5/6 served", 0.8, 5, EXP, _served(0.8, 5, 6), mean_sojourn_s, 1.2, queue_size=1),
    Queue("M/D/1", 0.7, 1, DET, SERVICE_S + md1_mean_wait(70.0, SERVICE_S), mean_sojourn_s, 3.0),
    Queue(
        "M/G/1", 0.5, 1, Gamma(SERVICE_S, 1.5), mg1_mean_sojourn(50.0, SERVICE_S, _variance(1.5)), mean_sojourn_s, 5.5
    ),
    Queue("M/M/1-PS", 0.6, CROWD, EXP, mg1_ps_mean_sojourn(60.0, SERVICE_S), mean_sojourn_s, 4.8, shared=True),
    Queue("M/D/1-PS", 0.7, CROWD, DET, mg1_ps_mean_sojourn(70.0, SERVICE_S), mean_sojourn_s, 3.9, shared=True),
    _repaired("M/M/1//12", 12, 1, 0.1),
    _repaired("M/M/4//60", 60, 4, 0.12),
    # Processor sharing and thinking: a network whose means do not depend on the law of the work (BCMP 1975).
    _repaired("M/G/1-PS//12", 12, 1, 0.1, service=SKEWED, shared=True),
    Queue("M/G/1-PS", 0.5, CROWD, SKEWED, mg1_ps_mean_sojourn(50.0, SERVICE_S), mean_sojourn_s, 5.0, shared=True),
)


def spread(values: list[float], calls: int, truth: float) -> float:
    """The relative root of the asymptotic variance, from independent runs of `calls` calls each."""
    return float(np.std(values, ddof=1)) * math.sqrt(calls) / truth
