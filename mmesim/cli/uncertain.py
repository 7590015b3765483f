"""`mmesim uncertain`: what hangs on what is only believed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mmesim.cli.common import Cluster, Jobs, Overrides, Seed, executor, with_seed
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
    seed: Seed = None,
    jobs: Jobs = 1,
    cluster: Cluster = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of the report.")] = False,
    overrides: Overrides = None,
) -> None:
    """Draw what is believed (`uncertain:`), simulate each draw: the spread of the answer, and what to measure first."""
    from mmesim.experiment.uncertain import uncertain as run_uncertain
    from mmesim.report.progress import CountLine
    from mmesim.report.text.uncertain import text
    from mmesim.scenario.file.template import Template

    template = Template.read(scenario, with_seed(overrides, seed))
    with executor(jobs, cluster) as running, CountLine(sys.stderr) as progress:
        found = run_uncertain(
            template, draws=draws, replications=replications, metrics=metrics or (), executor=running, watch=progress
        )
    typer.echo(found.to_json() if json else text(found), nl=False)
    if found.self_check is not None:
        raise SimulationError(f"the self-check of a draw failed, its figures cannot be trusted: {found.self_check}")
