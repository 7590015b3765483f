"""How every command ends and shows what it found: exit codes, stdout, sentences on stderr."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import typer

from mmesim.cli.signals import uninterrupted
from mmesim.errors import OutputError

if TYPE_CHECKING:
    from mmesim.report.blocks import Report

EXIT_CODES = {"pass": 0, "fail": 1, "undecided": 2}
INTERRUPTED = 130
PLAIN = str.maketrans({"✓": "+", "✗": "x"})
"""Ticks for a terminal that has no others."""


class Found(Protocol):
    """What a command found, which can be shown as JSON, too."""

    def to_json(self) -> str:
        """The text of a JSON document."""


def show(found: Found, as_report: Callable[[], Report], json: bool, colour: bool = False) -> None:
    """Print what was found, as JSON or as a report."""
    if json:
        typer.echo(found.to_json(), nl=False)
    else:
        print_report(as_report(), colour)


def print_report(report: Report, colour: bool) -> None:
    """Print a report as wide as the terminal."""
    from mmesim.report.text import text

    typer.echo(as_shown(text(report, colour=colour, width=columns())), nl=False)


def as_shown(text: str) -> str:
    """The text with ticks that stdout can show."""
    encoding = getattr(getattr(sys.stdout, "terminal", sys.stdout), "encoding", None) or "ascii"
    try:
        "✓✗".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return text.translate(PLAIN)
    return text


def each(*steps: Callable[[], object]) -> None:
    """Does every step, in order, also after one could not write or Ctrl-C: what was computed is kept and shown.

    What is kept comes first, so that nobody reads what a `kill -9` has then lost.
    """
    problems: list[str] = []
    with uninterrupted():
        for step in steps:
            try:
                step()
            except OutputError as error:
                problems.append(str(error))
    if problems:
        raise OutputError("\n".join(problems))


def is_stdout(out: Path) -> bool:
    """Whether a file to be written is `-`, which is to be printed."""
    return str(out) == "-"


def folder_name(name: str) -> str:
    """The scenario's name as the name of a folder: letters, digits, `.`, `_` and `-`, no leading dot."""
    return re.sub(r"[^\w.-]+", "-", name).lstrip(".") or "scenario"


def columns() -> int:
    """Columns of the terminal on stdout; those of a common one where stdout is something else."""
    from mmesim.report.text import WIDTH

    return shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDTH


def tell(sentence: str) -> None:
    """Says a sentence on stderr: as lines on a terminal, as one line in a file, where it can be searched for."""
    from mmesim.report.plain import harmless_line
    from mmesim.report.text import INDENT, wrapped

    sentence = harmless_line(sentence)
    width = shutil.get_terminal_size().columns
    typer.echo("\n".join(wrapped(sentence, 0, INDENT, width)) if sys.stderr.isatty() else sentence, err=True)


def coloured() -> bool:
    """Whether stdout is a terminal, that can show colours, and they are not switched off (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
