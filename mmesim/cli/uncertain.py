"""`mmesim uncertain`: which unknowns matter."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mmesim.cli.common import show
from mmesim.cli.options import Cluster, Jobs, Json, NoOwnCode, Overrides, Seed, Silent, Store, Yes, with_seed
from mmesim.cli.simulating import allow, simulating, trust


def uncertain(
    scenario: Annotated[Path, typer.Argument(help="Scenario file (YAML) with beliefs.", show_default=False)],
    draws: Annotated[int, typer.Option(min=1, help="Draws of the inputs; a power of two is best.")] = 64,
    replications: Annotated[
        int | None, typer.Option(min=2, help="Replications of each draw.", show_default="from the file, else 10")
    ] = None,
    metrics: Annotated[
        list[str] | None,
        typer.Option("--metric", help="Figure, such as p99; repeatable.", show_default="those of `expect`"),
    ] = None,
    seed: Seed = None,
    yes: Yes = False,
    no_own_code: NoOwnCode = False,
    quiet: Silent = False,
    jobs: Jobs = 1,
    cluster: Cluster = None,
    store: Store = None,
    json: Json = False,
    overrides: Overrides = None,
) -> None:
    """Find out which unknowns matter.

    Draws the values marked `uncertain:`, simulates each draw, and shows how far the answers spread and what to measure
    first.
    """
    from mmesim.experiment.replicate import repeated
    from mmesim.experiment.unknowns.uncertain import uncertain as run_uncertain
    from mmesim.report.content.uncertain import uncertain_report
    from mmesim.scenario.file.template import Template

    template = Template.read(scenario, with_seed(overrides, seed))
    base = template.at()
    simulations = draws * repeated(base, replications).run.replications
    allow(base, simulations, yes=yes, no_own_code=no_own_code, quiet=quiet)
    with simulating(jobs, cluster, store, quiet) as (running, progress):
        found = run_uncertain(
            template,
            draws=draws,
            replications=replications,
            metrics=metrics or (),
            executor=running,
            store=store,
            watch=progress,
        )
    show(found, lambda: uncertain_report(found), json)
    trust(found.self_check, "a draw")
