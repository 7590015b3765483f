"""`mmesim robustness`: whether the answer depends on what AWS does not publish."""

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
from mmesim.cli.simulating import allow, simulating, trust
from mmesim.errors import UserError


def robustness(
    scenario: ScenarioFile,
    full: Annotated[bool, typer.Option("--full", help="Try all combinations, not one change at a time.")] = False,
    replications: Annotated[
        int | None, typer.Option(min=1, help="Replications of each setting.", show_default="from the file, else 10")
    ] = None,
    seed: Seed = None,
    yes: Yes = False,
    no_own_code: NoOwnCode = False,
    quiet: Quiet = False,
    jobs: Jobs = 1,
    cluster: Cluster = None,
    store: Store = None,
    json: Json = False,
    check: Annotated[
        bool, typer.Option("--check", help="Exit with 1 if an expectation fails in any setting, 2 if one is undecided.")
    ] = False,
    overrides: Overrides = None,
) -> None:
    """Vary what AWS does not publish.

    Shows in how many settings the expectations hold, and which settings change the answer.
    """
    from mmesim.experiment.replicate import repeated
    from mmesim.experiment.unknowns.robustness import robustness as run_robustness
    from mmesim.report.blocks import Lines, report
    from mmesim.report.content.robustness import robustness_report
    from mmesim.scenario.file.load import load

    loaded = load(scenario, with_seed(overrides, seed))
    if check and not loaded.expect:
        raise UserError(f"{scenario}: --check needs expectations: add `expect`, such as [p99 < 500 ms]")
    allow(loaded, repeated(loaded, replications).run.replications, yes=yes, no_own_code=no_own_code, quiet=quiet)
    with simulating(jobs, cluster, store, quiet) as (running, progress):
        found = run_robustness(
            loaded, full=full, replications=replications, executor=running, store=store, watch=progress
        )
    show(found, lambda: report([Lines((found.answer,))]) if quiet else robustness_report(found), json)
    trust(found.self_check, "a setting")
    if check and found.verdict is not None:
        raise typer.Exit(EXIT_CODES[found.verdict])
