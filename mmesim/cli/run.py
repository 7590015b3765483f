"""`mmesim run`: simulates a scenario, shows the result and writes the result folder."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmesim.cli.common import (
    EXIT_CODES,
    INTERRUPTED,
    Cluster,
    Jobs,
    NoOwnCode,
    Overrides,
    Quiet,
    ScenarioFile,
    Seed,
    Yes,
    afford,
    announce,
    coloured,
    columns,
    each,
    executor,
    folder_name,
    tell,
)
from mmesim.errors import SimulationError

if TYPE_CHECKING:
    from mmesim.results.result import Result


def run(
    scenario: ScenarioFile,
    json: Annotated[bool, typer.Option("--json", help="Print summary.json instead of the report.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for the result.", show_default="results/<name>")
    ] = None,
    seed: Seed = None,
    replications: Annotated[
        int | None, typer.Option(min=1, help="Number of replications, instead of the scenario's.", show_default=False)
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            help="Repeat until a figure is precise enough, such as 'p99 within 5 %'.",
            show_default=False,
        ),
    ] = None,
    jobs: Jobs = 1,
    cluster: Cluster = None,
    requests: Annotated[
        str | None,
        typer.Option(help="Calls to record, in all replications together: all, or at most N.", show_default="200000"),
    ] = None,
    no_requests: Annotated[bool, typer.Option("--no-requests", help="Record no calls.")] = False,
    robustness: Annotated[
        bool, typer.Option("--robustness", help="Also vary what AWS does not publish, as `mmesim robustness` does.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Exit with 1 if an expectation fails, 2 if one is undecided.")
    ] = False,
    yes: Yes = False,
    no_own_code: NoOwnCode = False,
    quiet: Quiet = False,
    overrides: Overrides = None,
) -> None:
    """Simulate a scenario.

    Prints a report, and writes summary and tables to a folder.
    """
    from mmesim.cli.replaced import replaced
    from mmesim.experiment.replicate import RECORDS, run_replications
    from mmesim.experiment.until import replicate_until
    from mmesim.preflight.check import findings
    from mmesim.report.content.run import run_report, verdict_report
    from mmesim.report.progress import ReplicationsBar, SimulationsBar
    from mmesim.report.text import text
    from mmesim.results.folder import prepare
    from mmesim.scenario.file.load import load
    from mmesim.scenario.run.settings import AUTO

    records = _records(requests, no_requests, RECORDS)
    given = {"run.seed": seed, "run.replications": replications, "run.until": until}
    settings = [f"{field}={value}" for field, value in given.items() if value is not None]
    loaded = load(scenario, [*(overrides or ()), *settings])
    folder = out or Path("results", folder_name(loaded.name))
    prepare(folder, None if out else loaded.name)
    announce(loaded, no_own_code, quiet)
    afford(loaded, loaded.run.replications, yes)
    bar = None if quiet else sys.stderr
    for finding in () if quiet else findings(loaded):
        if finding.severity != "note":
            tell(finding.line)
    other = None if quiet else replaced(folder, loaded)
    if other is not None:
        tell(f"note: {other}")
    if loaded.run.warmup_s == AUTO and not quiet:
        typer.echo("finding the warm-up with pilot runs, which are not measured", err=True)
    with (
        executor(jobs, cluster, quiet) as running,
        ReplicationsBar(bar, loaded.run.duration_s, loaded.run.replications) as progress,
    ):
        if loaded.run.until is None:
            result = run_replications(loaded, executor=running, records=records, watch=progress)
        else:
            result = replicate_until(loaded, executor=running, records=records, watch=progress, plan=progress.expect)
    interrupted = result.interrupted
    if robustness and not interrupted:
        try:
            from mmesim.experiment.robustness import robustness as run_robustness

            with executor(jobs, cluster, quiet) as running, SimulationsBar(bar) as counted:
                unknowns = run_robustness(loaded, executor=running, watch=counted)
            result = replace(result, robustness=unknowns.data)
        except KeyboardInterrupt:
            interrupted = True  # the run itself is finished

    def show() -> None:
        shown = verdict_report(result) if quiet else run_report(result)
        typer.echo(result.to_json() if json else text(shown, colour=coloured(), width=columns()), nl=False)

    each(show, lambda: result.save(folder))
    if not quiet:
        typer.echo(_speed(result), err=True)
        typer.echo(f"result in {folder}", err=True)
    if result.self_check is not None:
        raise SimulationError(f"the self-check of the run failed: its figures cannot be trusted: {result.self_check}")
    if interrupted:
        raise typer.Exit(INTERRUPTED)
    if check:
        raise typer.Exit(EXIT_CODES[result.verdict])


def _records(requests: str | None, no_requests: bool, default: int) -> int | None:
    """How many calls to record in all replications together: None for none, -1 for all."""
    if no_requests and requests is not None:
        raise typer.BadParameter("--requests and --no-requests exclude each other")
    if no_requests:
        return None
    if requests is None:
        return default
    if requests == "all":
        return -1
    if not re.fullmatch(r"[0-9]+", requests) or int(requests) == 0:
        raise typer.BadParameter(f"--requests must be `all` or a number above 0, not {requests!r}")
    return int(requests)


def _speed(result: Result) -> str:
    from mmesim import units

    calls, wall_s = sum(run.calls_all for run in result.runs), sum(run.wall_s for run in result.runs)
    return (
        f"{units.show_count(calls)} requests in {units.show_seconds(wall_s)} of simulation, "
        f"{units.show_count(calls / wall_s if wall_s else 0)} requests/s on one core"
    )
