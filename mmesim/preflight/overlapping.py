"""Deploys that are due while an earlier one still updates the endpoint, which SageMaker refuses."""

from __future__ import annotations

from collections.abc import Iterator

from mmesim import units
from mmesim.preflight.finding import Finding
from mmesim.preflight.offered import Offered
from mmesim.scenario.deploys.deploy import Deploy
from mmesim.scenario.scenario import Scenario


def overlapping(offered: Offered) -> Iterator[Finding]:
    """Each deploy that is due while the one before it certainly, or on average, is under way."""
    scenario = offered.scenario
    due = [one for one in scenario.deploys if one.at_s < scenario.run.duration_s]
    before, surely_s, usually_s = "", 0.0, 0.0
    for deploy in sorted(due, key=lambda one: one.at_s):
        if deploy.at_s < usually_s:
            yield _finding(deploy, before, usually_s, deploy.at_s < surely_s)
        bakes_s, provisions_s = _takes(scenario, deploy)
        before, surely_s = deploy.name, max(deploy.at_s, surely_s) + bakes_s
        usually_s = max(deploy.at_s, usually_s) + bakes_s + provisions_s


def _takes(scenario: Scenario, deploy: Deploy) -> tuple[float, float]:
    """How long it waits by its strategy, and how long its hosts are on the way on average; without drains."""
    endpoint = scenario.endpoint_of(deploy)
    steps = deploy.steps(scenario.endpoint.instance_count, endpoint.instance_count)
    waves = sum(step.provision > 0 for step in steps)
    return sum(step.bake_s for step in steps), waves * endpoint.provisioning.mean


def _finding(deploy: Deploy, before: str, until_s: float, surely: bool) -> Finding:
    at, until = units.show_seconds(deploy.at_s, 12), units.show_seconds(until_s)
    return Finding(
        id="deploys_overlap",
        severity="warning" if surely else "note",
        text=f"deploy {deploy.name} is due at {at}, when deploy {before} {'is' if surely else 'may be'} under way, "
        f"until about {until}: SageMaker refuses UpdateEndpoint while the endpoint is Updating; here it waits",
        evidence={"at_s": deploy.at_s, "until_s": until_s},
        source="docs/assumptions.md#deploys",
        try_=f"deploys.{deploy.name}.at={units.show_seconds(float(f'{1.2 * until_s:.2g}'), 12)}",
    )
