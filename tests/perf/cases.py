"""What is timed: each case prepares a run, and the run alone is timed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from math import sqrt

from mmesim.analytic.erlang import mmc_mean_sojourn
from mmesim.engine.simulation import Simulation
from mmesim.results.measured.run_data import RunData
from mmesim.scenario import Scenario
from mmesim.scenario.values.times import Exponential
from mmesim.workload.requests import blocks
from mmesim.workload.sources import source
from tests.perf import workloads
from tests.perf.child import probe
from tests.perf.rivals import CiwQueue, Queue, SimpyQueue, python_loop, simpy_timeouts

BLOCK = 65536
"""Calls of a block of the engine."""
MEAN_TOLERANCE = 40.0
"""A queue whose mean stay is further from Erlang's than this / sqrt(customers), relatively, is another queue."""


@dataclass(frozen=True)
class Done:
    """How much a run did, and what else is worth a figure."""

    units: int
    facts: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Prepared:
    """A run that is ready to be timed, and what to make of it afterwards."""

    run: Callable[[], object]
    done: Callable[[object], Done]


@dataclass(frozen=True)
class Case:
    """One thing that is timed; `prepare(round)` does what is not part of the timing, with the seed of that round."""

    name: str
    prepare: Callable[[int], Prepared]


def cases(scale: float) -> tuple[Case, ...]:
    """All cases in the order in which a round runs them; `scale` multiplies the size of each."""

    def size(full: int) -> int:
        return max(1, round(full * scale))

    eight = workloads.everything_fits(hosts=8, models=400, requests=size(2_000_000))
    more_models = workloads.everything_fits(hosts=8, models=4_000, requests=size(2_000_000))
    two_hundred = workloads.everything_fits(hosts=200, models=10_000, requests=size(2_000_000))
    thousand = workloads.everything_fits(hosts=1_000, models=50_000, requests=size(2_000_000))
    return (
        Case("python-loop", partial(_plain, python_loop, size(2_000_000))),
        Case("simpy-timeouts", partial(_plain, simpy_timeouts, size(300_000))),
        Case("queue-simpy", partial(_simpy, size(100_000))),
        Case("queue-mmesim", partial(_queue, workloads.queue(size(1_000_000)))),
        Case("queue-ciw", partial(_ciw, size(100_000))),
        Case("queue-cimba", partial(_cimba, size(1_000_000))),
        Case("fits-8", partial(_fits, eight)),
        Case("fits-8-traffic", partial(_traffic, eight)),
        Case("closed-8", partial(_attempts, workloads.closed_loop(eight, users=400))),
        Case("retries-8", partial(_attempts, workloads.refused_and_back(eight))),
        Case("fits-8-4000", partial(_fits, more_models)),
        Case("fits-200", partial(_fits, two_hundred)),
        Case("fits-200-traffic", partial(_traffic, two_hundred)),
        Case("fits-1000", partial(_fits, thousand)),
        Case("arrivals", partial(_arrivals, two_hundred, size(10_000_000))),
        Case("thrashing", partial(_loads, workloads.thrashing(size(30_000)))),
        Case("overfull", partial(_loads, workloads.everything_fits(hosts=8, models=40_000, requests=size(500_000)))),
    )


def textbook() -> Queue:
    """The queue of `workloads.queue`, for the other simulators."""
    scenario = workloads.queue(1)
    (model,) = scenario.model_table()
    service = model.service.wait
    assert isinstance(service, Exponential)
    return Queue(workloads.queue_rate(scenario), service.mean, model.workers)


def _same_queue(mean_s: float, customers: int) -> None:
    queue = textbook()
    truth_s = mmc_mean_sojourn(queue.rate_per_s, queue.service_s, queue.servers)
    assert abs(mean_s / truth_s - 1.0) < MEAN_TOLERANCE / sqrt(customers), (
        f"mean stay {mean_s} s, Erlang C gives {truth_s} s"
    )


def _plain(function: Callable[[int], object], units: int, _: int) -> Prepared:
    return Prepared(lambda: function(units), lambda _: Done(units))


def _simpy(customers: int, seed: int) -> Prepared:
    simulation = SimpyQueue(textbook(), customers, seed)

    def done(mean_s: object) -> Done:
        assert isinstance(mean_s, float)
        _same_queue(mean_s, customers)
        return Done(customers)

    return Prepared(simulation.run, done)


def _ciw(customers: int, seed: int) -> Prepared:
    simulation = CiwQueue(textbook(), customers, seed)

    def done(_: object) -> Done:
        _same_queue(simulation.mean_stay_s(), customers)
        return Done(customers)

    return Prepared(simulation.run, done)


def _cimba(customers: int, seed: int) -> Prepared:
    """In a process of its own, which times the run alone: Numba knows Cimba's types only where they came first."""

    def done(facts: object) -> Done:
        assert isinstance(facts, dict)
        _same_queue(facts.pop("mean_stay_s"), customers)
        return Done(customers, facts)

    return Prepared(lambda: probe(["cimba", str(customers), str(seed)])[0], done)


def _simulation(scenario: Scenario, replication: int, facts: Callable[[RunData, int], Done]) -> Prepared:
    """A simulation of mmesim, whose set-up is one of the facts; the others follow from the run and its loads."""
    scenario.model_table()
    begun = time.process_time()
    simulation = Simulation(scenario, replication)
    setup_s = time.process_time() - begun

    def done(data: object) -> Done:
        assert isinstance(data, RunData)
        assert set(data.checks.values()) == {"ok"}, data.checks
        done = facts(data, len(simulation.loader.finished))
        return Done(done.units, done.facts | {"setup_s": setup_s})

    return Prepared(simulation.run, done)


def _queue(scenario: Scenario, replication: int) -> Prepared:
    def facts(data: RunData, _: int) -> Done:
        assert data.ok == data.calls  # each measured call was answered; calls after the duration are not measured
        assert data.errors_all == 0
        _same_queue(data.latency_sum_s / data.ok, data.ok)
        return Done(data.calls_all)  # the time is that of all calls that were simulated

    return _simulation(scenario, replication, facts)


def _fits(scenario: Scenario, replication: int) -> Prepared:
    def facts(data: RunData, _: int) -> Done:
        hit_ratio = data.hits / (data.hits + data.misses)
        assert hit_ratio > 0.99
        return Done(
            data.calls_all,
            {
                "hit_ratio": hit_ratio,
                "error_rate": data.errors_all / data.calls_all,
                "crossings_per_request": data.seam_crossings / data.calls_all,
            },
        )

    return _simulation(scenario, replication, facts)


def _attempts(scenario: Scenario, replication: int) -> Prepared:
    """The unit is an attempt, refused or served."""
    return _simulation(scenario, replication, lambda data, _: Done(data.attempts, {"calls": data.calls_all}))


def _traffic(scenario: Scenario, replication: int) -> Prepared:
    def drain() -> int:
        return sum(len(block) for block in blocks(scenario, replication))

    def done(requests: object) -> Done:
        assert isinstance(requests, int)
        return Done(requests)

    return Prepared(drain, done)


def _arrivals(scenario: Scenario, requests: int, replication: int) -> Prepared:
    """Times and models alone: Poisson and Zipf, in blocks of the size that the engine asks for."""
    (traffic,) = scenario.traffic

    def drain() -> int:
        made = 0
        for block in source(scenario, traffic, replication, BLOCK):
            made += len(block)
            if made >= requests:
                break
        return made

    # The stream must be longer than what is asked of it.
    longer = scenario.run.model_copy(update={"duration_s": 100.0 * scenario.run.duration_s})
    scenario = scenario.model_copy(update={"run": longer})

    def done(made: object) -> Done:
        assert isinstance(made, int)
        assert made >= requests
        return Done(made)

    return Prepared(drain, done)


def _loads(scenario: Scenario, replication: int) -> Prepared:
    """The unit is a load, with what the requests take."""

    def facts(data: RunData, loads: int) -> Done:
        assert loads > data.calls_all / 40
        return Done(
            loads,
            {
                "requests": data.calls_all,
                "hit_ratio": data.hits / (data.hits + data.misses),
                "error_rate": data.errors_all / data.calls_all,
                "events_per_load": data.control_events / loads,
                "crossings_per_load": data.seam_crossings / loads,
                "crossings_per_request": data.seam_crossings / data.calls_all,
            },
        )

    return _simulation(scenario, replication, facts)
