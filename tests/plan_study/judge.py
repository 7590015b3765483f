"""A plan beside the truth, and beside the gate's test of every fleet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields

from mmesim.experiment.execute.executors import local
from mmesim.experiment.gate.course import Course
from mmesim.experiment.plan.plan import plan
from mmesim.experiment.runs import Piece, Runs
from mmesim.experiment.store.store import Store
from mmesim.results.answers.planned import Planned
from mmesim.results.measured.run_data import RunData
from mmesim.scenario.file.template import Template
from mmesim.scenario.scenario import Scenario
from tests.plan_study.problems import problem
from tests.plan_study.truth import MOST_CALLS, Side, Truth, truth


@dataclass(frozen=True)
class Row:
    """A problem: what its plan said, whether that is true, and what both took."""

    seed: int
    fleets: int
    known: int
    """Fleets whose truth was simulated: what the others are changes nothing here."""
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


def judged(seed: int, most_calls: int = MOST_CALLS) -> tuple[Row, dict[int, Truth]]:
    """The problem of a seed, and the truth of fleets by their place in its plan, by at most so many calls each."""
    scenario = problem(seed).scenario
    document = plan(scenario).document
    template = Template.of(scenario)
    fleets = [template.at(one.values) for one in document.fleets]
    true = dict[int, Truth]()

    def side(place: int) -> Side:
        if place not in true:
            true[place] = truth(fleets[place], most_calls)
        return true[place].side

    row = Row(
        seed=seed,
        fleets=len(fleets),
        verdict=document.verdict,
        winner="" if document.answer is None else side(document.answer),
        missed=int(missed(document, side)),
        requests=document.used.requests,
        gate_requests=sum(map(gate_requests, fleets)),
        known=len(true),
    )
    return row, true


def missed(document: Planned, side: Callable[[int], Side]) -> bool:
    """Whether the cheapest fleet inside was turned down, and something dearer, or nothing, is the answer.

    `side` is only asked of fleets that can change that.
    """
    cheaper = document.fleets[: document.answer]
    for place, fleet in enumerate(cheaper):
        if fleet.state == "turned down" and side(place) == "inside":
            # A cheaper one that was left open is named, so that nothing is missed.
            return not any(side(open_) == "inside" for open_ in range(place) if cheaper[open_].state != "turned down")
    return False


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
