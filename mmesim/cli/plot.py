"""`mmesim plot`: draws a picture from a result folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmesim.errors import UserError, did_you_mean
from mmesim.results.folder.pictures import OF_DIFF, OF_PLAN, OF_RUN, OF_SWEEP

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Plot


def _said(pictures: Mapping[str, str]) -> str:
    """A line for each picture; help keeps the lines."""
    return "\n".join(f"{name:<11} {says}" for name, says in pictures.items())


def _kinds_like(incomplete: str) -> list[str]:
    return [name for name in (*OF_RUN, *OF_PLAN, *OF_DIFF) if name.startswith(incomplete)]


HELP = f"""Draw a picture from a result folder.

\b
Of a run:
{_said(OF_RUN)}

\b
Of a sweep:
{_said(OF_SWEEP)}

\b
Of a plan:
{_said(OF_PLAN)}

\b
Of a diff:
{_said(OF_DIFF)}
"""


def plot(
    folder: Annotated[
        Path, typer.Argument(help="Folder that mmesim run, sweep, plan or diff wrote.", show_default=False)
    ],
    kind: Annotated[
        str | None,
        typer.Argument(
            help="What to draw; may be left out where there is one picture.",
            show_default=False,
            autocompletion=_kinds_like,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="File to write: .png, .svg or .pdf.", show_default="<folder>/<kind>.png"),
    ] = None,
) -> None:
    """Draw a picture from a result folder."""
    from mmesim.report.plots.picture import check_format, write_plot

    known = _kinds(folder)
    if kind is None and len(known) > 1:
        raise UserError(f"{folder} has several pictures: name one of {', '.join(known)}")
    kind = kind or next(iter(known))
    asked = kind if kind in known else kind.replace("-", "_")
    if asked not in known:
        hint = did_you_mean(asked, known)
        raise UserError(f"{folder} has no picture {kind!r}: one of {', '.join(known)}{f' ({hint})' if hint else ''}")
    target = out or folder / f"{asked}.png"
    check_format(target)
    write_plot(known[asked](), target)
    typer.echo(f"written to {target}", err=True)


def _kinds(folder: Path) -> Mapping[str, Callable[[], Plot]]:
    """What draws each picture of a folder; UserError where there is nothing to draw."""
    from mmesim.results.folder.folder import DIFF, PLAN, RUN, SWEEP
    from mmesim.scenario.figures import shown_in

    if SWEEP.of(folder):
        return {one.name: partial(_of_sweep, folder, one.name) for one in shown_in("sweep")}
    if PLAN.of(folder):
        return {name: partial(_of_plan, folder) for name in OF_PLAN}
    if DIFF.of(folder):
        return {name: partial(_of_diff, folder) for name in OF_DIFF}
    if not RUN.of(folder):
        missing = "it is a file" if folder.exists() else "there is no such folder"
        there = "it has no summary.json of mmesim" if folder.is_dir() else missing
        raise UserError(f"{folder} is not the result folder of a run, a sweep, a plan or a diff: {there}")
    from mmesim.report.plots.of_run import DRAW
    from mmesim.results.folder.shown import Kept

    kept = Kept.read(folder)
    return {name: partial(draw, kept) for name, draw in DRAW.items()}


def _of_sweep(folder: Path, figure: str) -> Plot:
    from mmesim.experiment.sweep.kept import sweep_of

    return sweep_of(folder)[0].plot(figure)


def _of_plan(folder: Path) -> Plot:
    from mmesim.report.plots.plan import pareto
    from mmesim.results.folder.shown import plan_of

    return pareto(plan_of(folder))


def _of_diff(folder: Path) -> Plot:
    from mmesim.experiment.diff.kept import diff_of
    from mmesim.report.plots.diff import differences

    return differences(diff_of(folder))
