"""Runs of any scenarios, by number, through a store: what is in it is not simulated again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from typing import Generic, NamedTuple, TypeVar

from mmesim.experiment.execute.task import Executor, Task
from mmesim.experiment.replicate import with_warmup
from mmesim.experiment.store.key import Keys, of_replication
from mmesim.experiment.store.store import Store
from mmesim.results.figures.series import FIGURES
from mmesim.results.measured.run_data import RunData
from mmesim.scenario.run.settings import AUTO
from mmesim.scenario.scenario import Scenario

Watch = Callable[[int, int, int, int], None]
"""Gets the numbers of runs that were simulated so far, that were found in the store, and of all that are known of."""

For = TypeVar("For")

KEPT = 256
"""Scenarios whose names are remembered: each holds its table of models."""


class Piece(NamedTuple, Generic[For]):
    """A run that is needed, and whom it is for; `named`: the scenario by whose name the store knows it."""

    whom: For
    scenario: Scenario
    number: int
    named: Scenario | None = None
    window_s: float | None = None
    """The length of the windows of its series, where that is not a minute."""


class Runs:
    """Simulates what is not in the store, several runs at the same time, and counts."""

    def __init__(self, store: Store, executor: Executor, watch: Watch | None = None) -> None:
        self.store = store
        self.simulated = self.found = self.all = self.calls = 0
        self._executor = executor
        self._watch = watch
        self._keys = Keys()
        self._bases: dict[int, tuple[Scenario, bytes]] = {}
        """By the identity of a scenario, which is kept so that the number is not given again."""

    def base(self, scenario: Scenario) -> bytes:
        """What the names of a scenario's runs have in common."""
        if id(scenario) not in self._bases:
            if len(self._bases) >= KEPT:
                self._bases.clear()
            self._bases[id(scenario)] = scenario, self._keys.base(scenario)
        return self._bases[id(scenario)][1]

    def settled(self, scenario: Scenario) -> Scenario:
        """The scenario with a warm-up that is a number."""
        if scenario.run.warmup_s != AUTO:
            return scenario
        base = self._keys.base(scenario)
        found = self.store.warmup(base)
        if found is None:
            settled = with_warmup(scenario, self._executor)
            self.store.keep_warmup(base, settled.run.warmup_found)
            return settled
        return scenario.with_run(warmup_s=found.warmup_s, warmup_found=found)

    def fetch(self, pieces: Iterable[Piece[For]], take: Callable[[For, RunData, bool], None]) -> None:
        """Give each of these runs to `take`, with whom it is for and whether it was simulated now.

        What is finished is in the store before it is given.
        """
        wanted = list(pieces)
        self.all += len(wanted)
        given: list[tuple[Piece[For], bytes]] = []

        def tasks() -> Iterator[Task]:
            for piece in wanted:
                key = of_replication(self.base(piece.named or piece.scenario), piece.number)
                if key in self.store:
                    self.found += 1
                    take(piece.whom, self.store.get(key, piece.scenario), False)
                    self._tell()
                else:
                    given.append((piece, key))
                    yield Task(piece.scenario, piece.number, window_s=piece.window_s, figures=FIGURES)

        with closing(self._executor.run(tasks())) as finished:
            for index, run in finished:
                piece, key = given[index]
                self.store.put(key, run)
                self.simulated += 1
                self.calls += run.calls_all
                take(piece.whom, run, True)
                self._tell()

    def _tell(self) -> None:
        if self._watch is not None:
            self._watch(self.simulated, self.found, self.all, self.calls)
