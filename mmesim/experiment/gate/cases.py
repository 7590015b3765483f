"""A file on its way through the gate, and what the gate found of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from mmesim.results.answers.gated import Design, GatedLine
from mmesim.results.answers.sections import WORST_FIRST, Verdict
from mmesim.results.comparison.baseline import Baseline, Series
from mmesim.scenario.scenario import Scenario

RUNS = 180
"""Runs of a scenario whose replications are short: at most 100 of the pilot, and 80 of the gate."""

Watch = Callable[[int, int, int, int], None]
"""Gets the numbers of runs that were simulated so far, that were found in the store, and of all that are known of."""


class Verdicts(BaseModel):
    """What the gate found of a scenario by its content: what the store keeps of it."""

    design: Design
    lines: list[GatedLine]
    replications: int
    figures: dict[str, Series]
    """of each replication"""


@dataclass
class Case:
    """A file of the gate: its scenario, or why there is none, and its baseline; later what was found."""

    file: Path
    name: str
    scenario: Scenario | None = None
    key: bytes = b""
    error: str | None = None
    verdicts: Verdicts | None = None
    baseline: Baseline | None = None
    compared: dict[str, Series] | None = None
    """The figures to compare with those of the baseline."""
    simulated: int = 0
    binding_constraint: dict[str, Any] | None = None
    one_more_instance: list[GatedLine] | None = None
    robustness: dict[str, Any] | None = None

    @property
    def is_done(self) -> bool:
        """Whether nothing more has to be known, or can be."""
        compared = self.baseline is None or self.compared is not None
        return self.error is not None or (self.verdicts is not None and compared)

    @property
    def verdict(self) -> Verdict:
        """Fail beats undecided beats pass; what could not be judged fails."""
        verdicts = [] if self.verdicts is None else [line.verdict for line in self.verdicts.lines]
        return min(verdicts, key=WORST_FIRST.index, default="fail")
