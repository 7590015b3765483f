"""`plan`: the fleets that `mmesim plan` chooses from, and what the one that it chooses must withstand."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from mmesim.scenario.run.grid import Grid
from mmesim.scenario.values.fields import Data, Number, Refused, Share

NOT_VARIED = ("plan", "split", "sweep", "expect", "run", "name", "beliefs")
"""Sections that a grid of fleets cannot vary: they say what is asked, not what is chosen."""


class Plan(Data):
    """What `mmesim plan` chooses from: the cheapest fleet of `grid` that meets every line of `expect`."""

    grid: Grid
    """Fields, named as in `--set`, each with a list of values or a range such as 1..20; every combination is a fleet.
    """
    tolerance: Annotated[Share, Field(gt=0, lt=1)] = 0.1
    """A fleet whose figure lies within this share of its limit may stay open; it is then named as a tie."""
    share_of_draws: Annotated[Share, Field(gt=0)] = 0.9
    """With beliefs: the share of their draws in which the fleet must be inside."""
    survive: Literal["instance", "zone"] | None = None
    """What may be lost: one instance, or the largest zone of an endpoint; the rest must meet every line as well."""
    growth: Annotated[Number, Field(ge=1)] | None = None
    """The factor on the traffic that the fleet must still carry."""
    assume_monotone: bool = False
    """Take for granted that a fleet misses its limits when a larger one of its family does; not true of every router.
    """

    @field_validator("grid", mode="after")
    @classmethod
    def _varies_the_fleet(cls, grid: Grid) -> Grid:
        for path in grid:
            section = path.partition(".")[0]
            if section in NOT_VARIED:
                message = f"a plan cannot vary {section}: a grid names what makes up a fleet"
                raise Refused(message, (path,), "endpoint.instance_count: 1..20")
        return grid
