"""A scenario at many points: each is simulated several times, what was simulated before is taken from a store.

All points share the seed, so that they see the same random numbers: the differences between them are not noise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mmesim.errors import STOPPED, Problem, ScenarioError, UserError
from mmesim.experiment.execute.task import Executor
from mmesim.experiment.replicate import repeated, say_why
from mmesim.experiment.store.key import Keys
from mmesim.experiment.store.store import Store
from mmesim.experiment.stored import Watch, Work
from mmesim.experiment.sweep.points import Point, count, fields_of, points
from mmesim.experiment.sweep.result import SweepResult, SweptPoint, swept_point
from mmesim.experiment.sweep.words import read_sweep
from mmesim.experiment.varied import MOST_PROBLEMS, at_entry, entries
from mmesim.results.folder.provenance import origin
from mmesim.results.result import Result
from mmesim.scenario.file.template import Template
from mmesim.scenario.run.sweep import Sweep
from mmesim.scenario.scenario import Scenario
from mmesim.scenario.values.fields import Place

MOST = 2_000
"""Simulations that a sweep may have without being asked for explicitly."""


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

    `what` is a grid, such as `{"endpoint.instance_count": [4, 5, 6]}`, whose every combination is a point, or a list of
    points, such as `[{"endpoint.instance_count": 4}, ...]`; fields and values as in a scenario file.

    Each point has the replications that are given here, else those that the scenario sets, else 10. `jobs` run at the
    same time, or `executor` runs them. `store` is a file: replications that are in it are not simulated again, and each
    that finishes is added to it at once. `most` is the largest number of simulations that is not a mistake (None: any).
    Raises UserError, before anything is simulated, for a field, value or number of points that cannot be.
    On Ctrl-C, and when a process is killed, the finished points are returned (`result.interrupted`); with none, that
    goes on.
    """
    template = Template.given(scenario)
    own = template.at().sweep if what is None else None
    where = () if own is None else entries(own)
    plan = _Plan(template, _points(template, what, replications, most), replications, where)
    begun = origin(plan.scenario)
    _allow(len(plan.points), plan.simulations, most)
    with Store(store) as kept:
        done: dict[int, SweptPoint] = {}

        def finished(index: int, result: Result) -> None:
            done[index] = swept_point(index, plan.points[index], result)

        work = Work(plan, kept, finished, watch)
        try:
            work.run(jobs, executor)
        except STOPPED as error:
            if not done:
                raise
            say_why(error)
    fields = tuple(plan.points[0])
    in_order = tuple(done[index] for index in sorted(done))
    return SweepResult(plan.scenario, fields, in_order, len(plan.points), work.simulated, work.found, begun)


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

    def __init__(
        self, template: Template, points: Sequence[Point], replications: int | None, where: Sequence[Place]
    ) -> None:
        """`where`: the entries of the file that the points come from; none for those of a command line."""
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
                for one in (_named(at_entry(one, template, *where)) for one in error.problems):
                    # A field that is wrong is wrong in every point: one mistake.
                    problems.setdefault(f"{one.field}: {one.message}", one)
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


def _named(problem: Problem) -> Problem:
    """A problem of an override as one of the sweep."""
    file = problem.file.removeprefix("--set ")
    return problem if file == problem.file else replace(problem, file=f"sweep, {file}")
