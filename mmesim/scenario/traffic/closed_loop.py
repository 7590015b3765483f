"""Users who wait for an answer before they call again."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from mmesim.scenario.traffic.stages import MOST_USERS, UserStage, refusal, stays
from mmesim.scenario.values.fields import Count, Rate, Refused
from mmesim.scenario.values.forms import Form
from mmesim.scenario.values.time_field import TimeField
from mmesim.scenario.values.times import ZERO, Time

SHORTEST_S = 1e-6
"""Pauses below this would hardly move the clock."""


def _most_s(pause: Time) -> float:
    """A value that the pause reaches, seconds: its mean, or its largest value."""
    largest = pause.limits[1]
    return largest if math.isfinite(largest) else pause.mean


class ClosedLoop(Form):
    """Closed loop: each user calls, waits for the answer, pauses, and calls again, as in Locust, k6, wrk and ab.

    A pause is `cycle`, the client's own time for a call, and `think_time`; or, with `pacing`, what is left of it. Calls
    of users belong to (user, number of the call), whatever happened before. No call begins after the end of the stream.
    """

    form: ClassVar[str] = "closed_loop"
    example: ClassVar[str] = "{users: ...}"
    lone_key: ClassVar[str | None] = "users"

    users: Annotated[Count, Field(le=MOST_USERS)] | None = None
    """Number of users; with `stages` that at the start, 0 by default."""
    stages: tuple[UserStage, ...] | None = None
    """The number of users ramps from target to target; after the last stage nobody calls. A user who leaves gets his
    answer first.
    """
    think_time: TimeField = ZERO
    """Pause between an answer and the user's next call."""
    pacing: TimeField = ZERO
    """Least time from the start of a user's call to the start of the next: the pause is what the call leaves of it."""
    cycle: TimeField = ZERO
    """The client's own time for each call, as of a busy load generator."""
    spawn_rate_per_s: Annotated[Rate, Field(gt=0)] | None = Field(None, alias="spawn_rate")
    """Users that start per second; null: all at the start of the stream."""
    calls_each: Count | None = None
    """Calls of each user, who then stops; null: no limit. `calls` of the stream limits all users together."""

    @model_validator(mode="after")
    def _somebody_calls(self) -> ClosedLoop:
        if self.stages is None:
            if self.users is None:
                raise Refused("needs users", ("users",), "users: 10, or stages: [{duration: 5 min, target: 10}]")
            return self
        if self.spawn_rate_per_s is not None:
            raise Refused("stages say when users come", ("spawn_rate",), "a first stage that climbs")
        levels = [self.users or 0, *(stage.target for stage in self.stages)]
        refused = refusal([stage.duration_s for stage in self.stages], levels, "10")
        if refused is not None:
            raise refused
        if not any(self.stays(0)):
            raise Refused("nobody is there for any time: there would be no calls", ("stages",), "duration: 5 min")
        return self

    @model_validator(mode="after")
    def _one_pause(self) -> ClosedLoop:
        if self.pacing != ZERO and self.think_time != ZERO:
            hint = "pacing, from start to start, or think_time, from answer to start"
            raise Refused("there is one pause between two calls", ("think_time",), hint)
        return self

    @property
    def most_users(self) -> int:
        """Users there are at most at once."""
        return max(self.users or 0, *(stage.target for stage in self.stages or ()), 0)

    @property
    def least_pause_s(self) -> float:
        """What two calls of a user are apart by the user's own doing, at times at least, seconds."""
        return max(_most_s(self.think_time) + _most_s(self.cycle), _most_s(self.pacing))

    @property
    def spawned_s(self) -> float:
        """When the last user begins, seconds from the start of the stream."""
        return 0.0 if self.spawn_rate_per_s is None else ((self.users or 1) - 1) / self.spawn_rate_per_s

    @property
    def at_start(self) -> int:
        """Users with whom the stream begins, of stages that climb from 0 the most."""
        return self.users or self.most_users

    def stays(self, number: int) -> Iterator[tuple[float, float]]:
        """When user `number` (from 0) may begin calls: (begin, end), seconds from the start of the stream."""
        if self.stages is not None:
            yield from stays(self.users or 0, self.stages, number)
            return
        yield (0.0 if self.spawn_rate_per_s is None else number * (1.0 / self.spawn_rate_per_s)), math.inf

    def call_s(self, answer_s: float) -> float:
        """Mean time from the start of a user's call to the start of the next if it is answered after `answer_s`."""
        return max(answer_s + self.cycle.mean + self.think_time.mean, self.pacing.mean)

    def user_s(self, length_s: float) -> float:
        """Integral of the number of users over the first seconds of the stream; all of them from the start on."""
        if self.stages is None:
            return (self.users or 0) * length_s
        total, at_s, level = 0.0, 0.0, float(self.users or 0)
        for stage in self.stages:
            inside_s = min(stage.duration_s, max(0.0, length_s - at_s))
            if inside_s > 0.0:
                reached = level + (stage.target - level) * inside_s / stage.duration_s
                total += inside_s * (level + reached) / 2.0
            at_s, level = at_s + stage.duration_s, float(stage.target)
        return total
