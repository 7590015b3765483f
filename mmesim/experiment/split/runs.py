"""Fleets, each simulated several times, through a store: what is in it is not simulated again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from mmesim.errors import SimulationError
from mmesim.experiment.execute.task import Executor, Task
from mmesim.experiment.replicate import with_warmup
from mmesim.experiment.store.key import Keys, of_replication
from mmesim.experiment.store.store import Store
from mmesim.experiment.stored import Watch
from mmesim.results.result import Result
from mmesim.scenario.run.settings import AUTO
from mmesim.scenario.scenario import Scenario

SEARCH = 11_000_000
"""Number of the first replication by which a split is looked for."""
CONFIRM = 11_500_000
"""Number of the first replication by which what was found is tried again: it chose nothing."""


class Runs:
    """Simulates fleets; each one as often as its scenario says, on the same random numbers as the others."""

    def __init__(self, store: Store, executor: Executor, watch: Watch | None) -> None:
        self.fleets = self.replications = self.simulated = self.requests = 0
        self._store = store
        self._executor = executor
        self._watch = watch
        self._keys = Keys()

    def result(self, scenario: Scenario, first: int = SEARCH) -> Result:
        """The result of a fleet, from the replications that are numbered from `first` on."""
        base = self._keys.base(scenario)
        scenario = self._settled(scenario, base)
        numbers = range(first, first + scenario.run.replications)
        names = {number: of_replication(base, number) for number in numbers}
        missing = [number for number, name in names.items() if name not in self._store]
        self.fleets += 1
        self.replications += len(numbers)

        def tasks() -> Iterator[Task]:
            for number in missing:
                yield Task(scenario, number)

        with closing(self._executor.run(tasks())) as runs:
            for index, run in runs:
                self._store.put(names[missing[index]], run)
                self.simulated += 1
                if self._watch is not None:
                    self._watch(self.simulated, self.replications - len(missing), self.replications)
        result = Result(scenario, tuple(self._store.get(name, scenario) for name in names.values()))
        self.requests += sum(run.calls for run in result.runs)
        if result.self_check is not None:
            raise SimulationError(f"the self-check of {scenario.name} failed: {result.self_check}")
        return result

    def _settled(self, scenario: Scenario, base: bytes) -> Scenario:
        """The scenario with a warm-up that is a number."""
        if scenario.run.warmup_s != AUTO:
            return scenario
        known = self._store.warmup(base)
        if known is not None:
            return scenario.with_run(warmup_s=known.warmup_s, warmup_found=known)
        settled = with_warmup(scenario, self._executor)
        self._store.keep_warmup(base, settled.run.warmup_found)
        return settled
