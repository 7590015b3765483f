"""`mmesim report`: makes a page from a result folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmesim.cli.common import as_shown, columns, is_stdout
from mmesim.cli.reports import PAGE
from mmesim.errors import UserError

if TYPE_CHECKING:
    from mmesim.report.blocks import Report


def report(
    folder: Annotated[
        Path, typer.Argument(help="Folder that mmesim run, plan, sweep, gate or diff wrote.", show_default=False)
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="File to write: .html, .md or .txt; - prints text.", show_default="<folder>/report.html"
        ),
    ] = None,
) -> None:
    """Make a page of a result folder.

    One HTML file that opens from disk, with figures, pictures and all that was assumed; or Markdown or text.
    """
    target = out or folder / PAGE
    if is_stdout(target):
        typer.echo(_made(folder, ".txt"), nl=False)
        return
    if target.suffix not in (".html", ".md", ".txt"):
        raise UserError(f"{target}: a report is written as .html, .md or .txt")
    write_page(folder, target)
    typer.echo(f"written to {target}", err=True)


def write_page(folder: Path, out: Path | None = None) -> None:
    """Write the report of a result folder, by default as the page in it. Raises UserError and OutputError."""
    from mmesim.files import write_text

    target = out or folder / PAGE
    write_text(target, _made(folder, target.suffix))


def _made(folder: Path, suffix: str) -> str:
    """The page, or the same sections as Markdown or text."""
    from mmesim.results.folder.folder import DIFF, GATE, PLAN, RUN, SWEEP

    if GATE.of(folder):
        return _of_gate(folder, suffix)
    if PLAN.of(folder):
        return _of_plan(folder, suffix)
    if SWEEP.of(folder):
        return _of_sweep(folder, suffix)
    if DIFF.of(folder):
        return _of_diff(folder, suffix)
    if not RUN.of(folder):
        raise UserError(_no_page(folder))
    from mmesim.results.folder.shown import Kept

    kept = Kept.read(folder)
    if suffix == ".html":
        from mmesim.report.page.run import run_page

        return run_page(kept)
    from mmesim.report.content.page import in_one, run_chapters

    return _plain(in_one(run_chapters(kept)), suffix)


def _no_page(folder: Path) -> str:
    """Why no page can be made of a folder, and of which one can."""
    from mmesim.experiment.sweep.result import FILES
    from mmesim.results.folder.folder import SWEEP

    if (folder / FILES[0]).is_file():
        return f"{folder} is the folder of a sweep without {SWEEP.document}: sweep again, which simulates nothing twice"
    made = "a page is made of folders that mmesim run, plan, sweep, gate or diff wrote"
    if not folder.is_dir():
        there = "it is a file" if folder.exists() else "there is no such folder"
        return f"{folder} is not the result folder of a run: {there}; {made}"
    return f"{folder} is not the result folder of a run: it has no summary.json of mmesim; {made}"


def _of_plan(folder: Path, suffix: str) -> str:
    from mmesim.results.folder.shown import plan_of

    planned = plan_of(folder)
    if suffix == ".html":
        from mmesim.report.page.plan import Answer, plan_page
        from mmesim.results.folder.folder import SCENARIO
        from mmesim.results.folder.shown import origin_of
        from mmesim.scenario.file.load import load

        answer = folder / SCENARIO
        found = Answer(load(answer), answer.read_text(encoding="utf-8")) if answer.is_file() else None
        return plan_page(planned, origin_of(folder), found)
    from mmesim.report.content.planned.report import plan_report

    return _plain(plan_report(planned), suffix)


def _of_gate(folder: Path, suffix: str) -> str:
    from mmesim.results.folder.shown import gate_of

    found = gate_of(folder)
    if suffix == ".html":
        from mmesim.report.page.gate import gate_page

        return gate_page(found)
    from mmesim.report.content.gate import gate_report

    return _plain(gate_report(found), suffix)


def _of_diff(folder: Path, suffix: str) -> str:
    from mmesim.experiment.diff.kept import diff_of

    found = diff_of(folder)
    if suffix == ".html":
        from mmesim.report.page.diff import diff_page

        return diff_page(found)
    from mmesim.report.content.diff import diff_report

    return _plain(diff_report(found), suffix)


def _of_sweep(folder: Path, suffix: str) -> str:
    from mmesim.experiment.sweep.kept import sweep_of
    from mmesim.scenario.figures import figure, shown_in

    result, metrics = sweep_of(folder)
    figures = [figure(name, shown_in("sweep")) for name in metrics]
    if suffix == ".html":
        from mmesim.report.page.sweep import sweep_page
        from mmesim.results.folder.folder import SCENARIO
        from mmesim.results.folder.shown import origin_of

        text = (folder / SCENARIO).read_text(encoding="utf-8")
        return sweep_page(result, figures, origin_of(folder), text)
    from mmesim.report.content.sweep import sweep_report

    return _plain(sweep_report(result, figures), suffix)


def _plain(found: Report, suffix: str) -> str:
    if suffix == ".md":
        from mmesim.report.markdown import markdown

        return markdown(found)
    from mmesim.report.text import text

    return as_shown(text(found, width=columns()))
