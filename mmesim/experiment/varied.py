"""What can be known of `plan` and `sweep` without a simulation: whether every field that they vary can have its values.

What is wrong is said at the entry of the file that varies the field.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from mmesim.errors import Contradiction, Problem, ScenarioError
from mmesim.experiment.plan.priced import check_types, unpriced
from mmesim.experiment.sweep.points import points
from mmesim.scenario.file.template import Template
from mmesim.scenario.run.sweep import Sweep
from mmesim.scenario.scenario import Scenario
from mmesim.scenario.values.fields import Place, shown

T = TypeVar("T")

MOST_VALUES = 100
"""Of one field that are tried here: of more, as many of the first and of the last."""
MOST_PROBLEMS = 10
"""Problems that are shown at once: one mistake may be in many points."""

_GIVEN = "--set "
_A_RANGE = re.compile(r"\s*(\d+)\s*(?:to|-|–|—|…|:)\s*(\d+)\s*")
_WORDS = re.compile(r"\s*[,;]\s*")


def check_varied(template: Template) -> None:
    """ScenarioError when `plan` or `sweep` vary what there is not, or give a value that cannot be.

    One field after the other is varied, with the first values of the others: combinations are not tried.
    """
    scenario = template.at()
    problems = dict[str, Problem]()
    for one in (*_of_plan(template, scenario), *_of_sweep(template, scenario)):
        problems.setdefault(f"{one.field}: {one.message}", one)  # a field that is wrong is wrong in every point
    if problems:
        raise ScenarioError(list(problems.values())[:MOST_PROBLEMS])


def at_entry(problem: Problem, template: Template, *sections: Place) -> Problem:
    """A problem of a value that was put in, as one of the entry of these sections that varies the field.

    Where there is no entry (a grid of the command line) the override is named, as it is.
    """
    if not problem.file.startswith(_GIVEN):
        return problem
    field, _, value = problem.file.removeprefix(_GIVEN).partition("=")
    problem = _as_meant(problem, value)
    for section in sections:
        where = template.where((*section, field))
        if where is not None:
            name = ".".join(str(step) for step in (*section, problem.field or field))
            return replace(problem, file=where[0], line=where[1], field=name)
    return problem


def _as_meant(problem: Problem, value: str) -> Problem:
    """A value that is a range, or a list, in the wrong words: how it is written."""
    ends = _A_RANGE.fullmatch(value)
    if ends is not None:
        return replace(problem, message=f"{shown(value)} is not a range", hint=f"write {ends[1]}..{ends[2]}")
    words = _WORDS.split(value.strip())
    if len(words) > 1 and all(words) and not value.lstrip().startswith(("[", "{")):
        return replace(problem, message=f"{shown(value)} is one value", hint=f"write a list: [{', '.join(words)}]")
    return problem


def _of_plan(template: Template, scenario: Scenario) -> Iterator[Problem]:
    plan = scenario.plan
    if plan is None:
        return
    wrong = False
    for point in _one_by_one(plan.grid):
        try:
            fleet = template.at(point)
        except Contradiction:
            continue  # a fleet that cannot be is an answer, not a mistake
        except ScenarioError as error:
            wrong = True
            yield from (at_entry(one, template, ("plan", "grid")) for one in error.problems)
            continue
        yield from unpriced(template, [fleet])
    if not wrong:
        yield from check_types(template, plan)


def _of_sweep(template: Template, scenario: Scenario) -> Iterator[Problem]:
    sweep = scenario.sweep
    if sweep is None:
        return
    for point in _points(sweep, scenario.run.seed):
        try:
            template.at(point)
        except ScenarioError as error:
            yield from (at_entry(one, template, *entries(sweep)) for one in error.problems)


def entries(sweep: Sweep) -> Sequence[Place]:
    """Where a `sweep` of a file names its fields."""
    if sweep.points is not None:
        return [("sweep", "points", number) for number in range(len(sweep.points))]
    return [("sweep", "grid"), ("sweep", "sample", "ranges")]


def _points(sweep: Sweep, seed: int) -> Sequence[Mapping[str, object]]:
    """Points that stand for all: those of a sample are alike, so that the first and the last show its fields."""
    if sweep.grid is not None:
        return list(_one_by_one(sweep.grid))
    found = points(sweep, seed)
    return _ends(found) if sweep.points is not None else (found[0], found[-1])


def _one_by_one(grid: Mapping[str, Sequence[object]]) -> Iterator[Mapping[str, object]]:
    """Points in which every value of every field occurs, beside the first values of the others."""
    first = {field: values[0] for field, values in grid.items()}
    yield first
    for field, values in grid.items():
        yield from (first | {field: value} for value in _ends(values) if value is not values[0])


def _ends(values: Sequence[T]) -> Sequence[T]:
    if len(values) <= 2 * MOST_VALUES:
        return values
    return (*values[:MOST_VALUES], *values[-MOST_VALUES:])
