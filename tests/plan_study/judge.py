"""A plan beside the truth, and beside the gate's test of every fleet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from mmesim.experiment.execute.executors import local
from mmesim.experiment.gate.course import Course
from mmesim.experiment.plan.plan import plan
from mmesim.experiment.runs import Piece, Runs
from mmesim.experiment.store.store import Store
from mmesim.results.answers.planned import Planned
from mmesim.results.run_data import RunData
from mmesim.scenario.file.template import Template
from mmesim.scenario.scenario import Scenario
from tests.plan_study.problems import problem
from tests.plan_study.truth import MOST_CALLS, Truth, truth


@dataclass(frozen=True)
class Row:
    """A problem: what its plan said, whether that is true, and what both took."""

    seed: int
    fleets: int
    inside: int
    """Fleets that are inside."""
    verdict: str
    winner: str
    """Where the answer lies: inside, outside, near; empty without one."""
    missed: int
    """Whether the cheapest fleet inside was turned down, and something dearer, or nothing, is the answer."""
    requests: int
    gate_requests: int
    """Of the gate's test on every fleet."""

    @staticmethod
    def columns() -> list[str]:
        """Their names in the file."""
        return [field.name for field in fields(Row)]

    @staticmethod
    def read(values: Mapping[str, str]) -> Row:
        """A row of the file."""
        texts = {"verdict", "winner"}
        return Row(**{name: values[name] if name in texts else int(values[name]) for name in Row.columns()})  # type: ignore[arg-type]

    def written(self) -> dict[str, object]:
        """The same for the file."""
        return asdict(self)


def judged(seed: int, most_calls: int = MOST_CALLS) -> tuple[Row, list[Truth]]:
    """The problem of a seed, and the truth of each fleet in the order of its plan, by at most so many calls each."""
    scenario = problem(seed).scenario
    document = plan(scenario).document
    template = Template.of(scenario)
    fleets = [template.at(one.values) for one in document.fleets]
    true = [truth(one, most_calls) for one in fleets]
    row = Row(
        seed=seed,
        fleets=len(fleets),
        inside=sum(one.side == "inside" for one in true),
        verdict=document.verdict,
        winner="" if document.answer is None else true[document.answer].side,
        missed=int(_missed(document, true)),
        requests=document.used.requests,
        gate_requests=sum(map(gate_requests, fleets)),
    )
    return row, true


def _missed(document: Planned, true: list[Truth]) -> bool:
    cheapest = next((row for row, one in enumerate(true) if one.side == "inside"), None)
    if cheapest is None or document.fleets[cheapest].state != "turned down":
        return False
    return document.answer is None or document.answer > cheapest


def gate_requests(scenario: Scenario) -> int:
    """The calls that the gate's test of a scenario takes."""
    calls = 0
    with Store() as store, local() as executor:
        runs = Runs(store, executor)
        course = Course(runs.settled(scenario))

        def take(whom: Course, run: RunData, simulated: bool) -> None:
            nonlocal calls
            calls += run.calls_all
            whom.take(run)

        while course.wanted:
            runs.fetch([Piece(course, wanted.scenario, wanted.number) for wanted in course.wanted], take)
            course.advance()
    return calls
