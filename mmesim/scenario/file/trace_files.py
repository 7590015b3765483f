"""What stands outside the scenario file: a trace that is named on a command line, the file of a fingerprint."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from mmesim import units
from mmesim.errors import ScenarioError, UserError
from mmesim.scenario.file.merge import override_all
from mmesim.scenario.file.paths import nearest_to, settled
from mmesim.scenario.file.problems import from_validation
from mmesim.scenario.file.tree import Located
from mmesim.scenario.file.yaml import read_file, write_text
from mmesim.scenario.traffic.fingerprint import Fingerprint
from mmesim.scenario.traffic.trace.trace import TraceSource
from mmesim.scenario.values.fields import FROM_FILE


def trace_of_words(
    file: Path, settings: Sequence[str], texts: Mapping[str, str | None], window: str | None
) -> TraceSource:
    """The trace in a file, with settings such as `window.start=10 h` as in the section `trace` of a scenario.

    `texts` are values that are taken as they are, such as a pattern; `window` is a start and an end, `10 h..12 h`,
    either of which may be left out. Raises UserError for what is wrong.
    """
    path, reason = settled(Path.cwd(), str(file))
    if reason is not None:
        hint = nearest_to(path)
        raise UserError(reason.replace(str(path), str(file)) + ("" if hint is None else f" ({hint})"))
    tree = _tree(path, settings, texts, window)
    try:
        return TraceSource.model_validate(tree.plain(), by_alias=True, by_name=False, context={FROM_FILE: True})
    except ValidationError as error:
        raise ScenarioError(list(from_validation(error, tree, [], TraceSource))) from None


def trace_lines(
    file: str, settings: Sequence[str], texts: Mapping[str, str | None], window: str | None, indent: int
) -> str:
    """The same words as lines of a scenario file below the key `trace`; `file` is written as it is."""
    tree = _tree(Path(file), settings, texts, window)
    return textwrap.indent(write_text(tree.plain()).rstrip(), " " * indent)


def _tree(file: Path, settings: Sequence[str], texts: Mapping[str, str | None], window: str | None) -> Located:
    here = Path.cwd()
    tree = Located({}, str(file), None, None, here)
    given = {"file": str(file)} | {key: text for key, text in texts.items() if text is not None}
    tree = tree.with_value({key: Located(value, str(file), None, None, here) for key, value in given.items()})
    return override_all(tree, [*_window(window), *settings])


def _window(text: str | None) -> list[str]:
    if text is None:
        return []
    begin, dots, end = (part.strip() for part in text.partition(".."))
    if not dots:
        raise UserError(f"a window is a start and an end, such as 10 h..12 h, not {text!r}")
    try:
        start_s = units.seconds(begin) if begin else 0.0
        end_s = units.seconds(end) if end else None
    except ValueError as error:
        raise UserError(f"window {text!r}: {error}") from None
    if end_s is not None and end_s <= start_s:
        raise UserError(f"window {text!r}: the end must come after the start")
    settings = [f"window.start={units.exact_seconds(start_s)}"]
    return settings if end_s is None else [*settings, f"window.length={units.exact_seconds(end_s - start_s)}"]


def read_fingerprint(path: Path) -> Fingerprint:
    """The fingerprint in a file; ScenarioError with file and line of everything that is wrong with it."""
    tree = read_file(path)
    try:
        return Fingerprint.model_validate(tree.plain(), by_alias=True, by_name=False, context={FROM_FILE: True})
    except ValidationError as error:
        raise ScenarioError(list(from_validation(error, tree, [], Fingerprint))) from None
