"""`mmesim validate`: checks scenario files, and says how each and its limits were understood."""

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
    resolved: Annotated[bool, typer.Option("--resolved", help="Print the resolved scenario instead.")] = False,
) -> None:
    """Check scenario files without running them.

    Shows all problems of all files at once.
    """
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
            for expectation in scenario.expect:
                typer.echo(f"  expect {expectation.text}: {expectation.meaning}")
        beliefs = [belief.sentence for belief in scenario.beliefs]
        config = scenario.server.config
        for note in (*beliefs, *(() if config is None else config.notes)):
            typer.echo(f"note: {note}", err=True)
    if problems:
        raise ScenarioError(problems)


def summary(scenario: Scenario) -> str:
    """One line: name, fleet, models, streams, length."""
    from mmesim import units
    from mmesim.report.phrases import fleet, plural

    models = f"{plural(len(scenario.model_table()), 'model')}, {plural(len(scenario.traffic), 'stream')} of traffic"
    length = f"{units.show_seconds(scenario.run.duration_s)} x {plural(scenario.run.replications, 'replication')}"
    return f"{scenario.name}: {fleet(scenario)}, {models}, {length}"
