"""Which figures of a run a baseline keeps, and how each is computed.

They are those that decide the lines of `expect`, and a few that say how an endpoint fares whatever is expected of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from mmesim.experiment.gate.baseline.unchanged import KEPT, UNITS
from mmesim.results.comparison.baseline import Series
from mmesim.results.expect.expected import expected
from mmesim.results.expect.questions import Question
from mmesim.results.measured.run_data import RunData
from mmesim.scenario.figures import Kind
from mmesim.scenario.run.expect import Expectation
from mmesim.scenario.run.expected import EXPECTED
from mmesim.scenario.scenario import Scenario

MOST_WINDOWS = 24
"""Windows of one line that are kept: with more, a baseline is no longer small, and none of them is."""


@dataclass(frozen=True)
class Kept:
    """A figure that is kept, by its name in the baseline; `of` gives it in its unit, nan where there is none."""

    name: str
    unit: str
    of: Callable[[RunData], float]


def kept(scenario: Scenario, lines: Iterable[tuple[Expectation, Question]]) -> tuple[Kept, ...]:
    """What is kept of each run of a scenario with these lines."""
    found = {name: _kept(name, expected(_named(name), scenario).of, EXPECTED[name][0]) for name in KEPT}
    number: dict[str, int] = {}
    for e, question in lines:
        number[e.text] = number.get(e.text, 0) + 1
        name = _name(e, question)
        found.setdefault(name, _kept(name, question.of, question.figure.kind, e.text))
    return tuple(one for one, text in found.values() if number.get(text, 0) <= MOST_WINDOWS)


def seen(of: Sequence[Kept], run: RunData) -> dict[str, float]:
    """The figures of a run; nan and infinity where there is none."""
    return {one.name: one.of(run) for one in of}


def series(of: Sequence[Kept], replications: Sequence[Sequence[Mapping[str, float]]]) -> dict[str, Series]:
    """The figures of each replication: means over the runs that it consists of."""
    found = {
        one.name: Series(unit=one.unit, values=[_mean([run[one.name] for run in runs]) for runs in replications])
        for one in of
    }
    return {name: one for name, one in found.items() if any(value is not None for value in one.values)}


def _named(metric: str) -> Expectation:
    """Something that is expected of a figure: it says which figure is meant."""
    return Expectation(metric, "<", math.inf, EXPECTED[metric][0], metric)


def _kept(name: str, of: Callable[[RunData], float], kind: Kind, text: str = "") -> tuple[Kept, str]:
    return Kept(name, UNITS[kind], (lambda run: 1000.0 * of(run)) if kind == "ms" else of), text


def _name(e: Expectation, question: Question) -> str:
    """The figure that decides, with the calls that it is about."""
    window, calls = question.window, e.calls
    if window is None:
        return question.name
    if calls.between_s is not None or calls.every_s is not None:
        calls = replace(calls, between_s=(window.start_s, window.end_s), every_s=None)
    return f"{question.name} of {calls.in_words}"


def _mean(values: Sequence[float]) -> float | None:
    known = [value for value in values if math.isfinite(value)]
    return math.fsum(known) / len(known) if known else None
