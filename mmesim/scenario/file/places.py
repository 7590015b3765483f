"""Where each line of `expect` is written: the file, which may be one that the scenario extends, and the line in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from mmesim.errors import UserError
from mmesim.scenario.file.merge import read_with_bases


class Place(NamedTuple):
    """A line of a file, from 1."""

    file: str
    line: int


def expected_at(path: str | Path) -> Mapping[str, Place]:
    """The text of each line of `expect`, blanks as one, -> its place; of equal ones that of the first.

    Nothing of a file that cannot be read: this is for whoever has judged it already.
    """
    try:
        tree = read_with_bases(Path(path), [])
    except (UserError, OSError):
        return {}
    section = tree.map.get("expect")
    found: dict[str, Place] = {}
    for item in [] if section is None else section.list:
        if isinstance(item.value, str) and item.line is not None:
            found.setdefault(" ".join(item.value.split()), Place(item.file, item.line))
    return found
