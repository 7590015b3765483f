"""All that has to be inside its limits for a fleet to be: the scenario, and what the fleet must withstand besides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mmesim.scenario.losses import with_fewer_instances, with_loss
from mmesim.scenario.run.expect import Expectation
from mmesim.scenario.run.expected import COSTS
from mmesim.scenario.run.plan import Plan
from mmesim.scenario.scaling import with_traffic
from mmesim.scenario.scenario import Scenario


@dataclass(frozen=True)
class Need:
    """A scenario that has to be inside."""

    when: str | None
    """What differs from the scenario as written, in words; None: nothing."""
    scenario: Scenario
    recovery: Expectation | None = None
    """The only line that is asked of it, where something happens in it and the others say what is then to be kept;
    None: all lines are, in a run that is steady.
    """

    @property
    def lines(self) -> tuple[Expectation, ...]:
        """What is asked of it."""
        return self.scenario.expect if self.recovery is None else (self.recovery,)


class NothingLeft(ValueError):
    """A fleet of which nothing is left after the loss that it must withstand: the message says why."""


LOST = {"instance": "one instance fewer", "zone": "the largest zone gone"}
"""What may be lost -> what is then different."""
LOSSES = {"instance": "the loss of an instance", "zone": "the loss of the largest zone"}
"""What may be lost -> the loss itself."""


def needs(scenario: Scenario, plan: Plan) -> Sequence[Need]:
    """The scenario itself first, then in its new steady state after a loss, through the loss, and with more traffic.

    Loss and growth come one at a time: a fleet for both at once is planned for with the larger traffic in the scenario.
    Raises NothingLeft, and ScenarioError for traffic that has no multiple, or that ends before a recovery.
    """
    found = [Need(None, scenario)]
    if plan.survive is not None:
        left = with_fewer_instances(scenario, plan.survive)
        if left is None:
            raise NothingLeft(f"nothing is left with {LOST[plan.survive]}")
        found.append(Need(LOST[plan.survive], _without_costs(left)))
    if plan.survive is not None and plan.recover_within_s is not None:
        found.append(Need(LOSSES[plan.survive], *with_loss(scenario, plan.survive, plan.recover_within_s)))
    if plan.growth is not None and plan.growth != 1.0:
        found.append(Need(f"{plan.growth:g} x the traffic", with_traffic(scenario, plan.growth)))
    return tuple(found)


def _without_costs(left: Scenario) -> Scenario:
    """A fleet that has lost instances: they are replaced and paid for, so that what it costs is asked of it whole."""
    kept: Scenario = left.model_copy(update={"expect": tuple(e for e in left.expect if e.metric not in COSTS)})
    return kept
