"""Arrival processes with states: calls come at random at a rate that changes at random."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from mmesim.scenario.values.fields import Data, Rate, Refused, Seconds
from mmesim.scenario.values.forms import Form
from mmesim.scenario.values.time_field import TimeField


class MmppState(Data):
    """One state: Poisson at `rate` for an exponential time with mean `stay`."""

    rate_per_s: Rate = Field(alias="rate")
    """Rate of calls in this state; 0 is a pause."""
    stay_s: Annotated[Seconds, Field(gt=0)] = Field(alias="stay")
    """Mean time in this state."""


class Mmpp(Form):
    """Markov-modulated Poisson process: bursts and pauses that last for random times.

    `{mmpp: {states: {calm: {rate: 20 /s, stay: 5 min}, busy: {rate: 200 /s, stay: 30 s}}}}`. The first state is drawn
    in proportion to the stays, which is the stationary distribution for both values of `next`.
    """

    form: ClassVar[str] = "mmpp"

    states: dict[str, MmppState]
    """Two or more states, by names of your choice."""
    next: Literal["cycle", "random"] = "cycle"
    """Which state follows: the next one of the file (`cycle`), or any other one with equal chance (`random`)."""

    @field_validator("states", mode="after")
    @classmethod
    def _some_calls(cls, states: dict[str, MmppState]) -> dict[str, MmppState]:
        if len(states) < 2:
            raise Refused("needs at least two states", (), "poisson, or {calm: {rate: , stay: }, busy: {...}}")
        if not any(state.rate_per_s for state in states.values()):
            raise Refused("no state has a rate above 0: there would be no calls")
        return states

    @property
    def mean_rate_per_s(self) -> float:
        """Calls a second in the long run."""
        calls = sum(state.rate_per_s * state.stay_s for state in self.states.values())
        return calls / self.cycle_s

    @property
    def cycle_s(self) -> float:
        """The mean time in which each state comes once."""
        return sum(state.stay_s for state in self.states.values())


class OnOff(Form):
    """Each model, each group, or the stream as a whole is alternately on and off; while on, calls come at random.

    While on, a model has its share (popularity) of `rate`. The times on and off are independent of each other and of
    the other models. At time 0 each is in the middle of a time on or off, as a long history leaves it.
    """

    form: ClassVar[str] = "on_off"

    rate_per_s: Annotated[Rate, Field(gt=0)] = Field(alias="rate")
    """Rate of calls when all are on; the mean is rate x on / (on + off)."""
    on: TimeField
    """Time on; a plain time is always the same."""
    off: TimeField
    """Time off; a plain time is always the same."""
    each: Literal["model", "group", "stream"] = "model"
    """What switches on and off as one."""

    @model_validator(mode="after")
    def _some_time(self) -> OnOff:
        for key, time in (("on", self.on), ("off", self.off)):
            if time.limits[1] == 0.0:
                raise Refused("must be a time above 0", (key,))
        return self

    @property
    def cycle_s(self) -> float:
        """The mean time from one switching on to the next."""
        return self.on.mean + self.off.mean
