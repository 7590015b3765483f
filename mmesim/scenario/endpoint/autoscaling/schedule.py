"""Scheduled actions: at a time, once or again and again, the least and the most number of hosts become others."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, model_validator

from mmesim.scenario.values.fields import Count, Data, Refused, Seconds

CALENDAR = ("cron", "rate", "schedule", "schedule_expression", "recurrence", "start_time")
"""What others call the time of a scheduled action."""


def _of_cron(text: str) -> str | None:
    """What to write for a cron expression that means once a day or once an hour, if the run starts at midnight."""
    found = re.fullmatch(r"\s*(?:cron\s*\()?\s*(\d+)\s+(\d+|\*)((?:\s+[*?])+)\s*\)?\s*", text)
    if found is None:
        return None
    minutes, hours = int(found[1]), found[2]
    if hours == "*":
        return f"write at: {minutes} min, every: 1 h"
    when = f"{60 * int(hours) + minutes} min" if minutes else f"{hours} h"
    return f"write at: {when}, every: 1 d, in a run that starts at midnight"


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

    @model_validator(mode="before")
    @classmethod
    def _no_calendar(cls, data: Any) -> Any:
        """Expressions of Application Auto Scaling, which a run without a calendar has no use for."""
        for key, value in data.items() if isinstance(data, Mapping) else ():
            text = value if isinstance(value, str) else ""
            if key in CALENDAR or re.match(r"\s*(cron|rate|at)\s*\(", text):
                message = "times count from the start of the run: at is the first one, every the time between them"
                raise Refused(message, (str(key),), _of_cron(text) or "write at: 8 h, every: 1 d")
        return data

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
