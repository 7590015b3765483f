"""Scheduled actions: at a time, once or again and again, the least and the most number of hosts become others."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from typing import Annotated

from pydantic import Field, model_validator

from mmesim.scenario.values.fields import Count, Data, Refused, Seconds


class ScheduledAction(Data):
    """From a moment on other limits hold; the number of hosts moves inside them at once, whatever cooldown there is.

    What is not given stays as it is. Times count from the start of the run.
    """

    at_s: Seconds = Field(alias="at")
    """When it happens, the first time."""
    every_s: Annotated[Seconds, Field(gt=0)] | None = Field(None, alias="every")
    """Time after which it happens again, such as `1 d`; null: once."""
    min: Count | None = None
    """Fewest hosts from then on."""
    max: Count | None = None
    """Most hosts from then on."""

    @model_validator(mode="after")
    def _changes(self) -> ScheduledAction:
        if self.min is None and self.max is None:
            raise Refused("changes nothing: give min or max", (), "min: 4")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise Refused(f"is above max ({self.max})", ("min",))
        return self

    def times_s(self, until_s: float) -> Iterator[float]:
        """When it happens before a moment, seconds, in order."""
        k = 0
        while (at_s := self.at_s + k * (self.every_s or 0.0)) < until_s:
            yield at_s
            if self.every_s is None:
                return
            k += 1


def in_order(actions: Sequence[ScheduledAction], until_s: float) -> Iterator[tuple[float, int]]:
    """When each of several actions happens before a moment, with its place in the list; in order of time."""
    times = ([(at_s, index) for at_s in one.times_s(until_s)] for index, one in enumerate(actions))
    return heapq.merge(*times)
