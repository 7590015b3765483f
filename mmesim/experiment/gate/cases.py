"""A file on its way through the gate, and what the gate found of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from mmesim.results.gated import Design, GatedLine
from mmesim.results.sections import WORST_FIRST, Verdict
from mmesim.scenario.scenario import Scenario

Watch = Callable[[int, int, int], None]
"""Gets the numbers of runs that were simulated so far, that were found in the store, and of all that are known of."""


class Verdicts(BaseModel):
    """What the gate found of a scenario by its content: what the store keeps of it."""

    design: Design
    lines: list[GatedLine]
    replications: int
    figures: dict[str, list[float]]
    """of each replication: seconds, shares and rates"""


@dataclass
class Case:
    """A file of the gate: its scenario, or why there is none; later its verdicts."""

    file: Path
    name: str
    scenario: Scenario | None = None
    key: bytes = b""
    error: str | None = None
    verdicts: Verdicts | None = None
    simulated: int = 0
    binding_constraint: dict[str, Any] | None = None
    one_more_instance: list[GatedLine] | None = None
    robustness: dict[str, Any] | None = None

    @property
    def verdict(self) -> Verdict:
        """Fail beats undecided beats pass; what could not be judged fails."""
        verdicts = [] if self.verdicts is None else [line.verdict for line in self.verdicts.lines]
        return min(verdicts, key=WORST_FIRST.index, default="fail")
