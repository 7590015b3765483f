"""Short runs at several amounts, all with the same random numbers: what the endpoint does, and where to look closely.

They decide nothing: what is said of a limit comes from runs with other numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mmesim.errors import UserError
from mmesim.experiment.capacity.amounts import Amounts
from mmesim.experiment.capacity.direction import mended
from mmesim.experiment.gate.course import trusted
from mmesim.experiment.gate.lines import Line, lines
from mmesim.experiment.numbers import CAPACITY
from mmesim.experiment.runs import Piece, Runs
from mmesim.results.answers.sections import Verdict
from mmesim.results.expect.expect import compare
from mmesim.results.figures.figures import FORMULAS
from mmesim.results.measured.run_data import RunData
from mmesim.stats.means import mean, mean_interval

RUNS = 10
"""Short replications at each amount."""
LOOK_ABOVE = (2.0, 4.0, 8.0)
"""Times the amount at the start: whether more of it is no harder, where nothing less holds."""


@dataclass(frozen=True)
class Short:
    """What the short runs at one amount showed; one value for each replication, nan where there is none."""

    amount: float
    lines: tuple[Line, ...]
    values: tuple[tuple[float, ...], ...]
    """[lines][replications]"""
    misses: tuple[float, ...]
    """Share of the calls that found no copy in memory."""
    calls_per_s: float
    requests: int

    @property
    def inside(self) -> bool:
        """Whether every line seems to hold; one that no call has anything to do with does."""
        return all(
            _verdict(line, values, exact=True) == "pass" for line, values in zip(self.lines, self.values, strict=True)
        )

    @property
    def failing(self) -> list[str]:
        """The lines that seem not to hold, as written; of several windows once."""
        each = zip(self.lines, self.values, strict=True)
        found = [line.expectation.text for line, values in each if _verdict(line, values, exact=True) != "pass"]
        return list(dict.fromkeys(found))

    @property
    def is_clear(self) -> bool:
        """Whether that is so by the intervals, too, so that it needs no distance from the limit to be decided."""
        each = {_verdict(line, values, exact=False) for line, values in zip(self.lines, self.values, strict=True)}
        return each == {"pass"} if self.inside else "fail" in each


def _verdict(line: Line, values: Sequence[float], exact: bool) -> Verdict:
    """Of the value of all replications together, or of its interval where it has one."""
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return "pass"
    together = line.together(known)
    low = high = together
    if not exact and line.bound == "sequential test" and math.isfinite(together):
        low, high = mean_interval(known) or (low, high)
    return compare(line.inside.comparison, low, high, line.inside.bound)


class Curve:
    """The amounts that were tried so far, each once."""

    def __init__(self, amounts: Amounts, runs: Runs) -> None:
        self.amounts = amounts
        self.stopped: str | None = None
        """Why no larger, or smaller, amount can be simulated, where the scenario itself says so."""
        self._runs = runs
        self._found: dict[float, Short] = {}

    @property
    def points(self) -> list[Short]:
        """In order of amount."""
        return [self._found[amount] for amount in sorted(self._found)]

    @property
    def seen(self) -> tuple[float | None, float | None]:
        """The largest amount that seems to be inside below the smallest that does not, and the latter, so far."""
        high = min((one.amount for one in self.points if not one.inside), default=None)
        inside = [one.amount for one in self.points if one.inside and (high is None or one.amount < high)]
        return max(inside, default=None), high

    @property
    def monotone(self) -> bool:
        """Whether no amount seems to be inside that is larger than one that clearly fails."""
        failing = [one.amount for one in self.points if not one.inside and one.is_clear]
        return all(one.amount < min(failing, default=math.inf) for one in self.points if one.inside)

    def at(self, amount: float) -> Short | None:
        """What was found there; None where the scenario cannot be scaled so far."""
        if amount not in self._found:
            try:
                scenario = self.amounts.at(amount)
            except UserError as error:
                self.stopped = str(error)
                return None
            settled = self._runs.settled(scenario)
            each: dict[int, RunData] = {}

            def take(number: int, run: RunData, simulated: bool) -> None:
                each[number] = trusted(run)

            self._runs.fetch([Piece(number, settled, CAPACITY + number) for number in range(RUNS)], take)
            runs = [each[number] for number in sorted(each)]
            of = lines(settled, settled, runs, 0.0) if settled.expect else ()
            measured_s = settled.run.duration_s - settled.run.cut_s
            self._found[amount] = Short(
                amount,
                of,
                tuple(tuple(line.inside.of(run) for run in runs) for line in of),
                tuple(1.0 - FORMULAS["cache_hit_ratio"].of(run) for run in runs),
                mean([run.calls / measured_s for run in runs]),
                sum(run.calls for run in runs),
            )
        return self._found[amount]

    def bracket(self) -> tuple[Short | None, Short | None]:
        """The largest amount at which every line seems to hold, and the smallest at which one does not.

        By doubling or halving from the present amount, then by bisection. None: there is none up to the end. UserError
        where nothing less holds, but more does.
        """
        amounts = self.amounts
        last = self.at(amounts.start)
        assert last is not None  # it is the scenario itself, or was asked for
        up = last.inside
        following: Short | None = last
        while following is not None and following.inside == up:
            last = following
            moved = amounts.rounded(last.amount * (2.0 if up else 0.5))
            following = None if moved == last.amount else self.at(moved)  # an end of the range does not move
        if following is None:
            if not up:
                self._refuse_mended()
            return (last, None) if up else (None, last)
        low, high = (last, following) if up else (following, last)
        while amounts.apart(low.amount, high.amount):
            middle = self.at(amounts.between(low.amount, high.amount))
            if middle is None:
                break
            low, high = (middle, high) if middle.inside else (low, middle)
        return low, high

    def _refuse_mended(self) -> None:
        """UserError where the lines clearly fail at the start and clearly hold with more, as by first loads."""
        amounts, first = self.amounts, self._found[self.amounts.start]
        if not first.is_clear:
            return
        for factor in LOOK_ABOVE:
            amount = amounts.rounded(factor * amounts.start)
            more = self.at(amount)
            if more is None or amount < factor * amounts.start:
                return  # the end of what can be tried
            if more.inside and more.is_clear:
                raise UserError(mended(amounts.scenario, amounts.of, first.failing, amounts.start, amount))
