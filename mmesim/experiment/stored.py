"""Scenarios that are simulated several times each, through a store: what is in it is not simulated again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mmesim.errors import SimulationError
from mmesim.experiment.execute.executors import given_or_local, local
from mmesim.experiment.execute.task import Executor, Task
from mmesim.experiment.replicate import with_warmup
from mmesim.experiment.store.key import Keys, of_replication
from mmesim.experiment.store.store import Store
from mmesim.results.figures.series import FIGURES
from mmesim.results.measured.run_data import RunData
from mmesim.results.result import Result
from mmesim.scenario.scenario import Scenario

Watch = Callable[[int, int, int, int], None]
"""Gets the numbers of simulations that were run so far, that were found in the store, and of all."""


class Cases(Protocol):
    """Scenarios by number, each made when it is needed; how often each is simulated, and its name in the store."""

    @property
    def replications(self) -> Sequence[int]:
        """Of each scenario."""

    @property
    def bases(self) -> Sequence[bytes]:
        """What the names of a scenario's replications have in common (`Keys.base`)."""

    def at(self, index: int) -> Scenario:
        """A scenario."""


@dataclass(frozen=True)
class Given:
    """Scenarios that are there already; their own numbers of replications."""

    scenarios: Sequence[Scenario]
    bases: Sequence[bytes]

    @classmethod
    def of(cls, scenarios: Sequence[Scenario]) -> Given:
        """These scenarios, with their names."""
        keys = Keys()
        return cls(scenarios, [keys.base(one) for one in scenarios])

    @property
    def replications(self) -> Sequence[int]:
        """Of each scenario."""
        return [one.run.replications for one in self.scenarios]

    def at(self, index: int) -> Scenario:
        """A scenario."""
        return self.scenarios[index]


class Work:
    """What is done of some cases. Only those that are under way are in memory: `finished` gets each result once.

    Replications are numbered from `first` on: other numbers are other random numbers.
    """

    def __init__(
        self,
        cases: Cases,
        store: Store,
        finished: Callable[[int, Result], None],
        watch: Watch | None = None,
        first: int = 0,
    ) -> None:
        self.simulated = 0
        self.found = 0
        self._calls = 0
        self._cases = cases
        self._store = store
        self._report = finished
        self._watch = watch
        self._first = first
        self._given: list[tuple[int, bytes]] = []
        """Case and name of each task."""
        self._missing: dict[int, int] = {}
        self._scenarios: dict[int, Scenario] = {}

    def run(self, jobs: int, executor: Executor | None) -> None:
        """Simulate what is missing; what is finished before Ctrl-C is in the store."""
        with (
            given_or_local(executor, min(jobs, sum(self._cases.replications))) as running,
            closing(running.run(self._tasks())) as runs,
        ):
            for index, run in runs:
                self._keep(index, run)

    def _names(self, index: int) -> list[bytes]:
        return [of_replication(self._cases.bases[index], number) for number in self._numbers(index)]

    def _numbers(self, index: int) -> range:
        return range(self._first, self._first + self._cases.replications[index])

    def _tasks(self) -> Iterator[Task]:
        """Every replication that is not in the store, one case after the other."""
        for index in range(len(self._cases.bases)):
            scenario = self._scenarios[index] = self._cases.at(index)
            keys = self._names(index)
            pairs = list(zip(self._numbers(index), keys, strict=True))
            missing = [(number, key) for number, key in pairs if key not in self._store]
            self._missing[index] = len(missing)
            self.found += len(keys) - len(missing)
            self._tell()
            if not missing:
                self._finish(index)
                continue
            # Pilot runs of an automatic warm-up run here, beside the tasks that are under way.
            settled = with_warmup(scenario, local(1))
            self._store.keep_warmup(self._cases.bases[index], settled.run.warmup_found)
            for number, key in missing:
                self._given.append((index, key))
                yield Task(settled, number, figures=FIGURES)

    def _keep(self, task: int, run: RunData) -> None:
        """Keep what a task measured; the last one of a case gives the result."""
        index, key = self._given[task]
        self._store.put(key, run)
        self.simulated += 1
        self._calls += run.calls_all
        self._missing[index] -= 1
        if not self._missing[index]:
            self._finish(index)
        self._tell()

    def _finish(self, index: int) -> None:
        """Take all from the store, so that the result is the same whenever the replications were run."""
        scenario = self._scenarios.pop(index)
        runs = tuple(self._store.get(key, scenario) for key in self._names(index))
        if len({run.warmup_s for run in runs}) > 1:
            raise SimulationError(f"{scenario.name}: its replications in the store have different warm-ups")
        found = self._store.warmup(self._cases.bases[index])
        self._report(index, Result(scenario.with_run(warmup_s=runs[0].warmup_s, warmup_found=found), runs))

    def _tell(self) -> None:
        if self._watch is not None:
            self._watch(self.simulated, self.found, sum(self._cases.replications), self._calls)


def simulate_all(
    scenarios: Sequence[Scenario],
    finished: Callable[[int, Result], None],
    store: str | Path | None,
    jobs: int,
    executor: Executor | None,
    watch: Watch | None,
    first: int = 0,
) -> None:
    """Simulate all of these scenarios, or find them in the store; `finished` gets the number and result of each.

    `first` is the number of the first replication of each.
    """
    with Store(store) as kept:
        Work(Given.of(scenarios), kept, finished, watch, first).run(jobs, executor)
