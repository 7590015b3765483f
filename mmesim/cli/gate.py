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
    coloured,
    columns,
    each,
    executor,
    told_to_continue,
)
from mmesim.cli.reports import ReportFile, add_step_summary, annotate, as_shown, refuse_folders, writers
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
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Of what fails: the largest wait, and what one more instance would do."),
    ] = False,
    robustness: Annotated[
        bool, typer.Option("--robustness", help="Also vary what AWS does not publish, as `mmesim robustness` does.")
    ] = False,
    json: Annotated[
        Path | None, typer.Option("--json", help="File for all that was found, as JSON.", show_default=False)
    ] = None,
    junit: Annotated[
        Path | None, typer.Option("--junit", help="File for JUnit XML, which CI systems show.", show_default=False)
    ] = None,
    markdown: Annotated[
        Path | None,
        typer.Option(
            "--markdown", help="File for a comment on a pull request; empty when nothing is new.", show_default=False
        ),
    ] = None,
    report: ReportFile = None,
    github: Annotated[
        bool, typer.Option("--github", help="In a GitHub workflow: mark lines of `expect`, and add a step summary.")
    ] = False,
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
    from mmesim.experiment.gate.cases import RUNS
    from mmesim.experiment.gate.gate import gate as run_gate
    from mmesim.report.content.gate import gate_report, verdict_report
    from mmesim.report.progress import SimulationsBar
    from mmesim.report.text import text

    refuse_folders(json=json, junit=junit, markdown=markdown, report=report)

    def allowed(scenario: Scenario) -> None:
        announce(scenario, no_own_code, quiet)
        afford(scenario, RUNS, yes)

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
            explain=explain,
            robustness=robustness,
            fresh=fresh if update_baseline else None,
        )

    def show() -> None:
        if github:
            annotate(found)
        shown = verdict_report(found) if quiet else gate_report(found)
        typer.echo(as_shown(text(shown, colour=coloured(), width=columns())), nl=False)

    summary = [lambda: add_step_summary(found, quiet)] if github else []
    saved = [partial(baseline.save, beside) for beside, baseline in fresh.items()]
    each(show, *writers(found, json, junit, markdown, report), *summary, *saved)
    if fresh and not quiet:
        typer.echo(f"wrote {', '.join(map(str, fresh))}", err=True)
    broken = [scenario for scenario in found.scenarios if scenario.error is not None]
    if not quiet and len(broken) < len(found.scenarios):
        typer.echo(_simulated(sum(scenario.simulated for scenario in found.scenarios), file), err=True)
    if broken:
        reasons = [str(scenario.error) for scenario in broken] if quiet else []  # else they are in the report
        raise UserError("\n".join((_not_judged(len(broken), len(found.scenarios)), *reasons)))
    raise typer.Exit(EXIT_CODES[found.verdict])


def _not_judged(broken: int, of: int) -> str:
    """How many scenarios are in error."""
    which = "the scenario" if of == 1 else f"{broken} of {of} scenarios"
    return f"{which} could not be judged"


def _simulated(count: int, store: Path) -> str:
    """How much of the work was new."""
    from mmesim import units

    if not count:
        return f"nothing had to be simulated for the verdicts: all is in {store}"
    return f"{units.show_count(count)} runs were simulated for the verdicts: they are kept in {store}"
