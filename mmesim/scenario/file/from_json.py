"""Values of overrides that stand in a JSON file: `--set models.tenant.memory=@measured.json:rss`.

The value carries its unit (`"46 MiB"`), or the unit follows: `@measured.json:rss B`. What comes before the last step of
the path may be maps and lists (`@measured.json:workers.0.rss`); names may contain dots and blanks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from mmesim import units
from mmesim.errors import Problem, ScenarioError, nearest
from mmesim.scenario.file.paths import settled
from mmesim.scenario.file.tree import Located
from mmesim.scenario.values.fields import shown

MARK = "@"
"""What the value of an override begins with that is to be read from a file."""

SHOWN_KEYS = 10
"""Keys of a map that a message lists."""


class _Wrong(Exception):
    """Why there is no value, in words, and what to write instead."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True)
class _Reference:
    """`@FILE:PATH UNIT` in its parts; `unit` is empty when none follows."""

    file: str
    path: str
    unit: str = ""

    def to(self, path: str) -> str:
        """The same with another path, as it is written."""
        return f"{MARK}{self.file}:{path}{self.unit and f' {self.unit}'}"


def from_json(text: str, name: str, folder: Path) -> Located:
    """The value that `@FILE.json:PATH` or `@FILE.json:PATH UNIT` stands for; raises ScenarioError.

    `name` is what errors call the override; the file is looked for in `folder`.
    """
    try:
        reference = _split(text.strip().removeprefix(MARK), folder)
        plain = _looked_up(reference, _read(reference.file, folder))
    except _Wrong as wrong:
        raise ScenarioError([Problem(name, None, "", None, wrong.message, wrong.hint)]) from None
    return Located.of(plain, name, folder)


def unit_may_follow(problem: Problem) -> Problem:
    """The problem, with a word on where to put the unit when a number from a JSON file has none."""
    written = re.fullmatch(rf"--set [^=]*=\s*({MARK}.+)", problem.file)
    first = re.search(r"has no unit: .*\(units: ([^,)]+)", problem.message)
    if written is None or first is None or problem.hint is not None:
        return problem
    return replace(problem, hint=f"the unit may follow, such as {written[1].strip()} {first[1]}")


def _split(text: str, folder: Path) -> _Reference:
    # The name of a file may contain colons, as on Windows.
    match = re.fullmatch(r"(.+?\.json)(?::(.*))?", text, re.IGNORECASE)
    file, rest = (match[1], match[2]) if match is not None else (text.partition(":")[0], text.partition(":")[2])
    if not file:
        raise _Wrong(f"names no file: write {MARK}FILE.json:PATH")
    if not rest:
        tree = _read(file, folder)
        example = next((path for path, value in _leaves(tree) if path), "PATH")
        raise _Wrong(f"names no value in {file}: write {MARK}FILE.json:PATH", f"such as {MARK}{file}:{example}")
    return _Reference(file, rest.strip())


def _read(file: str, folder: Path) -> Any:
    path, reason = settled(folder, file)
    if reason is not None:
        near = {one.stem: one.name for one in path.parent.glob("*.json")}
        found = nearest(path.stem, near)
        raise _Wrong(reason, None if found is None else f"did you mean {near[found]}?")
    try:
        content = path.read_text(encoding="utf-8-sig")
        return json.loads(content, parse_float=Decimal, parse_constant=_not_json, object_pairs_hook=_once)
    except OSError as error:
        raise _Wrong(f"{file} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise _Wrong(f"{file} is not text in UTF-8: {error.reason} at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise _Wrong(f"{file}:{error.lineno}: is not JSON: {error.msg} (column {error.colno})") from None
    except RecursionError:
        raise _Wrong(f"{file} is nested too deeply") from None
    except ValueError as error:
        raise _Wrong(f"{file} is not JSON: {error}") from None


def _not_json(word: str) -> None:
    raise ValueError(f"{word} is not a number in JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"{shown(key)} is there twice in one map")
        found[key] = value
    return found


def _looked_up(reference: _Reference, tree: Any) -> Any:
    """The value as a scenario file would have it; the last word of the path is a unit where it belongs to no name."""
    try:
        found = _at(tree, reference.path, reference)
    except _Wrong:
        path, blank, unit = reference.path.rpartition(" ")
        if not blank:
            raise
        reference = _Reference(reference.file, path.strip(), unit)
        found = _at(tree, reference.path, reference)
    return _with_unit(found, reference)


def _at(tree: Any, path: str, reference: _Reference, before: str = "") -> Any:
    """The value at a dotted path, of several readings that with the longest names; `before` is the way so far."""
    if not path:
        return tree
    steps = path.split(".")
    if isinstance(tree, Mapping):
        for length in range(len(steps), 0, -1):
            key = ".".join(steps[:length])
            if key in tree:
                return _at(tree[key], ".".join(steps[length:]), reference, f"{before}{key}.")
    elif isinstance(tree, list) and re.fullmatch(r"[0-9]+", steps[0]) and int(steps[0]) < len(tree):
        return _at(tree[int(steps[0])], ".".join(steps[1:]), reference, f"{before}{steps[0]}.")
    raise _no_such(tree, path, reference, before)


def _no_such(tree: Any, path: str, reference: _Reference, before: str) -> _Wrong:
    where = f"{before.removesuffix('.')} of {reference.file}" if before else reference.file
    first, last = path.partition(".")[0], path.rpartition(".")[2]
    if isinstance(tree, list):
        return _Wrong(f"there is no {first!r} in {where}: it is a list of {len(tree)}, counted from 0")
    if not isinstance(tree, Mapping):
        return _Wrong(f"there is nothing below {where}: it is {shown(_plain(tree))}")
    found = nearest(first, tree)
    if found is not None:
        return _Wrong(f"there is no {first!r} in {where}", f"did you mean {reference.to(before + found)}?")
    deeper = [f"{before}{one}" for one, _ in _leaves(tree) if one.rpartition(".")[2] == last]
    hint = f"did you mean {reference.to(deeper[0])}?" if len(deeper) == 1 else None
    return _Wrong(f"there is no {first!r} in {where}, only {_keys(tree)}", hint)


def _keys(tree: Mapping[str, Any]) -> str:
    more = len(tree) - SHOWN_KEYS
    return ", ".join([*list(tree)[:SHOWN_KEYS], *([f"{more} more"] if more > 0 else [])]) or "an empty map"


def _leaves(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every single value with its path."""
    if isinstance(tree, Mapping | list):
        items = tree.items() if isinstance(tree, Mapping) else enumerate(tree)
        for key, value in items:
            yield from _leaves(value, f"{path}.{key}" if path else str(key))
    else:
        yield path, tree


def _with_unit(value: Any, reference: _Reference) -> Any:
    """The value with its unit as text; numbers, texts and flags without a unit as they are."""
    unit, here = reference.unit, f"{reference.path} of {reference.file}"
    if isinstance(value, Mapping):
        example = next((found for found, _ in _leaves(value) if found), None)
        hint = None if example is None else f"such as {reference.to(f'{reference.path}.{example}')}"
        raise _Wrong(f"{here} is a map, with {_keys(value)}: name one value of it", hint)
    if isinstance(value, list):
        if any(isinstance(one, Mapping | list) for one in value):
            hint = f"such as {reference.to(f'{reference.path}.{next(_leaves(value))[0]}')}"
            raise _Wrong(f"{here} is a list of maps or lists: name one value of it, counted from 0", hint)
        return [_with_unit(one, reference) for one in value]
    if value is None:
        raise _Wrong(f"{here} is null: there is no value")
    if not unit:
        return _plain(value)
    if isinstance(value, Decimal) or (isinstance(value, int) and not isinstance(value, bool)):
        return f"{value} {unit}"
    quantity = units.split(value)
    if quantity is None:
        raise _Wrong(f"{here} is not a number, so no unit can follow: {shown(value)}")
    if quantity[1]:
        raise _Wrong(f"{here} has its unit: {shown(value)}", f"write {MARK}{reference.file}:{reference.path}")
    return f"{value} {unit}"


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value
