"""Deploys that found the endpoint Updating, and waited where SageMaker refuses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mmesim import units
from mmesim.preflight.finding import Finding
from mmesim.results.measured.happened import Kind
from mmesim.results.measured.run_data import RunData
from mmesim.scenario.scenario import Scenario
from mmesim.stats.means import mean

SHORT_S = 1.0
"""A wait that nobody would see."""


def waited(scenario: Scenario, runs: Sequence[RunData]) -> Iterator[Finding]:
    """Each deploy that began later than it was due, or not at all, within the run."""
    for deploy in scenario.deploys:
        if deploy.at_s >= scenario.run.duration_s:
            continue
        waits_s = [_wait_s(run, deploy.name, deploy.at_s) for run in runs]
        long_s = [wait_s for wait_s in waits_s if wait_s > SHORT_S]
        if not long_s:
            continue
        yield Finding(
            id="deploy_waited",
            severity="warning",
            text=f"deploy {deploy.name} waited {units.show_seconds(mean(long_s))} on average in {len(long_s)} of "
            f"{len(runs)} replications, as the endpoint was being updated when it was due: SageMaker refuses "
            "UpdateEndpoint then, so that nothing would have been deployed",
            evidence={"waited_s": mean(long_s), "waited": float(len(long_s)), "replications": float(len(runs))},
            source="docs/assumptions.md#deploys",
            try_=f"a later deploys.{deploy.name}.at",
        )


def _wait_s(run: RunData, name: str, at_s: float) -> float:
    """How long it waited, to the end of the run where it had no turn."""
    begun_s = (one.at_s for one in run.happened if one.name == name and one.kind is Kind.deploy)
    return min(next(begun_s, run.duration_s), run.duration_s) - at_s
