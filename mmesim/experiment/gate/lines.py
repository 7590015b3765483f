"""The lines of a gate: every expectation, each window of `in every` by itself, and what is kept of a run for each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mmesim.experiment.gate.baseline.kept import Kept, seen
from mmesim.experiment.gate.blocks import block_s
from mmesim.experiment.gate.tolerance import KNOWN, TOLERANCE, moved
from mmesim.results.answers.gated import Bound
from mmesim.results.expect.questions import Question, questions
from mmesim.results.measured.run_data import RunData
from mmesim.scenario.run.expect import Expectation
from mmesim.scenario.run.expected import COUNTS
from mmesim.scenario.scenario import Scenario


@dataclass(frozen=True)
class Line:
    """One line: what decides a pass, `inside` of the limit, and what a fail, `beyond` limit and tolerance."""

    expectation: Expectation
    inside: Question
    beyond: Question

    @property
    def bound(self) -> Bound:
        """What decides it, as far as that does not depend on what is seen."""
        if self.expectation.metric in KNOWN:
            return "as it is"
        if self.inside.largest is not None or self.at_the_end:
            return "worst replication"
        return "sequential test"

    @property
    def at_the_end(self) -> bool:
        """Whether the limit is the end of the possible range: one that is seen is too many, and none proves nothing."""
        end = 0.0 if self.inside.comparison in ("<", "<=") else self.inside.figure.high
        return self.inside.bound == end

    @property
    def sign(self) -> float:
        """1 when the figure has to stay below, -1 when above: times a value it is the larger, the worse."""
        return 1.0 if self.inside.comparison in ("<", "<=") else -1.0

    @property
    def is_share(self) -> bool:
        """Whether it is bounded by blocks where nearly nothing, or nearly all, is bad."""
        return self.inside.figure.kind == "share"

    @property
    def is_count(self) -> bool:
        """Whether it is the rate of what is counted, which must stay below a limit."""
        return self.expectation.metric in COUNTS and self.sign > 0

    @property
    def is_timed(self) -> bool:
        """Whether it asks for a time of the run."""
        return is_timed(self.expectation)

    @property
    def is_of_a_run(self) -> bool:
        """Whether a run that is longer has another figure."""
        return is_of_a_run(self.expectation)

    def together(self, values: Sequence[float]) -> float:
        """The value of a replication that consists of several runs; nan when one of them has none."""
        if self.bound != "worst replication" or any(math.isnan(value) for value in values):
            return sum(values) / len(values)
        return max(values) if self.sign > 0 else min(values)

    def bad(self, share: float) -> float:
        """The bad side of a share."""
        return share if self.sign > 0 else 1.0 - share


def is_timed(e: Expectation) -> bool:
    """Whether an expectation asks for a time of the run."""
    return e.calls.between_s is not None or e.calls.every_s is not None or e.event is not None


def is_of_a_run(e: Expectation) -> bool:
    """Whether a run that is longer has another figure: a model's share of cold calls is less random there."""
    return e.metric.startswith("tenants.") or e.metric == "workers.busiest"


class Seen(NamedTuple):
    """What one run says about a line; counts are of blocks at most, where one that is counted makes a block dirty."""

    value: float
    """Of the figure that decides a pass; nan where there is none, infinite where it is beyond every limit."""
    beyond: float
    """Of the figure that decides a fail."""
    dirty: int
    """How many of what must be rare were counted; of a share that is not a count, 1 if there was any."""
    clean: int
    """How many of the others, beyond the tolerance."""


@dataclass(frozen=True)
class Row:
    """What is kept of a run: for each line what was seen, how long a block is, and the figures of a baseline."""

    seen: tuple[Seen, ...]
    block_s: float
    figures: dict[str, float]
    cold_block_s: float = 0.0
    """Of a line about cold calls, which may all come in a part of the time."""


def lines(
    scenario: Scenario,
    watching: Scenario,
    pilot: Sequence[RunData],
    tolerance: float = TOLERANCE,
    asked_for: Sequence[Expectation] | None = None,
) -> tuple[Line, ...]:
    """The lines of a scenario; `watching` is the same with the limits that tolerance needs, as it was simulated.

    Windows with too few calls in the pilot are joined, once and for all. `asked_for`: which lines, where not all.
    """
    found = []
    for e in scenario.expect if asked_for is None else asked_for:
        asked = scenario if e.calls.is_all and e.event is None else watching
        pairs = zip(questions(e, asked, pilot), questions(moved(e, tolerance), asked, pilot), strict=True)
        found += [Line(e, inside, beyond) for inside, beyond in pairs]
    return tuple(found)


def row(of: Sequence[Line], kept: Sequence[Kept], scenario: Scenario, run: RunData) -> Row:
    """What a run says."""
    each = tuple(_seen(line, run) for line in of)
    return Row(each, block_s(scenario, run), seen(kept, run), block_s(scenario, run, cold=True))


def longest_block_s(line: Line, rows: Sequence[Row]) -> float:
    """How long a block of a line is, by the runs that there are."""
    of_cold = line.expectation.calls.state == "cold"
    return max(one.cold_block_s if of_cold else one.block_s for one in rows)


def _seen(line: Line, run: RunData) -> Seen:
    value, beyond = line.inside.of(run), line.beyond.of(run)
    if not line.is_share or math.isnan(value):
        return Seen(value, beyond, 0, 0)
    trials = line.inside.figure.trials
    if trials is None:
        return Seen(value, beyond, int(line.bad(value) > 0.0), int(line.bad(beyond) < 1.0))
    counted = trials(run)
    return Seen(value, beyond, round(line.bad(value) * counted), counted - round(line.bad(beyond) * counted))


def span_s(line: Line, run_s: float) -> float:
    """How long the part of a run is that a line is about, where `run_s` are measured."""
    window = line.inside.window
    return window.end_s - window.start_s if window is not None and line.is_timed else run_s
