"""The same scenario after an instance or a zone is lost, and with the loss itself in the middle of its run.

Zones are filled evenly, as the engine fills them: of `endpoint.zones` the first is the largest. SageMaker "attempts to
distribute your instances across Availability Zones" (developer guide, Best practices for deploying models).
"""

from __future__ import annotations

import math
from typing import Literal

from mmesim import units
from mmesim.errors import Problem, ScenarioError
from mmesim.scenario.faults.fault import Fault
from mmesim.scenario.faults.kinds import InstanceLoss, ZoneLoss
from mmesim.scenario.run.expect import Expectation, read_expectation
from mmesim.scenario.run.expected import RECOVERY
from mmesim.scenario.run.settings import AUTO
from mmesim.scenario.scaling import changed
from mmesim.scenario.scenario import Scenario
from mmesim.scenario.values.times import Time

Survive = Literal["instance", "zone"]
"""What is lost: one instance, or all of the largest zone."""

KINDS = {"instance": "instance_loss", "zone": "zone_loss"}
"""What is lost -> the fault that loses it, and its name."""
MINUTE_S = 60.0
DEVIATIONS = 3.0
"""A replacement is waited for as long as its provisioning takes on average, and this many standard deviations more:
longer than 98 or 99 of 100 take."""


def with_fewer_instances(scenario: Scenario, survive: Survive) -> Scenario | None:
    """The scenario in its new steady state without an instance, or without the largest zone; None: nothing is left."""
    endpoint = scenario.endpoint
    count = endpoint.instance_count
    left = count - (1 if survive == "instance" else math.ceil(count / endpoint.zones))
    if left < 1:
        return None
    return changed(scenario, {"endpoint": endpoint.model_copy(update={"instance_count": left})})


def with_loss(scenario: Scenario, survive: Survive, within_s: float) -> tuple[Scenario, Expectation]:
    """The scenario with the loss in the middle of what its run measures, and the line that says how soon it is over.

    Up to the loss the run is as written, and not measured; it goes on until what was lost is surely replaced and a
    recovery could be told from a late one (`after_loss_s`). Limits are looked at minute by minute: the loss is in the
    middle of one, so that a recovery is n and a half minutes long and none just as long as a whole number of them. It
    comes alone, without the scenario's own faults and deploys. Of its `expect` the limits that can be kept again stay.
    Raises ScenarioError where traffic that changes ends before.
    """
    name = KINDS[survive]
    kind = InstanceLoss() if survive == "instance" else ZoneLoss(zone=1)
    line = read_expectation(f"{RECOVERY} after {name} < {_written(within_s)}")
    run = scenario.run
    begins_s = 0.0 if run.warmup_s == AUTO else run.cut_s
    cut_s = begins_s + max(0.0, (run.duration_s - begins_s - MINUTE_S) / 2.0)
    at_s = cut_s + MINUTE_S / 2.0
    end_s = at_s + after_loss_s(scenario, within_s)
    calm: Scenario = scenario.model_copy(update={"faults": (), "deploys": (), "plan": None})
    changes = calm.changes_over_time
    if changes is not None:
        if end_s > run.duration_s:
            raise ScenarioError([_too_short(scenario, changes, begins_s, end_s - at_s)])
        end_s = run.duration_s  # a stream may begin later
    kept = [e for e in scenario.expect if e.limits_calls_after(None) and _can_be_kept(e, changes is not None, cut_s)]
    loss = Fault.model_validate({"name": name, "at": at_s, name: kind})
    timed = run.model_copy(update={"duration_s": end_s, "warmup_s": cut_s, "warmup_found": None})
    return changed(calm, {"faults": (loss,), "run": timed, "expect": (*kept, line)}), line


def after_loss_s(scenario: Scenario, within_s: float) -> float:
    """How long a run goes on after a loss: until the router knows, the replacement is there, and its empty cache had as
    long to be felt as the recovery may take. Seconds, to the end of a minute in whose middle the loss is.
    """
    endpoint = scenario.endpoint
    wait_s = endpoint.loss_noticed_after_s + _longest_s(endpoint.provisioning) + within_s
    return MINUTE_S * (math.ceil(wait_s / MINUTE_S) + 0.5)


def _written(time_s: float) -> str:
    minutes = time_s / MINUTE_S
    return f"{minutes:.0f} min" if minutes.is_integer() else units.exact_seconds(time_s)


def _longest_s(of: Time) -> float:
    return min(of.mean + DEVIATIONS * math.sqrt(of.variance), of.limits[1])


def _can_be_kept(e: Expectation, in_time: bool, cut_s: float) -> bool:
    """Whether a limit is one at the time of the loss too; a window of the run is not where the run has another length.

    It is not, either, where it begins in what is not measured.
    """
    return e.calls.between_s is None or (in_time and e.calls.between_s[0] >= cut_s)


def _too_short(scenario: Scenario, changes: str, begins_s: float, after_s: float) -> Problem:
    after, enough = (units.show_seconds(time_s, 12) for time_s in (after_s, begins_s + 2.0 * after_s))
    message = (
        f"the loss comes in the middle of the run, of which {after} must be left then; {changes}, so it is not made "
        "longer by itself"
    )
    hint = f"write run.duration: {enough} or more"
    return Problem(scenario.name, None, "plan.recover_within", None, message, hint)
