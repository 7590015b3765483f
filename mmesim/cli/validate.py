"""`mmesim validate`: checks scenario files and says in a line what each describes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmesim.cli.common import Overrides
from mmesim.errors import Problem, ScenarioError

if TYPE_CHECKING:
    from mmesim.scenario.scenario import Scenario


def validate(
    files: Annotated[list[Path], typer.Argument(help="Scenario files (YAML).", show_default=False)],
    overrides: Overrides = None,
    resolved: Annotated[
        bool, typer.Option("--resolved", help="Print the resolved scenario instead of one line.")
    ] = False,
) -> None:
    """Check scenario files without running them; all problems of all files are shown at once."""
    from mmesim.scenario.file.dump import dump
    from mmesim.scenario.file.load import load

    problems: list[Problem] = []
    for file in files:
        try:
            scenario = load(file, overrides or ())
        except ScenarioError as error:
            problems += error.problems
            continue
        if resolved:
            typer.echo(dump(scenario), nl=False)
        else:
            typer.echo(f"{file}: ok: {summary(scenario)}")
        beliefs = [belief.sentence for belief in scenario.beliefs]
        config = scenario.server.config
        for note in (*beliefs, *(() if config is None else config.notes)):
            typer.echo(f"note: {note}", err=True)
    if problems:
        raise ScenarioError(problems)


def summary(scenario: Scenario) -> str:
    """One line: name, fleet, models, streams, length."""
    from mmesim import units

    endpoint, run = scenario.endpoint, scenario.run
    host = endpoint.instance_type or f"{endpoint.host.vcpu} vCPU, {units.show_bytes(endpoint.host.memory_bytes)}"
    fleet = f"{endpoint.instance_count} x {host}"
    models = f"{_plural(len(scenario.model_table()), 'model')}, {_plural(len(scenario.traffic), 'stream')} of traffic"
    length = f"{units.show_seconds(run.duration_s)} x {_plural(run.replications, 'replication')}"
    return f"{scenario.name}: {fleet}, {models}, {length}"


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
