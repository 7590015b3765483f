"""`mmesim capacity`: how many models, or how much traffic, a fleet carries."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mmesim.cli.common import (
    EXIT_CODES,
    INTERRUPTED,
    Cluster,
    Jobs,
    Json,
    NoOwnCode,
    Overrides,
    Quiet,
    ScenarioFile,
    Seed,
    Yes,
    allow,
    coloured,
    each,
    executor,
    show,
    told_to_continue,
    with_seed,
)

STORE = Path("results", "capacity.sqlite")


class Of(StrEnum):
    """What amounts are."""

    models = "models"
    traffic = "traffic"


def capacity(
    scenario: ScenarioFile,
    of: Annotated[Of, typer.Option("--of", help="What there may be more of.")] = Of.models,
    group: Annotated[
        str | None, typer.Option(help="Group whose models are varied.", show_default="all, in their proportions")
    ] = None,
    up_to: Annotated[
        float | None,
        typer.Option(
            help="Most models to try, or most times the traffic.", show_default="16 times what the scenario has"
        ),
    ] = None,
    robustness: Annotated[
        bool, typer.Option("--robustness", help="Also vary what AWS does not publish, with as much as fits.")
    ] = False,
    plot: Annotated[Path | None, typer.Option(help="PNG or SVG file to draw.", show_default=False)] = None,
    seed: Seed = None,
    yes: Yes = False,
    no_own_code: NoOwnCode = False,
    quiet: Quiet = False,
    jobs: Jobs = 1,
    cluster: Cluster = None,
    store: Annotated[Path, typer.Option(help="File that keeps what was simulated, which is not run again.")] = STORE,
    json: Json = False,
    overrides: Overrides = None,
) -> None:
    """Find out how many models fit, or how much traffic.

    Exits with 0 when what the scenario has fits (or nothing is expected), with 1 when it does not, with 2 when the
    simulations leave it open. Ctrl-C gives what is known so far; the same command goes on.
    """
    from mmesim import units
    from mmesim.experiment.capacity.capacity import capacity as find
    from mmesim.experiment.capacity.curve import RUNS
    from mmesim.report.content.capacity import answer_report, capacity_report
    from mmesim.report.plots.picture import check_format
    from mmesim.report.progress import SimulationsBar
    from mmesim.scenario.file.load import load

    if plot is not None:
        check_format(plot)
    loaded = load(scenario, with_seed(overrides, seed))
    allow(loaded, RUNS, yes=yes, no_own_code=no_own_code, quiet=quiet)
    with (
        told_to_continue(store),
        executor(jobs, cluster, quiet) as running,
        SimulationsBar(None if quiet else sys.stderr) as progress,
    ):
        found = find(
            loaded,
            of=of.value,
            group=group,
            up_to=up_to,
            executor=running,
            store=store,
            watch=progress,
            robustness=robustness,
        )

    def draw() -> None:
        if plot is not None:
            from mmesim.report.plots.picture import write_plot

            write_plot(found.plot(), plot)

    each(lambda: show(found, lambda: (answer_report if quiet else capacity_report)(found), json, coloured()), draw)
    if not quiet:
        typer.echo(f"{units.show_count(found.simulated)} runs were simulated: they are kept in {store}", err=True)
    if not found.finished:
        if not quiet:
            typer.echo(f"what is finished is in {store}: run the same command to continue", err=True)
        raise typer.Exit(INTERRUPTED)
    if found.verdict is not None:
        raise typer.Exit(EXIT_CODES[found.verdict])
