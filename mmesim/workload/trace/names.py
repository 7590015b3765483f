"""Which model a name of a trace stands for."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from mmesim.arrays import Ints
from mmesim.errors import did_you_mean

UNKNOWN = -2
"""Row of a name that no model has: the trace is refused."""
NAMELESS = "names no model; pattern: (?P<model>.+) leaves rows without a name out"
"""What is wrong with an empty name."""
LEFT_OUT = -1
"""Row of a name whose calls are not replayed."""


class Naming(Protocol):
    """Rows of models by name. One naming reads one trace from its beginning, and may be asked again and again."""

    def row(self, name: str) -> int:
        """The row of a name that is not empty, `LEFT_OUT`, or `UNKNOWN`."""

    def problem(self, name: str) -> str:
        """What is wrong with a name that is unknown."""


def rows_of_names(naming: Naming, names: Sequence[str]) -> Ints:
    """The row of each name; one that is empty or `-` is `UNKNOWN`."""
    return np.array([UNKNOWN if name in ("", "-") else naming.row(name) for name in names], dtype=np.int64)


class Known:
    """A name is that of a model."""

    def __init__(self, rows: Mapping[str, int]) -> None:
        self._rows = rows

    def row(self, name: str) -> int:
        """The model of that name."""
        return self._rows.get(name, UNKNOWN)

    def problem(self, name: str) -> str:
        """The nearest name of a model, if one is near."""
        if name in ("", "-"):
            return NAMELESS
        hint = did_you_mean(name, self._rows)
        listed = "`mmesim trace models` writes a table of all names"
        return f"unknown model {name!r} ({hint or listed})"


class _AnyName:
    def problem(self, name: str) -> str:
        """Only an empty name is refused."""
        return NAMELESS


class Chosen(_AnyName):
    """Some names have a row, the calls of all others are left out."""

    def __init__(self, rows: Mapping[str, int]) -> None:
        self._rows = rows

    def row(self, name: str) -> int:
        """The row of that name."""
        return self._rows.get(name, LEFT_OUT)


class Numbered(_AnyName):
    """Each new name gets the next number: memory grows with the names."""

    def __init__(self) -> None:
        self.names: list[str] = []
        """By number."""
        self._number: dict[str, int] = {}

    def row(self, name: str) -> int:
        """The number of that name, from 0."""
        number = self._number.setdefault(name, len(self.names))
        if number == len(self.names):
            self.names.append(name)
        return number


class Striped(_AnyName):
    """The k-th new name goes to row k modulo their number."""

    def __init__(self, rows: Sequence[int]) -> None:
        self._rows = rows
        self._new = Numbered()

    def row(self, name: str) -> int:
        """The row of that name."""
        return self._rows[self._new.row(name) % len(self._rows)]


class Hashed(_AnyName):
    """A name goes to the row that its BLAKE2b hash points to, in every file the same."""

    def __init__(self, rows: Sequence[int]) -> None:
        self._rows = rows

    def row(self, name: str) -> int:
        """The row of that name."""
        digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
        return self._rows[int.from_bytes(digest, "little") % len(self._rows)]
