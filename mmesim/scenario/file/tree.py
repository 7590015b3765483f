"""A tree of plain values in which every value knows where it was written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmesim.scenario.values.fields import Place

Key = str | int | float


@dataclass(frozen=True, slots=True)
class Located:
    """A scalar, a map or a list, with file, line and column (from 1) of where it starts.

    `key_line` is the line of the key that a map gives it, and `folder` is where relative paths in it start.
    """

    value: Any
    """A scalar, dict[Key, Located] or list[Located]."""
    file: str
    line: int | None
    column: int | None
    folder: Path
    key_line: int | None = field(default=None)

    @classmethod
    def of(cls, value: object, name: str, folder: Path) -> Located:
        """The tree of plain data that stand in no file; `name` is what errors call them."""
        if isinstance(value, Mapping):
            value = {key: cls.of(item, name, folder) for key, item in value.items()}
        elif isinstance(value, Sequence) and not isinstance(value, str):
            value = [cls.of(item, name, folder) for item in value]
        return cls(value, name, None, None, folder)

    @property
    def shown_line(self) -> int | None:
        """The line that an error names: that of the key, which is where people look."""
        return self.key_line if self.key_line is not None else self.line

    @property
    def map(self) -> dict[Key, Located]:
        """The entries of a map; empty for anything else."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def list(self) -> list[Located]:
        """The items of a list; empty for anything else."""
        return self.value if isinstance(self.value, list) else []

    def plain(self) -> Any:
        """The same tree without places."""
        if isinstance(self.value, dict):
            return {key: item.plain() for key, item in self.value.items()}
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        return self.value

    def with_value(self, value: Any) -> Located:
        """Another value in the same place."""
        return Located(value, self.file, self.line, self.column, self.folder, self.key_line)

    def find(self, place: Place) -> tuple[Place, Located]:
        """The deepest value on the way to a place, and the part of the way that exists.

        Steps that the tree does not have (folded keys, alternatives of a union) are passed over.
        """
        here, way = self, list[Key]()
        for step in place:
            for name in (step, *here._wrappers(step)):
                found = here._child(name)
                if found is not None:
                    here = found
                    way.append(name)
        return tuple(way), here

    def _wrappers(self, step: Key) -> tuple[Key, ...]:
        """The one key to go through first where the schema has folded a level, such as `poisson`, and the step."""
        if step not in self.map and len(self.map) == 1:
            name, inner = next(iter(self.map.items()))
            if step in inner.map:
                return (name, step)
        return ()

    def _child(self, step: Key) -> Located | None:
        if isinstance(self.value, list):
            inside = isinstance(step, int) and 0 <= step < len(self.value)
            return self.list[int(step)] if inside else None
        return self.map.get(step)

    def walk(self, place: Place = ()) -> Iterator[tuple[Place, Located]]:
        """Every value of the tree with its place, parents first."""
        yield place, self
        if isinstance(self.value, dict):
            for key, item in self.value.items():
                yield from item.walk((*place, key if isinstance(key, int) else str(key)))
        elif isinstance(self.value, list):
            for index, item in enumerate(self.value):
                yield from item.walk((*place, index))
