"""Scaling policies of Application Auto Scaling: target tracking and steps. What they do is in policies/scaling.py."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise
from math import inf
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema, field_validator, model_validator

from mmesim import units
from mmesim.scenario.endpoint.autoscaling.metrics import METRICS, PREDEFINED, MetricField
from mmesim.scenario.values.fields import Count, Data, Flag, Refused, Seconds, Share, finite, shown
from mmesim.scenario.values.forms import Form, OneOf
from mmesim.scenario.values.function import FUNCTION, Function

MINUTE_S, HIGH_RESOLUTION_S = 60.0, 10.0
"""Periods in which CloudWatch has the metrics of an endpoint."""
COOLDOWN_S = 300.0
IN_S = 900.0
"""How long a metric must be low before target tracking scales in (U)."""


def _signed(value: object) -> float:
    """A number that may be negative."""
    if isinstance(value, int | float) and not isinstance(value, bool) and value < 0:
        return -finite(-value)
    return finite(value)


def _percent(value: object) -> str | None:
    """The number of a value that is written in percent."""
    found = re.fullmatch(r"\s*([-+]?[\d.]+)\s*%\s*", value) if isinstance(value, str) else None
    return None if found is None else found[1]


def _adjustment(value: object) -> int:
    percent = _percent(value)
    if percent is not None:
        kind = AdjustmentType.percent_change_in_capacity
        message = f"{shown(value)}: the number stands alone, and adjustment_type says that it is percent"
        raise Refused(message, (), f"write {percent}, with adjustment_type: {kind}")
    number = _signed(value)
    if number != int(number):
        raise ValueError(f"{shown(value)} is not a whole number")
    return int(number)


def _distance(value: object) -> float:
    percent = _percent(value)
    if percent is not None:
        raise Refused(f"{shown(value)}: distances are in the unit of the metric", (), f"write {percent}")
    return _signed(value)


def _level(value: object, info: ValidationInfo) -> float:
    """A value of a metric in CloudWatch's unit, which a file writes without a unit."""
    metric = METRICS.get(info.data.get("metric", ""))
    if isinstance(value, str) and metric is not None:
        refused = metric.in_its_unit(value)
        if refused is not None:
            raise refused
    return finite(value)  # which says what else is wrong


Level = Annotated[
    float,
    BeforeValidator(_level),
    WithJsonSchema({"type": "number", "minimum": 0, "description": "in CloudWatch's unit"}),
]
"""A value of a metric."""
Signed = Annotated[float, BeforeValidator(_distance), WithJsonSchema({"type": "number", "description": "a number"})]
Adjustment = Annotated[
    int, BeforeValidator(_adjustment), WithJsonSchema({"type": "integer", "description": "a whole number"})
]


class Watching(Form):
    """What every policy of ours watches: a metric, in periods of a minute or of 10 s."""

    metric: MetricField
    """The metric, in CloudWatch's spelling or in snake case, such as `InvocationsPerInstance`; any column of
    `windows.parquet`. `ConcurrentRequestsPerModel` is counted for each host (U)."""
    period_s: Annotated[Seconds, Field(gt=0)] = Field(MINUTE_S, alias="period")
    """Period of the metric: `1 min`, or `10 s` for the metrics that AWS publishes in high resolution."""

    @property
    def looks_back(self) -> int:
        """How many of the last values it looks at."""
        return 1

    @property
    def cooldowns_s(self) -> tuple[float, float]:
        """How long its scale-outs and its scale-ins hold others back, seconds."""
        return 0.0, 0.0

    @property
    def must_agree(self) -> bool:
        """Whether it scales in only together with all others of which this is true."""
        return False

    @model_validator(mode="before")
    @classmethod
    def _predefined(cls, data: Any) -> Any:
        """A predefined metric brings its period."""
        name = data.get("metric") if isinstance(data, dict) else None
        if isinstance(name, str) and name in PREDEFINED and not {"period", "period_s"} & set(data):
            return data | {"period": f"{PREDEFINED[name][1]:g} s"}
        return data

    @model_validator(mode="after")
    def _published(self) -> Watching:
        if self.period_s not in (MINUTE_S, HIGH_RESOLUTION_S):
            raise Refused("AWS has periods of 1 min and, in high resolution, 10 s", ("period",), "period: 1 min")
        if self.period_s == HIGH_RESOLUTION_S and not METRICS[self.metric].high_resolution:
            fine = ", ".join(one.name for one in METRICS.values() if one.high_resolution)
            raise Refused(
                f"{self.metric} is published every minute; every 10 s are {fine}", ("period",), "period: 1 min"
            )
        return self


class TargetTracking(Watching):
    """Keeps a metric near a target: more hosts in proportion when it is above, fewer when it is well below for long."""

    form: ClassVar[str] = "target_tracking"

    target: Annotated[Level, Field(gt=0)]
    """Value to keep the metric near, in CloudWatch's unit: `CPUUtilization` is 100 for each busy vCPU, so that 70 on
    4 vCPUs is 17 %; times are microseconds."""
    scale_out_cooldown_s: Seconds = Field(COOLDOWN_S, alias="scale_out_cooldown")
    """Time after a scale-out in which only a larger one is made. A target asks for a number of hosts in all, from those
    that the metric was measured over: any above the present number is a larger one, so this changes nothing."""
    scale_in_cooldown_s: Seconds = Field(COOLDOWN_S, alias="scale_in_cooldown")
    """Time after a scale-in in which there is no other; a scale-out ends it."""
    disable_scale_in: Flag = False
    """Whether this policy never scales in."""
    out_points: Count = 3
    """Values in a row above the target that start a scale-out (U: 3 of 3 is what users see)."""
    in_points: Count = Field(default_factory=lambda data: int(IN_S / data["period_s"]))
    """Values in a row below `in_threshold` that start a scale-in (U); default those of 15 minutes."""
    in_threshold: Annotated[Share, Field(gt=0)] = 0.9
    """Share of the target below which the metric is low (U: AWS says usually more than 10 % lower)."""

    @property
    def looks_back(self) -> int:
        """As many values as the longer of its alarms."""
        return max(self.out_points, self.in_points)

    @property
    def cooldowns_s(self) -> tuple[float, float]:
        """Each has its own."""
        return self.scale_out_cooldown_s, self.scale_in_cooldown_s

    @property
    def must_agree(self) -> bool:
        """Policies that track a target scale in only together, if they scale in at all."""
        return not self.disable_scale_in


class AdjustmentType(StrEnum):
    """What the adjustment of a step is."""

    change_in_capacity = "change_in_capacity"
    exact_capacity = "exact_capacity"
    percent_change_in_capacity = "percent_change_in_capacity"

    @classmethod
    def _missing_(cls, value: object) -> AdjustmentType | None:
        """AWS's own spelling: PercentChangeInCapacity."""
        if not isinstance(value, str):
            return None
        return next((one for one in cls if one.value.replace("_", "") == value.lower()), None)


class StepAdjustment(Data):
    """What is done for one range of the metric's distance from the threshold."""

    lower_bound: Signed | None = None
    """Distance from the threshold at which the range begins; null: at minus infinity."""
    upper_bound: Signed | None = None
    """Distance at which it ends; null: at infinity."""
    adjustment: Adjustment
    """Hosts to add (negative: to remove), the number to have, or percent, as `adjustment_type` says."""

    @property
    def lower(self) -> float:
        """The lower bound as a number."""
        return -inf if self.lower_bound is None else self.lower_bound

    @property
    def upper(self) -> float:
        """The upper bound as a number."""
        return inf if self.upper_bound is None else self.upper_bound


class Step(Watching):
    """Changes the number of hosts by steps that depend on how far a metric is from a threshold."""

    form: ClassVar[str] = "step"

    threshold: Level
    """Value of the metric with which `comparison` compares, in CloudWatch's unit."""
    comparison: Literal[">=", ">", "<=", "<"] = ">="
    """How values compare with the threshold when the alarm goes off."""
    evaluation_periods: Count = 1
    """Values in a row that set off the alarm."""
    adjustment_type: AdjustmentType = AdjustmentType.change_in_capacity
    """What the adjustment of a step is; `percent_change_in_capacity` rounds towards 0, but to 1 at least."""
    steps: Annotated[tuple[StepAdjustment, ...], Field(min_length=1)]
    """The steps; their ranges neither overlap nor leave a gap."""
    min_adjustment_magnitude: Count | None = None
    """Hosts to add or remove at least, with `percent_change_in_capacity`."""
    cooldown_s: Seconds = Field(COOLDOWN_S, alias="cooldown")
    """After a scale-out the time in which only a larger one is made, after a scale-in that in which there is none."""

    @property
    def looks_back(self) -> int:
        """As many values as set off its alarm."""
        return self.evaluation_periods

    @property
    def cooldowns_s(self) -> tuple[float, float]:
        """One for both."""
        return self.cooldown_s, self.cooldown_s

    @property
    def is_above(self) -> bool:
        """Whether high values set off the alarm."""
        return self.comparison.startswith(">")

    @field_validator("steps", mode="after")
    @classmethod
    def _ranges(cls, steps: tuple[StepAdjustment, ...]) -> tuple[StepAdjustment, ...]:
        problem = _wrong_ranges(steps)
        if problem is not None:
            raise problem
        return tuple(sorted(steps, key=lambda one: one.lower))

    @model_validator(mode="after")
    def _magnitude_of_percent(self) -> Step:
        percent = self.adjustment_type is AdjustmentType.percent_change_in_capacity
        if self.min_adjustment_magnitude is not None and not percent:
            raise Refused(
                f"applies to percent, not to {self.adjustment_type}",
                ("min_adjustment_magnitude",),
                "adjustment_type: percent_change_in_capacity",
            )
        return self

    @model_validator(mode="after")
    def _exact(self) -> Step:
        if self.adjustment_type is AdjustmentType.exact_capacity:
            for index, step in enumerate(self.steps):
                if step.adjustment < 1:
                    raise Refused("a multi-model endpoint has at least one host", ("steps", index, "adjustment"))
        return self


def _wrong_ranges(steps: Sequence[StepAdjustment]) -> Refused | None:
    """Why Application Auto Scaling refuses these steps."""
    for index, one in enumerate(steps):
        if one.lower >= one.upper:
            return Refused("the range ends before it begins", (index, "upper_bound"))
        if one.lower_bound is None and one.upper_bound is None:
            return Refused("give the step at least one bound", (index,), "lower_bound: 0")
    order = sorted(range(len(steps)), key=lambda index: steps[index].lower)
    for before, after in pairwise(order):
        end, begin = steps[before].upper, steps[after].lower
        if end != begin:
            what = "overlaps the one that ends" if end > begin else "leaves a gap after the one that ends"
            return Refused(f"{what} at {units.show_number(end)}", (after, "lower_bound"), f"lower_bound: {end:g}")
    if steps[order[0]].lower < 0 and steps[order[0]].lower_bound is not None:
        return Refused("values further below have no step", (order[0], "lower_bound"), "leave out the lowest bound")
    if steps[order[-1]].upper > 0 and steps[order[-1]].upper_bound is not None:
        return Refused("values further above have no step", (order[-1], "upper_bound"), "leave out the highest bound")
    return None


ScalingPolicy = TargetTracking | Step | Function
POLICIES = OneOf(
    "scaling policy",
    "{target_tracking: {metric: InvocationsPerInstance, target: 4000}}",
    (FUNCTION, TargetTracking, Step),
)
PolicyField = Annotated[ScalingPolicy, POLICIES]
"""A field of the schema that holds a scaling policy."""
