"""`mmesim run --timeline`: which part of the run is shown, and the file in the result folder."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmesim import units
from mmesim.cli.common import tell
from mmesim.errors import UserError

if TYPE_CHECKING:
    from mmesim.results.result import Result

TIMELINE = "timeline.json.gz"
OPTION = "--timeline-window"

WithTimeline = Annotated[
    bool,
    typer.Option(
        "--timeline", help=f"Also write {TIMELINE} into the folder: everything that happens in a minute, for Perfetto."
    ),
]
TimelineWindow = Annotated[
    str | None,
    typer.Option(
        OPTION,
        help="Part of the run that --timeline shows, such as '10 min..11 min'.",
        show_default="the measured minute of replication 0 with the largest mean latency",
    ),
]

_BETWEEN = re.compile(r"\s*(.+?)\s*\.\.\s*(.+?)\s*")


def window(text: str | None, wanted: bool, duration_s: float) -> tuple[float, float] | None:
    """The part of a run of this length that is given, None when none is; raises BadParameter and UserError."""
    if text is None:
        return None
    if not wanted:
        raise typer.BadParameter(f"{OPTION} says what --timeline shows: give both")
    match = _BETWEEN.fullmatch(text)
    if match is None:
        raise UserError(f"{OPTION} {text!r}: two times with `..` between them, such as '10 min..11 min'")
    try:
        start_s, end_s = units.seconds(match[1]), units.seconds(match[2])
    except ValueError as error:
        raise UserError(f"{OPTION} {text!r}: {error}") from error
    if start_s >= end_s:
        raise UserError(f"{OPTION} {text!r}: {match[1]} is not before {match[2]}")
    if end_s > duration_s:
        raise UserError(f"{OPTION} {text!r}: the run ends after {units.show_seconds(duration_s, 12)}")
    return start_s, end_s


def write_timeline(result: Result, window_s: tuple[float, float] | None, folder: Path, quiet: bool) -> None:
    """Simulate the window again and write the file; raises UserError and OutputError."""
    from mmesim.experiment.timeline import timeline

    found = timeline(result, window_s)
    found.save(folder / TIMELINE)
    if not quiet:
        typer.echo(f"timeline in {folder / TIMELINE}: open it in ui.perfetto.dev", err=True)
        if not found.is_whole:
            until, most = units.show_seconds(found.until_s, 6), units.show_count(found.slices)
            tell(f"note: the timeline ends at {until}, after {most} slices: choose a shorter part with {OPTION}")
