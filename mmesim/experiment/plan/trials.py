"""Short runs of several fleets, side by side: who is far outside, who clearly inside, and who near its limits.

Ten runs each; ten more of a fleet that looks far outside, where ten do not prove it, since they are skewed by chance.
In a draw of uncertain inputs there are fewer where the first few tell: most calls are bad, which proves that the fleet
is far outside, or they lie so near to each other, against their distance from each limit, that ten would say the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from mmesim.experiment.gate.course import trusted
from mmesim.experiment.gate.decide import Evidence, Levels, decide
from mmesim.experiment.gate.design import SKEWED, is_unseen, skewness
from mmesim.experiment.gate.evidence import each, evidence
from mmesim.experiment.gate.lines import Line, row
from mmesim.experiment.numbers import PLAN_SHORT
from mmesim.experiment.plan import short
from mmesim.experiment.plan.levels import CLEAR, HOPELESS, SHORT, SHORT_BOUNDED
from mmesim.experiment.plan.needs import Need
from mmesim.experiment.plan.tried import Tried, line_of, words
from mmesim.experiment.runs import Piece, Runs
from mmesim.results.answers.planned import FleetLine
from mmesim.results.binding.binding import binding
from mmesim.results.figures.latency import pool
from mmesim.results.measured.run_data import RunData
from mmesim.results.summary.steady import steady_state
from mmesim.scenario.scenario import Scenario
from mmesim.stats.looks import nearly_alike, p_mean_above
from mmesim.stats.means import mean

Place = Literal["outside", "inside", "near"]
"""Where short runs see a fleet: far outside, clearly inside, or neither."""

LOOKS = 2
"""How often the short runs of a fleet are looked at, at most."""

OVERSTATES = ("warming up", "too short")
"""Runs that are not steady in this way show more than there is in the long run: they turn nothing down."""


@dataclass
class _Part:
    """The short runs of one need."""

    need: Need
    scenario: Scenario
    window_s: float | None
    runs: dict[int, RunData] = field(default_factory=dict)

    @property
    def in_order(self) -> list[RunData]:
        return [self.runs[number] for number in sorted(self.runs)]


@dataclass(eq=False)
class _Trial:
    tried: Tried
    parts: list[_Part]
    looks_far: bool = False
    """Whether the estimate of a line lies beyond twice what is allowed."""
    is_skewed: bool = False
    """Whether a line that is not clear is skewed, or was not seen, or asks for a time of the run."""
    is_plainly_inside: bool = False
    """Whether its runs differ by far less than they are inside of each limit."""


def try_short(
    fleets: Sequence[Tried], runs: Runs, first: int = PLAN_SHORT, told_after: Sequence[int] = ()
) -> list[Place]:
    """Simulate short runs of these fleets, side by side, from a number on; what is far outside is turned down.

    After so many runs as in `told_after`, what is proved to be far outside gets no more, nor, after the last of them,
    what is plainly inside.
    """
    trials = [_Trial(one, [_part(need, runs) for need in one.option.needs]) for one in fleets]
    left, done = trials, 0
    for number in told_after:
        _simulate(left, range(first + done, first + number), runs)
        level = HOPELESS / len(told_after)
        left, done = [trial for trial in left if _judge(trial, level) != "outside"], number
    plain = [trial for trial in left if done and trial.is_plainly_inside]
    left = [trial for trial in left if trial not in plain]
    _simulate(left, range(first + done, first + short.NUMBER), runs)
    places: dict[int, Place] = {id(trial): "inside" for trial in plain}
    places |= {id(trial): _judge(trial) for trial in left}
    again = [trial for trial in left if places[id(trial)] == "near" and trial.looks_far]
    _simulate(again, range(first + short.NUMBER, first + 2 * short.NUMBER), runs)
    places |= {id(trial): _judge(trial) for trial in again}
    return [places.get(id(trial), "outside") for trial in trials]


def _simulate(trials: Sequence[_Trial], numbers: range, runs: Runs) -> None:
    pieces = [
        Piece((trial, part), part.scenario, number, name, part.window_s)
        for trial in trials
        for part in trial.parts
        for name in [short.named(part.scenario)]
        for number in numbers
    ]
    runs.fetch(pieces, _take)


def _part(need: Need, runs: Runs) -> _Part:
    found = short.shortened(need.scenario)
    if found is need.scenario:
        return _Part(need, runs.settled(found), None)
    return _Part(need, found, found.run.cut_s)


def _take(whom: tuple[_Trial, _Part], run: RunData, simulated: bool) -> None:
    trial, part = whom
    part.runs[run.replication] = trusted(run)
    trial.tried.count(run, simulated)


def _judge(trial: _Trial, whatever: float = SHORT_BOUNDED / LOOKS) -> Place:
    """What the short runs of a fleet show; each need is judged by itself, all share the error.

    `whatever`: the level of Hoeffding's bound, which holds whatever the distribution is, and however few the runs are.
    """
    trial.looks_far = trial.is_skewed = False
    trial.is_plainly_inside = True
    asked = [short.lines(part.need.lines, part.scenario, part.in_order) for part in trial.parts]
    lines = sum(map(len, asked))
    levels, bounded = Levels(CLEAR, SHORT / (LOOKS * lines)), whatever / lines
    found = [_lines(trial, part, of, levels, bounded) for part, of in zip(trial.parts, asked, strict=True)]
    tried = trial.tried
    tried.needs_pilot = trial.is_skewed
    tried.lines, tried.stage = [one for part in found for one in part], "short runs"
    for part, its in zip(trial.parts, found, strict=True):
        failed = [one for one in its if one.verdict == "fail"]
        if failed and not _overstates(part):
            tried.turn_down("short runs", words(failed), _binds(part))
            return "outside"
    near = next((part for part, its in zip(trial.parts, found, strict=True) if not _all_pass(its)), None)
    if near is None:
        return "inside"
    tried.binds = _binds(near)  # what it lacks, should it be turned down
    return "near"


def _overstates(part: _Part) -> bool:
    """Whether a need that asks for a steady run has one that shows more than there is in the long run."""
    return part.need.recovery is None and steady_state(part.scenario, part.in_order).verdict in OVERSTATES


def _all_pass(of: Sequence[FleetLine]) -> bool:
    return all(one.verdict == "pass" for one in of)


def _lines(trial: _Trial, part: _Part, of: Sequence[Line], levels: Levels, bounded: float) -> list[FleetLine]:
    runs, run = part.in_order, part.scenario.run
    rows = [row(of, (), part.scenario, one) for one in runs]
    found = []
    for index, line in enumerate(of):
        values = each(line, index, [[one] for one in rows])
        seen = evidence(line, index, rows, run.duration_s - run.cut_s, values)
        if seen.beyond and seen.nothing is None and not seen.endless:
            trial.looks_far |= line.sign * mean(seen.beyond) > line.sign * line.beyond.bound
        trial.is_plainly_inside &= _is_plain(seen)
        decision = decide(seen, levels)
        if decision.verdict == "undecided" and _is_far(seen, bounded):
            decision = replace(decision, verdict="fail")
        its = [one.seen[index] for one in rows]
        skewed = skewness(line, its) > SKEWED or is_unseen(line, its)
        is_window = line.is_timed and part.need.recovery is None
        trial.is_skewed |= is_window or (skewed and decision.verdict == "undecided")
        found.append(line_of(seen, decision, part.need.when, short.exact(line, runs)))
    return found


def _is_plain(of: Evidence) -> bool:
    """Whether all values of a line lie inside its limit, and differ by far less than they do from it."""
    if of.nothing is not None or of.endless or of.line.bound != "sequential test":
        return False
    limit, sign = of.line.inside.bound, of.line.sign
    return sign * max(of.values, key=lambda one: sign * one) < sign * limit and nearly_alike(of.values, limit)


def _is_far(of: Evidence, level: float) -> bool:
    """Whether a share lies beyond its bound whatever its distribution: where nearly all is bad its mean is skewed."""
    if not of.line.is_share or of.nothing is not None or of.line.bound != "sequential test":
        return False
    bad = [of.line.bad(value) for value in of.beyond]
    return p_mean_above(bad, of.line.bad(of.line.beyond.bound)) <= level


def _binds(part: _Part) -> str | None:
    """What most of the tail waits for; of runs with other edges than the first one nothing is known together.

    A fault or a deploy that binds is nothing that a fleet lacks.
    """
    alike = [run for run in part.in_order if run.limits_s.tolist() == part.in_order[0].limits_s.tolist()]
    found, _ = binding(part.scenario, alike, pool(alike))
    return None if found is None or found.id == "event" else found.id
