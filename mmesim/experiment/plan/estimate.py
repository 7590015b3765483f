"""What the answer does on numbers that chose nothing, beside the next cheaper fleet and under other settings."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mmesim.errors import TooLarge
from mmesim.experiment.gate.course import Course, trusted
from mmesim.experiment.gate.decide import Decision, Evidence, Levels, decide
from mmesim.experiment.gate.design import lengthened, numbers
from mmesim.experiment.gate.evidence import each, evidence
from mmesim.experiment.gate.lines import Line, Row, lines, row
from mmesim.experiment.numbers import PLAN_ESTIMATE
from mmesim.experiment.plan.needs import Need
from mmesim.experiment.plan.trials import try_short
from mmesim.experiment.plan.tried import Tried, line_of, words
from mmesim.experiment.runs import Piece, Runs
from mmesim.experiment.unknowns.robustness import name_of, under_each
from mmesim.experiment.unknowns.unknowns import Unknowns
from mmesim.results.answers.gated import Design
from mmesim.results.answers.planned import FleetLine, Pair, Setting
from mmesim.results.answers.sections import Verdict
from mmesim.results.expect.expect import compare, judge, overall
from mmesim.results.figures.latency import pool
from mmesim.results.measured.run_data import RunData
from mmesim.scenario.scenario import Scenario
from mmesim.stats.looks import FEWEST
from mmesim.stats.means import CONFIDENCE, mean, mean_interval

LEAST = 20
"""Runs of an estimate, at least."""
OF_A_SETTING = (3, 5, 10, 20)
"""Replications under each setting of what AWS does not publish, and under those that fewer leave open."""
DOUBLED = 3
"""How often the runs of the answer's estimate are doubled, at most, as long as what must be rare was never seen in
them, and they are too few to bound it."""
OF_FAR = 5
"""Replications of a next cheaper fleet that is far outside."""
AS_WRITTEN = Design(
    pilot_replications=0, pilot_skewness=0.0, length=1, joined=False, looks=[FEWEST], alpha_pass=1.0, alpha_fail=1.0
)
"""The design of a fleet that was not decided on: a replication is the scenario as written."""


class Sample:
    """Replications of a scenario on the numbers of the estimate; its lines are those of its first replication."""

    def __init__(self, need: Need, scenario: Scenario, design: Design, replications: int) -> None:
        self.need = need
        self.replications = replications
        self.lines: tuple[Line, ...] = ()
        self._written = scenario
        self._measured = lengthened(scenario, design)
        self._design = design
        self._rows: dict[int, Row] = {}
        self._first: list[RunData] = []

    def pieces(self, whom: Tried, first: int, last: int) -> list[Piece[tuple[Tried, Sample]]]:
        """The runs of some of its replications."""
        each_of = (n for one in range(first, last) for n in numbers(self._design, one, PLAN_ESTIMATE))
        return [Piece((whom, self), self._measured, number) for number in each_of]

    def take(self, run: RunData) -> None:
        """A run of it."""
        trusted(run)
        if self.lines:
            self._rows[run.replication] = row(self.lines, (), self._written, run)
        else:
            self._first.append(run)

    def begin(self) -> None:
        """After the first replication."""
        self.lines = lines(self._written, self._written, self._first, tolerance=0.0, asked_for=self.need.lines)
        self._rows = {run.replication: row(self.lines, (), self._written, run) for run in self._first}
        self._first = []

    def found(self) -> list[FleetLine]:
        """Every line with its interval; its verdict is pass or fail where that does not cross the limit."""
        return [line_of(of, decision, self.need.when) for of, decision in self._decisions()]

    @property
    def is_too_short(self) -> bool:
        """Whether a line is open of which nothing was seen, or nothing but: more runs would bound it."""
        return any(decision.verdict == "undecided" and (of.one_sided or of.never) for of, decision in self._decisions())

    def _decisions(self) -> list[tuple[Evidence, Decision]]:
        run = self._measured.run
        rows = [self._rows[number] for number in sorted(self._rows)]
        level = (1.0 - CONFIDENCE) / 2.0
        result = []
        for index, line in enumerate(self.lines):
            of = evidence(line, index, rows, run.duration_s - run.cut_s, self._values(index))
            decision = decide(of, Levels(level, level))
            unseen = of.one_sided or of.never or of.endless
            if decision.verdict == "undecided" and of.nothing is None and not unseen:
                decision = _by_interval(of, decision)
            result.append((of, decision))
        return result

    def each_value(self, index: int) -> list[float]:
        """The figure of a line in each replication, in the unit that it is shown in."""
        scale = self.lines[index].inside.figure.scale
        return [scale * value for value, _ in self._values(index)]

    def _values(self, index: int) -> list[tuple[float, float]]:
        whole = [[self._rows[n] for n in numbers(self._design, one, PLAN_ESTIMATE)] for one in range(self.replications)]
        return each(self.lines[index], index, whole)


def _by_interval(of: Evidence, decision: Decision) -> Decision:
    """The verdict by the interval of the mean, as of a run: blocks say less, and nothing is decided."""
    figure, question = of.line.inside.figure, of.line.inside
    ends = mean_interval(of.values, low=0.0, high=figure.high)
    if ends is None:
        return decision
    return replace(decision, by="sequential test", verdict=compare(question.comparison, *ends, question.bound))


@dataclass
class Estimates:
    """What was estimated."""

    runs: Runs
    next_cheaper: Tried | None = None
    in_memory: Tried | None = None
    lines: list[tuple[Tried, list[FleetLine]]] = field(default_factory=list)
    """The answer first, then the next cheaper fleet."""
    paired: list[Pair] = field(default_factory=list)
    settings: list[Setting] = field(default_factory=list)

    def make(self, fleets: Sequence[Tried], answer: Tried | None, own: Tried | None) -> None:
        """Estimate the answer and what is shown beside it; fleets that are shown whatever they cost are tried."""
        possible = [one for one in fleets if one.option.needs and one.option.in_grid]
        self.in_memory = next((one for one in possible if one.option.everything_in_memory), None)
        shown = [one for one in dict.fromkeys((own, self.in_memory)) if one is not None and not one.is_settled]
        self._sides(shown)
        if answer is None:
            return
        cheaper = [one for one in possible if one.option.usd_per_month < answer.option.usd_per_month]
        self._beside(answer, cheaper[-1] if cheaper else None)
        self._under_settings(answer)

    @property
    def crosses(self) -> bool:
        """Whether the answer's estimate crosses a limit, or lies beyond it."""
        return bool(self.lines) and any(one.verdict != "pass" for one in self.lines[0][1])

    def _beside(self, answer: Tried, cheaper: Tried | None) -> None:
        shapes = [_as_decided(course) for course in answer.courses] or [(AS_WRITTEN, LEAST)] * len(answer.option.needs)
        samples = [
            (answer, self._sample(need, *shape)) for need, shape in zip(answer.option.needs, shapes, strict=True)
        ]
        self._simulate(samples)
        for _ in range(DOUBLED):
            self._double([(answer, sample) for _, sample in samples if sample.is_too_short])
        self.lines.append((answer, [line for _, sample in samples for line in sample.found()]))
        if cheaper is None:
            return
        index = _failed(cheaper)
        design, number = shapes[index]
        # What is far outside is shown, but runs of a fleet that cannot keep up take long.
        fewer = number if cheaper.stage in ("search", "decision") else OF_FAR
        beside = self._sample(cheaper.option.needs[index], design, fewer)
        cheaper.is_shown_alone = not cheaper.replications
        try:
            self._simulate([(cheaper, beside)])
        except TooLarge:
            return
        self.next_cheaper = cheaper
        self.lines.append((cheaper, beside.found()))
        self.paired = _pairs(samples[index][1], beside)

    def _sides(self, fleets: Sequence[Tried]) -> None:
        """Fleets that are shown whatever they cost: short runs, and whole ones of those that these do not turn down."""
        try_short(fleets, self.runs)
        fleets = [one for one in fleets if not one.is_settled]
        samples = [(one, self._sample(need, AS_WRITTEN, LEAST)) for one in fleets for need in one.option.needs]
        self._simulate(samples)
        for one in fleets:
            one.lines = [line for whose, sample in samples if whose is one for line in sample.found()]
            failed = [line for line in one.lines if line.verdict == "fail"]
            one.stage = "estimate"
            if failed:
                one.turn_down("estimate", words(failed))
            elif all(line.verdict == "pass" for line in one.lines):
                one.state = "inside"
            else:
                one.leave_open("estimate", f"{LEAST} replications leave it open")

    def _sample(self, need: Need, design: Design, replications: int) -> Sample:
        return Sample(need, self.runs.settled(need.scenario), design, replications)

    def _simulate(self, samples: Sequence[tuple[Tried, Sample]]) -> None:
        self.runs.fetch([piece for one, sample in samples for piece in sample.pieces(one, 0, 1)], _take)
        for _, sample in samples:
            sample.begin()
        rest = [piece for one, sample in samples for piece in sample.pieces(one, 1, sample.replications)]
        self.runs.fetch(rest, _take)

    def _double(self, samples: Sequence[tuple[Tried, Sample]]) -> None:
        """As many runs again."""
        pieces = []
        for one, sample in samples:
            number = sample.replications
            pieces += sample.pieces(one, number, 2 * number)
            sample.replications = 2 * number
        self.runs.fetch(pieces, _take)

    def _under_settings(self, answer: Tried) -> None:
        """The answer under every setting of what AWS does not publish."""
        base = self.runs.settled(answer.option.scenario)
        possible, _ = under_each(base)
        found: dict[int, list[RunData]] = {index: [] for index in range(len(possible))}
        verdicts: dict[int, Verdict] = dict.fromkeys(found, "undecided")

        def take(index: int, run: RunData, simulated: bool) -> None:
            answer.count(run, simulated)
            found[index].append(trusted(run))

        # The scenario's own setting is what was estimated.
        del found[0]
        verdicts[0] = overall([one.verdict for one in self.lines[0][1] if one.when is None])
        first = 0
        for last in OF_A_SETTING:
            numbers = range(PLAN_ESTIMATE + first, PLAN_ESTIMATE + last)
            pieces = [Piece(index, possible[index][1], number) for index in found for number in numbers]
            self.runs.fetch(pieces, take)
            verdicts |= {index: _verdict(possible[index][1], runs) for index, runs in found.items()}
            found = {index: runs for index, runs in found.items() if verdicts[index] == "undecided"}
            first = last
        as_given = Unknowns.of(base.endpoint)
        self.settings = [
            Setting(name=name_of(setting, as_given), verdict=verdicts[index])
            for index, (setting, _) in enumerate(possible)
        ]


def _failed(fleet: Tried) -> int:
    """Which of a fleet's needs turned it down, by its runs or by arithmetic; the scenario itself where neither says.

    Every fleet has the same ones.
    """
    failed, said = {line.when for line in fleet.lines if line.verdict == "fail"}, fleet.reason or ""

    def is_it(need: Need) -> bool:
        return need.when in failed if failed else need.when is not None and said.startswith(f"with {need.when}: ")

    return next((index for index, need in enumerate(fleet.option.needs) if is_it(need)), 0)


def _as_decided(course: Course) -> tuple[Design, int]:
    """The design of an estimate, and its replications: those of the decision."""
    if course.design is None:
        return AS_WRITTEN, LEAST
    return course.design, max(-(-LEAST // course.design.length), course.replications)


def _take(whom: tuple[Tried, Sample], run: RunData, simulated: bool) -> None:
    whom[1].take(run)
    whom[0].count(run, simulated)


def _verdict(scenario: Scenario, runs: Sequence[RunData]) -> Verdict:
    in_order = sorted(runs, key=lambda one: one.replication)
    entries: Sequence[Mapping[str, Any]] = judge(scenario, in_order, pool(in_order))
    return overall([entry["verdict"] for entry in entries])


def _pairs(answer: Sample, cheaper: Sample) -> list[Pair]:
    """The difference of each line, replication by replication on the same random numbers."""
    found = []
    if [line.expectation.text for line in answer.lines] != [line.expectation.text for line in cheaper.lines]:
        return []  # windows with few calls were joined in one, and not in the other
    for index, shown in enumerate(answer.found()):
        pairs = list(zip(answer.each_value(index), cheaper.each_value(index), strict=False))
        differences = [b - a for a, b in pairs if math.isfinite(a) and math.isfinite(b)]
        whole = bool(differences) and len(differences) == len(pairs)
        found.append(
            Pair(
                text=shown.text,
                when=shown.when,
                unit=shown.unit,
                difference=mean(differences) if whole else None,
                interval=mean_interval(differences) if whole else None,
            )
        )
    return found
