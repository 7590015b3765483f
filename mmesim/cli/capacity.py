"""`mmesim capacity`: how many models, or how much traffic, a fleet carries."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mmesim.cli.common import EXIT_CODES, INTERRUPTED, coloured, each, show
from mmesim.cli.options import (
    Cluster,
    Jobs,
    Json,
    NoOwnCode,
    Overrides,
    Picture,
    Quiet,
    ScenarioFile,
    Seed,
    StoreWithDefault,
    Yes,
    with_seed,
)
from mmesim.cli.reports import draw, refuse_picture
from mmesim.cli.simulating import allow, simulating, tell_to_continue

STORE = Path("results", "capacity.sqlite")


class Of(StrEnum):
    """What amounts are."""

    models = "models"
    traffic = "traffic"


WhatVaries = Annotated[Of, typer.Option("--of", help="What to add: more models, or more traffic.")]
Group = Annotated[
    str | None, typer.Option(help="Group whose models are varied.", show_default="all, in their proportions")
]
UpTo = Annotated[
    float | None,
    typer.Option(help="Most models to try, or most times the traffic.", show_default="16 times what the scenario has"),
]
WithRobustness = Annotated[
    bool, typer.Option("--robustness", help="Also vary what AWS does not publish, with as much as fits.")
]


def capacity(
    scenario: ScenarioFile,
    of: WhatVaries = Of.models,
    group: Group = None,
    up_to: UpTo = None,
    robustness: WithRobustness = False,
    plot: Picture = None,
    seed: Seed = None,
    yes: Yes = False,
    no_own_code: NoOwnCode = False,
    quiet: Quiet = False,
    jobs: Jobs = 1,
    cluster: Cluster = None,
    store: StoreWithDefault = STORE,
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
    from mmesim.scenario.file.load import load

    refuse_picture(plot)
    loaded = load(scenario, with_seed(overrides, seed))
    allow(loaded, RUNS, yes=yes, no_own_code=no_own_code, quiet=quiet)
    with simulating(jobs, cluster, store, quiet, searches=True) as (running, progress):
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
    each(
        lambda: show(found, lambda: (answer_report if quiet else capacity_report)(found), json, coloured()),
        lambda: draw(found.plot, plot),
    )
    if not quiet:
        typer.echo(f"{units.show_count(found.simulated)} runs were simulated: they are kept in {store}", err=True)
    if not found.finished:
        if not quiet:
            tell_to_continue(store)
        raise typer.Exit(INTERRUPTED)
    if found.verdict is not None:
        raise typer.Exit(EXIT_CODES[found.verdict])
