"""Which rows of a table or of JSON lines are calls of a model: by values in columns, and by the name in one of them."""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np

from mmesim.arrays import Flags
from mmesim.errors import TraceError
from mmesim.scenario.traffic.trace.own_path import cure, layouts_of
from mmesim.scenario.traffic.trace.trace import TraceSource
from mmesim.workload.trace.formats.line_text import SEARCHED, around, too_long
from mmesim.workload.trace.formats.missing import Missing
from mmesim.workload.trace.formats.table import NO_VALUE, Chunk

MOST_VALUES = 8
"""Values of a column that are remembered, for the message that no row has the wanted one."""


class Calls:
    """Picks the rows that are calls."""

    def __init__(self, source: TraceSource) -> None:
        self._only = source.only if isinstance(source.only, dict) else {}
        self._model, self._pattern = source.columns.model, source.pattern if source.model is None else None
        self._rows = self._picked = self._named = 0
        self._values: dict[str, dict[str, None]] = {column: {} for column in self._only}

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are looked at."""
        return tuple(self._only)

    def of(self, part: Chunk, missing: Missing) -> Chunk:
        """The rows that are calls; those whose model's column names none are counted as missing."""
        self._rows += len(part)
        for column, wanted in self._only.items():
            names, index = part.names(column)
            seen = self._values[column]
            if len(seen) < MOST_VALUES:
                seen |= dict.fromkeys(names[: MOST_VALUES - len(seen)])
            part = part.where(np.array([_is_one(name, wanted) for name in names], dtype=np.bool_)[index])
        self._picked += len(part)
        if self._pattern is not None and len(part):
            part = self._with_name(part, self._pattern, missing)
        self._named += len(part)
        return part

    def check(self, missing: Missing) -> None:
        """TraceError when rows were read and all of them are left out."""
        if self._named or not self._rows:
            return
        if self._picked:
            first = missing.first_without_model
            told = cure(first) if layouts_of(self._pattern) else f"pattern: {self._pattern}"
            raise TraceError(f"{missing.file}: no row names a model: the first is {first}; {told}")
        wanted_values = (
            f"{column} is one of {', '.join(wanted)} (it has: {', '.join(map(repr, self._values[column]))})"
            for column, wanted in self._only.items()
        )
        raise TraceError(f"{missing.file}: only: no row is left where {' and '.join(wanted_values)}")

    def _with_name(self, part: Chunk, pattern: str, missing: Missing) -> Chunk:
        names, index = part.names(self._model)
        keep: Flags = np.array([bool(name_in(pattern, name)) for name in names], dtype=np.bool_)[index]
        if not keep.all():
            at = int(np.argmin(keep))
            if not missing.without_model:
                place = part.place(at).rsplit(":", 1)[-1].strip()
                what = f"line {place}" if place.isdigit() else place
                name = names[int(index[at])]
                why = around(name) if len(name) <= SEARCHED else too_long(name)
                missing.first_without_model = f"column {self._model!r}, {what}: {why}"
            missing.without_model += int((~keep).sum())
        return part.where(keep)


def name_in(pattern: str, text: str) -> str:
    """The name of a model in a text, by the group `model`; empty where there is none, or the text is too long."""
    found = _compiled(pattern).search(text) if len(text) <= SEARCHED else None
    name = "" if found is None else (found["model"] or "").strip()
    return "" if name in NO_VALUE else name


@lru_cache(16)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _is_one(text: str, wanted: tuple[str, ...]) -> bool:
    """Whether a cell is one of some values: as text without case, or as the same number."""
    return any(text.lower() == value.lower() or _number(text) == _number(value) for value in wanted)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan
