"""The endpoint: hosts, router, memory rules, downloads. What AWS does not publish is a parameter (marked U).

Rules and defaults are explained where each is simulated; sources are AWS's developer guide and published load tests.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, WithJsonSchema, field_validator, model_validator

from mmesim import units
from mmesim.errors import did_you_mean
from mmesim.scenario.endpoint import catalogue
from mmesim.scenario.endpoint.eviction import EvictionField, EvictionPolicy
from mmesim.scenario.endpoint.host import HOST_KEYS, HostType, resolve_host
from mmesim.scenario.endpoint.router import Router
from mmesim.scenario.values.fields import (
    Bandwidth,
    Bytes,
    Count,
    Data,
    Number,
    Rate,
    Refused,
    Seconds,
    Share,
    Text,
    shown,
)
from mmesim.scenario.values.time_field import TimeField
from mmesim.scenario.values.times import Constant

Warm = bool | Literal["stationary"]
STATIONARY: Literal["stationary"] = "stationary"


def _read_warm(value: object) -> Warm:
    if isinstance(value, bool):
        return value
    if value == STATIONARY:
        return STATIONARY
    hint = did_you_mean(value, (STATIONARY,)) if isinstance(value, str) else None
    raise Refused(f"{shown(value)} is neither true, false nor {STATIONARY}", (), hint)


WarmField = Annotated[
    Warm, PlainValidator(_read_warm), WithJsonSchema({"anyOf": [{"type": "boolean"}, {"const": STATIONARY}]})
]


class Download(Data):
    """How an artefact comes from S3 to the disk of a host."""

    first_byte: TimeField = Field(Constant(0.05), description="time to the first byte: tens of ms (S3 user guide)")
    stream_Bps: Annotated[Bandwidth, Field(gt=0)] = Field(
        90e6, alias="stream", description="most that one download gets: 85 to 90 MB/s (S3 user guide)"
    )
    unpack_Bps_per_vcpu: Annotated[Bandwidth, Field(gt=0)] | None = Field(
        150e6, alias="unpack", description="artefact bytes unpacked by one vCPU each second; null: nothing is unpacked"
    )


def _load_slots(vcpu: int, model_cache: str) -> int:
    return vcpu if model_cache == "disabled" else max(1, vcpu // 2)


class Throttling(Data):
    """What a host refuses with ThrottlingException, over all its models (U: AWS documents no limit); off by default."""

    in_flight: Count | None = Field(None, description="most attempts that wait for a load or an answer on one host")
    rate_per_s: Annotated[Rate, Field(gt=0)] | None = Field(
        None, alias="rate", description="attempts that one host takes each second"
    )
    burst: Count | None = Field(None, description="attempts above `rate` at once; default those of one second")

    @property
    def tokens(self) -> float:
        """Attempts that may come at once: the size of the token bucket."""
        return float(self.burst) if self.burst is not None else max(1.0, self.rate_per_s or 0.0)

    @model_validator(mode="after")
    def _burst_of_a_rate(self) -> Throttling:
        if self.burst is not None and self.rate_per_s is None:
            raise Refused("a burst means something only beside a rate", ("burst",), "give rate: 100 /s")
        return self


class Endpoint(Data):
    """One endpoint variant: `instance_count` hosts of one type.

    `host` is folded from the catalogue row of `instance_type` and from the keys that override it
    (vcpu, memory, network, threads_per_core, smt_yield, cpu_speed, price_per_hour).
    """

    instance_type: Text | None = None
    region: Text = catalogue.HOME_REGION
    host: HostType
    instance_count: Count = 1
    model_cache: Literal["enabled", "disabled"] = Field(
        "enabled", description="disabled: a model is unloaded and deleted from disk as soon as it is idle"
    )
    load_slots: Count = Field(
        default_factory=lambda data: _load_slots(data["host"].vcpu, data["model_cache"]),
        description="loads under way at once on one host (U); default max(1, vcpu // 2), fitted to published charts; "
        "vcpu with model_cache: disabled",
    )
    slot_covers: Literal["download_and_load", "load"] = "download_and_load"
    memory_threshold: Annotated[Share, Field(gt=0)] = 0.8
    memory_reserve_bytes: Bytes = Field(units.bytes_("2.9 GiB"), alias="memory_reserve")
    usable_memory_given_bytes: Annotated[Bytes, Field(gt=0)] | None = Field(None, alias="usable_memory")
    base_memory_bytes: Bytes = Field(units.bytes_("0.65 GiB"), alias="base_memory")
    load_peak: Annotated[Number, Field(ge=1)] = Field(
        1.0, description="memory of a model while it loads, as a multiple"
    )
    eviction: EvictionField = EvictionPolicy.lru
    pid_limit: Count | None = 32768
    disk_bytes: Annotated[Bytes, Field(gt=0)] = Field(units.bytes_("30 GB"), alias="disk_size")
    disk_read_Bps: Annotated[Bandwidth, Field(gt=0)] | None = Field(
        None, alias="disk_read", description="rate at which loads read artefacts, shared by a host; null: no limit"
    )
    download: Download = Download()
    unload_s: Seconds = Field(0.02, alias="unload", description="time of one unload: published runs give about 20 ms")
    invocation_timeout_s: Annotated[Seconds, Field(gt=0)] = Field(60.0, alias="invocation_timeout")
    load_timeout_s: Annotated[Seconds, Field(gt=0)] = Field(60.0, alias="load_timeout")
    load_limit_s: Annotated[Seconds, Field(gt=0)] = Field(360.0, alias="load_limit")
    router: Router = Router()
    throttling: Throttling = Throttling()
    warm: WarmField = Field(
        False,
        description="true: models are placed and ready at the start, the most popular first, as far as they fit; "
        "stationary: the caches are as earlier traffic of the same kind would have left them",
    )

    @property
    def usable_memory_bytes(self) -> int:
        """Memory that base and models may fill (U): min(threshold x memory, memory - reserve), or `usable_memory`."""
        if self.usable_memory_given_bytes is not None:
            return self.usable_memory_given_bytes
        memory = self.host.memory_bytes
        return int(min(self.memory_threshold * memory, memory - self.memory_reserve_bytes))

    @model_validator(mode="before")
    @classmethod
    def _fold_host(cls, data: Any) -> Any:
        """The keys of the host's type become one resolved `host`."""
        if not isinstance(data, dict) or "host" in data:
            return data
        rest = {key: value for key, value in data.items() if key not in HOST_KEYS}
        given = {key: value for key, value in data.items() if key in HOST_KEYS}
        host: Any
        try:
            host = resolve_host(data.get("instance_type"), data.get("region", catalogue.HOME_REGION), given)
        except Refused as refused:
            host = refused  # raised by the validator below, so that the other keys are checked as well
        return rest | {"host": host}

    @field_validator("host", mode="before")
    @classmethod
    def _refused_host(cls, value: Any) -> Any:
        if isinstance(value, Refused):
            raise value
        return value

    @field_validator("load_limit_s")
    @classmethod
    def _limit_after_timeout(cls, value: float, info: Any) -> float:
        timeout = info.data.get("load_timeout_s")
        if timeout is not None and value < timeout:
            raise ValueError(f"must not be below load_timeout ({units.show_seconds(timeout)})")
        return value
