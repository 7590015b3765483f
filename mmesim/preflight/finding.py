"""A finding: something that a reader of the figures has to know. One form for all of them, with an id for each rule."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from mmesim.scenario.values.meanings import Documented

Severity = Literal["note", "warning", "problem"]


class Finding(Documented):
    """Something that a reader of the figures has to know."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=True)

    id: str
    """the rule that found it, such as cpu, never_fits, belief or config"""
    severity: Severity
    """note: good to know; warning: the figures may not be what you want; problem: it cannot work"""
    text: str
    """what it is and what follows"""
    evidence: dict[str, float | str]
    """the figures behind it, in seconds, bytes and shares 0..1; empty without any"""
    source: str
    """where the rule comes from"""
    try_: str | None = Field(alias="try")
    """what to change; null when there is nothing to do"""

    @property
    def line(self) -> str:
        """One line for people: severity, text and what to try."""
        advice = "" if self.try_ is None else f"; try {self.try_}"
        return f"{self.severity}: {self.text}{advice}"
