"""What several commands share: options, exit codes, where replications run, how stdout looks."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from mmesim.cli import complete
from mmesim.cli.signals import uninterrupted
from mmesim.errors import STOPPED, OutputError, SimulationError, UserError

if TYPE_CHECKING:
    from mmesim.experiment.execute.task import Executor
    from mmesim.report.blocks import Report
    from mmesim.scenario.scenario import Scenario

EXIT_CODES = {"pass": 0, "fail": 1, "undecided": 2}
INTERRUPTED = 130

ScenarioFile = Annotated[Path, typer.Argument(help="Scenario file (YAML).", show_default=False)]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="Set a field, such as endpoint.instance_count=6, or from a file: KEY=@FILE.json:PATH; repeatable.",
        show_default=False,
        autocompletion=complete.field,
    ),
]
Seed = Annotated[int | None, typer.Option(min=0, help="Seed, instead of the scenario's.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of the report.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, and only the verdict.")]
Silent = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]
Jobs = Annotated[int, typer.Option("--jobs", "-j", min=1, max=256, help="Replications to run in parallel.")]
Cluster = Annotated[
    str | None,
    typer.Option(help="Dask scheduler whose workers run the replications: tcp://scheduler:8786.", show_default=False),
]


NoOwnCode = Annotated[
    bool,
    typer.Option(
        "--no-own-code",
        envvar="MMESIM_NO_OWN_CODE",
        show_envvar=True,
        help="Refuse a scenario that names Python code to run.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Allow a run of more than 1,000,000,000 calls, or of hours.")]
Store = Annotated[
    Path | None,
    typer.Option(help="File that keeps finished simulations, which are not run again.", show_default="none is kept"),
]


@contextmanager
def told_to_continue(store: Path | None) -> Iterator[None]:
    """On Ctrl-C, and when a process is killed, say that what is finished is in the store."""
    try:
        yield
    except STOPPED:
        if store is not None:
            typer.echo(f"what is finished is in {store}: run the same command to continue", err=True)
        raise


def with_seed(overrides: list[str] | None, seed: int | None) -> list[str]:
    """The overrides, the seed last if it was given."""
    return [*(overrides or ()), *([] if seed is None else [f"run.seed={seed}"])]


def executor(jobs: int, cluster: str | None, quiet: bool = False) -> Executor:
    """What runs the replications; says so, unless quiet, when the kernel has to be compiled here first."""
    from mmesim.experiment.execute import executors

    if cluster is not None:
        if jobs > 1:
            raise typer.BadParameter(
                "--jobs and --cluster exclude each other: a cluster runs as many as it has workers"
            )
        return executors.cluster(cluster)
    announce_compile(quiet)
    return executors.local(jobs)


def announce_compile(quiet: bool) -> None:
    """Say, unless quiet, when the engine has to be compiled first, and how long that takes."""
    from mmesim.experiment.execute import task

    if not quiet and not task.is_compiled():
        typer.echo("compiling the simulation kernel, once: about 15 s of CPU time", err=True)


def announce(scenario: Scenario, no_own_code: bool, quiet: bool) -> None:
    """Say which code of the user a scenario runs; UserError where that is not allowed."""
    own = scenario.own_code
    if not own:
        return
    named = ", ".join(one.function if one.folder is None else f"{one.function} in {one.folder}" for one in own)
    if no_own_code:
        raise UserError(f"{scenario.name}: runs Python code that it names, which --no-own-code refuses: {named}")
    if not quiet:
        typer.echo(f"runs Python code that the scenario names: {named}", err=True)


def afford(scenario: Scenario, replications: int, yes: bool) -> None:
    """UserError when that many replications are more work than anybody means who has not said --yes."""
    from mmesim.preflight.size import size

    words = None if yes else size(scenario, replications).too_large
    if words is not None:
        raise UserError(
            f"{scenario.name}: {words}: lower run.duration, run.replications or the rates, or allow it with --yes"
        )


def allow(scenario: Scenario, replications: int, *, yes: bool, no_own_code: bool, quiet: bool) -> None:
    """Announce what a scenario runs of the user's, and make sure that it is not more work than anybody means."""
    announce(scenario, no_own_code, quiet)
    afford(scenario, replications, yes)


class Found(Protocol):
    """What a command found, which can be shown as JSON, too."""

    def to_json(self) -> str:
        """The text of a JSON document."""


def show(found: Found, as_report: Callable[[], Report], json: bool, colour: bool = False) -> None:
    """Print what was found, as JSON or as a report."""
    from mmesim.report.text import text

    typer.echo(found.to_json() if json else text(as_report(), colour=colour, width=columns()), nl=False)


def trust(self_check: str | None, of: str) -> None:
    """SimulationError when the simulator has contradicted itself; `of`: which run is meant."""
    if self_check is not None:
        raise SimulationError(f"the self-check of {of} failed: its figures cannot be trusted: {self_check}")


def each(*steps: Callable[[], object]) -> None:
    """Does every step, in order, also after one could not write or Ctrl-C: what was computed is shown and kept."""
    problems: list[str] = []
    with uninterrupted():
        for step in steps:
            try:
                step()
            except OutputError as error:
                problems.append(str(error))
    if problems:
        raise OutputError("\n".join(problems))


def folder_name(name: str) -> str:
    """The scenario's name as the name of a folder: letters, digits, `.`, `_` and `-`, no leading dot."""
    return re.sub(r"[^\w.-]+", "-", name).lstrip(".") or "scenario"


def columns() -> int:
    """Columns of the terminal on stdout; those of a common one where stdout is something else."""
    from mmesim.report.text import WIDTH

    return shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDTH


def tell(sentence: str) -> None:
    """Says a sentence on stderr: as lines on a terminal, as one line in a file, where it can be searched for."""
    from mmesim.report.plain import harmless_line
    from mmesim.report.text import INDENT, wrapped

    sentence = harmless_line(sentence)
    width = shutil.get_terminal_size().columns
    typer.echo("\n".join(wrapped(sentence, 0, INDENT, width)) if sys.stderr.isatty() else sentence, err=True)


def coloured() -> bool:
    """Whether stdout is a terminal, that can show colours, and they are not switched off (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
