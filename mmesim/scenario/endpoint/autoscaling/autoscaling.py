"""The section `endpoint.autoscaling`: limits of the number of hosts, policies, and scheduled actions."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import Field, ValidationInfo, model_validator

from mmesim.errors import did_you_mean
from mmesim.scenario.endpoint.autoscaling.policies import PolicyField, Step, TargetTracking
from mmesim.scenario.endpoint.autoscaling.schedule import ScheduledAction, in_order
from mmesim.scenario.values.fields import Count, Data, Refused, Seconds, shown
from mmesim.scenario.values.function import Function

MOST_HOSTS = 10_000


def _keys(*policies: type[Data]) -> tuple[str, ...]:
    """Keys of policies, each once."""
    return tuple(
        dict.fromkeys(field.alias or name for policy in policies for name, field in policy.model_fields.items())
    )


class ScaledIn(StrEnum):
    """Which host goes at a scale-in."""

    newest = "newest"
    oldest = "oldest"
    least_loaded = "least_loaded"


class Autoscaling(Data):
    """How the number of hosts follows metrics and the clock, as Application Auto Scaling does it for a variant.

    With one policy its keys may stand here: `{policy: target_tracking, metric: InvocationsPerInstance, target: 4000,
    min: 2, max: 8}`.
    """

    file_keys: ClassVar[tuple[str, ...]] = ("policy", *_keys(TargetTracking, Step))

    min: Annotated[Count, Field(le=MOST_HOSTS)]
    """Fewest hosts; a multi-model endpoint has at least one."""
    max: Annotated[Count, Field(le=MOST_HOSTS)]
    """Most hosts."""
    policies: tuple[PolicyField, ...] = ()
    """The policies. They scale out if one of them wants to, in only if all that track a target agree; of several
    numbers the largest holds."""
    scheduled: tuple[ScheduledAction, ...] = ()
    """Times at which other limits begin to hold."""
    metric_delay_s: Seconds | None = Field(None, alias="metric_delay")
    """Time from the end of a period until its value counts (U); default: one period, 1 min or 10 s."""
    scale_in: ScaledIn = ScaledIn.newest
    """Which host goes at a scale-in (U): the newest, the oldest, or the one with the fewest calls in flight, of several
    the newest."""

    @property
    def fewest(self) -> int:
        """The fewest hosts that it ever sets, whatever scheduled actions say."""
        return min([self.min, *(one.min for one in self.scheduled if one.min is not None)])

    @property
    def most(self) -> int:
        """The most hosts that it ever sets, whatever scheduled actions say."""
        return max([self.max, *(one.max for one in self.scheduled if one.max is not None)])

    @property
    def own_code(self) -> tuple[Function, ...]:
        """Policies that are functions of the user."""
        return tuple(one for one in self.policies if isinstance(one, Function))

    @model_validator(mode="before")
    @classmethod
    def _one_policy(cls, data: Any, info: ValidationInfo) -> Any:
        """The keys of the only policy become a list of policies."""
        if not isinstance(data, dict):
            return data
        # A file that is put over another takes keys away by null.
        data = {key: value for key, value in data.items() if value is not None or key not in cls.file_keys}
        own = {field.alias or name for name, field in cls.model_fields.items()} | set(cls.model_fields)
        given = {key: value for key, value in data.items() if key not in own}
        if not set(given) & set(cls.file_keys):
            return data
        name = given.pop("policy", None)
        lone = None if name is not None else _lone_policy(data.get("policies"))
        if lone is not None:
            form, keys = lone
            return {key: value for key, value in data.items() if key in own} | {"policies": [{form: keys | given}]}
        if data.get("policies"):
            key = next(iter(given), "policy")
            raise Refused("stands beside policies: it belongs to one of them", (key,), "write it in policies")
        if name is None:
            raise Refused("without policy it is not known whose key it is", (next(iter(given)),), _named_for(given))
        rest = {key: value for key, value in data.items() if key in own}
        kinds = {one.form: one for one in (TargetTracking, Step)}
        kind = kinds.get(name) if isinstance(name, str) else None
        if kind is None:
            function = name.get("function") if isinstance(name, dict) else name
            if not isinstance(function, str) or ":" not in function:
                message = f"unknown scaling policy {shown(name)}: one of {', '.join(kinds)}, module:function"
                raise Refused(message, ("policy",), did_you_mean(str(name), kinds))
            if given:
                raise Refused(f"{function} is your own function: it takes no keys", (next(iter(given)),))
            return rest | {"policies": [name]}
        # Built here, so that what is wrong with a key is found where it stands.
        return rest | {"policies": (kind.model_validate(given, context=info.context),)}

    @model_validator(mode="after")
    def _limits(self) -> Autoscaling:
        if self.min > self.max:
            raise Refused(f"is above max ({self.max})", ("min",))
        if not self.policies and not self.scheduled:
            message = "nothing scales: give policies or scheduled"
            raise Refused(message, (), "{policy: target_tracking, metric: InvocationsPerInstance, target: 4000}")
        return self

    @model_validator(mode="after")
    def _one_metric_each(self) -> Autoscaling:
        seen: dict[str, int] = {}
        for index, one in enumerate(self.policies):
            if isinstance(one, TargetTracking):
                if one.metric in seen:
                    place = ("policies", index, one.form, "metric")
                    raise Refused(f"policy {seen[one.metric]} tracks {one.metric} already: AWS takes one each", place)
                seen[one.metric] = index
        return self

    def limits(self, until_s: float) -> Iterator[tuple[float, int, int, int]]:
        """When scheduled actions happen before a moment: (seconds, place in the list, least, most from then on)."""
        least, most = self.min, self.max
        for at_s, index in in_order(self.scheduled, until_s):
            action = self.scheduled[index]
            least = least if action.min is None else action.min
            most = most if action.max is None else action.max
            yield at_s, index, least, most


def _lone_policy(policies: Any) -> tuple[str, dict[str, Any]] | None:
    """The only policy of a list, as its name and keys."""
    if isinstance(policies, list) and len(policies) == 1 and isinstance(policies[0], dict) and len(policies[0]) == 1:
        ((form, keys),) = policies[0].items()
        return (form, keys) if isinstance(keys, dict) else None
    return None


def _named_for(given: dict[str, Any]) -> str:
    steps = {"threshold", "steps", "adjustment_type", "evaluation_periods"} & set(given)
    return f"add policy: {Step.form if steps else TargetTracking.form}"
