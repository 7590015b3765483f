"""`mmesim report`: makes a page from a result folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mmesim.cli.common import columns
from mmesim.errors import UserError

PAGE = "report.html"


def report(
    folder: Annotated[Path, typer.Argument(help="Folder of a result.", show_default=False)],
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
    if str(target) == "-":
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
    from mmesim.results.shown import Kept

    kept = Kept.read(folder)
    if suffix == ".html":
        from mmesim.report.page.run import run_page

        return run_page(kept)
    from mmesim.report.content.page import in_one, run_chapters

    found = in_one(run_chapters(kept))
    if suffix == ".md":
        from mmesim.report.markdown import markdown

        return markdown(found)
    from mmesim.report.text import text

    return text(found, width=columns())
