"""A grid: fields, named as in `--set`, each with the values that it takes; every combination is a point."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from mmesim.scenario.values.fields import Refused, shown

MOST_POINTS = 1_000_000
"""Points of a grid, and values of a range."""

_WHOLE_NUMBERS = re.compile(r"\s*(\d+)\s*\.\.\s*(\d+)\s*")
_A_RANGE = re.compile(r"\s*-?\d[^.]*(\.\d[^.]*)?\.\..*")


def _listed(value: Any) -> Any:
    """One value alone stands for a list of it, and `1..20` for the whole numbers from 1 to 20."""
    if not isinstance(value, dict):
        return value
    return {path: _values(item, str(path)) for path, item in value.items()}


def _values(value: Any, path: str) -> list[Any]:
    items = value if isinstance(value, list | tuple) else [value]
    return [one for item in items for one in _range(item, path)]


def _range(item: Any, path: str) -> range | list[Any]:
    if not isinstance(item, str) or ".." not in item:
        return [item]
    found = _WHOLE_NUMBERS.fullmatch(item)
    if found is None:
        if _A_RANGE.fullmatch(item):
            message = f"{shown(item)} is not a range of whole numbers: write one such as 1..20, or every value"
            raise Refused(message, (path,), None, item)
        return [item]
    low, high = int(found[1]), int(found[2])
    if low > high:
        raise Refused(f"{shown(item)} is empty: the range ends before it begins", (path,), f"{high}..{low}", item)
    if high - low >= MOST_POINTS:
        raise Refused(f"{shown(item)} has more than {MOST_POINTS:,} values", (path,), None, item)
    return range(low, high + 1)


def _each_once(grid: dict[str, tuple[Any, ...]]) -> dict[str, tuple[Any, ...]]:
    if not grid:
        raise Refused("is empty: name a field and its values, such as endpoint.instance_count: [2, 4, 6]")
    for path, values in grid.items():
        if ":" in path and values == (None,):
            raise Refused("is not a field: a value is missing", (path,), "put a space after the colon")
        if not values:
            raise Refused("is empty: give at least one value", (path,))
        again = _repeated(values)
        if again is not None:
            raise Refused(f"{shown(values[again])} is given twice: give each value once", (path,), None, values[again])
    return grid


Grid = Annotated[
    dict[str, tuple[Any, ...]],
    BeforeValidator(_listed),
    AfterValidator(_each_once),
    WithJsonSchema(
        {
            "type": "object",
            "minProperties": 1,
            "description": "a map, field -> list of values, or 1..20",
        }
    ),
]


def _repeated(values: tuple[Any, ...]) -> int | None:
    """Which value stands there a second time, as it is written; None where each is another one."""
    seen = set[str]()
    for index, value in enumerate(values):
        written = repr(value)
        if written in seen:
            return index
        seen.add(written)
    return None


def size(grid: dict[str, tuple[Any, ...]]) -> int:
    """How many points a grid has."""
    return math.prod(len(values) for values in grid.values())
