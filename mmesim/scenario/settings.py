"""The clients, and how the simulation is run."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from mmesim.scenario.base import Count, Data, Refused, Seconds, Whole
from mmesim.scenario.until import FIRST_LOOK, PrecisionField


class Clients(Data):
    """Those who call: their time-out (AWS advises 70 s) and the network's round trip, half of it each way."""

    timeout_s: Annotated[Seconds, Field(gt=0)] = Field(70.0, alias="timeout")
    network_s: Seconds = Field(5e-3, alias="network", description="round trip between client and router")
    retries: Literal["none"] = "none"


class RunSettings(Data):
    """How long, how often and from which seed; what begins before `warmup_s` is simulated but not measured."""

    duration_s: Annotated[Seconds, Field(gt=0)] = Field(alias="duration")
    warmup_s: Seconds = Field(0.0, alias="warmup")
    replications: Count = 1
    until: PrecisionField | None = None
    max_replications: Annotated[Count, Field(ge=FIRST_LOOK)] = Field(
        100, description=f"where `until` gives up; the first look is after {FIRST_LOOK} replications"
    )
    seed: Whole = 1

    @model_validator(mode="after")
    def _warmup_ends(self) -> RunSettings:
        if self.warmup_s >= self.duration_s:
            raise Refused("must be shorter than duration, or nothing is measured", ("warmup",))
        return self

    @model_validator(mode="after")
    def _looks_before_the_end(self) -> RunSettings:
        if self.until is not None and self.replications > self.max_replications:
            raise Refused(f"must be at least replications ({self.replications})", ("max_replications",))
        return self
