"""`mmesim split`: which models should leave the endpoint, and what that saves."""

from __future__ import annotations

from typing import Annotated

import typer

from mmesim.cli.common import EXIT_CODES, show
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


def split(
    scenario: ScenarioFile,
    replications: Annotated[
        int | None, typer.Option(min=2, help="Replications of each fleet.", show_default="from the file, else 10")
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
    """Find models that should leave the endpoint.

    For dedicated endpoints, inference components, a second multi-model or a multi-container endpoint, or serverless
    ones; ranked by what they save a month. Exits with 0 when a split keeps all that is expected and costs less, with 1
    when none that was tried does, with 2 when one would, but that stays undecided.
    """
    from mmesim.experiment.replicate import repeated
    from mmesim.experiment.split.split import split as run_split
    from mmesim.report.content.split import answer_report, split_report
    from mmesim.scenario.file.load import load

    loaded = load(scenario, with_seed(overrides, seed))
    allow(loaded, repeated(loaded, replications).run.replications, yes=yes, no_own_code=no_own_code, quiet=quiet)
    with simulating(jobs, cluster, store, quiet, searches=True) as (running, progress):
        found = run_split(loaded, replications=replications, executor=running, store=store, watch=progress)
    show(found, lambda: answer_report(found) if quiet else split_report(found), json)
    raise typer.Exit(EXIT_CODES[found.verdict])
