"""Users who wait for an answer before they call again."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from mmesim.scenario.values.fields import Count, Rate, Refused
from mmesim.scenario.values.forms import Form
from mmesim.scenario.values.time_field import TimeField
from mmesim.scenario.values.times import ZERO, Time

MOST_USERS = 100_000
SHORTEST_S = 1e-6
"""Pauses below this would hardly move the clock."""


def _most_s(pause: Time) -> float:
    """A value that the pause reaches, seconds: its mean, or its largest value."""
    largest = pause.limits[1]
    return largest if math.isfinite(largest) else pause.mean


class ClosedLoop(Form):
    """Closed loop: each user calls, waits for the answer, pauses, and calls again, as in Locust and k6.

    A pause is `cycle`, the client's own time for a call, and `think_time`. Calls of users belong to (user, number of
    the call), whatever happened before. No call begins after the end of the stream.
    """

    form: ClassVar[str] = "closed_loop"

    users: Annotated[Count, Field(le=MOST_USERS)]
    """Number of users."""
    think_time: TimeField = ZERO
    """Pause between an answer and the user's next call."""
    cycle: TimeField = ZERO
    """The client's own time for each call, as of a busy load generator."""
    spawn_rate_per_s: Annotated[Rate, Field(gt=0)] | None = Field(None, alias="spawn_rate")
    """Users that start per second; null: all at the start of the stream."""

    @model_validator(mode="after")
    def _takes_time(self) -> ClosedLoop:
        if _most_s(self.think_time) + _most_s(self.cycle) < SHORTEST_S:
            hint = "cycle: 1 ms, the own time of a light client"
            raise Refused("a refused user would call again at the same instant", (), hint)
        return self

    @property
    def spawned_s(self) -> float:
        """When the last user begins, seconds from the start of the stream."""
        return 0.0 if self.spawn_rate_per_s is None else (self.users - 1) / self.spawn_rate_per_s
