"""The kinds of faults, one class each. Every one says what goes wrong, where, and for how long.

Instances are numbered from 0 in the order in which they came, zones from 1 to `endpoint.zones`: instance n is in the
n-th zone, one after the other. Models are named as in `traffic.models`: single ones or whole groups.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from mmesim.scenario.values.fields import (
    Bandwidth,
    Bytes,
    Count,
    Data,
    Flag,
    Number,
    Refused,
    Seconds,
    Share,
    Text,
    shown,
    whole,
)

RANDOM: Literal["random"] = "random"
ALL: Literal["all"] = "all"

RESTART_S = 30.0
"""Time until a container that has died is back (U)."""

LoadFailure = Literal["swallowed", "500", "507"]
"""What becomes of a load that fails, by what the handler does with the error; measured on MMS 1.1.11."""
LOAD_FAILURES: tuple[LoadFailure, ...] = ("swallowed", "500", "507")


def _instance(value: object) -> object:
    if value == RANDOM:
        return value
    if isinstance(value, str):
        raise ValueError(f"{shown(value)} is not an instance: write its number, such as 0, or random")
    return whole(value)


def _number_or(word: str, what: str, least: int) -> WithJsonSchema:
    return WithJsonSchema({"description": what, "anyOf": [{"type": "integer", "minimum": least}, {"const": word}]})


Instance = Annotated[
    int | Literal["random"], BeforeValidator(_instance), _number_or(RANDOM, "a whole number or `random`", 0)
]
"""One instance: its number, or any of those that are up when the fault comes."""


def _workers(value: object) -> object:
    if value == ALL:
        return value
    if isinstance(value, str):
        raise ValueError(f"{shown(value)} is not a number of workers: write one, such as 1, or all")
    number = whole(value)
    if number < 1:
        raise ValueError(f"{number} workers: write 1 or more, or all")
    return number


Workers = Annotated[int | Literal["all"], BeforeValidator(_workers), _number_or(ALL, "a whole number or `all`", 1)]


def _load_failure(value: object) -> object:
    word = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if word not in LOAD_FAILURES:
        raise ValueError(f"{shown(value)} is not a way in which a load fails: one of {', '.join(LOAD_FAILURES)}")
    return word


LoadFailureField = Annotated[
    LoadFailure,
    BeforeValidator(_load_failure),
    WithJsonSchema({"description": "`swallowed`, `500` or `507`", "enum": [*LOAD_FAILURES, 500, 507]}),
]

Models = Annotated[tuple[Text, ...], Field(min_length=1)]


class SlowS3(Data):
    """S3 answers late or delivers slowly: downloads of all instances take longer."""

    lone_key: ClassVar[str | None] = "factor"

    factor: Annotated[Number, Field(ge=1, le=1e6)] | None = None
    """How many times longer the first byte takes, and how many times less one download gets."""
    first_byte_s: Seconds | None = Field(None, alias="first_byte")
    """Time to the first byte, instead of `factor`."""
    stream_Bps: Annotated[Bandwidth, Field(gt=0)] | None = Field(None, alias="stream")
    """Highest rate of one download, instead of `factor`."""
    for_s: Annotated[Seconds, Field(gt=0)] | None = Field(None, alias="for")
    """How long it lasts; default: to the end of the run."""

    @model_validator(mode="after")
    def _how_slow(self) -> SlowS3:
        absolute = [key for key, value in (("first_byte", self.first_byte_s), ("stream", self.stream_Bps)) if value]
        if self.factor is None and self.first_byte_s is None and self.stream_Bps is None:
            raise Refused("does not say how slow: factor, or first_byte and stream", (), "write {factor: 10}")
        if self.factor is not None and absolute:
            raise Refused(f"excludes {absolute[0]}: each of the two says how slow it is", ("factor",))
        return self


class FailingS3(Data):
    """S3 fails a share of the requests of all instances; each download is tried again, until its tries are used up.

    A request that fails takes the time to the first byte. The pause before try n + 1 is a random share of 2^(n-1)
    seconds, as in AWS's SDKs (U). When the last try fails, the load has failed.
    """

    share: Annotated[Share, Field(gt=0)]
    """Share of the requests that fail."""
    tries: Count = 5
    """Requests for one download at most (U); default as in boto3's legacy mode."""
    for_s: Annotated[Seconds, Field(gt=0)] | None = Field(None, alias="for")
    """How long it lasts; default: to the end of the run."""


class SlowInstance(Data):
    """The CPUs of an instance are slower: another tenant of its machine, or a machine that throttles."""

    instance: Instance = RANDOM
    """Its number, from 0, or `random`: any that is up."""
    factor: Annotated[Number, Field(ge=1, le=1e6)]
    """How many times longer its CPU work takes."""
    for_s: Annotated[Seconds, Field(gt=0)] | None = Field(None, alias="for")
    """How long it lasts; default: to the end of the run."""


class WorkerCrash(Data):
    """Workers of some models die: what they serve fails, and the server starts them again."""

    models: Models
    """Groups or single models."""
    workers: Workers = 1
    """Workers of each copy that die, or `all`."""
    instance: Instance | None = None
    """The instance whose copies are hit, `random` for any that is up; default: all."""


class Leak(Data):
    """Memory that models do not give back, until the kernel kills the largest process of an instance.

    That is a worker, which comes back without what it had leaked, or the container, as in `container_restart`.
    """

    models: Models
    """Groups or single models."""
    per_call_bytes: Annotated[Bytes, Field(gt=0)] | None = Field(None, alias="per_call")
    """Memory that each call leaves behind in the copy that served it; an unload, or the death of a worker, frees it."""
    per_unload_bytes: Annotated[Bytes, Field(gt=0)] | None = Field(None, alias="per_unload")
    """Memory that each unload leaves behind in the container; only a restart of the container frees it."""
    for_s: Annotated[Seconds, Field(gt=0)] | None = Field(None, alias="for")
    """How long memory leaks; default: to the end of the run. What has leaked stays."""

    @model_validator(mode="after")
    def _of_something(self) -> Leak:
        if self.per_call_bytes is None and self.per_unload_bytes is None:
            raise Refused("does not say what leaks: per_call or per_unload", (), "add per_call: 1 MiB")
        return self


class PoisonModel(Data):
    """The artefacts of some models are bad: each load of them fails from now on. Loaded copies stay as they are.

    At the start (`at: 0 s`) there are no good copies: those of `endpoint.warm` are bad as well.
    """

    models: Models
    """Groups or single models."""
    load_failure: LoadFailureField = "swallowed"
    """`swallowed`: the handler hides the error, as those of AWS's containers do, so the model counts as loaded and each
    call loads again and fails; `500`: the server takes the model back, and the next call begins another load; `507`:
    the server keeps the model without a worker, and each call gets 503 until it is unloaded.
    """
    for_s: Annotated[Seconds, Field(gt=0)] | None = Field(None, alias="for")
    """After which loads succeed again; default: never. Copies that failed stay so until they are unloaded."""


class InstanceLoss(Data):
    """An instance dies with all that it serves and loads; the router knows after `endpoint.loss_noticed_after`."""

    lone_key: ClassVar[str | None] = "instance"

    instance: Instance = RANDOM
    """Its number, from 0, or `random`: any that is up."""
    replace: Flag = True
    """Whether an instance without any model takes its place after `endpoint.provisioning`: SageMaker keeps the number
    that is asked for.
    """


class ZoneLoss(Data):
    """An Availability Zone fails: all of its instances die at once, as in `instance_loss`."""

    zone: Count
    """Its number, from 1 to `endpoint.zones`: instance 0 is in zone 1, instance 1 in zone 2, and so on in turn."""
    replace: Flag = True
    """Whether an instance without any model takes the place of each after `endpoint.provisioning`."""


class ContainerRestart(Data):
    """The container of an instance dies: what it serves fails with 500, and its models are gone from memory.

    Artefacts stay on the disk. Loads that have come as far as the container fail; others wait until it is back.
    """

    lone_key: ClassVar[str | None] = "instance"

    instance: Instance = RANDOM
    """Its number, from 0, or `random`: any that is up."""
    takes_s: Annotated[Seconds, Field(gt=0)] = Field(RESTART_S, alias="takes")
    """Time until the container is back (U)."""


Kind = SlowS3 | FailingS3 | SlowInstance | WorkerCrash | Leak | PoisonModel | InstanceLoss | ZoneLoss | ContainerRestart

KINDS: Mapping[str, type[Kind]] = MappingProxyType(
    {
        "slow_s3": SlowS3,
        "failing_s3": FailingS3,
        "slow_instance": SlowInstance,
        "worker_crash": WorkerCrash,
        "leak": Leak,
        "poison_model": PoisonModel,
        "instance_loss": InstanceLoss,
        "zone_loss": ZoneLoss,
        "container_restart": ContainerRestart,
    }
)
"""Key in a file -> its class."""
