"""`mmesim gate`: whether scenarios meet what they expect."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmesim.cli.common import (
    EXIT_CODES,
    Cluster,
    Jobs,
    NoOwnCode,
    Overrides,
    Quiet,
    Yes,
    afford,
    announce,
    each,
    executor,
    told_to_continue,
)
from mmesim.errors import UserError

if TYPE_CHECKING:
    from mmesim.results.baseline import Baseline
    from mmesim.scenario.scenario import Scenario

STORE = Path("results", "gate.sqlite")


def gate(
    files: Annotated[
        list[Path],
        typer.Argument(help="Scenario files, and folders: every *.yaml under one that expects something."),
    ],
    json: Annotated[
        Path | None, typer.Option("--json", help="File for what was found, as JSON.", show_default=False)
    ] = None,
    update_baseline: Annotated[
        bool, typer.Option("--update-baseline", help="Write the figures of each NAME.yaml to NAME.baseline.json.")
    ] = False,
    yes: Yes = False,
    no_own_code: NoOwnCode = False,
    quiet: Quiet = False,
    jobs: Jobs = 1,
    cluster: Cluster = None,
    store: Annotated[
        Path, typer.Option(help="File, or folder for one, that keeps what was simulated, which is not run again.")
    ] = STORE,
    overrides: Overrides = None,
) -> None:
    """Pass or fail scenarios by what they expect.

    Exits with 0 when every line of `expect` passes, with 1 when one fails, with 2 when one stays undecided.
    """
    from mmesim.experiment.gate.gate import gate as run_gate
    from mmesim.files import write_text
    from mmesim.report.progress import SimulationsBar

    def allowed(scenario: Scenario) -> None:
        announce(scenario, no_own_code, quiet)
        afford(scenario, 1, yes)

    fresh: dict[Path, Baseline] = {}
    file = store / STORE.name if store.is_dir() or not store.suffix else store
    with told_to_continue(file), SimulationsBar(None if quiet else sys.stderr) as progress:
        found = run_gate(
            files,
            overrides=overrides or (),
            executor=lambda: executor(jobs, cluster, quiet),
            store=file,
            watch=progress,
            allowed=allowed,
            fresh=fresh if update_baseline else None,
        )
    if json is not None:
        write_text(json, found.model_dump_json(indent=2) + "\n")
    for scenario in found.scenarios:
        for line in scenario.lines:
            reason = "" if line.reason is None else f" ({line.reason})"
            more = "" if line.needed is None else f"; about {line.needed} more replications"
            typer.echo(f"{line.verdict:9}  {scenario.name}: {line.text}{reason}{more}")
        if scenario.error is not None:
            typer.echo(scenario.error, err=True)
    typer.echo(found.verdict)
    each(*(partial(baseline.save, beside) for beside, baseline in fresh.items()))
    if fresh and not quiet:
        typer.echo(f"baselines written: {', '.join(map(str, fresh))}", err=True)
    broken = [scenario.file for scenario in found.scenarios if scenario.error is not None]
    if broken:
        raise UserError(f"{len(broken)} of {len(found.scenarios)} scenarios could not be tried")
    raise typer.Exit(EXIT_CODES[found.verdict])
