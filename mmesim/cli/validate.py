"""`mmesim validate`: checks scenario files, and says how each and its limits were understood."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmesim.cli.common import columns, tell
from mmesim.cli.options import Overrides
from mmesim.errors import Problem, ScenarioError

if TYPE_CHECKING:
    from mmesim.preflight.finding import Finding
    from mmesim.scenario.scenario import Scenario


def validate(
    files: Annotated[list[Path], typer.Argument(help="Scenario files (YAML).", show_default=False)],
    overrides: Overrides = None,
    resolved: Annotated[
        bool, typer.Option("--resolved", help="Print the resolved scenario instead of a few lines.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 if a finding is a warning or a problem.")
    ] = False,
) -> None:
    """Check scenario files without running them.

    Shows all mistakes of all files at once, and on stderr what can be known before a run: whether models fit, loads end
    in time, and CPU, workers and memory suffice.
    """
    from mmesim.scenario.file.dump import dump

    problems: list[Problem] = []
    doubtful = False
    for file in files:
        try:
            scenario, found, figures = _checked(file, overrides or ())
        except ScenarioError as error:
            problems += error.problems
            continue
        if resolved:
            typer.echo(dump(scenario), nl=False)
        else:
            _show(file, scenario, figures)
        for finding in found:
            tell(finding.line)
        doubtful = doubtful or any(finding.severity != "note" for finding in found)
    if problems:
        raise ScenarioError(problems)
    if strict and doubtful:
        raise typer.Exit(1)


def _checked(file: Path, overrides: Sequence[str]) -> tuple[Scenario, list[Finding], list[str]]:
    """The scenario of a file, what is found about it, and what it asks of its endpoint in a few lines."""
    from mmesim.experiment.plan.priced import accelerators
    from mmesim.experiment.varied import check_varied
    from mmesim.preflight.check import findings_of
    from mmesim.preflight.in_short import in_short
    from mmesim.preflight.offered import Offered
    from mmesim.scenario.file.load import load
    from mmesim.scenario.file.template import Template

    scenario = load(file, overrides)
    offered = Offered(scenario)
    found, figures = findings_of(offered), list(in_short(offered))
    template = Template.read(file, overrides)
    check_varied(template)
    return scenario, [*found, *(one for one in accelerators(template) if one not in found)], figures


def _show(file: Path, scenario: Scenario, figures: Sequence[str]) -> None:
    """Print how a scenario and each of its limits were understood."""
    from mmesim.report.plain import harmless_line
    from mmesim.report.text import INDENT, wrapped

    for line in wrapped(harmless_line(f"{file}: ok: {summary(scenario)}"), 0, INDENT, columns()):
        typer.echo(line)
    for sentence in (*(f"expect {one.text}: {one.meaning}" for one in scenario.expect), *figures):
        for line in wrapped(harmless_line(sentence), INDENT, INDENT, columns()):
            typer.echo(line)


def summary(scenario: Scenario) -> str:
    """One line: name, fleet, models, streams, length."""
    from mmesim import units
    from mmesim.report.phrases import plural

    models = f"{plural(len(scenario.hosted), 'model')}, {plural(len(scenario.traffic), 'stream')} of traffic"
    length = f"{units.show_seconds(scenario.run.duration_s)} x {plural(scenario.run.replications, 'replication')}"
    return f"{scenario.name}: {scenario.endpoint.fleet}, {models}, {length}"
