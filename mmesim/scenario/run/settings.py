"""The clients, and how the simulation is run."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, PlainSerializer, PlainValidator, ValidationInfo, WithJsonSchema, model_validator

from mmesim import units
from mmesim.scenario.clients.retries import RetriesField
from mmesim.scenario.run.until import FIRST_LOOK, PrecisionField
from mmesim.scenario.values.fields import Count, Data, Refused, Seconds, Whole, finite, from_file, quantity_schema


class Clients(Data):
    """Those who call: when they give up, how far away they are, and how they retry."""

    timeout_s: Annotated[Seconds, Field(gt=0)] = Field(70.0, alias="timeout")
    """Time after which a client gives up an attempt; AWS advises 70 s."""
    network_s: Seconds = Field(5e-3, alias="network")
    """Network round trip between client and router, half of it each way."""
    retries: RetriesField = None
    """How clients retry: `none`, `boto3-legacy`, `boto3-standard`, or your own rule, `fixed` or `exponential`."""

    @property
    def longest_call_s(self) -> float:
        """The longest time that a call can last, all its attempts and the pauses between them, seconds."""
        if self.retries is None:
            return self.timeout_s
        pause_s, factor, cap_s, _ = self.retries.pause
        total_s = self.timeout_s
        for _ in range(self.retries.max_attempts - 1):
            pause_s = min(pause_s, cap_s)
            total_s += pause_s + self.timeout_s
            pause_s *= factor
        return total_s


MOST_REPLICATIONS = 1_000_000

AUTO: Literal["auto"] = "auto"

Warmup = float | Literal["auto"]
"""Seconds, or `auto`: found by pilot runs before anything is measured."""


def _read_warmup(value: object, info: ValidationInfo) -> Warmup:
    if value == AUTO:
        return AUTO
    if isinstance(value, int | float) and not isinstance(value, bool) and not from_file(info):
        return finite(value)
    try:
        return units.seconds(value)
    except ValueError as error:
        raise Refused(str(error), (), "auto, or a time such as 10 min") from None


def _write_warmup(value: Warmup) -> str:
    return AUTO if value == AUTO else units.exact_seconds(value)


def _warmup_schema() -> dict[str, Any]:
    time = quantity_schema("time", "10 min")
    return {"description": "a time or auto, for example 10 min", "anyOf": [{"const": AUTO}, *time["anyOf"]]}


WarmupField = Annotated[
    Warmup, PlainValidator(_read_warmup), PlainSerializer(_write_warmup), WithJsonSchema(_warmup_schema())
]


class FoundWarmup(Data):
    """How `warmup: auto` was found; written by a run, not by a user."""

    warmup_s: Seconds = Field(alias="warmup")
    """The warm-up that was found; equal to `run.warmup`."""
    why: str
    """What it is based on, in words."""
    run_at_least_s: Seconds | None = Field(None, alias="run_at_least")
    """How long the run has to be when it is too short for its warm-up."""


class RunSettings(Data):
    """How long, how often and from which seed; calls that begin during the warm-up are simulated but not measured."""

    duration_s: Annotated[Seconds, Field(gt=0)] = Field(alias="duration")
    """Simulated and measured time. Calls go on to come after its end, unmeasured, until every measured call is answered
    or has failed, at most for the longest time a call can last; nothing but the latency of measured calls counts then.
    """
    warmup_s: WarmupField = Field(0.0, alias="warmup")
    """Time at the start that is simulated but not measured; `auto`: found by pilot runs."""
    warmup_found: FoundWarmup | None = None
    """How `warmup: auto` was found; written by a run, not by a user."""
    replications: Annotated[Count, Field(le=MOST_REPLICATIONS)] = 1
    """Independent runs; two or more give confidence intervals."""
    until: PrecisionField | None = None
    """Precision to reach, such as `p99 within 5 %`; replications are added until it is reached."""
    max_replications: Annotated[Count, Field(ge=FIRST_LOOK, le=MOST_REPLICATIONS)] = 100
    """Replications at which `until` gives up."""
    seed: Whole = 1
    """Seed of all random numbers."""

    @property
    def cut_s(self) -> float:
        """The end of the warm-up, seconds; ValueError as long as it is `auto` and not found."""
        if self.warmup_s == AUTO:
            raise ValueError("run.warmup is auto: it has to be found before the run")
        return self.warmup_s

    @model_validator(mode="after")
    def _warmup_ends(self) -> RunSettings:
        if self.warmup_s != AUTO and self.warmup_s >= self.duration_s:
            given, whole = units.exact_seconds(self.warmup_s), units.exact_seconds(self.duration_s)
            problem = f"{given} must be shorter than duration, {whole}: otherwise nothing is measured"
            raise Refused(problem, ("warmup",))
        if self.warmup_found is not None and self.warmup_found.warmup_s != self.warmup_s:
            hint = "remove warmup_found (--set run.warmup_found=null)"
            raise Refused("belongs to another warm-up", ("warmup_found",), hint)
        return self

    @model_validator(mode="after")
    def _looks_before_the_end(self) -> RunSettings:
        if self.until is not None and self.replications > self.max_replications:
            raise Refused(f"must be at least replications ({self.replications})", ("max_replications",))
        return self
