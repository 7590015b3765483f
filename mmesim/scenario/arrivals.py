"""Arrival processes: when calls begin."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from mmesim.scenario.base import Rate
from mmesim.scenario.closed_loop import ClosedLoop
from mmesim.scenario.forms import Form, reader, writer


class Poisson(Form):
    """Open loop: calls at random moments, `rate_per_s` on average, whatever the endpoint does."""

    form: ClassVar[str] = "poisson"

    rate_per_s: Annotated[Rate, Field(gt=0)] = Field(alias="rate")


ArrivalProcess = Poisson | ClosedLoop

ARRIVALS: tuple[type[Form], ...] = (Poisson, ClosedLoop)
"""Every arrival process that a file can name."""

ArrivalsField = Annotated[
    ArrivalProcess | None, reader("arrival process", "{poisson: {rate: 120 /s}}", ARRIVALS), writer
]
"""A field of the schema that holds an arrival process."""
