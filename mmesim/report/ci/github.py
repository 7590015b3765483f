"""A gate as annotations of GitHub: commands on stdout that mark the line of `expect` in the file of a pull request.

The form and the escapes are those of GitHub's own toolkit (actions/toolkit, packages/core/src/command.ts).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mmesim.report import phrases
from mmesim.report.content.gated import words
from mmesim.report.plain import harmless
from mmesim.results.answers.gated import Gated, GatedScenario
from mmesim.scenario.file.places import Place

MOST = 10
"""Annotations of one level that GitHub shows of a step."""
LEVELS: Mapping[str, str] = MappingProxyType({"fail": "error", "undecided": "warning"})
"""Verdict -> level."""
TITLE = "mmesim gate"

_PROBLEM = re.compile(r"(.+?):(\d+): ")
"""How a problem of a scenario file begins (`mmesim.errors.Problem`)."""


@dataclass(frozen=True)
class _Annotation:
    """A message, and what it is about."""

    verdict: str
    title: str
    message: str
    file: str = ""
    line: int | None = None


def commands(
    gated: Gated, places: Mapping[str, Mapping[str, Place]], path: Callable[[str], str] = lambda file: file
) -> str:
    """A command for each limit that fails or is undecided, and for each scenario that cannot be judged.

    `places`: the file of a scenario -> where each line of its `expect` is written; `path`: a file -> its path from the
    root of the repository. Of more than GitHub shows the last one says how many there are besides.
    """
    found = [one for scenario in gated.scenarios for one in _of(scenario, places.get(scenario.file, {}))]
    kept = [one for verdict in LEVELS for one in _shown([one for one in found if one.verdict == verdict])]
    return "".join(f"{_command(one, path)}\n" for one in kept)


def _of(scenario: GatedScenario, places: Mapping[str, Place]) -> Iterator[_Annotation]:
    if scenario.error is not None:
        problem = _PROBLEM.match(scenario.error)
        file, line = (scenario.file, None) if problem is None else (problem[1], int(problem[2]))
        yield _Annotation("fail", f"{TITLE}: cannot be judged", scenario.error, file, line)
    for one in words.grouped(scenario.lines):
        place = places.get(one.text)
        title = f"{TITLE}: {phrases.VERDICTS[one.verdict][0]} {one.text}"
        message = "\n".join((f"{one.text}: {words.of(one)}", one.worst.meaning, *words.notes(one)))
        yield _Annotation(one.verdict, title, message, *(place or (scenario.file, None)))


def _shown(found: list[_Annotation]) -> Iterator[_Annotation]:
    """As many as GitHub shows."""
    kept = found if len(found) <= MOST else found[: MOST - 1]
    yield from kept
    if len(kept) < len(found):
        message = f"{len(found) - len(kept):,} more are in the log and in the summary"
        yield _Annotation(found[0].verdict, TITLE, message)


def _command(one: _Annotation, path: Callable[[str], str]) -> str:
    properties = {
        "file": path(one.file) if one.file else "",
        "line": "" if one.line is None else str(one.line),
        "title": words.on_one_line(one.title),
    }
    said = ",".join(f"{name}={_property(value)}" for name, value in properties.items() if value)
    return f"::{LEVELS[one.verdict]} {said}::{_data(one.message)}"


def _data(text: str) -> str:
    """The text of a command: control characters are written out, which leaves line ends to escape."""
    return harmless(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
