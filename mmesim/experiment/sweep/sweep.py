"""A scenario at many points: each is simulated several times, what was simulated before is taken from a store.

All points share the seed, so that they see the same random numbers: the differences between them are not noise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from mmesim.errors import STOPPED, Problem, ScenarioError, SimulationError, UserError
from mmesim.experiment.execute.executors import given_or_local, local
from mmesim.experiment.execute.task import Executor, Task
from mmesim.experiment.replicate import repeated, say_why, with_warmup
from mmesim.experiment.store.key import Keys, of_replication
from mmesim.experiment.store.store import Store
from mmesim.experiment.sweep.points import Point, count, fields_of, points
from mmesim.experiment.sweep.result import SweepResult, SweptPoint, swept_point
from mmesim.experiment.sweep.words import read_sweep
from mmesim.experiment.warmup import found_again
from mmesim.results.provenance import origin
from mmesim.results.result import Result
from mmesim.results.run_data import RunData
from mmesim.scenario.file.template import Template
from mmesim.scenario.run.sweep import Sweep
from mmesim.scenario.scenario import Scenario

MOST = 2_000
"""Simulations that a sweep may have without being asked for explicitly."""

MOST_PROBLEMS = 10
"""Problems that are shown at once: one mistake may be in many points."""

Watch = Callable[[int, int, int], None]
"""Gets the numbers of simulations that were run so far, that were found in the store, and of all."""

What = Sweep | Mapping[str, Sequence[object]] | Sequence[Mapping[str, object]]
"""What varies: a `sweep` section, a grid (field -> values), or a list of points (field -> value)."""


def sweep(
    scenario: Scenario | Template | str | Path,
    what: What | None = None,
    *,
    replications: int | None = None,
    jobs: int = 1,
    executor: Executor | None = None,
    store: str | Path | None = None,
    most: int | None = MOST,
    watch: Watch | None = None,
) -> SweepResult:
    """Simulate a scenario, or the file of one, at every point of `what` (default: its own `sweep`).

    Each point has the replications that are given here, else those that the scenario sets, else 10. `jobs` run at the
    same time, or `executor` runs them. `store` is a file: replications that are in it are not simulated again, and each
    that finishes is added to it at once. `most` is the largest number of simulations that is not a mistake (None: any).
    Raises UserError, before anything is simulated, for a field, value or number of points that cannot be.
    On Ctrl-C, and when a process is killed, the finished points are returned (`result.interrupted`); with none, that
    goes on.
    """
    template = Template.given(scenario)
    plan = _Plan(template, _points(template, what, replications, most), replications)
    begun = origin(plan.scenario)
    _allow(len(plan.points), plan.simulations, most)
    with Store(None if store is None else Path(store)) as kept:
        work = _Work(plan, kept, watch)
        try:
            with (
                given_or_local(executor, min(jobs, plan.simulations)) as running,
                closing(running.run(work.tasks())) as runs,
            ):
                for index, run in runs:
                    work.finished(index, run)
        except STOPPED as error:
            if not work.done:
                raise
            say_why(error)
    fields = tuple(plan.points[0])
    done = tuple(work.done[index] for index in sorted(work.done))
    return SweepResult(plan.scenario, fields, done, len(plan.points), work.simulated, work.found, begun)


def _allow(points: int, simulations: int, most: int | None) -> None:
    if most is not None and simulations > most:
        raise UserError(
            f"{points:,} points are {simulations:,} simulations, more than {most:,}: "
            "take fewer points, fewer run.replications, or allow it with --yes (in Python: most=None)"
        )


def _points(template: Template, what: What | None, replications: int | None, most: int | None) -> Sequence[Point]:
    """The points of a sweep; UserError when there is nothing to vary, or more than `most` simulations."""
    scenario = template.at()
    if what is None:
        what = scenario.sweep
    if what is None:
        raise UserError(
            f"{scenario.name}: nothing to sweep: write a section `sweep` into the scenario, or give "
            "--grid endpoint.instance_count=2,4,6"
        )
    found = what if isinstance(what, Sweep) else read_sweep(what)
    # Before they are made and checked, which takes a second for each thousand; a point may have fewer replications.
    least = 1 if replications is None and "run.replications" in fields_of(found) else None
    _allow(count(found), count(found) * (least or repeated(scenario, replications).run.replications), most)
    return points(found, scenario.run.seed)


class _Plan:
    """Every point, checked before anything is simulated: how often it is run, and its name in the store."""

    def __init__(self, template: Template, points: Sequence[Point], replications: int | None) -> None:
        self.scenario = template.at()
        self.points = points
        self.replications: list[int] = []
        self.bases: list[bytes] = []
        self._template = template
        keys, problems = Keys(), dict[str, Problem]()
        for point in points:
            try:
                scenario = template.at(point)
            except ScenarioError as error:
                problems |= {str(one): one for one in map(_named, error.problems)}
                continue
            scenario = repeated(scenario, replications)
            self.replications.append(scenario.run.replications)
            self.bases.append(keys.base(scenario))
        if problems:
            raise ScenarioError(list(problems.values())[:MOST_PROBLEMS])

    @property
    def simulations(self) -> int:
        """Replications of all points."""
        return sum(self.replications)

    def at(self, index: int) -> Scenario:
        """The scenario of a point."""
        return repeated(self._template.at(self.points[index]), self.replications[index])

    def keys(self, index: int) -> list[bytes]:
        """The names of a point's replications, in order."""
        return [of_replication(self.bases[index], number) for number in range(self.replications[index])]


def _named(problem: Problem) -> Problem:
    """A problem of an override as one of the sweep."""
    file = problem.file.removeprefix("--set ")
    return problem if file == problem.file else replace(problem, file=f"sweep, {file}")


class _Work:
    """What is done of a plan. Only the points that are under way are in memory, and of the others a few figures."""

    def __init__(self, plan: _Plan, store: Store, watch: Watch | None) -> None:
        self.done: dict[int, SweptPoint] = {}
        self.simulated = 0
        self.found = 0
        self._plan = plan
        self._store = store
        self._watch = watch
        self._given: list[tuple[int, bytes]] = []
        """Point and name of each task."""
        self._missing: dict[int, int] = {}
        self._scenarios: dict[int, Scenario] = {}

    def tasks(self) -> Iterator[Task]:
        """Every replication that is not in the store, one point after the other."""
        for index in range(len(self._plan.points)):
            scenario = self._scenarios[index] = self._plan.at(index)
            keys = self._plan.keys(index)
            missing = [number for number, key in enumerate(keys) if key not in self._store]
            self._missing[index] = len(missing)
            self.found += len(keys) - len(missing)
            self._tell()
            if not missing:
                self._finish(index)
            # Pilot runs of an automatic warm-up run here, beside the tasks that are under way.
            settled = with_warmup(scenario, local(1)) if missing else scenario
            for number in missing:
                self._given.append((index, keys[number]))
                yield Task(settled, number)

    def finished(self, task: int, run: RunData) -> None:
        """Keep what a task measured; the last one of a point gives the point's figures."""
        index, key = self._given[task]
        self._store.put(key, run)
        self.simulated += 1
        self._missing[index] -= 1
        if not self._missing[index]:
            self._finish(index)
        self._tell()

    def _finish(self, index: int) -> None:
        """Work out the figures from the store, so that they are the same whenever the replications were run."""
        scenario = self._scenarios.pop(index)
        runs = tuple(self._store.get(key, scenario) for key in self._plan.keys(index))
        if len({run.warmup_s for run in runs}) > 1:
            raise SimulationError(f"point {index}: its replications in the store have different warm-ups")
        warmup_s = runs[0].warmup_s
        settled = scenario.with_run(warmup_s=warmup_s, warmup_found=found_again(scenario, warmup_s))
        self.done[index] = swept_point(index, self._plan.points[index], Result(settled, runs))

    def _tell(self) -> None:
        if self._watch is not None:
            self._watch(self.simulated, self.found, self._plan.simulations)
