"""`mmesim robustness`: whether the answer hangs on what AWS does not publish."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from mmesim.cli.common import EXIT_CODES, Cluster, Jobs, Overrides, ScenarioFile, Seed, executor, with_seed
from mmesim.errors import SimulationError, UserError


def robustness(
    scenario: ScenarioFile,
    full: Annotated[bool, typer.Option("--full", help="All combinations, not one change at a time.")] = False,
    replications: Annotated[
        int | None, typer.Option(min=1, help="Replications of each setting.", show_default="the file's, else 10")
    ] = None,
    seed: Seed = None,
    jobs: Jobs = 1,
    cluster: Cluster = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of the table.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Exit with 1 when it fails in a setting, 2 when one is undecided.")
    ] = False,
    overrides: Overrides = None,
) -> None:
    """Simulate under every setting of what AWS does not publish: in how many the answer holds, and where it flips."""
    from mmesim.experiment.robustness import robustness as run_robustness
    from mmesim.report.progress import CountLine
    from mmesim.report.text.robustness import text
    from mmesim.scenario.file.load import load

    loaded = load(scenario, with_seed(overrides, seed))
    if check and not loaded.expect:
        raise UserError(f"{scenario}: --check needs something to check: write `expect`, such as [p99 < 500 ms]")
    with executor(jobs, cluster) as running, CountLine(sys.stderr) as progress:
        found = run_robustness(loaded, full=full, replications=replications, executor=running, watch=progress)
    typer.echo(found.to_json() if json else text(found), nl=False)
    if found.self_check is not None:
        raise SimulationError(f"the self-check of a setting failed, its figures cannot be trusted: {found.self_check}")
    if check and found.verdict is not None:
        raise typer.Exit(EXIT_CODES[found.verdict])
