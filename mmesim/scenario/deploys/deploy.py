"""An update of the endpoint: when, to which configuration, by which strategy, and when it is undone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field, WithJsonSchema, field_validator, model_validator

from mmesim import units
from mmesim.scenario.deploys.changed import COUNT, OF_A_HOST, refusal
from mmesim.scenario.deploys.steps import Step, steps
from mmesim.scenario.deploys.strategy import AllAtOnce, Rolling, StrategyField, Wait
from mmesim.scenario.endpoint.endpoint import Endpoint
from mmesim.scenario.run.condition import ConditionField, window_s
from mmesim.scenario.values.fields import Data, Flag, Refusals, Refused, Seconds, Text, shown

_SCALAR = str | int | float | bool | None


class Deploy(Data):
    """One update of the endpoint (UpdateEndpoint): every host is replaced by a new, cold one."""

    resolved_keys: ClassVar[tuple[str, ...]] = ("endpoint",)

    name: Text = ""
    """Name of the update; default: `deploy-` and its place in the list."""
    at_s: Seconds = Field(alias="at")
    """When it begins; if the endpoint is being changed then, as soon as that is over."""
    to: Annotated[
        dict[str, Any],
        WithJsonSchema(
            {
                "type": "object",
                "propertyNames": {"enum": list(OF_A_HOST)},
                "description": "a map, field of `endpoint` as in `--set` -> value",
            }
        ),
    ] = Field(default_factory=dict)
    """What the new configuration has otherwise than the scenario, such as `{endpoint.instance_type: ml.c5.xlarge}`;
    `{}`: the same again, as for a new image."""
    strategy: StrategyField = AllAtOnce()
    """How new hosts replace the old ones; `all_at_once`: the whole new fleet comes, then takes all traffic, cold."""
    termination_wait_s: Wait = Field(0.0, alias="termination_wait")
    """Time for which the old hosts stay, without traffic, after the last shift, 0 to 1 h; not with `rolling`."""
    rollback_when: ConditionField | None = None
    """A line as in `expect`: when it is true while a step bakes, all traffic goes back to the old configuration."""
    retain_count: Flag = False
    """`true`: as many hosts as the endpoint has then (RetainAllVariantProperties); `false`, AWS's default: as many as
    the configuration says, whatever autoscaling had made of it."""
    endpoint: Endpoint | None = None
    """The endpoint with the new configuration; written by a run, not by a user."""

    def steps(self, old: int, new: int) -> tuple[Step, ...]:
        """The steps that replace `old` hosts by `new` ones."""
        return steps(self.strategy, old, new, self.termination_wait_s)

    @field_validator("to", mode="before")
    @classmethod
    def _of_hosts(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        wrong = []
        for path, given in value.items():
            refused = refusal(str(path))
            if isinstance(given, Mapping) and given and f"{path}.{next(iter(given))}" in OF_A_HOST:
                inner = next(iter(given))
                hint = f"write {path}.{inner}: {given[inner]}"
                refused = Refused("names a whole section: name its keys, as --set does", (path,), hint)
            elif refused is None and not isinstance(given, _SCALAR):
                refused = Refused(f"{shown(given)} is not a value", (path,))
            if refused is not None:
                wrong.append(refused)
        if wrong:
            raise Refusals(wrong)
        return value

    @model_validator(mode="after")
    def _one_count(self) -> Deploy:
        if self.retain_count and COUNT in self.to:
            message = "retain_count: true keeps the count that the endpoint has, whatever this says"
            raise Refused(message, ("to", COUNT), "remove one of the two")
        return self

    @model_validator(mode="after")
    def _alarms_when_bad(self) -> Deploy:
        line = self.rollback_when
        if line is None:
            return self
        falls = line.is_latency or line.metric in ("error_rate", "model_loading_wait")
        rises = line.metric in ("cache_hit_ratio", "throughput")
        if (falls and line.is_upper) or (rises and not line.is_upper):
            turned = line.text.replace(line.comparison, line.comparison.replace("<", "\0").replace(">", "<"), 1)
            meant = turned.replace("\0", ">")
            message = "is true while all is well: a deploy is undone when its alarm becomes true"
            raise Refused(message, ("rollback_when",), f"write {meant}")
        return self

    @model_validator(mode="after")
    def _waits(self) -> Deploy:
        if isinstance(self.strategy, Rolling) and self.termination_wait_s > 0.0:
            message = (
                "a rolling deploy has no termination wait: each batch of old hosts goes after the wait of the batch"
            )
            raise Refused(message, ("termination_wait",), "strategy: {rolling: {batch: ..., wait: ...}}")
        if self.rollback_when is not None:
            longest_s, least_s = max(step.bake_s for step in self.steps(2, 2)), window_s(self.rollback_when)
            if longest_s < least_s:
                message = (
                    f"is never checked: alarms are watched during the waits, the longest of which is "
                    f"{units.show_seconds(longest_s)}, in windows of {units.show_seconds(least_s)}"
                )
                key = "wait" if isinstance(self.strategy, Rolling) else "termination_wait"
                raise Refused(message, ("rollback_when",), f"write {key}: {units.show_seconds(max(600.0, least_s))}")
        return self
