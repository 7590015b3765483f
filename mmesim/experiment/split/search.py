"""Looks for the cheapest fleet that keeps its lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mmesim import units
from mmesim.experiment import numbers
from mmesim.experiment.split import lines
from mmesim.experiment.split.fleets import Fleet, Priced
from mmesim.experiment.split.runs import Simulations
from mmesim.results.answers.sections import Verdict
from mmesim.results.answers.split import SplitLine
from mmesim.results.result import Result

MOST_TRIED = 8
"""Fleets of one option for some models that are simulated, the cheapest first."""


@dataclass(frozen=True)
class Judged:
    """A fleet, and what was found of its lines; no `result` where arithmetic alone turns it down."""

    fleet: Fleet
    verdict: Verdict
    lines: tuple[SplitLine, ...] = ()
    result: Result | None = None
    reason: str | None = None

    def does(self, surely: bool) -> bool:
        """Whether it keeps every line; unless `surely`, the calls of the others may make up for what is open of it."""
        if surely or self.reason is not None:
            return self.verdict == "pass"
        pairs = zip(self.lines, self.fleet.scenario.expect, strict=True)
        return all(lines.may_pass(line, e) for line, e in pairs)

    @property
    def said(self) -> str:
        """What it does not keep, in words: the lines that it misses, where it misses none those that stay open."""
        if self.reason is not None:
            return self.reason
        return ", ".join(one.text for one in self.lines if one.verdict == self.verdict)


def judge(fleet: Fleet, runs: Simulations, first: int = numbers.SPLIT) -> Judged:
    """Whether a fleet keeps its lines: by arithmetic where that is enough, else by simulation."""
    reason = fleet.proved_too_small
    if reason is not None:
        return Judged(fleet, "fail", reason=reason)
    result = runs.result(fleet.scenario, first)
    found = tuple(lines.found(result))
    if fleet.kind not in ("rest", "second_mme") and any(run.misses for run in result.runs):
        return Judged(fleet, "fail", found, result, "memory: not all models fit where they have to be")
    return Judged(fleet, lines.worst([one.verdict for one in found]), found, result)


def fewest(
    make: Callable[[int], Fleet], most: int, runs: Simulations, *, surely: bool = False
) -> tuple[Judged | None, Judged | None]:
    """The fewest instances that may do, counted down from a number, and the next fewer, which do not.

    The first is None when not even that number does. `surely`: those that keep every line themselves.
    """
    kept: Judged | None = None
    for count in range(most, 0, -1):
        found = judge(make(count), runs)
        if not found.does(surely):
            return kept, found
        kept = found
    return kept, None


def left_for(budget_usd: float) -> str:
    """What may be spent on new endpoints, a month, in words: what one endpoint costs, without what the rest does."""
    return f"the {units.show_dollars(max(0.0, budget_usd))} a month left for it"


def cheapest(
    fleets: Sequence[Priced],
    make: Callable[[str | None, int], Fleet | None],
    runs: Simulations,
    *,
    budget_usd: float,
    surely: bool = False,
) -> tuple[Judged | None, str]:
    """The first of some fleets, given in order of price, that may do; else why none does.

    `budget_usd`: what all of them cost less than, a month, for the words. A fleet that arithmetic turns down costs
    nothing; of the others at most `MOST_TRIED` are simulated.
    """
    simulated, why, too_small = 0, "", f"no fleet costs less than {left_for(budget_usd)}"
    for _, type_, count in fleets:
        fleet = make(type_, count)
        if fleet is None:
            continue
        if simulated == MOST_TRIED:
            return None, f"{why}; no more than {MOST_TRIED} fleets are tried"
        found = judge(fleet, runs)
        if found.does(surely):
            return found, ""
        what = f"{count} x {type_}" if type_ is not None else f"{count} of these hosts"
        if found.result is None:
            too_small = f"no fleet that costs less than {left_for(budget_usd)} is large enough ({found.said})"
        else:
            simulated += 1
            why = f"{what} {'leaves open' if found.verdict == 'undecided' else 'misses'} {found.said}"
    return None, why or too_small
