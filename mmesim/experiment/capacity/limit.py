"""Which amounts fit and which do not, each decided by the looks of a gate.

At most twelve amounts are tried, each with a twelfth of the error of a gate, so that with 95 % no verdict at all is
wrong (Bonferroni): the largest amount that passes is inside, the smallest that fails is not. Nothing that chose an
amount decides it. What lies between is inside or open; that nothing above the smallest fail fits, and all below the
largest pass does, is taken for granted, and said.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from mmesim.errors import UserError
from mmesim.experiment.capacity.amounts import STEP, Amounts
from mmesim.experiment.capacity.curve import Short
from mmesim.experiment.gate.course import Course
from mmesim.experiment.gate.design import ALPHA, Terms
from mmesim.experiment.gate.outcome import gated_lines
from mmesim.experiment.numbers import CAPACITY_DECISION, CAPACITY_PILOT
from mmesim.experiment.runs import Piece, Runs
from mmesim.results.answers.gated import GatedLine
from mmesim.results.answers.sections import WORST_FIRST, Verdict
from mmesim.results.comparison.baseline import Series
from mmesim.results.measured.run_data import RunData

MOST_TRIED = 12
"""Amounts that are decided at most: half of them on each side of where the limit seems to be."""
TERMS = Terms(
    pilot=CAPACITY_PILOT,
    first=CAPACITY_DECISION,
    alpha_pass=ALPHA / MOST_TRIED,
    alpha_fail=ALPHA / MOST_TRIED,
)


@dataclass(frozen=True)
class Decided:
    """An amount that was decided, or is open after the last look."""

    amount: float
    verdict: Verdict
    lines: tuple[GatedLine, ...]
    figures: dict[str, Series]
    replications: int
    calls_per_s: float
    requests: int


@dataclass
class Limit:
    """The amounts that were decided so far."""

    amounts: Amounts
    runs: Runs
    found: dict[float, Decided] = field(default_factory=dict)

    @property
    def largest(self) -> float | None:
        """The largest amount that passes below every one that fails."""
        failing = self.smallest_failing
        passing = [one.amount for one in self.found.values() if one.verdict == "pass"]
        return max((amount for amount in passing if failing is None or amount < failing), default=None)

    @property
    def smallest_failing(self) -> float | None:
        """The smallest amount that fails."""
        return min((one.amount for one in self.found.values() if one.verdict == "fail"), default=None)

    @property
    def monotone(self) -> bool:
        """Whether no amount passes that is larger than one that fails."""
        failing = self.smallest_failing
        return failing is None or all(one.amount < failing for one in self.found.values() if one.verdict == "pass")

    def search(self, low: Short | None, high: Short | None) -> None:
        """Decide amounts around where the limit seems to be, ever farther from it, until each side has its verdict."""
        if low is None:
            self._outwards(self.amounts.least, -1.0, clear=True)
        else:
            self._outwards(low.amount, -1.0, clear=low.is_clear or high is None)
        if high is not None and self.smallest_failing is None:
            self._outwards(high.amount, 1.0, clear=high.is_clear)

    def _outwards(self, start: float, sign: float, clear: bool) -> None:
        """From a start, or a step away from it, to smaller amounts until one passes, to larger ones until one fails."""
        wanted: Verdict = "pass" if sign < 0.0 else "fail"
        amount = start if clear else self.amounts.away(start, sign * STEP)
        share = STEP / 2.0 if clear else STEP
        for _ in range(MOST_TRIED // 2):
            try:
                verdict = self._decide(amount)
            except UserError:
                return  # the scenario cannot be scaled so far
            if verdict == wanted:
                return
            while True:
                share *= 2.0
                following = self.amounts.away(start, sign * min(share, 0.999))
                if following != amount or share > 1e6:
                    break
            if following == amount:
                return
            amount = following

    def _decide(self, amount: float) -> Verdict:
        if amount not in self.found:
            scenario = self.runs.settled(self.amounts.at(amount))
            course = Course(scenario, TERMS, enough=_one_fails)
            requests, seconds = 0, 0.0

            def take(measured_s: float, run: RunData, simulated: bool) -> None:
                nonlocal requests, seconds
                requests += run.calls
                seconds += measured_s
                course.take(run)

            while course.wanted:
                wanted = [(one.scenario.run.duration_s - one.scenario.run.cut_s, one) for one in course.wanted]
                self.runs.fetch([Piece(each_s, one.scenario, one.number) for each_s, one in wanted], take)
                course.advance()
            found = tuple(gated_lines(course))
            verdict = min((line.verdict for line in found), key=WORST_FIRST.index)
            self.found[amount] = Decided(
                amount, verdict, found, course.figures(), course.replications, requests / seconds, requests
            )
        return self.found[amount].verdict


def _one_fails(course: Course) -> bool:
    """Whether a line fails, so that the amount does not fit whatever the others do."""
    return any(one is not None and one.verdict == "fail" for one in course.decisions)
