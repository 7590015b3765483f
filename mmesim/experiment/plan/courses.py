"""Looks at fleets near their limits: those of the search, which turn down, and those of the decision."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from mmesim.experiment.gate.course import Course
from mmesim.experiment.gate.decide import Evidence, decide
from mmesim.experiment.gate.design import FEW, Terms
from mmesim.experiment.gate.outcome import shown_interval
from mmesim.experiment.numbers import PLAN_DECISION, PLAN_PILOT, PLAN_SEARCH
from mmesim.experiment.plan.levels import DECISION, LOOKS_INSIDE, PASS, POWER, SEARCH
from mmesim.experiment.plan.trials import OVERSTATES
from mmesim.experiment.plan.tried import Tried, lines_of, words
from mmesim.experiment.runs import Piece, Runs
from mmesim.results.answers.planned import Stage
from mmesim.results.measured.run_data import RunData
from mmesim.stats.means import mean


def _is_enough(tolerance: float, course: Course) -> bool:
    """Whether a course needs no more looks: a line fails, or all that are open are known to be near their limits."""
    if any(one is not None and one.verdict == "fail" for one in course.decisions):
        return True
    return all(
        one is not None or _is_near(course.evidence(index), tolerance, course)
        for index, one in enumerate(course.decisions)
    )


def _is_near(of: Evidence, tolerance: float, course: Course) -> bool:
    """Whether the whole interval of a line lies near its limit."""
    figure = of.line.inside.figure
    interval = shown_interval(of, decide(of, course.levels()))
    return interval is not None and all(near(of, end / figure.scale, tolerance) for end in interval)


def near(of: Evidence, value: float, share: float) -> bool:
    """Whether a value lies within this share of the limit; of a share, that of its bad side."""
    line, limit = of.line, of.line.inside.bound
    allowed = line.bad(limit) if line.is_share else abs(limit)
    return abs(value - limit) <= share * allowed * (1.0 + 1e-9)


def search(fleet: Tried, tolerance: float, runs: Runs) -> None:
    """Looks on the numbers of the search: a fleet is turned down, left open, or not settled, when it looks inside."""
    _begin(fleet, PLAN_SEARCH, LOOKS_INSIDE, POWER, SEARCH, tolerance, runs)
    _run(fleet, runs)
    _conclude(fleet, "search", tolerance)


def decide_on(fleet: Tried, tolerance: float, runs: Runs) -> None:
    """Looks on the numbers that decide: a fleet is inside, turned down, or open."""
    _begin(fleet, PLAN_DECISION, PASS, None, DECISION, tolerance, runs)
    _run(fleet, runs)
    _conclude(fleet, "decision", tolerance)


def _begin(
    fleet: Tried,
    first: int,
    alpha_pass: float,
    power_pass: float | None,
    alpha_fail: float,
    tolerance: float,
    runs: Runs,
) -> None:
    """The courses of a fleet: one for each need, all of which share the chance of a wrong fail."""
    terms = Terms(
        pilot=PLAN_PILOT,
        first=first,
        alpha_pass=alpha_pass,
        alpha_fail=alpha_fail / len(fleet.option.needs),
        tolerance=0.0,
        power_pass=power_pass,
        power_fail=POWER,
        pilots=fleet.needs_pilot,
        most=FEW,
    )
    each = [replace(terms, lines=need.lines) for need in fleet.option.needs]
    before, enough = fleet.courses, partial(_is_enough, tolerance)
    if before and all(course.replications for course in before):
        fleet.courses = [Course.following(course, its, enough) for course, its in zip(before, each, strict=True)]
    else:
        pairs = zip(fleet.option.needs, each, strict=True)
        fleet.courses = [Course(runs.settled(need.scenario), its, enough) for need, its in pairs]


def _run(fleet: Tried, runs: Runs) -> None:
    """Stage after stage of all its courses, until none needs more, or one has failed."""
    active = [course for course in fleet.courses if course.wanted]
    while active and not _failed(fleet):
        pieces = [
            Piece((fleet, course), wanted.scenario, wanted.number) for course in active for wanted in course.wanted
        ]
        runs.fetch(pieces, _take)
        for course in active:
            course.advance()
        active = [course for course in active if course.wanted]


def _take(whom: tuple[Tried, Course], run: RunData, simulated: bool) -> None:
    fleet, course = whom
    course.take(run)
    fleet.count(run, simulated)


def _failed(fleet: Tried) -> bool:
    return any(one is not None and one.verdict == "fail" for course in fleet.courses for one in course.decisions)


def _conclude(fleet: Tried, stage: Stage, tolerance: float) -> None:
    """What the courses of a fleet have come to."""
    pairs = zip(fleet.option.needs, fleet.courses, strict=True)
    looked = [(need, course) for need, course in pairs if course.replications]
    fleet.lines = [line for need, course in looked for line in lines_of(course, need.when)]
    fleet.stage = stage
    for need, course in looked:
        failed = [line for line in lines_of(course, need.when) if line.verdict == "fail"]
        state = course.steadiness if need.recovery is None else None
        if failed and state is not None and state.verdict in OVERSTATES:
            why = f"but its runs are not steady, so that proves nothing: {state.evidence}"
            fleet.leave_open(stage, f"{words(failed)}; {why}")
            return
        if failed:
            fleet.turn_down(stage, words(failed))
            return
    open_ = [
        course.evidence(index)
        for _, course in looked
        for index, one in enumerate(course.decisions)
        if one is None or one.verdict == "undecided"
    ]
    if not open_:
        if stage == "decision":
            fleet.state, fleet.reason = "inside", None
        return
    is_tie = all(of.nothing is None and not of.endless and near(of, mean(of.values), tolerance) for of in open_)
    if stage == "search" and not is_tie and all(_looks_inside(of) for of in open_):
        return
    texts = "; ".join(dict.fromkeys(of.line.expectation.text for of in open_))
    many = max(course.replications for _, course in looked)
    why = "too near to tell" if is_tie else f"{many} replications leave it open"
    fleet.leave_open(stage, f"{texts}: {why}", is_tie)


def _looks_inside(of: Evidence) -> bool:
    if of.nothing is not None or of.endless:
        return False
    return of.line.sign * mean(of.values) < of.line.sign * of.line.inside.bound
