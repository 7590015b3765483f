"""`mmesim sweep`: simulates a scenario at many points, shows a table and writes it; goes on where it was stopped."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmesim.cli.common import (
    INTERRUPTED,
    Cluster,
    Jobs,
    Overrides,
    ScenarioFile,
    Seed,
    executor,
    folder_name,
    with_seed,
)
from mmesim.errors import SimulationError
from mmesim.scenario.figures import Figure, figure, names, shown_in

if TYPE_CHECKING:
    from mmesim.experiment.sweep.result import SweepResult

STORE = "sweep.sqlite"


def sweep(
    scenario: ScenarioFile,
    grid: Annotated[
        list[str] | None,
        typer.Option(help="Field and values, such as endpoint.instance_count=2,4,6. Several: all combinations."),
    ] = None,
    points: Annotated[
        Path | None, typer.Option(help="CSV file: a header of fields, one point a line.", show_default=False)
    ] = None,
    sample: Annotated[
        str | None, typer.Option(help="lhs:64 or sobol:64: points spread over the ranges.", show_default=False)
    ] = None,
    ranges: Annotated[
        list[str] | None,
        typer.Option("--range", help='Field and range, such as models.tenant.memory="40 MiB..80 MiB", or ".. log".'),
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option(
            help="Figures of the table, such as p99,cost.", show_default=",".join(names(shown_in("sweep table")))
        ),
    ] = None,
    jobs: Jobs = 1,
    cluster: Cluster = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder of the tables.", show_default="results/<name>-sweep")
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option(help="File of finished simulations, which are not run again.", show_default="<out>/sweep.sqlite"),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="PNG or SVG file: the first metric that is given, else p99.", show_default=False)
    ] = None,
    seed: Seed = None,
    replications: Annotated[
        int | None, typer.Option(min=1, help="For each point.", show_default="the scenario's, else 10")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Run more than 2,000 simulations.")] = False,
    overrides: Overrides = None,
) -> None:
    """Simulate a scenario at many points: a table on stdout, sweep.parquet and sweep.csv in a folder.

    What is varied stands in the section `sweep` of the scenario, or is given by --grid, --points or --sample. The same
    command goes on where it was stopped.
    """
    from mmesim.experiment.sweep.result import prepare
    from mmesim.experiment.sweep.sweep import MOST
    from mmesim.experiment.sweep.sweep import sweep as run_sweep
    from mmesim.experiment.sweep.words import from_words
    from mmesim.report.plots.sweep import check_format, write_plot
    from mmesim.report.progress import CountLine
    from mmesim.report.text.sweep import sweep_text
    from mmesim.scenario.file.template import Template

    figures = shown_in("sweep table") if metrics is None else _figures(metrics)
    if plot is not None:
        check_format(plot)
    template = Template.read(scenario, with_seed(overrides, seed))
    what = from_words(grid or [], points, sample, ranges or [])
    folder = out or Path("results", f"{folder_name(template.at().name)}-sweep")
    file = store or folder / STORE
    prepare(folder)
    with executor(jobs, cluster) as running, CountLine(sys.stderr) as progress:
        result = run_sweep(
            template,
            what,
            replications=replications,
            executor=running,
            store=file,
            most=None if yes else MOST,
            watch=progress,
        )
    result.save(folder)
    if plot is not None and result.points:
        write_plot(result.plot("p99" if metrics is None else figures[0].name), plot)
    typer.echo(sweep_text(result, figures), nl=False)
    typer.echo(_counted(result, file), err=True)
    typer.echo(f"tables in {folder}", err=True)
    if result.self_check is not None:
        raise SimulationError(f"the self-check of a point failed, its figures cannot be trusted: {result.self_check}")
    if result.interrupted:
        raise typer.Exit(INTERRUPTED)


def _figures(words: str) -> Sequence[Figure]:
    """The figures that are named, with commas between them."""
    found = [figure(name.strip(), shown_in("sweep")) for name in words.split(",") if name.strip()]
    if not found:
        raise typer.BadParameter(f"--metrics takes names such as {','.join(names(shown_in('sweep table')))}")
    return found


def _counted(result: SweepResult, store: Path) -> str:
    """What was simulated, and how to go on."""
    from mmesim import units

    counted = f"{units.show_count(result.simulated)} simulations"
    if result.found:
        counted += f", {units.show_count(result.found)} more were in {store}"
    if not result.interrupted:
        return counted
    return f"stopped after {counted}: what is finished is in {store}, the same command goes on from there"
