"""All that has to be inside its limits for a fleet to be: the scenario, and what the fleet must withstand besides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mmesim.scenario.run.plan import Plan
from mmesim.scenario.scenario import Scenario


@dataclass(frozen=True)
class Need:
    """A scenario that has to be inside."""

    when: str | None
    """What differs from the scenario as written, in words; None: nothing."""
    scenario: Scenario


def needs(scenario: Scenario, plan: Plan) -> Sequence[Need]:
    """The scenario itself first."""
    return (Need(None, scenario),)
