"""Lines of a log that cannot be understood: counted, told, and too many of them refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from mmesim import units
from mmesim.errors import TraceError
from mmesim.scenario.traffic.trace.note import TraceNote
from mmesim.scenario.traffic.trace.own_path import cure, reads
from mmesim.scenario.traffic.trace.presets import CALL
from mmesim.workload.trace.formats import line_text, unknown_file
from mmesim.workload.trace.notes import say

JUDGED = 10_000
"""After this number of lines the share of unreadable ones is judged first, and again after as many more."""


@dataclass
class Tally:
    """Lines that were read, and those of them that could not be understood."""

    file: Path
    most: float
    pattern: str | None = None
    """By which the lines are read."""
    lines: int = 0
    skipped: int = 0
    refused: bool = False
    """True once the log is refused for something else: then it is not replayed, and nothing is to be told."""
    first: str = ""
    """The first line that was skipped: its number and why."""
    layout: str = ""
    """What to write by what the first line that was skipped looks like, where that is known."""
    _otherwise: str = "lines of another kind are left out with `only`"
    _judged: int = field(default=JUDGED, repr=False)

    def skip(self, number: int, line: str | None, why: Callable[[], str]) -> None:
        """Count a line that cannot be understood; why is asked for the first alone. None: a line is not searched."""
        self.skipped += 1
        if not self.first:
            self.first = f"the first is line {number}: {line_text.shortened(why())}"
            self.layout = "" if line is None else self._looks(line)
            self._otherwise = "take such lines out of the file" if line is None else self._otherwise

    def _looks(self, line: str) -> str:
        known = unknown_file.known_format(line)
        if not reads(self.pattern, known and known[1]):
            return unknown_file.layout(line) or ""
        # The layout is the right one, so naming it cures nothing.
        return "" if re.search(CALL, line) else cure(line)

    def judge(self, ended: bool) -> None:
        """Raise TraceError when more lines are unreadable than may be."""
        if not ended and self.lines < self._judged:
            return
        self._judged = self.lines + JUDGED
        if self.skipped > self.most * self.lines:
            looks = self.layout if self.layout and self.skipped > self.lines / 2 else ""
            raise TraceError(
                f"{self.file}: {self._counted} cannot be read, more than max_skipped: "
                f"{units.show_fraction(self.most)}; {self.first}; " + (looks or self._otherwise)
            )

    def tell(self) -> None:
        """Warn about the lines that were skipped, if there are any."""
        if self.skipped and not self.refused:
            evidence: dict[str, float | str] = {"skipped": float(self.skipped), "lines": float(self.lines)}
            say(TraceNote("trace_lines", self.file, f"{self._counted} skipped; {self.first}", evidence=evidence))

    @property
    def _counted(self) -> str:
        share = units.show_fraction(self.skipped / self.lines)
        return f"{units.show_count(self.skipped)} of {units.show_count(self.lines)} lines ({share})"
