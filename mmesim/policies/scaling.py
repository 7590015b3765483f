"""How many hosts there should be: a policy looks at the last values of its metric and names a number, or nothing.

The rules are those of Application Auto Scaling (user guide, target tracking and step scaling policies). When a policy
is asked, what its answer leads to, cooldowns and several policies together are in engine/scaling.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from mmesim.arrays import Floats
from mmesim.scenario.endpoint.autoscaling.policies import AdjustmentType, Step, TargetTracking, Watching

ROUNDING = 1e-9
"""Share of a host by which a number may exceed a whole one and still be it."""


class Seen(NamedTuple):
    """What a policy may look at; a policy of the user gets the same."""

    now_s: float
    """Simulated time."""
    capacity: int
    """Hosts that the endpoint is set to, those that are being provisioned included."""
    in_service: int
    """Hosts that take calls."""
    min: int
    """Fewest hosts now."""
    max: int
    """Most hosts now."""
    base: int
    """Hosts from which a step counts: while one is under way and in its cooldown those before it, so that what it
    adds is a part of what is asked for; else `capacity`."""
    measured: Mapping[str, float]
    """Metric -> the hosts over which its last value was measured: those of that period, not of now."""
    columns: Mapping[str, Floats]
    """Metric -> its values of whole periods since the start, the latest last, to read only; NaN where nothing was
    observed."""

    def metric(self, name: str) -> Floats:
        """The values of a metric by CloudWatch's name; KeyError for one that there is not."""
        return self.columns[name]


Policy = Callable[[Seen], int | None]
"""The hosts that there should be: more than `capacity` to scale out, that many or fewer when ready to scale in (so many
can go); None when neither."""


def target_tracking(rule: TargetTracking, seen: Seen) -> int | None:
    """In proportion to the metric over its target, rounded up, from the hosts that it was measured over.

    Out when the last `out_points` values are above the target, in when the last `in_points` are below `in_threshold` of
    it; a missing value keeps the alarm silent.
    """
    values = seen.metric(rule.metric)
    if _all_of_last(values, rule.out_points, lambda last: last > rule.target):
        wanted = _proportional(seen.measured[rule.metric], values, rule.target)
        return wanted if wanted > seen.capacity else None
    if rule.disable_scale_in:
        return None
    if _all_of_last(values, rule.in_points, lambda last: last < rule.in_threshold * rule.target):
        return min(_proportional(seen.measured[rule.metric], values, rule.target), seen.capacity)
    return None


def step(rule: Step, seen: Seen) -> int | None:
    """By the step in whose range the last value lies, once the last `evaluation_periods` values breach it."""
    values, threshold = seen.metric(rule.metric), rule.threshold
    if not _all_of_last(values, rule.evaluation_periods, lambda last: _BREACH[rule.comparison](last, threshold)):
        return None
    distance = float(values[-1]) - threshold
    for one in rule.steps:
        # Above the threshold the lower bound belongs to the range, below it the upper one.
        if one.lower <= distance < one.upper if rule.is_above else one.lower < distance <= one.upper:
            return _stepped(rule, one.adjustment, seen)
    return None


def _stepped(rule: Step, adjustment: int, seen: Seen) -> int | None:
    if rule.adjustment_type is AdjustmentType.exact_capacity:
        return adjustment if adjustment != seen.capacity else None
    wanted = adjusted(seen.base if adjustment > 0 else seen.capacity, rule, adjustment)
    # A second addition within the cooldown that is not larger than the first leads to no more than there is.
    moves = wanted > seen.capacity if adjustment > 0 else wanted < seen.capacity
    return wanted if moves else None


def adjusted(capacity: int, rule: Step, adjustment: int) -> int:
    """Capacity after an adjustment: percent are rounded towards 0, but to one host at least."""
    match rule.adjustment_type:
        case AdjustmentType.exact_capacity:
            return adjustment
        case AdjustmentType.change_in_capacity:
            return capacity + adjustment
        case AdjustmentType.percent_change_in_capacity:
            change = capacity * adjustment / 100.0
            whole = int(abs(change) + ROUNDING) or (1 if change else 0)
            whole = max(whole, rule.min_adjustment_magnitude or 0) if change else 0
            return capacity + (whole if change > 0 else -whole)


def _proportional(hosts: float, values: Floats, target: float) -> int:
    return math.ceil(hosts * float(values[-1]) / target - ROUNDING)


def _all_of_last(values: Floats, n: int, holds: Callable[[Any], Any]) -> bool:
    """Whether a comparison holds for each of the last `n` values; not when there are fewer, or one is missing."""
    if values.size < n or not holds(values[-1]):  # a comparison with NaN does not hold
        return False
    return n == 1 or bool(holds(values[-n:]).all())


_BREACH: Mapping[str, Callable[[float, float], bool]] = MappingProxyType(
    {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt}
)

SCALING: Mapping[str, Callable[[Any, Seen], int | None]] = MappingProxyType(
    {TargetTracking.form: target_tracking, Step.form: step}
)
"""Name of a policy in a scenario -> what it does."""


def policy(rule: Watching) -> Policy:
    """The policy of a rule as the scenario gives it."""
    decide = SCALING[rule.form]
    return lambda seen: decide(rule, seen)
