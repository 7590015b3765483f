"""What a new result would replace: an earlier one of another scenario, and in what the two scenarios differ."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mmesim.errors import ScenarioError
from mmesim.results.folder.folder import SCENARIO
from mmesim.scenario.file.dump import dump
from mmesim.scenario.file.yaml import read_text
from mmesim.scenario.scenario import Scenario

MOST_NAMED = 3
LONGEST = 1_000_000
"""Characters of a resolved scenario, beyond which reading it again would take longer than many a run."""


def replaced(folder: Path, scenario: Scenario) -> str | None:
    """A sentence for the user when the folder holds the result of another scenario; None when nothing would be lost.

    The same scenario gives the same result. A folder whose scenario cannot be read is left to those who write it.
    """
    file = folder / SCENARIO
    try:
        before, now = file.read_text(encoding="utf-8"), dump(scenario)
        if before == now:
            return None
        named = "" if len(before) > LONGEST else f" ({_differences(before, now, folder)})"
    except (OSError, UnicodeDecodeError, ScenarioError):
        return None
    return f"{folder} holds the result of another scenario, which is replaced{named}; --out keeps both"


def _differences(before: str, now: str, folder: Path) -> str:
    """The first fields in which two resolved scenarios differ."""
    there, here = (dict(_leaves(read_text(text, SCENARIO, folder).plain())) for text in (before, now))
    differing = [path for path in dict.fromkeys([*here, *there]) if here.get(path) != there.get(path)]
    named = [f"{path}: {there.get(path, '-')} there, {here.get(path, '-')} here" for path in differing[:MOST_NAMED]]
    more = [f"{len(differing) - MOST_NAMED} more fields"] if len(differing) > MOST_NAMED else []
    return "; ".join([*named, *more])


def _leaves(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Every value that is neither a map nor a list, as text, by its dotted path; items by name where they have one."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            name = item.get("name", index) if isinstance(item, dict) else index
            yield from _leaves(item, f"{path}.{name}")
    else:
        yield path, str(value)
