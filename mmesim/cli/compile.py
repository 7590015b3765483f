"""`mmesim compile`: the engine compiled ahead of its first run, for images and machines that run many."""

from __future__ import annotations

from typing import Annotated

import typer

from mmesim.errors import OutputError


def compile(
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing on stderr.")] = False,
) -> None:
    """Compile the engine now, and print the folder where it is kept.

    The first run of a version does the same. Run it where an image is built, as the user who will run mmesim.
    """
    from mmesim.cli.simulating import announce_compile
    from mmesim.experiment.execute import task

    announce_compile(quiet)
    folder = task.compile_kernel()
    if folder is None:
        raise OutputError("the compiled engine cannot be kept: no folder can be written; name one with NUMBA_CACHE_DIR")
    typer.echo(folder)
