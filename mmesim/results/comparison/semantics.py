"""The changelog of semantics: what changed the figures of an unchanged scenario, and since which version.

The entries are data (`semantics.toml`), so that a gate can say why figures differ from a baseline of another version.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("semantics.toml")


@dataclass(frozen=True)
class Change:
    """One change of the figures: its number, the first version with it, what is different, and why."""

    number: int
    version: str
    what: str
    why: str

    @property
    def sentence(self) -> str:
        """The change on one line."""
        return f"{self.what} (since {self.version}: {self.why})"


@functools.cache
def changes() -> tuple[Change, ...]:
    """All changes, the first one first."""
    with FILE.open("rb") as file:
        return tuple(Change(**entry) for entry in tomllib.load(file)["change"])


def current() -> int:
    """The number of the last change: two versions with the same number give the same figures."""
    return changes()[-1].number


def since(number: int, of: Sequence[Change] | None = None) -> tuple[Change, ...]:
    """The changes after the one with this number."""
    return tuple(change for change in (changes() if of is None else of) if change.number > number)
