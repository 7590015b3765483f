"""`mmesim gate`: whether scenarios meet what they expect."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmesim.cli.common import EXIT_CODES, coloured, each, print_report, tell
from mmesim.cli.options import Cluster, Jobs, NoOwnCode, Overrides, Quiet, WithRobustness, Yes
from mmesim.cli.reports import ReportFile, add_step_summary, annotate, refuse_folders, writers
from mmesim.cli.simulating import allow, executor, told_to_continue
from mmesim.errors import UserError

if TYPE_CHECKING:
    from mmesim.results.answers.gated import Gated
    from mmesim.results.comparison.baseline import Baseline

STORE = Path("results", "gate.sqlite")
MOST_NAMED = 8
"""Files that a note names."""

Files = Annotated[
    list[Path], typer.Argument(help="Scenario files, and folders: every *.yaml under one that expects something.")
]
Explain = Annotated[
    bool, typer.Option("--explain", help="For what fails, show what binds and what one more instance would do.")
]
JsonFile = Annotated[
    Path | None, typer.Option("--json", help="File for all that was found, as JSON.", show_default=False)
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out", "-o", help="Folder for gate.json, from which mmesim report makes a page later.", show_default=False
    ),
]
JunitFile = Annotated[
    Path | None, typer.Option("--junit", help="File for JUnit XML, which CI systems show.", show_default=False)
]
MarkdownFile = Annotated[
    Path | None,
    typer.Option(
        "--markdown", help="File for a comment on a pull request; empty when nothing is new.", show_default=False
    ),
]
GitHub = Annotated[
    bool, typer.Option("--github", help="In a GitHub workflow: mark lines of `expect`, and add a step summary.")
]
UpdateBaseline = Annotated[
    bool, typer.Option("--update-baseline", help="Write the figures of each NAME.yaml to NAME.baseline.json.")
]
StoreOrFolder = Annotated[
    Path, typer.Option(help="File, or folder for one, that keeps what was simulated, which is not run again.")
]


def gate(
    files: Files,
    explain: Explain = False,
    robustness: WithRobustness = False,
    json: JsonFile = None,
    junit: JunitFile = None,
    markdown: MarkdownFile = None,
    report: ReportFile = None,
    out: Out = None,
    github: GitHub = False,
    update_baseline: UpdateBaseline = False,
    yes: Yes = False,
    no_own_code: NoOwnCode = False,
    quiet: Quiet = False,
    jobs: Jobs = 1,
    cluster: Cluster = None,
    store: StoreOrFolder = STORE,
    overrides: Overrides = None,
) -> None:
    """Pass or fail scenarios by what they expect.

    Exits with 0 when every line of `expect` passes, with 1 when one fails, with 2 when one stays undecided.
    """
    from mmesim.experiment.gate.cases import RUNS
    from mmesim.experiment.gate.files import unchecked
    from mmesim.experiment.gate.gate import gate as run_gate
    from mmesim.report.progress import SearchBar
    from mmesim.results.folder.folder import GATE

    refuse_folders(json=json, junit=junit, markdown=markdown, report=report)
    file = store / STORE.name if store.is_dir() or not store.suffix else store
    fresh: dict[Path, Baseline] = {}
    with told_to_continue(file), SearchBar(None if quiet else sys.stderr) as progress:
        found = run_gate(
            files,
            overrides=overrides or (),
            executor=lambda: executor(jobs, cluster, quiet),
            store=file,
            watch=progress,
            allowed=lambda one: allow(one, RUNS, yes=yes, no_own_code=no_own_code, quiet=quiet),
            explain=explain,
            robustness=robustness,
            fresh=fresh if update_baseline else None,
        )
    each(
        lambda: _show(found, quiet, github),
        *writers(found, json, junit, markdown, report),
        *([] if out is None else writers(found, out / GATE.document, None, None, None)),
        *([lambda: add_step_summary(found, quiet)] if github else []),
        *(partial(baseline.save, beside) for beside, baseline in fresh.items()),
    )
    if not quiet:
        _tell_kept(found, file, fresh)
    _tell_unchecked(unchecked(files))
    _refuse_broken(found, quiet)
    raise typer.Exit(EXIT_CODES[found.verdict])


def _show(found: Gated, quiet: bool, github: bool) -> None:
    """Print the report, or the verdicts alone; before it, in a workflow, what marks the lines."""
    from mmesim.report.content.gate import gate_report, verdict_report

    if github:
        annotate(found)
    print_report(verdict_report(found) if quiet else gate_report(found), coloured())


def _tell_kept(found: Gated, store: Path, fresh: Collection[Path]) -> None:
    """Say which baselines were written, and how much of the work was new."""
    if fresh:
        typer.echo(f"wrote {', '.join(map(str, fresh))}", err=True)
    if any(scenario.error is None for scenario in found.scenarios):
        typer.echo(_simulated(sum(scenario.simulated for scenario in found.scenarios), store), err=True)


def _tell_unchecked(left_out: Sequence[Path]) -> None:
    """Name the scenarios that a folder holds and the gate did not check: a gate that leaves one out looks green."""
    if left_out:
        named = ", ".join(map(str, left_out[:MOST_NAMED])) + (" ..." if len(left_out) > MOST_NAMED else "")
        count = "1 scenario is" if len(left_out) == 1 else f"{len(left_out)} scenarios are"
        tell(f"note: {count} not checked, without a section `expect` or called *.yml: {named}")


def _refuse_broken(found: Gated, quiet: bool) -> None:
    """UserError when scenarios could not be judged; with the reasons where no report has told them."""
    broken = [scenario for scenario in found.scenarios if scenario.error is not None]
    if broken:
        reasons = [str(scenario.error) for scenario in broken] if quiet else []
        raise UserError("\n".join((_not_judged(len(broken), len(found.scenarios)), *reasons)))


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
