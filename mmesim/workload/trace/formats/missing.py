"""Calls that are replayed although their row does not tell everything: counted, and said when the reading ends."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mmesim import units
from mmesim.scenario.traffic.trace.note import TraceNote
from mmesim.workload.trace.notes import say


@dataclass
class Missing:
    """What rows of one file do not tell."""

    file: Path
    calls: int = 0
    without_duration: int = 0
    served: int = 0
    without_service: int = 0
    without_model: int = 0
    first_without_model: str = ""
    """Where the first row without a model is: column, place, and what stands there."""

    def duration(self, missing: int, calls: int) -> None:
        """Count calls stamped at their end, and those of them without a duration."""
        self.calls += calls
        self.without_duration += missing

    def service(self, missing: int, calls: int) -> None:
        """Count calls of a log of service times, and those of them without one."""
        self.served += calls
        self.without_service += missing

    def tell(self) -> None:
        """Warn about what is missing, if anything is."""
        if self.without_duration:
            every = self.without_duration == self.calls
            count = "no call has" if every else f"{self._of(self.without_duration, self.calls)} calls have no"
            what = "a duration" if every else "duration"
            self._warn(
                "duration",
                self.without_duration,
                f"{count} {what}: these calls begin at the time of their row, which is when they ended, so too late by "
                "the time that they took" + (" (nginx logs it as $request_time)" if every else ""),
            )
        if self.without_service:
            count = self._of(self.without_service, self.served)
            text = f"{count} calls have no service time: drawn as the model says"
            self._warn("service", self.without_service, text)
        if self.without_model:
            count = units.show_count(self.without_model)
            text = f"rows without the name of a model left out: {count}; the first is {self.first_without_model}"
            self._warn("model", self.without_model, text)

    def _of(self, part: int, whole: int) -> str:
        return f"{units.show_count(part)} of {units.show_count(whole)}"

    def _warn(self, what: str, count: int, text: str) -> None:
        say(TraceNote(f"trace_without_{what}", self.file, text, evidence={"rows": float(count)}), stacklevel=3)
