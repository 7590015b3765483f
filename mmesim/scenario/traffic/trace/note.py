"""What is to be known of a trace that is replayed all the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class TraceNote:
    """Something that a reader of the figures has to know of a trace."""

    id: str
    """trace_grid, trace_coverage, trace_lines, trace_one_name, trace_clock, trace_service,
    trace_begun, trace_period, trace_without_duration, _service or _model
    """
    file: Path
    text: str
    severity: Literal["note", "warning", "problem"] = "note"
    evidence: dict[str, float | str] = field(default_factory=dict)
    """The figures behind it, in seconds and shares."""
    advice: str | None = None
    """What to change."""

    @property
    def line(self) -> str:
        """One line for people: file, text and what to try."""
        advice = "" if self.advice is None else f"; {self.advice}"
        return f"{self.file}: {self.text}{advice}"
