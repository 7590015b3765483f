"""Which scenario files a gate is about: those that are named, and in a folder each that expects something."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from mmesim.errors import UserError, nearest
from mmesim.results.folder.folder import is_kept_scenario
from mmesim.scenario.file.yaml import SUFFIXES

_KEY = re.compile(rb"""^["']?(\w+)["']?[ \t]*:""", re.MULTILINE)
"""A key at the left margin: also a file that cannot be read as YAML may be meant for the gate."""
_OF_SCENARIOS = frozenset({"endpoint", "models", "traffic", "extends"})
"""Keys by which a file is taken for a scenario: any other YAML may lie in the same folder."""
_EXTENDS = re.compile(rb"""^["']?extends["']?[ \t]*:[ \t]*["']?([^"'#\r\n]+?)["']?[ \t]*(?:#.*)?\r?$""", re.MULTILINE)


def scenario_files(places: Sequence[Path]) -> list[Path]:
    """The files of a gate in order, each once; of a folder every `*.yaml` under it with `expect`, also by `extends`.

    The copy of a scenario in the folder of a result is looked at only where it is named.
    UserError when there is none: a gate of nothing would pass.
    """
    if not places:
        raise UserError("no scenario is named: `mmesim gate FILE|FOLDER...`, such as `mmesim gate scenarios/`")
    found: dict[Path, Path] = {}
    for place in places:
        inside = _expecting(place) if place.is_dir() else [place]
        for file in inside:
            found.setdefault(file.resolve(), file)
    return list(found.values())


def _expecting(folder: Path) -> list[Path]:
    """The scenarios of a folder that expect something."""
    files = _files(folder)
    yaml = [one for one in files if one.suffix == ".yaml" and not is_kept_scenario(one)]
    expecting = [one for one in yaml if expects(one)]
    if expecting:
        return expecting
    if yaml:
        raise UserError(
            f"{folder}: no *.yaml under it has a section `expect`.\n"
            "Add one to each scenario that the gate should check, such as\n  expect:\n    - p99 < 500 ms"
        )
    other = sum(one.suffix == ".yml" for one in files)
    hint = f"; its {other} *.yml files are not looked at: name them, or call them *.yaml" if other else ""
    raise UserError(f"{folder}: there is no scenario under it (*.yaml with a section `expect`){hint}")


def expects(file: Path, seen: frozenset[Path] = frozenset()) -> bool:
    """Whether a scenario expects something, itself or by what it extends."""
    try:
        text = file.read_bytes()
    except OSError:
        return not seen  # who reads it says what is wrong
    if _says_expect(text):
        return True
    extended = _EXTENDS.search(text)
    if extended is None or file.resolve() in seen:
        return False
    return expects(file.parent / extended[1].decode("utf-8", "replace"), seen | {file.resolve()})


def unchecked(places: Sequence[Path]) -> list[Path]:
    """The scenarios in these folders that their gate leaves out: without `expect`, or called *.yml, and not named."""
    named = {place.resolve() for place in places}
    inside = [file for place in places if place.is_dir() for file in _files(place) if file.suffix in SUFFIXES]
    found = {
        file.resolve(): file
        for file in inside
        if file.resolve() not in named and _is_scenario(file) and (file.suffix == ".yml" or not expects(file))
    }
    return list(found.values())


def _files(folder: Path) -> list[Path]:
    return [one for one in sorted(folder.rglob("*")) if one.is_file() and not _hidden(one.relative_to(folder))]


def _is_scenario(file: Path) -> bool:
    try:
        return not is_kept_scenario(file) and bool(_keys(file.read_bytes()) & _OF_SCENARIOS)
    except OSError:
        return False


def _says_expect(text: bytes) -> bool:
    """Whether a file has a section `expect`, or a scenario a misspelt one, which whoever reads it refuses."""
    found = _keys(text)
    if "expect" in found:
        return True
    return bool(found & _OF_SCENARIOS) and any(nearest(key, ["expect"]) for key in found - _OF_SCENARIOS)


def _keys(text: bytes) -> set[str]:
    return {key.decode("ascii", "replace") for key in _KEY.findall(text)}


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)
