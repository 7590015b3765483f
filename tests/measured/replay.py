"""Replays a real run in the simulator and holds the two side by side.

The simulator gets the arrivals, the models and the service times that were asked for, and three costs of the server
that were measured while it was idle. Nothing is fitted to the run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from math import inf
from statistics import fmean, median

import numpy as np

from mmesim.engine.simulation import simulate
from mmesim.results.measured.run_data import CAUSES, CallRecords
from mmesim.scenario import (
    Clients,
    CpuWait,
    Endpoint,
    HostType,
    ModelGroup,
    Overhead,
    Router,
    RunSettings,
    Scenario,
    Server,
    Service,
    TraceColumns,
    TraceSource,
    Traffic,
)
from mmesim.scenario.values.times import ZERO, Constant
from tests.measured.cases import FIGURES, Case, CaseModel, Figures, figures, measured, read, repeats, seen

CORES = 2
"""Of the machine on which the server was measured."""

REPLAYS = 41
JITTER = 0.1
JITTER_SEED = 20
"""A queue that refuses is chaotic: `hold` is jittered, by a factor uniform in 1 - JITTER .. 1 + JITTER each replay."""

BOUNDS = dict.fromkeys(FIGURES, 0.05) | {"mean": 0.03}
"""Largest error, relative to the real server."""


@dataclass(frozen=True)
class Costs:
    """What the server itself does for a request, seconds: before the queue and after the job, and between two jobs.

    It computes (`cpu`), so it competes with the handlers for the cores.
    """

    side_s: float
    hold_s: float
    cpu: bool = True

    @staticmethod
    def of(case: Case) -> Costs:
        """As measured before the run."""
        return Costs(case.side_s, case.hold_s)

    @property
    def overhead(self) -> Overhead:
        """The same for a scenario."""
        side, hold = (self._work(seconds) for seconds in (self.side_s, self.hold_s))
        return Overhead(pre=side, hold=hold, post=side)

    def _work(self, seconds: float) -> CpuWait:
        return CpuWait(cpu=Constant(seconds)) if self.cpu else CpuWait(wait=Constant(seconds))


def scenario(case: Case, costs: Costs) -> Scenario:
    """The run as a scenario: every model loaded and idle at the start, no network, no router."""
    columns = TraceColumns(time="arrival", model="model", service="service")
    return Scenario(
        name=case.name,
        endpoint=Endpoint(host=HostType(vcpu=CORES, memory_bytes=2**36), warm=True, router=Router(overhead_s=0.0)),
        server=Server(
            job_queue_size=case.job_queue_size,
            preload_model=case.preload_model,
            overhead=costs.overhead,
            process_start=CpuWait(),
        ),
        models=tuple(_group(model) for model in case.models),
        traffic=(Traffic(trace=TraceSource(file=case.requests_file, columns=columns)),),
        clients=Clients(network_s=0.0),
        run=RunSettings(duration_s=case.duration_s, warmup_s=case.warmup_s),
    )


def _group(model: CaseModel) -> ModelGroup:
    asked = Constant(1.0)  # replaced by the service time of each request
    return ModelGroup(
        name=model.name,
        artifact_bytes=0,
        memory_bytes=0,
        process_memory_bytes=0,
        load=CpuWait(),
        workers=model.workers,
        batch_size=model.batch_size,
        max_batch_delay_s=model.max_batch_delay_s,
        service=Service(cpu=asked if model.cpu else ZERO, wait=ZERO if model.cpu else asked),
    )


def replay(case: Case, costs: Costs) -> Figures:
    """What the clients of the simulated server saw after the warm-up."""
    records = recorded(case, costs)
    refused = records.cause == CAUSES.index("queue_full")
    return figures(records.latency_s[records.cause < 0], int(refused.sum()))


def recorded(case: Case, costs: Costs) -> CallRecords:
    """The simulated requests after the warm-up, in order of arrival; each answered or refused."""
    data = simulate(scenario(case, costs), records=-1)
    assert set(data.checks.values()) == {"ok"}, data.checks
    assert data.records is not None
    records = data.records.where(data.records.arrival_s >= case.warmup_s)
    causes = {CAUSES[cause] for cause in set(records.cause.tolist()) if cause >= 0}
    assert causes <= {"queue_full"}, causes
    # The run counts by its own warm-up: both mean the same requests.
    assert (data.calls, data.ok) == (records.call.size, (records.cause < 0).sum())
    return records


@dataclass(frozen=True)
class Comparison:
    """A real run beside its replays: the middle one of each figure is the simulator's answer."""

    case: Case
    real: Figures
    replays: tuple[Figures, ...]
    repeats: tuple[Figures, ...]

    def simulated(self, figure: str) -> float:
        """Median of the replays."""
        return median(one[figure] for one in self.replays)

    def error(self, figure: str) -> float:
        """Of the simulator, relative to the real run."""
        return relative(self.simulated(figure), self.real[figure])

    def errors(self, figure: str) -> tuple[float, float]:
        """Of the lowest and of the highest replay."""
        found = [relative(one[figure], self.real[figure]) for one in self.replays]
        return min(found), max(found)

    def spread(self, figure: str) -> float | None:
        """Highest less lowest of the real server's runs of the same requests, relative to their mean; None if once."""
        found = [one[figure] for one in self.repeats]
        if not found:
            return None
        return (max(found) - min(found)) / (fmean(found) or 1.0)

    def error_from_repeats(self, figure: str) -> float:
        """Of the simulator, relative to the mean of the real server's runs of the same requests."""
        return relative(self.simulated(figure), fmean(one[figure] for one in self.repeats))

    def within(self, figure: str) -> bool:
        """Whether the error is within the bound of the figure."""
        return abs(self.error(figure)) <= BOUNDS[figure]

    def within_noise(self, figure: str) -> bool:
        """Whether the error is within twice the spread of the real server's own runs."""
        return abs(self.error(figure)) <= 2 * (self.spread(figure) or 0.0)


def relative(value: float, truth: float) -> float:
    """`value` against `truth`; nothing against nothing is no error, something against nothing an infinite one."""
    if truth == 0.0:
        return 0.0 if value == 0.0 else inf
    return value / truth - 1.0


@cache
def compare(name: str) -> Comparison:
    """A run of `cases.NAMES` beside its replays."""
    case = read(name)
    return beside(case, Costs.of(case))


def beside(case: Case, costs: Costs) -> Comparison:
    """The real run of that name beside replays of `case` at these costs: one, or `REPLAYS` if it refused requests."""
    real = seen(measured(case.name))
    factors = np.random.default_rng(JITTER_SEED).uniform(1 - JITTER, 1 + JITTER, REPLAYS) if real["refused"] else [1.0]
    replays = tuple(replay(case, replace(costs, hold_s=costs.hold_s * float(factor))) for factor in factors)
    return Comparison(case, real, replays, tuple(repeats(case.name)))
