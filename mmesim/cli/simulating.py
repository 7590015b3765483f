"""Where the simulations of a command run, what is said and refused before them, and what stops its answer."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mmesim.errors import STOPPED, SimulationError, UserError

if TYPE_CHECKING:
    from mmesim.experiment.execute.task import Executor
    from mmesim.report.progress import SearchBar, SimulationsBar
    from mmesim.scenario.scenario import Scenario


@contextmanager
def told_to_continue(store: Path | None) -> Iterator[None]:
    """On Ctrl-C, and when a process is killed, say that what is finished is in the store."""
    try:
        yield
    except STOPPED:
        if store is not None:
            tell_to_continue(store)
        raise


def tell_to_continue(store: Path) -> None:
    """Say where a command that was stopped goes on."""
    typer.echo(f"what is finished is in {store}: run the same command to continue", err=True)


@contextmanager
def simulating(
    jobs: int, cluster: str | None, store: Path | None, quiet: bool, searches: bool = False
) -> Iterator[tuple[Executor, SimulationsBar | SearchBar]]:
    """What runs the simulations of a command, and the bar that counts them; a store outlives Ctrl-C, and says so.

    `searches`: nobody knows how many there will be.
    """
    from mmesim.report.progress import SearchBar, SimulationsBar

    bar = SearchBar if searches else SimulationsBar
    with (
        told_to_continue(store),
        executor(jobs, cluster, quiet) as running,
        bar(None if quiet else sys.stderr) as progress,
    ):
        yield running, progress


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
        typer.echo(f"compiling the simulation kernel, once: about {task.COMPILE_CPU_S} s of CPU time", err=True)


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


def trust(self_check: str | None, of: str) -> None:
    """SimulationError when the simulator has contradicted itself; `of`: which run is meant."""
    if self_check is not None:
        raise SimulationError(f"the self-check of {of} failed: its figures cannot be trusted: {self_check}")
