"""The course of one scenario through the gate: pilot, design, then look after look until every line is decided."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from mmesim.errors import SimulationError
from mmesim.experiment.gate.baseline.kept import Kept, kept, series
from mmesim.experiment.gate.decide import Decision, Evidence, Levels, decide
from mmesim.experiment.gate.design import (
    FEW,
    OF_A_GATE,
    Terms,
    as_written,
    design,
    lengthened,
    numbers,
    settled,
    wants_more,
)
from mmesim.experiment.gate.evidence import each, evidence
from mmesim.experiment.gate.lines import Line, Row, lines, row
from mmesim.experiment.gate.shown import Histograms
from mmesim.experiment.gate.tolerance import watched
from mmesim.results.answers.gated import Design
from mmesim.results.answers.sections import SteadyState
from mmesim.results.comparison.baseline import Series
from mmesim.results.measured.run_data import RunData
from mmesim.results.summary.steady import steady_state
from mmesim.scenario.scenario import Scenario
from mmesim.stats.looks import LOOKS
from mmesim.stats.spending import nominal_levels

TESTS = ("sequential test", "clean blocks")
"""What decides once and for all; else all the replications there are decide, to the last."""


@dataclass(frozen=True)
class Wanted:
    """A run that is needed next: which scenario, and the number of its random numbers."""

    scenario: Scenario
    number: int


class Course:
    """Which runs a scenario needs next, and what they have shown. Its warm-up is a number.

    Runs are asked for in stages: all that `wanted` gives are `take`n, in any order, before `advance`. It ends when
    every line is decided, at the last look, or when `enough` says after a look that no more has to be known.
    """

    def __init__(
        self, scenario: Scenario, terms: Terms = OF_A_GATE, enough: Callable[[Course], bool] | None = None
    ) -> None:
        self.scenario = scenario
        self.terms = terms
        self._enough = enough
        self.design: Design | None = None
        self.lines: tuple[Line, ...] = ()
        self.decisions: list[Decision | None] = []
        self.histograms = Histograms()
        self.steadiness: SteadyState | None = None
        """Of the pilot, as soon as it is there."""
        self.watching = watched(scenario, terms.tolerance)
        self.kept: tuple[Kept, ...] = ()
        self._stage: Sequence[Wanted] = self._pilot(range(FEW)) if terms.pilots else self._first_look()
        self._settled = True
        self._looked = 0
        self._runs: dict[int, RunData] = {}
        self._rows: dict[int, Row] = {}

    @classmethod
    def following(cls, before: Course, terms: Terms, enough: Callable[[Course], bool] | None = None) -> Course:
        """A course of the same scenario and design as one that has looked already, on other numbers."""
        assert before.design is not None
        course = cls(before.scenario, terms, enough)
        course.lines, course.kept, course.steadiness = before.lines, before.kept, before.steadiness
        course.decisions = [None] * len(course.lines)
        alpha_fail = terms.alpha_fail / max(1, len(course.lines))
        alphas = {"alpha_pass": terms.alpha_pass, "alpha_fail": alpha_fail}
        course.design = before.design.model_copy(update=alphas)
        course._stage = course._up_to(0, course.design.looks[0])
        return course

    @property
    def wanted(self) -> Sequence[Wanted]:
        """The runs of this stage; none when all is decided."""
        return self._stage

    def take(self, run: RunData) -> None:
        """A run of this stage."""
        trusted(run)
        if run.replication in self._rows:
            return  # a stage is run again when another scenario cannot be simulated
        if self.lines:
            self._rows[run.replication] = row(self.lines, self.kept, self.scenario, run)
            if self.design is not None:
                self.histograms.add(run)
        else:
            self._runs[run.replication] = run  # which windows are joined depends on all of them

    def advance(self) -> None:
        """After the last run of a stage: what is needed next."""
        if not self.lines:
            runs = [self._runs[number] for number in sorted(self._runs)]
            self.lines = lines(self.scenario, self.watching, runs, self.terms.tolerance, self.terms.lines)
            self.kept = kept(self.scenario, [(line.expectation, line.inside) for line in self.lines])
            self.decisions = [None] * len(self.lines)
            figures = () if self.terms.pilots else self.kept
            self._rows = {run.replication: row(self.lines, figures, self.scenario, run) for run in runs}
            self.steadiness = steady_state(self.scenario, runs)
            self._settled = settled(self.scenario, runs, self.steadiness)
            self._runs.clear()
            if not self.terms.pilots:
                for run in runs:
                    self.histograms.add(run)
                self.design = as_written(len(self.lines), self.terms)
                self._look(self.design)
                return
            if self.terms.most > FEW and wants_more(self.lines, self._in_order(self._rows)):
                self._stage = self._pilot(range(FEW, self.terms.most))
                return
        if self.design is None:
            rows = self._in_order(self._rows)
            self.design = design(self.scenario, self.lines, rows, self._settled, self.terms)
            self._rows.clear()
            self._stage = self._up_to(0, self.design.looks[0])
            return
        self._look(self.design)

    @property
    def replications(self) -> int:
        """Replications of the gate that were looked at."""
        return self.design.looks[self._looked - 1] if self.design is not None and self._looked else 0

    def evidence(self, index: int) -> Evidence:
        """What the replications of the gate show of a line."""
        run = self._measured().run
        rows, length_s = self._in_order(self._rows), run.duration_s - run.cut_s
        return evidence(self.lines[index], index, rows, length_s, self.each(index))

    def each(self, index: int) -> list[tuple[float, float]]:
        """The two values of each replication of a line, where there are any."""
        return each(self.lines[index], index, self._replications())

    def figures(self) -> dict[str, Series]:
        """The figures of each replication, as a baseline keeps them."""
        return series(self.kept, [[one.figures for one in runs] for runs in self._replications()])

    def levels(self) -> Levels:
        """The levels of the last look."""
        assert self.design is not None
        return next(levels for look, levels in _levels(self.design, self.terms) if look == self.replications)

    def _look(self, of: Design) -> None:
        self._looked += 1
        levels = self.levels()
        for index, before in enumerate(self.decisions):
            # A line that a test has decided stays decided; what all replications decide is decided at the end.
            if before is None or before.by not in TESTS:
                found = decide(self.evidence(index), levels)
                # Calls that neither the pilot nor two looks have seen are not waited for.
                hopeless = not found.replications and self._looked > 1
                self.decisions[index] = None if _is_open(found) and not hopeless else found
        done = self._looked == len(of.looks) or None not in self.decisions
        done = done or (self._enough is not None and self._enough(self))
        self._stage = () if done else self._up_to(of.looks[self._looked - 1], of.looks[self._looked])

    def _pilot(self, replications: range) -> list[Wanted]:
        return [Wanted(self.watching, self.terms.pilot + number) for number in replications]

    def _first_look(self) -> list[Wanted]:
        """The runs of the first look where no pilot comes before it."""
        return [Wanted(self.watching, self.terms.first + number) for number in range(LOOKS[0])]

    def _measured(self) -> Scenario:
        """The scenario of one run of the gate."""
        assert self.design is not None
        return lengthened(self.watching, self.design)

    def _up_to(self, first: int, last: int) -> list[Wanted]:
        assert self.design is not None
        scenario = self._measured()
        return [Wanted(scenario, n) for one in range(first, last) for n in numbers(self.design, one, self.terms.first)]

    def _replications(self) -> list[list[Row]]:
        assert self.design is not None
        first = self.terms.first
        return [[self._rows[n] for n in numbers(self.design, one, first)] for one in range(self.replications)]

    @staticmethod
    def _in_order(rows: dict[int, Row]) -> list[Row]:
        return [rows[number] for number in sorted(rows)]


def trusted(run: RunData) -> RunData:
    """A run whose self-check is in order; else SimulationError."""
    wrong = [f"{name}: {said}" for name, said in run.checks.items() if said != "ok"]
    if wrong:
        raise SimulationError(f"the self-check of a run failed: its figures cannot be trusted: {'; '.join(wrong)}")
    return run


def _is_open(found: Decision) -> bool:
    """Whether more replications may change it: what has no value, and what lies between limits, stays as it is."""
    return found.verdict == "undecided" and found.by in TESTS


def _levels(of: Design, terms: Terms) -> Iterator[tuple[int, Levels]]:
    looks = tuple(of.looks)
    spends = ((of.alpha_pass, terms.power_pass), (of.alpha_fail, terms.power_fail))
    pairs = zip(*(nominal_levels(looks, alpha, power) for alpha, power in spends), strict=True)
    return ((look, Levels(*pair)) for look, pair in zip(looks, pairs, strict=True))
