"""`mmesim schema`: the JSON Schema of scenario files, for editors that complete and check them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mmesim.cli.common import is_stdout
from mmesim.errors import OutputError
from mmesim.files import write_text

FILE = "scenario.schema.json"


def schema(
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write to this file; - prints.", show_default=False)
    ] = None,
) -> None:
    """Print the JSON Schema of scenario files.

    Editors with YAML support complete and check a file that starts with
    `# yaml-language-server: $schema=scenario.schema.json`. `mmesim init` writes both.
    """
    from mmesim.scenario.file.json_schema import as_text

    if out is None or is_stdout(out):
        typer.echo(as_text(), nl=False)
    else:
        write(out)


def beside(scenario: Path) -> Path:
    """Where the schema stands beside a scenario file; OutputError when another program's file is there."""
    from mmesim.scenario.file.json_schema import TITLE

    file = scenario.with_name(FILE)
    if file.exists() and f'"title": "{TITLE}"' not in file.read_text(encoding="utf-8", errors="replace"):
        raise OutputError(f"{file}: already exists and is not overwritten: it is not a schema of mmesim")
    return file


def write(file: Path) -> None:
    """Writes the schema, over what was there; raises OutputError."""
    from mmesim.scenario.file.json_schema import as_text

    in_folder(file)
    write_text(file, as_text())


def in_folder(file: Path) -> None:
    """OutputError unless the folder that a file is to be written to is there: a slip would make one."""
    if not file.parent.is_dir():
        raise OutputError(f"{file}: cannot be written: there is no folder {file.parent}")
