"""What is due when the run is over: faults, deploys and scheduled actions that never come."""

from __future__ import annotations

from collections.abc import Iterator

from mmesim import units
from mmesim.preflight.finding import Finding
from mmesim.preflight.offered import Offered
from mmesim.scenario.scenario import Scenario


def late(offered: Offered) -> Iterator[Finding]:
    """Each of them."""
    duration_s = offered.scenario.run.duration_s
    for kind, name, key, at_s in _due(offered.scenario):
        if at_s < duration_s:
            continue
        at, end = units.show_seconds(at_s, 12), units.show_seconds(duration_s, 12)
        yield Finding(
            id=kind,
            severity="note",
            text=f"{name} never comes: it is due at {at}, and the run ends at {end}",
            evidence={"at_s": at_s, "duration_s": duration_s},
            source="docs/reference/scenario.md",
            try_=f"{key}={units.show_seconds(float(f'{duration_s / 2.0:.3g}'), 12)}, or a longer run.duration",
        )


def _due(scenario: Scenario) -> Iterator[tuple[str, str, str, float]]:
    """Id of the finding, what it is in words, its key as in `--set`, and when it is due, seconds."""
    for fault in scenario.faults:
        if fault.at_s is not None:
            yield "fault", f"fault {fault.name!r}", f"faults.{fault.name}.at", fault.at_s
    for deploy in scenario.deploys:
        yield "deploy", f"deploy {deploy.name!r}", f"deploys.{deploy.name}.at", deploy.at_s
    scaling = scenario.endpoint.autoscaling
    for index, action in enumerate(() if scaling is None else scaling.scheduled):
        yield "scheduled", f"scheduled action {index}", f"endpoint.autoscaling.scheduled.{index}.at", action.at_s
