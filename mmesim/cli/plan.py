"""`mmesim plan`: how many instances of which type."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmesim.cli.common import EXIT_CODES, INTERRUPTED, coloured, each, folder_name, print_report
from mmesim.cli.options import (
    Cluster,
    Jobs,
    Json,
    NoOwnCode,
    Overrides,
    ScenarioFile,
    Seed,
    StoreWithDefault,
    with_seed,
)
from mmesim.cli.reports import WithPage
from mmesim.cli.simulating import allow, executor, tell_to_continue, told_to_continue

if TYPE_CHECKING:
    from mmesim.experiment.plan.result import PlanResult

STORE = Path("results", "plan.sqlite")
LEAST = 10
"""Replications of a fleet that is tried at all."""


def plan(
    scenario: ScenarioFile,
    deploy: Annotated[
        bool, typer.Option("--deploy", help="Also print the files that deploy the answer; they are always written.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for the result.", show_default="results/<name>-plan")
    ] = None,
    report: WithPage = False,
    seed: Seed = None,
    middle: Annotated[
        bool,
        typer.Option(
            "--middle",
            help="Plan with the middle value of each uncertain input: a quick answer, which says nothing of what they "
            "may be.",
        ),
    ] = False,
    yes: Annotated[
        bool,
        typer.Option("--yes", "-y", help="Allow more than 5,000 fleets, or more than 1,000,000,000 calls."),
    ] = False,
    no_own_code: NoOwnCode = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, and only the answer.")] = False,
    jobs: Jobs = 1,
    cluster: Cluster = None,
    store: StoreWithDefault = STORE,
    json: Json = False,
    overrides: Overrides = None,
) -> None:
    """Find the cheapest fleet that meets what is expected.

    The fleets are those of `plan.grid` in the scenario. Exits with 0 when there is an answer, with 1 when no fleet of
    the grid is inside the limits of `expect`, with 2 when it stays open. Ctrl-C gives the best answer so far; the same
    command goes on.
    """
    from mmesim.experiment.plan.fleets import MOST
    from mmesim.experiment.plan.plan import plan as find
    from mmesim.report.progress import FleetsBar
    from mmesim.results.folder.folder import PLAN, prepare
    from mmesim.scenario.file.template import Template

    template = Template.read(scenario, with_seed(overrides, seed))
    base = template.at()
    folder = out or Path("results", f"{folder_name(base.name)}-plan")
    prepare(folder, None if out else base.name, PLAN, store)
    allow(base, LEAST, yes=yes, no_own_code=no_own_code, quiet=quiet)
    with told_to_continue(store), FleetsBar(None if quiet else sys.stderr) as progress:
        found = find(
            template,
            executor=lambda: executor(jobs, cluster, quiet),
            store=store,
            watch=progress,
            most=None if yes else MOST,
            middle=middle,
        )
    each(lambda: _save(found, folder, report), lambda: _show(found, json, quiet, deploy))
    if not quiet:
        typer.echo(_simulated(found, store), err=True)
        typer.echo(f"written to {folder}", err=True)
    if not found.document.finished:
        if not quiet:
            tell_to_continue(store)
        raise typer.Exit(INTERRUPTED)
    raise typer.Exit(EXIT_CODES[found.document.verdict])


def _simulated(found: PlanResult, store: Path) -> str:
    """How much of the work was new."""
    from mmesim.report.phrases import plural

    used = found.document.used
    kept = max(0, used.replications - used.simulated)
    return f"{plural(used.simulated, 'simulation')}" + (f", {kept:,} more were already in {store}" if kept else "")


def _show(found: PlanResult, json: bool, quiet: bool, deploy: bool) -> None:
    """Print the document, the answer alone, or the report."""
    from mmesim.report.content.planned.deploy import deploy_report
    from mmesim.report.content.planned.report import plan_report, statement_report

    if json:
        typer.echo(found.to_json(), nl=False)
        return
    shown = statement_report(found.document) if quiet else plan_report(found.document)
    if deploy and found.answer_scenario is not None:
        shown = (*shown, *deploy_report(found.deployable))
    print_report(shown, coloured())


def _save(found: PlanResult, folder: Path, with_page: bool) -> None:
    """Write the folder, with the picture where there is anything to draw, and the page where that is asked for."""
    from mmesim.report.content.planned.points import drawable
    from mmesim.report.plots.picture import write_plot
    from mmesim.report.plots.plan import pareto

    def draw(path: Path) -> None:
        write_plot(pareto(found.document), path)

    found.save(folder, draw if drawable(found.document) else None)
    if with_page:
        from mmesim.cli.report import write_page

        write_page(folder)
