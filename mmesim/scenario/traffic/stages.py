"""Stages: a level that ramps in straight lines from target to target, as in k6, Artillery and Locust's shapes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from mmesim.scenario.traffic.planned import Planned
from mmesim.scenario.values.fields import Data, Rate, Refused, Seconds, Whole

MOST_USERS = 100_000


class UserStage(Data):
    """One stage of a closed loop: the number of users goes in a straight line to `target`."""

    duration_s: Seconds = Field(alias="duration")
    """How long the stage takes; 0 is a jump."""
    target: Annotated[Whole, Field(le=MOST_USERS)]
    """Users at its end."""


class RateStage(Data):
    """One stage of an open loop: the rate of calls goes in a straight line to `target`."""

    duration_s: Seconds = Field(alias="duration")
    """How long the stage takes; 0 is a jump."""
    target_per_s: Rate = Field(alias="target")
    """Rate of calls at its end."""


def refusal(durations_s: Sequence[float], levels: Sequence[float], what: str) -> Refused | None:
    """Why these stages make no calls, if so; `levels` are that of the start and the targets."""
    if not durations_s:
        return Refused("needs at least one stage", ("stages",), f"stages: [{{duration: 5 min, target: {what}}}]")
    if not sum(durations_s):
        return Refused("the stages last no time: every duration is 0", ("stages",), "duration: 5 min")
    if not any(levels):
        return Refused("every target is 0: there would be no calls", ("stages",), f"target: {what}")
    return None


class Ramp(Planned):
    """Open loop in stages: the rate ramps from target to target, and after the last stage no more calls come.

    `{ramp: {stages: [{duration: 2 min, target: 100 /s}, {duration: 10 min, target: 100 /s}]}}` climbs from 0 to 100
    calls a second and stays there, as k6's ramping-arrival-rate. Calls are random around the rate, or evenly spaced.
    """

    form: ClassVar[str] = "ramp"
    plan: ClassVar[str] = "stages"

    start_rate_per_s: Rate = Field(0.0, alias="start_rate")
    """Rate of calls at the start of the first stage."""
    stages: tuple[RateStage, ...]
    """The stages, one after the other."""
    gaps: Literal["random", "even"] = "random"
    """`random`: calls at random moments (Poisson) at the rate; `even`: one whenever the rate has added up to another
    call, as load generators send them.
    """

    @property
    def lines(self) -> tuple[tuple[float, float, float], ...]:
        """(seconds, calls a second at the begin, at the end) of each stage."""
        first = (self.start_rate_per_s, *(stage.target_per_s for stage in self.stages[:-1]))
        return tuple(
            (stage.duration_s, begin, stage.target_per_s) for stage, begin in zip(self.stages, first, strict=True)
        )

    @model_validator(mode="after")
    def _some_calls(self) -> Ramp:
        levels = [self.start_rate_per_s, *(stage.target_per_s for stage in self.stages)]
        refused = refusal([stage.duration_s for stage in self.stages], levels, "100 /s")
        if refused is not None:
            raise refused
        if not any(length * (first + last) for length, first, last in self.lines):
            raise Refused("the rate is above 0 for no time: there would be no calls", ("stages",), "duration: 5 min")
        return self


def stays(start: int, stages: Sequence[UserStage], number: int) -> Iterator[tuple[float, float]]:
    """When user `number` (from 0) is there, seconds from the start of the stream: (begin, end), in order of time.

    He comes when the climbing level reaches his place, `number` + 1, and goes when the falling level reaches the place
    before his, as k6's users do.
    """
    at_s, level = 0.0, start
    begun: float | None = 0.0 if number < start else None
    for stage in stages:
        target = stage.target
        if begun is None and level <= number < target:
            begun = at_s + stage.duration_s * (number + 1 - level) / (target - level)
        elif begun is not None and target <= number < level:
            end = at_s + stage.duration_s * (level - number) / (level - target)
            if end > begun:
                yield begun, end
            begun = None
        at_s, level = at_s + stage.duration_s, target
    if begun is not None and at_s > begun:
        yield begun, at_s
