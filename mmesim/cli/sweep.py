"""`mmesim sweep`: simulates a scenario at many points, shows a table and writes it; continues where it was stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmesim.cli import complete
from mmesim.cli.common import INTERRUPTED, each, folder_name, show
from mmesim.cli.options import (
    A_PICTURE,
    Cluster,
    Jobs,
    Json,
    NoOwnCode,
    Overrides,
    ScenarioFile,
    Seed,
    Silent,
    with_seed,
)
from mmesim.cli.reports import WithPage, draw, refuse_picture
from mmesim.cli.simulating import allow, simulating, trust
from mmesim.errors import UserError, did_you_mean
from mmesim.scenario.figures import Figure, figure, find, names, shown_in
from mmesim.scenario.run.expected import RECOVERY

if TYPE_CHECKING:
    from mmesim.experiment.sweep.result import SweepResult

STORE = "sweep.sqlite"
METRICS = ",".join(names(shown_in("sweep table")))


Grid = Annotated[
    list[str] | None,
    typer.Option(
        help="Field and values, such as endpoint.instance_count=2,4,6; repeat for all combinations.",
        autocompletion=complete.field,
    ),
]
Points = Annotated[
    Path | None, typer.Option(help="CSV file with a header of fields and one point a line.", show_default=False)
]
Sample = Annotated[
    str | None, typer.Option(help="lhs:64 or sobol:64: 64 points, spread over the ranges.", show_default=False)
]
Ranges = Annotated[
    list[str] | None,
    typer.Option(
        "--range",
        help='Field and range, such as models.tenant.memory="40 MiB..80 MiB"; add " log" for a log scale.',
        autocompletion=complete.field,
    ),
]
Metrics = Annotated[str, typer.Option(help="Figures in the table; recovery: that from every fault and deploy.")]
Out = Annotated[
    Path | None, typer.Option("--out", "-o", help="Folder for the tables.", show_default="results/<name>-sweep")
]
StoreFile = Annotated[
    Path | None,
    typer.Option(
        help="File that keeps finished simulations, which are not run again.", show_default="<out>/sweep.sqlite"
    ),
]
Plot = Annotated[
    Path | None,
    typer.Option(help=f"{A_PICTURE} to draw; shows the first metric given, else p99.", show_default=False),
]
OfEachPoint = Annotated[
    int | None, typer.Option(min=1, help="Replications of each point.", show_default="from the file, else 10")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Allow more than 2,000 simulations, or 1,000,000,000 calls.")]


def sweep(
    scenario: ScenarioFile,
    grid: Grid = None,
    points: Points = None,
    sample: Sample = None,
    ranges: Ranges = None,
    metrics: Metrics = METRICS,
    quiet: Silent = False,
    jobs: Jobs = 1,
    cluster: Cluster = None,
    out: Out = None,
    store: StoreFile = None,
    plot: Plot = None,
    report: WithPage = False,
    json: Json = False,
    seed: Seed = None,
    replications: OfEachPoint = None,
    yes: Yes = False,
    no_own_code: NoOwnCode = False,
    overrides: Overrides = None,
) -> None:
    """Simulate a scenario at many points.

    Prints a table and writes it to a folder. What varies is in the section `sweep` of the scenario, or given by --grid,
    --points or --sample. A sweep that was stopped continues with the same command.
    """
    from mmesim.experiment.replicate import repeated
    from mmesim.experiment.sweep.result import prepare, refuse_without_recovery
    from mmesim.experiment.sweep.sweep import MOST
    from mmesim.experiment.sweep.sweep import sweep as run_sweep
    from mmesim.experiment.sweep.words import from_words
    from mmesim.report.content.sweep import sweep_report
    from mmesim.scenario.file.template import Template

    figures, recovery = _figures(metrics)
    refuse_picture(plot)
    template = Template.read(scenario, with_seed(overrides, seed))
    what = from_words(grid or [], points, sample, ranges or [])
    if recovery:
        refuse_without_recovery(template.at())
    name = template.at().name
    folder = out or Path("results", f"{folder_name(name)}-sweep")
    file = store or folder / STORE
    prepare(folder, None if out else name)
    count = repeated(template.at(), replications).run.replications
    allow(template.at(), count, yes=yes, no_own_code=no_own_code, quiet=quiet)
    with simulating(jobs, cluster, None, quiet) as (running, progress):  # what was stopped shows the points it has
        most = None if yes else MOST
        result = run_sweep(
            template, what, replications=replications, executor=running, store=file, most=most, watch=progress
        )
    result = replace(result, shows_recoveries=recovery)
    each(
        lambda: _save(result, figures, folder, report),
        lambda: show(result, lambda: sweep_report(result, figures), json),
        lambda: draw(
            lambda: result.plot(figures[0].name if figures and metrics != METRICS else "p99"),
            plot if result.points else None,
        ),
    )
    if not quiet:
        typer.echo(_counted(result, file), err=True)
        typer.echo(f"tables in {folder}", err=True)
    trust(result.self_check, "a point")
    if result.interrupted:
        raise typer.Exit(INTERRUPTED)


def _save(result: SweepResult, figures: Sequence[Figure], folder: Path, report: bool) -> None:
    """Write the tables and what a page is made of, and the page where that is asked for."""
    from mmesim.experiment.sweep.kept import keep

    result.save(folder)
    keep(result, folder, [figure.name for figure in figures])
    if report and result.points:
        from mmesim.cli.report import write_page

        write_page(folder)


def _figures(words: str) -> tuple[Sequence[Figure], bool]:
    """The figures that are named, with commas between them, and whether recoveries are."""
    named = [name.strip() for name in words.split(",") if name.strip()]
    if not named:
        raise typer.BadParameter(f"--metrics needs names such as {METRICS}")
    known = [*names(shown_in("sweep")), RECOVERY]
    for name in named:
        if find(name, shown_in("sweep")) is None and name != RECOVERY:
            hint = did_you_mean(name, known)
            told = "" if hint is None else f" ({hint})"
            raise UserError(f"unknown metric {name!r}: one of {', '.join(known)}{told}")
    return [figure(name, shown_in("sweep")) for name in named if name != RECOVERY], RECOVERY in named


def _counted(result: SweepResult, store: Path) -> str:
    """What was simulated, and how to go on."""
    from mmesim import units

    counted = f"{units.show_count(result.simulated)} simulations"
    if result.found:
        counted += f", {units.show_count(result.found)} more were already in {store}"
    if not result.interrupted:
        return counted
    return f"stopped after {counted}: what is finished is in {store}; run the same command to continue"
