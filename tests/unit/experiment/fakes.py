"""Simulations that a test can foresee, and the executor that runs them in place of the engine.

They are functions of a module, so that new processes find them.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from dataclasses import dataclass, fields, replace
from types import TracebackType
from typing import ClassVar, Self

from mmesim.errors import TraceError
from mmesim.experiment.execute.executors import local
from mmesim.experiment.execute.task import Executor, Finished, Observer, Task, Watch
from mmesim.results.measured.run_data import RunData
from mmesim.scenario import Scenario
from mmesim.workload.draws.generators import generator
from tests.unit.results.synthetic import Call, run_data

Simulate = Callable[[Scenario, int, Observer | None, int | None], RunData]
"""(scenario, replication, observer, records) -> measurements."""


@dataclass(frozen=True)
class _Faked(Task):
    """A task that calls `simulate` in place of the engine."""

    compiles: ClassVar[bool] = False
    simulate: Simulate | None = None

    def run(self, observer: Observer | None = None) -> RunData:
        assert self.simulate is not None
        return self.simulate(self.scenario, self.replication, observer, self.records)


class Fake:
    """Runs `simulate` in place of the engine, by another executor: by default in this process."""

    def __init__(self, simulate: Simulate, inside: Executor | None = None) -> None:
        self._simulate = simulate
        self._inside = inside or local()

    def __enter__(self) -> Self:
        self._inside.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._inside.__exit__(kind, error, traceback)

    def run(self, tasks: Iterable[Task], watch: Watch | None = None) -> Generator[Finished, None, None]:
        """The measurements of each task as it finishes."""
        faked = (
            _Faked(**{field.name: getattr(task, field.name) for field in fields(task)}, simulate=self._simulate)
            for task in tasks
        )
        with closing(self._inside.run(faked, watch)) as runs:
            yield from runs


def random_service(scenario: Scenario, replication: int, observer: Observer | None, records: int | None) -> RunData:
    """Twenty calls whose times depend on (seed, replication); the first replications are the slowest."""
    draws = generator(scenario.run.seed, replication, "fake").random(20)
    if observer is not None:
        observer(scenario.run.duration_s / 2, 10, 9, 1)
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


def third_is_killed(scenario: Scenario, replication: int, observer: Observer | None, records: int | None) -> RunData:
    """The third replication loses its process, a moment after the first two have ended."""
    if replication < 2:
        return random_service(scenario, replication, observer, records)
    time.sleep(2.0)
    return killed(scenario, replication, observer, records)
