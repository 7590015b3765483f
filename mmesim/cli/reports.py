"""Where reports go: files, and what GitHub reads of a step of a gate."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmesim.cli.common import is_stdout, tell
from mmesim.files import write_text, writing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mmesim.results.answers.gated import Gated

ReportFile = Annotated[
    Path | None,
    typer.Option(
        "--report",
        metavar="FILE.html",
        help="HTML file to write a page with pictures to.",
        show_default=False,
    ),
]
WithPage = Annotated[
    bool, typer.Option("--report", help="Also make a page with pictures: report.html in the folder. Takes no file.")
]
PAGE = "report.html"

SUMMARY = "GITHUB_STEP_SUMMARY"
ROOT = "GITHUB_WORKSPACE"


def misused_report(words: Sequence[str], said: str) -> str:
    """What to add to a mistake of the command line: `--report` has a file in some commands, and none in others."""
    if "--report" not in words:
        return ""
    if "'--report' requires an argument" in said:
        return f" {words[0]} has no folder of its own: name the page, such as --report {words[0]}.html."
    if words[0] in ("run", "sweep", "plan") and "unexpected extra argument" in said:
        return f" --report of {words[0]} takes no file: the page is {PAGE} in the folder, which --out names."
    return ""


def refuse_folders(**files: Path | None) -> None:
    """BadParameter for one that is a folder or `-`, or no HTML for a page: said before anything is simulated."""
    page = files.get("report")
    if page is not None and not page.is_dir() and page.suffix not in (".html", ".htm"):
        raise typer.BadParameter(f"--report needs the name of an .html file, not {str(page)!r}")
    for option, file in files.items():
        if file is not None and is_stdout(file):
            raise typer.BadParameter(f"--{option} needs the name of a file; the report alone is printed")
        if file is not None and file.is_dir():
            raise typer.BadParameter(f"--{option} needs the name of a file, and {file} is a folder")


def writers(
    found: Gated, json: Path | None, junit: Path | None, markdown: Path | None, report: Path | None
) -> list[Callable[[], None]]:
    """What writes each file that was asked for; each raises OutputError."""
    from mmesim.report.ci.comment import comment

    def as_junit() -> str:
        from mmesim.report.ci.junit import junit as junit_xml  # a library of its own, for whoever asks for it

        return junit_xml(found)

    def as_page() -> str:
        from mmesim.report.page.gate import gate_page

        return gate_page(found)

    texts: list[tuple[Path | None, Callable[[], str]]] = [
        (json, lambda: found.model_dump_json(indent=2) + "\n"),
        (junit, as_junit),
        (markdown, lambda: comment(found)),
        (report, as_page),
    ]
    return [_writer(file, made) for file, made in texts if file is not None]


def _writer(file: Path, made: Callable[[], str]) -> Callable[[], None]:
    return lambda: write_text(file, made())


def annotate(found: Gated) -> None:
    """Print the commands that make GitHub mark lines of `expect`; raises OutputError."""
    from mmesim.report.ci.github import commands
    from mmesim.scenario.file.places import expected_at

    places = {scenario.file: expected_at(scenario.file) for scenario in found.scenarios if scenario.error is None}
    typer.echo(commands(found, places, _from_root), nl=False)


def _from_root(file: str) -> str:
    """A file as GitHub names it: from the root of the repository, wherever the command runs."""
    root = Path(os.environ.get(ROOT) or Path.cwd()).resolve()
    absolute = Path(file).resolve()
    return absolute.relative_to(root).as_posix() if absolute.is_relative_to(root) else file


def add_step_summary(found: Gated, quiet: bool) -> None:
    """Add the summary to the page of the workflow; raises OutputError."""
    from mmesim.report.ci.comment import step_summary

    file = os.environ.get(SUMMARY)
    if not file:
        if not quiet:
            tell(f"note: there is no summary: {SUMMARY} is not set, so this is not a step of a GitHub workflow")
        return
    with writing(Path(file)), Path(file).open("a", encoding="utf-8") as page:  # others may have begun it
        page.write(step_summary(found))


def refuse_picture(file: Path | None) -> None:
    """UserError when a picture is asked for in a format that nobody draws: said before anything is simulated."""
    if file is not None:
        from mmesim.report.plots.picture import check_format

        check_format(file)


def draw(plot: Callable[[], Figure], file: Path | None) -> None:
    """Draw a plot, if a file is given; raises OutputError."""
    if file is not None:
        from mmesim.report.plots.picture import write_plot

        write_plot(plot(), file)
