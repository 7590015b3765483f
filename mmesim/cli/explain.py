"""`mmesim explain`: why a scenario is as it is, and what would change it."""

from __future__ import annotations

from typing import Annotated

import typer

from mmesim.cli.common import coloured, show
from mmesim.cli.options import (
    Cluster,
    Jobs,
    Json,
    NoOwnCode,
    Overrides,
    Quiet,
    ScenarioFile,
    Seed,
    Store,
    Yes,
    with_seed,
)
from mmesim.cli.simulating import allow, simulating

ABOUT = 15
"""What-ifs of a scenario, roughly: the work that is announced."""


def explain(
    scenario: ScenarioFile,
    replications: Annotated[
        int | None,
        typer.Option(min=2, help="Replications of it and of each what-if.", show_default="from the file, at least 10"),
    ] = None,
    seed: Seed = None,
    yes: Yes = False,
    no_own_code: NoOwnCode = False,
    quiet: Quiet = False,
    jobs: Jobs = 1,
    cluster: Cluster = None,
    store: Store = None,
    json: Json = False,
    overrides: Overrides = None,
) -> None:
    """Say what limits a scenario, and what would change it.

    Shows what slow and failed calls wait for; what one more instance, another type, one more worker, a longer queue
    and others would change, on the same random numbers, ranked by what they are worth for a dollar; and findings with
    what to try.
    """
    from mmesim.experiment.explained.explain import count_of
    from mmesim.experiment.explained.explain import explain as run_explain
    from mmesim.report.content.explained import answer_report, explained_report
    from mmesim.scenario.file.load import load

    loaded = load(scenario, with_seed(overrides, seed))
    allow(loaded, ABOUT * count_of(loaded, replications), yes=yes, no_own_code=no_own_code, quiet=quiet)
    with simulating(jobs, cluster, store, quiet) as (running, progress):
        found = run_explain(loaded, replications=replications, executor=running, store=store, watch=progress)
    show(found, lambda: answer_report(found) if quiet else explained_report(found), json, coloured())
