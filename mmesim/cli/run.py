"""`mmesim run`: simulates a scenario, shows the result and writes the result folder."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmesim.cli.common import EXIT_CODES, INTERRUPTED, coloured, each, folder_name, show, tell
from mmesim.cli.options import (
    A_PICTURE,
    Cluster,
    Jobs,
    NoOwnCode,
    Overrides,
    Quiet,
    ScenarioFile,
    Seed,
    WithRobustness,
    Yes,
)
from mmesim.cli.reports import WithPage, draw, refuse_picture
from mmesim.cli.simulating import allow, executor, trust
from mmesim.cli.timeline import TimelineWindow, WithTimeline, window, write_timeline

if TYPE_CHECKING:
    from mmesim.experiment.execute.task import Executor
    from mmesim.results.result import Result
    from mmesim.scenario.scenario import Scenario


SummaryJson = Annotated[bool, typer.Option("--json", help="Print summary.json instead of the report.")]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="Folder for the result.", show_default="results/<name>")]
Replications = Annotated[
    int | None, typer.Option(min=1, help="Number of replications, instead of the scenario's.", show_default=False)
]
Until = Annotated[
    str | None,
    typer.Option(help="Repeat until a figure is precise enough, such as 'p99 within 5 %'.", show_default=False),
]
Requests = Annotated[
    str | None,
    typer.Option(help="Calls to record, in all replications together: all, or at most N.", show_default="200000"),
]
NoRequests = Annotated[bool, typer.Option("--no-requests", help="Record no calls.")]
OverTimePlot = Annotated[
    Path | None,
    typer.Option(help=f"{A_PICTURE}: the run minute by minute, and what happened.", show_default=False),
]
Check = Annotated[bool, typer.Option("--check", help="Exit with 1 if an expectation fails, 2 if one is undecided.")]


def run(
    scenario: ScenarioFile,
    json: SummaryJson = False,
    out: Out = None,
    seed: Seed = None,
    replications: Replications = None,
    until: Until = None,
    jobs: Jobs = 1,
    cluster: Cluster = None,
    requests: Requests = None,
    no_requests: NoRequests = False,
    robustness: WithRobustness = False,
    report: WithPage = False,
    over_time: OverTimePlot = None,
    timeline: WithTimeline = False,
    timeline_window: TimelineWindow = None,
    check: Check = False,
    yes: Yes = False,
    no_own_code: NoOwnCode = False,
    quiet: Quiet = False,
    overrides: Overrides = None,
) -> None:
    """Simulate a scenario.

    Prints a report, and writes summary and tables to a folder.
    """
    from mmesim.experiment.replicate import RECORDS
    from mmesim.report.content.run import run_report, verdict_report
    from mmesim.results.folder.folder import prepare
    from mmesim.scenario.file.load import load

    refuse_picture(over_time)
    records = _records(requests, no_requests, RECORDS)
    given = {"run.seed": seed, "run.replications": replications, "run.until": until}
    settings = [f"{field}={value}" for field, value in given.items() if value is not None]
    loaded = load(scenario, [*(overrides or ()), *settings])
    shown_s = window(timeline_window, timeline, loaded.run.duration_s)
    folder = out or Path("results", folder_name(loaded.name))
    prepare(folder, None if out else loaded.name)
    allow(loaded, loaded.run.replications, yes=yes, no_own_code=no_own_code, quiet=quiet)
    if not quiet:
        _tell_before(loaded, folder)
    result, interrupted = _simulated(loaded, records, lambda: executor(jobs, cluster, quiet), robustness, quiet)
    each(
        lambda: _save(result, folder, report),
        lambda: show(result, lambda: verdict_report(result) if quiet else run_report(result), json, coloured()),
        lambda: draw(lambda: result.plot.over_time(), over_time),
    )
    if timeline and not interrupted:
        write_timeline(result, shown_s, folder, quiet)
    if not quiet:
        typer.echo(_speed(result), err=True)
        typer.echo(f"result in {folder}", err=True)
    trust(result.self_check, "the run")
    if interrupted:
        raise typer.Exit(INTERRUPTED)
    if check:
        raise typer.Exit(EXIT_CODES[result.verdict])


def _save(result: Result, folder: Path, with_page: bool) -> None:
    """Write the folder, and the page into it where that is asked for."""
    result.save(folder)
    if with_page:
        from mmesim.cli.report import write_page

        write_page(folder)


def _tell_before(scenario: Scenario, folder: Path) -> None:
    """Say what can be known before the run: findings, and what its result would replace."""
    from mmesim.cli.replaced import replaced
    from mmesim.preflight.check import findings
    from mmesim.scenario.run.settings import AUTO

    for finding in findings(scenario):
        if finding.severity != "note":
            tell(finding.line)
    other = replaced(folder, scenario)
    if other is not None:
        tell(f"note: {other}")
    if scenario.run.warmup_s == AUTO:
        typer.echo("finding the warm-up with pilot runs, which are not measured", err=True)


def _simulated(
    scenario: Scenario, records: int | None, made: Callable[[], Executor], robustness: bool, quiet: bool
) -> tuple[Result, bool]:
    """All simulations of the command, and whether they were interrupted."""
    result = _replicated(scenario, records, made, quiet)
    if not robustness or result.interrupted:
        return result, result.interrupted
    try:
        return _with_robustness(scenario, result, made, quiet), False
    except KeyboardInterrupt:
        return result, True  # the run itself is finished


def _replicated(scenario: Scenario, records: int | None, made: Callable[[], Executor], quiet: bool) -> Result:
    """Run as many replications as the scenario wants, with a bar."""
    from mmesim.experiment.replicate import run_replications
    from mmesim.experiment.until import replicate_until
    from mmesim.report.progress import ReplicationsBar

    bar = ReplicationsBar(None if quiet else sys.stderr, scenario.run.duration_s, scenario.run.replications)
    with made() as running, bar as progress:
        if scenario.run.until is None:
            return run_replications(scenario, executor=running, records=records, watch=progress)
        return replicate_until(scenario, executor=running, records=records, watch=progress, plan=progress.expect)


def _with_robustness(scenario: Scenario, result: Result, made: Callable[[], Executor], quiet: bool) -> Result:
    """The result with the answer under the settings of what AWS does not publish."""
    from mmesim.experiment.unknowns.robustness import robustness
    from mmesim.report.progress import SimulationsBar

    with made() as running, SimulationsBar(None if quiet else sys.stderr) as counted:
        return replace(result, robustness=robustness(scenario, executor=running, watch=counted).data)


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
