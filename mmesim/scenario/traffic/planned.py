"""Arrival processes that follow a plan: the rate, or the calls themselves, are known beforehand."""

from __future__ import annotations

import itertools
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator, model_validator

from mmesim import units
from mmesim.scenario.values.fields import Number, Rate, Refused, Seconds, Share, shown
from mmesim.scenario.values.forms import Form

DAY_S = 86400.0

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class Planned(Form):
    """A process that changes as time goes by: it has no steady state."""

    plan: ClassVar[str]
    """What it follows, in words."""


def _moment(key: object) -> str:
    """The text of a key that is a time; plain numbers are seconds in Python only."""
    text = units.exact_seconds(float(key)) if isinstance(key, float) else str(key)
    try:
        units.seconds(text)
    except ValueError as error:
        raise Refused(str(error), (text,), "{0 h: 20 /s, 8 h: 100 /s}") from None
    return text


def _moments(value: Any) -> Any:
    if not isinstance(value, dict):
        raise Refused(f"{shown(value)} is not a map from time to rate", (), "{0 h: 20 /s, 8 h: 100 /s}")
    return {_moment(key): rate for key, rate in value.items()}


class Schedule(Planned):
    """Poisson at a rate that follows a plan: `{schedule: {rates: {0 h: 20 /s, 8 h: 100 /s}, repeat: 24 h}}`.

    Times count from the start of the stream. After the last one its rate stays, or the plan starts over (`repeat`).
    """

    form: ClassVar[str] = "schedule"
    plan: ClassVar[str] = "a schedule"

    rates: Annotated[
        dict[str, Rate],
        BeforeValidator(_moments),
        WithJsonSchema({"type": "object", "minProperties": 1, "description": "a map, time -> rate from then on"}),
    ]
    """Rate of calls from each time on; the first time is 0 h."""
    shape: Literal["steps", "linear"] = "steps"
    """`steps`: the rate stays until the next time; `linear`: straight lines from time to time."""
    repeat_s: Annotated[Seconds, Field(gt=0)] | None = Field(None, alias="repeat")
    """Period after which the plan starts over; default: the last rate stays."""

    @property
    def points(self) -> tuple[tuple[float, float], ...]:
        """(seconds from the start of the stream, calls a second), in order of time."""
        return tuple(sorted((units.seconds(key), rate) for key, rate in self.rates.items()))

    @model_validator(mode="after")
    def _a_plan(self) -> Schedule:
        points = self.points
        if not points or points[0][0] != 0.0:
            raise Refused("must begin at 0", ("rates",), "a first rate such as 0 h: 20 /s")
        for (before, _), (time, _) in itertools.pairwise(points):
            if time == before:
                raise Refused(f"has two rates at {units.show_seconds(time)}", ("rates",))
        if not any(rate for _, rate in points):
            raise Refused("has no rate above 0: there would be no calls", ("rates",))
        if self.repeat_s is not None and self.repeat_s <= points[-1][0]:
            last = units.show_seconds(points[-1][0])
            raise Refused(f"must come after the last time of the plan, {last}", ("repeat",))
        return self


class Diurnal(Planned):
    """Poisson at a rate that swings smoothly each day (a cosine around `mean`), and is lower at the weekend.

    The cosine is drawn as straight lines between its values every 15 min, which is at most 0.06 % of the swing off.
    """

    form: ClassVar[str] = "diurnal"
    plan: ClassVar[str] = "the time of day"

    mean_per_s: Annotated[Rate, Field(gt=0)] = Field(alias="mean")
    """Mean rate of calls on a weekday."""
    peak_to_mean: Annotated[Number, Field(ge=1)] = 1.5
    """Rate at the peak / mean, 1 to 2; the trough is as far below the mean as the peak is above it."""
    peak_at_s: Annotated[Seconds, Field(lt=DAY_S)] = Field(14 * 3600.0, alias="peak_at")
    """Time of day of the peak, from midnight."""
    weekend: Share = 1.0
    """Rate on Saturday and Sunday, as a share of a weekday's."""
    start_day: Day = "monday"
    """Day on which the stream starts."""
    start_time_s: Annotated[Seconds, Field(lt=DAY_S)] = Field(0.0, alias="start_time")
    """Time of day at which the stream starts, from midnight."""

    @field_validator("peak_to_mean", mode="after")
    @classmethod
    def _no_negative_rate(cls, value: float) -> float:
        if value > 2.0:
            message = f"{value:g} is too large: a cosine that falls to 0 at night has a peak of twice its mean"
            raise Refused(message, (), "2, or a schedule with shape: linear for sharper peaks")
        return value


class FlashCrowd(Planned):
    """Poisson at `base`; then the rate climbs in a straight line to `peak`, stays, and falls in a straight line."""

    form: ClassVar[str] = "flash_crowd"
    plan: ClassVar[str] = "a flash crowd"

    base_per_s: Rate = Field(alias="base")
    """Rate of calls before and after the crowd."""
    peak_per_s: Annotated[Rate, Field(gt=0)] = Field(alias="peak")
    """Rate of calls at the peak."""
    at_s: Seconds = Field(alias="at")
    """When the climb begins, from the start of the stream."""
    ramp_s: Seconds = Field(0.0, alias="ramp")
    """How long the climb takes; 0 is a jump."""
    hold_s: Seconds = Field(alias="hold")
    """How long the peak lasts."""
    decay_s: Seconds = Field(0.0, alias="decay")
    """How long the fall takes; 0 is a jump."""

    @model_validator(mode="after")
    def _lasts(self) -> FlashCrowd:
        if not self.ramp_s + self.hold_s + self.decay_s:
            raise Refused("the crowd lasts no time: ramp, hold and decay are all 0", ("hold",), "5 min")
        return self


class ModelSweep(Planned):
    """A batch job: every model of the stream is called once, with equal gaps of 1 / rate, the first at the start."""

    form: ClassVar[str] = "sweep"
    plan: ClassVar[str] = "a sweep over the models"

    rate_per_s: Annotated[Rate, Field(gt=0)] = Field(alias="rate")
    """Rate of calls during the sweep."""
    order: Literal["file", "random"] = "file"
    """Order of the models: that of the file, or a new random one for each sweep."""
    every_s: Annotated[Seconds, Field(gt=0)] | None = Field(None, alias="every")
    """Time from the start of one sweep to the next; default: a single sweep."""
