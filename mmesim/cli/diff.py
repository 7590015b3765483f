"""`mmesim diff`: compares two scenarios on the same requests."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mmesim.cli.common import Cluster, Jobs, coloured, executor


def diff(
    a: Annotated[Path, typer.Argument(help="Scenario file (YAML).", show_default=False)],
    b: Annotated[
        Path | None, typer.Argument(help="The other one; a itself when only --set differs.", show_default=False)
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change of b, such as endpoint.instance_count=6.", show_default=False),
    ] = None,
    both: Annotated[
        list[str] | None, typer.Option("--set-both", help="Change of a and of b.", show_default=False)
    ] = None,
    replications: Annotated[
        int | None, typer.Option(min=1, help="Pairs of replications.", show_default="those of a's file, else 10")
    ] = None,
    jobs: Jobs = 1,
    cluster: Cluster = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of the table.")] = False,
) -> None:
    """Compare two scenarios on the same requests: what changes, with intervals, and the first call that parts."""
    from mmesim.experiment.diff import diff as compare
    from mmesim.experiment.replicate import repeated
    from mmesim.report.progress import ProgressLine
    from mmesim.report.text.diff import text
    from mmesim.scenario.file.load import load

    if b is None and not changes:
        raise typer.BadParameter("nothing differs: give a second file, or --set for the changes of b")
    first = load(a, both or ())
    second = load(b or a, [*(both or ()), *(changes or ())])
    if b is None:
        second = second.model_copy(update={"name": ", ".join(changes or ())})
    count = repeated(first, replications).run.replications
    with executor(jobs, cluster) as running, ProgressLine(sys.stderr, first.run.duration_s, 2 * count) as progress:
        found = compare(
            first,
            second,
            replications=replications,
            executor=running,
            watch=lambda label: progress.part(0 if label == "a" else count),
        )
    typer.echo(found.to_json() if json else text(found, colour=coloured()), nl=False)
