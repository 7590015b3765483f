"""`mmesim uncertain`: what hangs on what is only believed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mmesim.errors import SimulationError


def uncertain(
    scenario: Annotated[Path, typer.Argument(help="Scenario file (YAML) with beliefs.", show_default=False)],
    draws: Annotated[int, typer.Option(min=1, help="Draws of the inputs; best is a power of two.")] = 64,
    replications: Annotated[
        int | None, typer.Option(min=2, help="Replications of each draw.", show_default="the file's, else 10")
    ] = None,
    metrics: Annotated[
        list[str] | None,
        typer.Option("--metric", help="Figure such as p99; several times for more.", show_default="what is expected"),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Instead of the scenario's.", show_default=False)] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Replications that run at the same time.")] = 1,
    cluster: Annotated[
        str | None,
        typer.Option(help="Dask scheduler whose workers run them, such as tcp://scheduler:8786.", show_default=False),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of the report.")] = False,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", help="Override, such as endpoint.instance_count=6.", show_default=False)
    ] = None,
) -> None:
    """Draw what is believed (`uncertain:`), simulate each draw: the spread of the answer, and what to measure first."""
    from mmesim.cli.run import executor
    from mmesim.experiment.uncertain import uncertain as run_uncertain
    from mmesim.report.progress import CountLine
    from mmesim.report.uncertain import text
    from mmesim.scenario.template import Template

    template = Template.read(scenario, [*(overrides or ()), *([] if seed is None else [f"run.seed={seed}"])])
    with executor(jobs, cluster) as running, CountLine(sys.stderr) as progress:
        found = run_uncertain(
            template, draws=draws, replications=replications, metrics=metrics or (), executor=running, watch=progress
        )
    typer.echo(found.to_json() if json else text(found), nl=False)
    if found.self_check is not None:
        raise SimulationError(f"the self-check of a draw failed, its figures cannot be trusted: {found.self_check}")
