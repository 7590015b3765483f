"""`plan`: the fleets that `mmesim plan` chooses from, and what the one that it chooses must withstand."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from mmesim.scenario.run.grid import Grid
from mmesim.scenario.values.fields import Data, Number, Refused, Seconds, Share, shown

NOT_VARIED = ("plan", "split", "sweep", "expect", "run", "name", "beliefs")
"""Sections that a grid of fleets cannot vary: they say what is asked, not what is chosen."""


_PERCENT = re.compile(r"\s*\+?(\d+(?:\.\d+)?)\s*%\s*")


def _as_factor(value: object) -> object:
    """What is meant by growth in percent, or by a share: the factor that is to be written."""
    percent = _PERCENT.fullmatch(value) if isinstance(value, str) else None
    if percent is not None:
        more = float(percent[1])
        of_today = "" if more < 100.0 else f"{more / 100.0:.12g}, for {more:g} % of today's traffic, or "
        hint = f"write {of_today}{1.0 + more / 100.0:.12g}, for {more:g} % more"
        raise Refused(f"{shown(value)} is not a factor", (), hint)
    if isinstance(value, float) and 0.0 < value < 1.0:
        hint = f"write {1.0 + value:.12g}, for {100.0 * value:.12g} % more"
        raise Refused(f"{shown(value)} is too small: at least 1", (), hint)
    return value


class PlannedScaling(Data):
    """How the autoscaling of an answer follows from it: target tracking of the calls a minute on each instance."""

    safety_factor: Annotated[Share, Field(gt=0)] = 0.5
    """Share of what each instance of the answer carries at the peak that is the target: AWS's SAFETY_FACTOR, which it
    advises to begin with 50 %.
    """


class Plan(Data):
    """What `mmesim plan` chooses from: the cheapest fleet of `grid` that meets every line of `expect`."""

    grid: Grid
    """Fields, named as in `--set`, each with a list of values or a range such as 1..20; every combination is a fleet.

    Beside several values of `endpoint.instance_type`, the scenario gives no price, vCPUs, memory, network, threads or
    `usable_memory`, which are those of one type; `cpu_speed` and `smt_yield` apply to all.
    """
    tolerance: Annotated[Share, Field(gt=0, lt=1)] = 0.1
    """A fleet whose figure lies within this share of its limit may stay open; it is then named as a tie."""
    share_of_draws: Annotated[Share, Field(gt=0)] = 0.9
    """With beliefs: the share of their draws in which the fleet must be inside."""
    survive: Literal["instance", "zone"] | None = None
    """What may be lost: one instance, or the largest zone of an endpoint; the rest must meet every line as well."""
    recover_within_s: Annotated[Seconds, Field(gt=0)] | None = Field(None, alias="recover_within")
    """The time after the loss of what `survive` names in which the limits of latency and errors must be kept again, for
    good, on average over losses; to the minute. Replacements come, cold, after `endpoint.provisioning`.
    """
    growth: Annotated[Annotated[Number, Field(ge=1)] | None, BeforeValidator(_as_factor)] = None
    """The factor on the traffic that the fleet must still carry: 1.3 for 30 % more."""
    autoscaling: PlannedScaling | None = None
    """Asks for an autoscaling that follows from the answer, beside it: `{}`, or with a `safety_factor`. It is
    simulated, and its files are written.
    """
    assume_monotone: bool = False
    """Take for granted that a fleet misses its limits when a larger one of its family does; not true of every router.
    """

    @model_validator(mode="after")
    def _recovers_from_something(self) -> Plan:
        if self.recover_within_s is not None and self.survive is None:
            message = "does not say from the loss of what: survive is missing"
            raise Refused(message, ("recover_within",), "add survive: instance, or survive: zone")
        return self

    @field_validator("grid", mode="after")
    @classmethod
    def _varies_the_fleet(cls, grid: Grid) -> Grid:
        for path in grid:
            section = path.partition(".")[0]
            if section in NOT_VARIED:
                message = f"a plan cannot vary {section}: a grid names what makes up a fleet"
                raise Refused(message, (path,), "endpoint.instance_count: 1..20")
            if f"{path}.".startswith("endpoint.autoscaling."):
                message = "a plan compares fleets of a fixed size, whose price is known; autoscaling follows from it"
                raise Refused(message, (path,), "write plan: {autoscaling: {safety_factor: 50 %}}")
        return grid
