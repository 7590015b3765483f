"""Simulations that a test can foresee; functions of a module, so that new processes find them."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace

from mmesim.errors import TraceError
from mmesim.experiment.execute.executors import Observer
from mmesim.results.run_data import RunData
from mmesim.scenario.scenario import Scenario
from mmesim.workload.draws.generators import generator
from tests.unit.results.synthetic import Call, run_data


def random_service(scenario: Scenario, replication: int, observer: Observer | None, records: int | None) -> RunData:
    """Twenty calls whose times depend on (seed, replication); the first replications are the slowest."""
    draws = generator(scenario.run.seed, replication, "fake").random(20)
    if observer is not None:
        observer(scenario.run.duration_s / 2, 10)
    time.sleep(0.02 * max(0, scenario.run.replications - replication))
    run = run_data(scenario, [Call(0.01 + float(x)) for x in draws], replication=replication)
    return run if records else replace(run, records=None)


def slow_to_end(scenario: Scenario, replication: int, observer: Observer | None, records: int | None) -> RunData:
    """Long enough after the report of half-time that it is seen."""
    run = random_service(scenario, replication, observer, records)
    time.sleep(1.0)
    return run


def interrupted_in_third(
    scenario: Scenario, replication: int, observer: Observer | None, records: int | None
) -> RunData:
    """Ctrl-C while the third replication runs."""
    if replication == 2:
        raise KeyboardInterrupt
    return random_service(scenario, replication, observer, records)


def second_hangs(scenario: Scenario, replication: int, observer: Observer | None, records: int | None) -> RunData:
    """The first replication ends; the second would run for a minute."""
    if replication == 1:
        time.sleep(60.0)
        raise AssertionError("not stopped")
    return random_service(scenario, replication, observer, records)


def bad_trace(scenario: Scenario, replication: int, observer: Observer | None, records: int | None) -> RunData:
    """The input turns out to be wrong."""
    raise TraceError("day.csv:3: time goes back")


def killed(scenario: Scenario, replication: int, observer: Observer | None, records: int | None) -> RunData:
    """The process is killed, as for lack of memory."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("still alive")
