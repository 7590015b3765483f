"""In which layout a log is read when nobody says it: the one that its beginning shows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import typer


def recognised(log: Path, layout: str | None, pattern: str | None, more: Sequence[str]) -> str:
    """The format of a log: as given, as its beginning shows, for a pattern an access log, else a table.

    What the beginning shows is told on stderr. `more` are the settings of `--set`, one of which may be the format.
    """
    from mmesim.workload.trace.formats.line_text import beginning
    from mmesim.workload.trace.formats.unknown_file import known_format

    if layout is not None:
        return layout
    given = any(setting.partition("=")[0].strip() == "format" for setting in more)
    known = known_format(beginning(log)) if not given and log.is_file() and _in_layout(pattern) else None
    if known is None:
        return "table" if pattern is None else "access-log"
    typer.echo(f"{log}: {known[0]}, format: {known[1]}", err=True)
    return known[1]


def _in_layout(pattern: str | None) -> bool:
    """Whether a pattern leaves all but the model to the layout of the log."""
    try:
        return pattern is None or set(re.compile(pattern).groupindex) == {"model"}
    except re.error:
        return False  # it is refused with the trace
