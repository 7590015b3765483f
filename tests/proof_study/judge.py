"""What a simulated fleet really does, against the line of its `expect` and against what was proved of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mmesim.results.expect.questions import questions
from mmesim.results.measured.run_data import RunData
from mmesim.scenario.scenario import Scenario


@dataclass(frozen=True)
class Truth:
    """Of a line: the share of bad calls in each replication, and the share that is allowed."""

    shares: tuple[float, ...]
    allowed: float

    @property
    def share(self) -> float:
        """On average."""
        return math.fsum(self.shares) / len(self.shares)

    @property
    def inside(self) -> bool:
        """Whether the line holds for the mean over replications."""
        return self.share <= self.allowed

    @property
    def twice(self) -> bool:
        """Whether more than twice as many calls are bad as may be."""
        return self.share > 2.0 * self.allowed


def truth(scenario: Scenario, runs: Sequence[RunData]) -> Truth:
    """What the first line of `expect` is decided on; of `max` any call beyond the limit counts as all of them."""
    line = scenario.expect[0]
    question = questions(line, scenario, runs)[0]
    # Without any such call none is bad.
    values = [0.0 if math.isnan(value := question.of(run)) else value for run in runs]
    if line.metric == "max":
        # Of some calls alone it is decided on the share of them that are over.
        limit = line.limit if question.of_successful else 0.0
        return Truth(tuple(float(value > limit) for value in values), 0.0)
    if line.metric == "cache_hit_ratio":
        return Truth(tuple(1.0 - value for value in values), 1.0 - question.bound)
    return Truth(tuple(values), question.bound)
