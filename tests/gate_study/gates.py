"""Gates that draw their replications from a pool, with replacement; what they decide is left to `experiment.gate`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mmesim.experiment.gate.course import Course
from mmesim.experiment.gate.design import FEW, MANY, wants_more
from mmesim.experiment.gate.lines import Line, Row
from mmesim.results.answers.sections import Verdict
from mmesim.scenario.scenario import Scenario

Counts = dict[Verdict, int]


@dataclass(frozen=True)
class Asked:
    """A line with the share that it allows, and how the gate is designed where that is not left to the pilot.

    `of_lines`: how many lines the scenario has, which share the chance of a wrong fail; `looks`: instead of the gate's.
    """

    scenario: Scenario
    line: Line
    of_lines: int = 1
    looks: Sequence[int] | None = None

    def allowing(self, share: float) -> Asked:
        """The same question with another allowed share, inside and beyond."""
        inside, beyond = replace(self.line.inside, bound=share), replace(self.line.beyond, bound=share)
        return replace(self, line=replace(self.line, inside=inside, beyond=beyond))


class Drawn(Course):
    """The course of a gate whose runs come from a pool: a replication is the mean of as many as its length."""

    def __init__(self, asked: Asked, pool: Sequence[Row], random: np.random.Generator) -> None:
        super().__init__(asked.scenario)
        self.lines = (asked.line,)
        self.decisions = [None]
        self._asked = asked
        self._pool = pool
        self._random = random

    def run(self) -> Verdict:
        """The verdict."""
        while self.wanted:
            picked = self._random.integers(len(self._pool), size=len(self.wanted))
            for wanted, index in zip(self.wanted, picked.tolist(), strict=True):
                self._rows[wanted.number] = self._pool[index]
            self.advance()
        (decision,) = self.decisions
        return "undecided" if decision is None else decision.verdict

    def advance(self) -> None:
        """As in any gate, but that lines need no runs here, and that runs of a pool cannot be joined."""
        if self.design is not None:
            super().advance()
            return
        if len(self._rows) == FEW and wants_more(self.lines, self._in_order(self._rows)):
            self._stage = self._pilot(range(FEW, MANY))
            return
        super().advance()
        self._replan()

    def _replan(self) -> None:
        """A design whose runs are not joined, with the looks that were asked for."""
        assert self.design is not None
        looks = self._asked.looks or self.design.looks
        alpha_fail = self.design.alpha_fail / self._asked.of_lines
        changed = {"joined": False, "looks": list(looks), "alpha_fail": alpha_fail}
        self.design = self.design.model_copy(update=changed)
        self._stage = self._up_to(0, looks[0])


@dataclass(frozen=True)
class Tally:
    """What a number of gates came to; replications and length are those of the gate on average."""

    counts: Counts
    replications: float
    length: float
    short: float
    """short replications, without the pilot's"""

    @property
    def gates(self) -> int:
        """How many gates."""
        return sum(self.counts.values())


def tally(asked: Asked, pool: Sequence[Row], gates: int, seed: Sequence[int]) -> Tally:
    """What that many gates come to."""
    random = np.random.default_rng(seed)
    counts: Counts = {"pass": 0, "fail": 0, "undecided": 0}
    replications = length = short = 0
    for _ in range(gates):
        course = Drawn(asked, pool, random)
        counts[course.run()] += 1
        assert course.design is not None
        replications += course.replications
        length += course.design.length
        short += course.replications * course.design.length
    return Tally(counts, replications / gates, length / gates, short / gates)
