"""What a command line leaves behind, and what runs one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """What a command leaves behind."""

    code: int
    out: str
    err: str


Command = Callable[..., Outcome]
"""Runs a command line, given as words, in the test's own folder."""
