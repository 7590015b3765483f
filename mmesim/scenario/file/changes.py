"""What differs between two scenarios, field by field, as their files say it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmesim.scenario.file.dump import dump, source
from mmesim.scenario.file.yaml import read_text, write_flow
from mmesim.scenario.scenario import Scenario

NOT_GIVEN = "not given"
_OF_BOTH = ("name", "run.seed", "run.replications")
"""Fields that say nothing about what is simulated, or that a comparison makes the same."""


@dataclass(frozen=True, slots=True)
class Change:
    """A field as in `--set`, and its value in each of two scenarios, as a file writes it."""

    field: str
    a: str
    b: str


def changes(a: Scenario, b: Scenario) -> tuple[Change, ...]:
    """Every field that was given differently; what follows from others, such as `load_slots`, is not among them."""
    of_a, of_b = (dict(_fields(read_text(source(one), one.name, Path()).plain())) for one in (a, b))
    found = [Change(name, of_a.get(name, NOT_GIVEN), of_b.get(name, NOT_GIVEN)) for name in {**of_a, **of_b}]
    return tuple(one for one in found if one.a != one.b and one.field not in _OF_BOTH)


def given(scenario: Scenario, folder: Path) -> Mapping[str, str]:
    """Every field that was given -> its value as a file writes it; paths are relative to a folder."""
    return _relative(source(scenario), folder)


def resolved(scenario: Scenario, folder: Path) -> Mapping[str, str]:
    """Every field of the resolved scenario, defaults too; as `given`."""
    return _relative(dump(scenario), folder)


def _relative(text: str, folder: Path) -> Mapping[str, str]:
    home = folder.resolve()
    fields = dict(_fields(read_text(text, "scenario", Path()).plain()))
    return {
        name: Path(os.path.relpath(value, home)).as_posix() if Path(value).is_absolute() else value
        for name, value in fields.items()
    }


def _fields(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Field and text of each single value; an item of a list goes by its name, else by its place."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _fields(inner, (*path, str(key)))
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for index, inner in enumerate(value):
            yield from _fields(inner, (*path, str(inner.get("name", index))))
    else:
        yield ".".join(path), value if isinstance(value, str) else write_flow(value)
