"""Commands that compare fleets of a fixed size refuse one that scales, and say what to write instead."""

from __future__ import annotations

from mmesim.errors import UserError
from mmesim.scenario.scenario import Scenario


def refuse_scaling(scenario: Scenario, command: str) -> None:
    """UserError for a scenario with autoscaling: its number of hosts is an outcome, not an input."""
    scaling = scenario.endpoint.autoscaling
    if scaling is not None:
        raise UserError(
            f"{scenario.name}: {command} is about a fixed number of instances, and endpoint.autoscaling changes it: "
            "for the largest fleet that it makes, add --set endpoint.autoscaling=null "
            f"--set endpoint.instance_count={scaling.most}"
        )
