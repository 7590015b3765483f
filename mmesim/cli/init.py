"""`mmesim init`: writes a commented scenario to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mmesim.cli.schema import beside, in_folder, write
from mmesim.errors import OutputError
from mmesim.files import write_new


def starter() -> str:
    """The text of the commented scenario, with the names of all policies."""
    from importlib.resources import files

    from mmesim.scenario.endpoint.eviction import EvictionPolicy
    from mmesim.scenario.endpoint.router import RouterPolicy

    text = files("mmesim.cli").joinpath("starter.yaml").read_text(encoding="utf-8")
    return text.replace("<eviction>", ", ".join(EvictionPolicy)).replace("<router>", ", ".join(RouterPolicy))


def init(
    file: Annotated[Path, typer.Argument(help="File to write; never overwritten.")] = Path("scenario.yaml"),
) -> None:
    """Write a commented scenario file to start from, and its schema.

    Editors with YAML support complete and check the file by the schema beside it, scenario.schema.json.
    """
    described = beside(file)
    in_folder(file)
    try:
        write_new(file, starter())
    except FileExistsError:
        raise OutputError(f"{file}: already exists and is not overwritten: give another name") from None
    write(described)
    typer.echo(f"{file}: written. Next: mmesim validate {file}, then mmesim run {file}")
