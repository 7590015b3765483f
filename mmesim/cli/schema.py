"""`mmesim schema`: the JSON Schema of scenario files, for editors that complete and check them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mmesim.errors import OutputError


def schema(
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write to this file.", show_default=False)] = None,
) -> None:
    """Print the JSON Schema of scenario files.

    Editors with YAML support complete and check a file that starts with
    `# yaml-language-server: $schema=scenario.schema.json`.
    """
    import json

    from mmesim.scenario.file.json_schema import json_schema

    text = json.dumps(json_schema(), indent=2) + "\n"
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{out}: cannot be written: {error.strerror or error}") from None
