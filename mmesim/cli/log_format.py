"""How a log is read when nobody says it: in the layout that its beginning shows, else by the names of its columns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import typer


@dataclass(frozen=True)
class Recognised:
    """What to set to read a log."""

    settings: tuple[str, ...]
    """As in `--set`, the format first; what the user has set follows."""
    took: tuple[str, float] | None
    """Where a log whose times are those of the starts says how long calls took, and the factor to seconds."""


def recognised(log: Path, layout: str | None, texts: Mapping[str, str | None], more: Sequence[str]) -> Recognised:
    """How to read a log: as given, as its beginning shows, for a pattern as an access log, else by its columns.

    What is not given is told on stderr. `texts` are the values of other options, such as a pattern; `more` are the
    settings of `--set`, which may name the format and columns.
    TraceError for a table or JSON that cannot be read.
    """
    from mmesim.scenario.traffic.trace.presets import TOOK
    from mmesim.workload.trace.formats.guessed import guess
    from mmesim.workload.trace.formats.line_text import beginning
    from mmesim.workload.trace.formats.unknown_file import is_json, known_format

    pattern = texts.get("pattern")
    given = {key: text for key, text in texts.items() if text is not None} | {
        key.strip(): value.strip() for key, _, value in (setting.partition("=") for setting in more)
    }
    form = layout or given.get("format")
    start = beginning(log) if log.is_file() else ""
    if form is None and (known := known_format(start) if _in_layout(pattern) else None) is not None:
        typer.echo(f"{log}: {known[0]}, format: {known[1]}", err=True)
        form = known[1]
    if form is None:
        form = "access-log" if pattern is not None else "json-lines" if is_json(start) else "table"
    if not start and log.suffix != ".parquet":
        return Recognised((f"format={form}",), TOOK.get(form))  # whoever reads the file says what is wrong
    guessed = guess(log, form, given)
    format_told = form == "json-lines" and layout is None and "format" not in given
    told = (("format=json-lines",) if format_told else ()) + guessed.settings
    if told:
        typer.echo(f"{log}: read with {', '.join(told)} (--set KEY=VALUE for others)", err=True)
    took = TOOK.get(form)
    if guessed.took is not None and guessed.took_scale is not None:
        took = guessed.took, guessed.took_scale
    elif guessed.took is not None:
        typer.echo(
            f"{log}: the unit of {guessed.took!r} is not known, so it is not read; if it is milliseconds, and a line "
            f"is written when the answer has gone: --set stamped=end --set columns.duration={guessed.took} "
            "--set duration_scale=1e-3",
            err=True,
        )
    return Recognised((f"format={form}", *guessed.settings), took)


def _in_layout(pattern: str | None) -> bool:
    """Whether a pattern leaves all but the model to the layout of the log."""
    try:
        return pattern is None or set(re.compile(pattern).groupindex) == {"model"}
    except re.error:
        return False  # it is refused with the trace
