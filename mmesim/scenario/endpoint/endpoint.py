"""The endpoint: hosts, router, memory rules, downloads. What AWS does not publish is a parameter (marked U).

Rules and defaults are explained where each is simulated; sources are AWS's developer guide and published load tests.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, PlainValidator, ValidationInfo, WithJsonSchema, field_validator, model_validator

from mmesim import units
from mmesim.errors import did_you_mean
from mmesim.scenario.endpoint import catalogue
from mmesim.scenario.endpoint.autoscaling.autoscaling import MOST_HOSTS, Autoscaling
from mmesim.scenario.endpoint.eviction import EvictionField, EvictionPolicy
from mmesim.scenario.endpoint.host_type import HOST_KEYS, HostType, repriced, resolve_host
from mmesim.scenario.endpoint.prices import Prices, own_price
from mmesim.scenario.endpoint.router import Router
from mmesim.scenario.values.fields import (
    FLAGS,
    Bandwidth,
    Bytes,
    Count,
    Data,
    Flag,
    Number,
    Rate,
    Refused,
    Seconds,
    Share,
    Text,
    shown,
)
from mmesim.scenario.values.time_field import TimeField
from mmesim.scenario.values.times import Constant, Lognormal

Warm = bool | Literal["stationary"]
PROVISIONING = Lognormal(mean=376.0, cv=0.3)
"""A median of 360 s; nine of ten take 3.7 to 9.8 min: creations of endpoints in AWS's notebooks took 6 to 9 min."""
STATIONARY: Literal["stationary"] = "stationary"


def _read_warm(value: object) -> Warm:
    if isinstance(value, bool):
        return value
    if value == STATIONARY:
        return STATIONARY
    hint = did_you_mean(value, (STATIONARY,)) if isinstance(value, str) else None
    meant = FLAGS.get(str(value).lower())
    hint = hint if meant is None else f"write {meant}"
    raise Refused(f"{shown(value)} is neither true, false nor {STATIONARY}", (), hint)


_WARM_SCHEMA = {"description": f"a flag or `{STATIONARY}`", "anyOf": [{"type": "boolean"}, {"const": STATIONARY}]}
WarmField = Annotated[Warm, PlainValidator(_read_warm), WithJsonSchema(_WARM_SCHEMA)]


class Download(Data):
    """How an artefact comes from S3 to the disk of a host."""

    first_byte: TimeField = Constant(0.05)
    """Time to the first byte; tens of ms (S3 user guide)."""
    stream_Bps: Annotated[Bandwidth, Field(gt=0)] = Field(90e6, alias="stream")
    """Highest rate of one download; 85 to 90 MB/s (S3 user guide)."""
    unpack_Bps_per_vcpu: Annotated[Bandwidth, Field(gt=0)] | None = Field(150e6, alias="unpack")
    """Artefact bytes that one vCPU unpacks per second; null: nothing is unpacked."""


def _load_slots(vcpu: int, model_cache: str) -> int:
    return vcpu if model_cache == "disabled" else max(1, vcpu // 2)


class Throttling(Data):
    """What a host refuses with ThrottlingException, over all its models (U: AWS documents no limit); off by default."""

    in_flight: Count | None = None
    """Most attempts that may wait for a load or an answer on one host."""
    rate_per_s: Annotated[Rate, Field(gt=0)] | None = Field(None, alias="rate")
    """Attempts that one host accepts per second."""
    burst: Count | None = None
    """Attempts that may exceed `rate` at once; default: those of one second."""

    @property
    def is_on(self) -> bool:
        """Whether anything is refused."""
        return self.in_flight is not None or self.rate_per_s is not None

    @property
    def tokens(self) -> float:
        """Attempts that may come at once: the size of the token bucket."""
        return float(self.burst) if self.burst is not None else max(1.0, self.rate_per_s or 0.0)

    @model_validator(mode="after")
    def _burst_of_a_rate(self) -> Throttling:
        if self.burst is not None and self.rate_per_s is None:
            raise Refused("a burst needs a rate", ("burst",), "add rate: 100 /s")
        return self


class Endpoint(Data):
    """One endpoint variant: `instance_count` hosts of one type, and the platform's rules.

    The figures of a host come from the catalogue by `instance_type`; a file can give each of them instead (`vcpu`,
    `memory`, `network`, `threads_per_core`, `smt_yield`, `cpu_speed`, `devices`, `price_per_hour`).
    """

    file_keys: ClassVar[tuple[str, ...]] = HOST_KEYS
    resolved_keys: ClassVar[tuple[str, ...]] = ("host",)
    lone_key: ClassVar[str | None] = "instance_type"

    instance_type: Text | None = None
    """Instance type from the catalogue, such as `ml.m5.xlarge`; without it `vcpu` and `memory` are required."""
    region: Text = catalogue.HOME_REGION
    """AWS region whose price applies."""
    prices: Prices | None = None
    """What you pay for an hour of each of these types instead of the catalogue's price, such as with a Savings Plan:
    `{ml.m5.xlarge: 0.15 USD}`. Other types keep the catalogue's. Unlike `price_per_hour`, it can stand where several
    types are compared.
    """
    host: HostType
    """Figures of one host as resolved from the catalogue and the overrides; written by a run, not by a user."""
    autoscaling: Autoscaling | None = None
    """How the number of hosts follows metrics and the clock; null: it stays as it is."""
    instance_count: Annotated[Count, Field(le=MOST_HOSTS)] = Field(
        default_factory=lambda data: 1 if data["autoscaling"] is None else data["autoscaling"].min
    )
    """Number of hosts, with `autoscaling` that at the start; default 1, or `autoscaling.min`, also for null."""
    model_cache: Literal["enabled", "disabled"] = "enabled"
    """`disabled`: a model is unloaded and deleted from disk as soon as it is idle."""
    load_slots: Annotated[Count, Field(le=10_000)] = Field(
        default_factory=lambda data: _load_slots(data["host"].vcpu, data["model_cache"])
    )
    """Models that one host loads at once (U); default max(1, vcpu // 2), fitted to published charts, or vcpu with
    `model_cache: disabled`.
    """
    slot_covers: Literal["download_and_load", "load"] = "download_and_load"
    """Whether a load slot is taken before the download or after it (U)."""
    memory_threshold: Annotated[Share, Field(gt=0)] = 0.8
    """Share of the host's memory that container and models may fill (U)."""
    memory_reserve_bytes: Bytes = Field(units.bytes_("2.9 GiB"), alias="memory_reserve")
    """Memory of the host that stays free (U); the stricter of this and `memory_threshold` applies."""
    usable_memory_given_bytes: Annotated[Bytes, Field(gt=0)] | None = Field(None, alias="usable_memory")
    """Memory that container and models may fill, instead of the two rules above."""
    base_memory_bytes: Bytes = Field(units.bytes_("0.65 GiB"), alias="base_memory")
    """Memory of the container without any model (U)."""
    load_peak: Annotated[Number, Field(ge=1)] = 1.0
    """Memory of a model while it loads, as a multiple of its memory once loaded."""
    eviction: EvictionField = EvictionPolicy.lru
    """Which idle model is unloaded first when memory is needed (U)."""
    pid_limit: Count | None = 32768
    """Most processes and threads on one host; null: no limit."""
    disk_bytes: Annotated[Bytes, Field(gt=0)] = Field(units.bytes_("30 GB"), alias="disk_size")
    """Disk space for artefacts on each host (U)."""
    disk_read_Bps: Annotated[Bandwidth, Field(gt=0)] | None = Field(None, alias="disk_read")
    """Rate at which the loads of a host read artefacts from disk, shared by them; null: no limit."""
    download: Download = Download()
    """How an artefact comes from S3 to the disk of a host."""
    unload_s: Seconds = Field(0.02, alias="unload")
    """Time of one unload; published runs give about 20 ms."""
    invocation_timeout_s: Annotated[Seconds, Field(gt=0)] = Field(60.0, alias="invocation_timeout")
    """Time within which the container must answer a call."""
    load_timeout_s: Annotated[Seconds, Field(gt=0)] = Field(60.0, alias="load_timeout")
    """Time after which a call that waits for a load fails with ModelNotReadyException."""
    load_limit_s: Annotated[Seconds, Field(gt=0)] = Field(360.0, alias="load_limit")
    """Time after which a load is aborted; at least `load_timeout`."""
    router: Router = Router()
    """The router in front of the hosts."""
    throttling: Throttling = Throttling()
    """Calls that a host refuses with ThrottlingException."""
    zones: Annotated[Count, Field(le=100)] = 3
    """Availability Zones; hosts are in each of them in turn."""
    provisioning: TimeField = PROVISIONING
    """Time from the decision until a new host is in service, the start of its container included (U); default: a
    lognormal with a median of 6 minutes, of published creations of endpoints.
    """
    preload: Annotated[tuple[Text, ...], Field(min_length=1)] | None = None
    """Groups or single models that a provisioned host loads before it takes calls, as far as they fit; default none,
    as on SageMaker.
    """
    drain_s: Seconds = Field(30.0, alias="drain")
    """Time that a host which is scaled in or replaced has for what is in flight there; then it fails. Between SIGTERM
    and SIGKILL SageMaker leaves 30 s.
    """
    serial_scaling: Flag = True
    """Whether a change of the number of hosts waits for the one under way, while the endpoint is Updating (U)."""
    loss_noticed_after_s: Seconds = Field(10.0, alias="loss_noticed_after")
    """Time until the router knows that a host is lost (U): calls that it sends there until then fail with `host_lost`
    at once, as do those that were there.
    """
    only: Annotated[tuple[Text, ...], Field(min_length=1)] | None = None
    """Groups or single models that this endpoint hosts, default all: the calls for the others go elsewhere."""
    without: Annotated[tuple[Text, ...], Field(min_length=1)] | None = None
    """Groups or single models that are hosted elsewhere, where their calls go; all others are hosted here."""
    warm: WarmField = False
    """`true`: models are loaded at the start, the most popular first, as far as they fit; `stationary`: the caches
    are as earlier traffic of the same kind would have left them.
    """

    def listed(self, instance_type: str) -> catalogue.Row:
        """What is known of a type in the endpoint's region, at the price of `prices` if that has one."""
        return catalogue.look_up(instance_type, self.region).at((self.prices or {}).get(instance_type))

    @property
    def usable_memory_bytes(self) -> int:
        """Memory that base and models may fill (U): min(threshold x memory, memory - reserve), or `usable_memory`."""
        if self.usable_memory_given_bytes is not None:
            return self.usable_memory_given_bytes
        memory = self.host.memory_bytes
        return int(min(self.memory_threshold * memory, memory - self.memory_reserve_bytes))

    @property
    def most_instances(self) -> int:
        """The most hosts that there can be: `instance_count`, or as many as autoscaling may set."""
        return self.instance_count if self.autoscaling is None else self.autoscaling.most

    @property
    def sizes(self) -> str:
        """How many hosts there are, or can be: `4`, with autoscaling `2 to 8`."""
        scaling = self.autoscaling
        return f"{self.instance_count}" if scaling is None else f"{scaling.fewest} to {scaling.most}"

    @property
    def fleet(self) -> str:
        """The hosts: `4 x ml.m5.xlarge`, `1 x 2 vCPU, 8 GiB`, with autoscaling `2 to 8 x ml.m5.xlarge`."""
        host = self.instance_type or f"{self.host.vcpu} vCPU, {units.show_bytes(self.host.memory_bytes)}"
        return f"{self.sizes} x {host}"

    @property
    def count_key(self) -> str:
        """The field that says how many hosts there can be, as in `--set`."""
        return "endpoint.instance_count" if self.autoscaling is None else "endpoint.autoscaling.max"

    @property
    def gpus(self) -> int:
        """GPUs of one host, which a server counts."""
        return 0 if self.host.devices is None else self.host.devices.count

    @model_validator(mode="before")
    @classmethod
    def _fold_host(cls, data: Any, info: ValidationInfo) -> Any:
        """The keys of the host's type become one resolved `host`."""
        if not isinstance(data, dict):
            return data
        # A file that is put over another takes a number of hosts away by null.
        data = {key: value for key, value in data.items() if value is not None or key != "instance_count"}
        paid = own_price(data.get("prices"), data.get("instance_type"), info.context)
        if "host" in data:
            return data | {"host": repriced(data["host"], paid)}
        rest = {key: value for key, value in data.items() if key not in HOST_KEYS}
        given = {key: value for key, value in data.items() if key in HOST_KEYS}
        if data.get("prices") is not None and "price_per_hour" in given:
            message = "excludes price_per_hour: one is the price of each type, the other that of whatever type it is"
            raise Refused(message, ("prices",), "leave one of them out")
        host: Any
        try:
            kind = data.get("instance_type")
            host = resolve_host(kind, data.get("region", catalogue.HOME_REGION), given, paid)
        except Refused as refused:
            host = refused  # raised by the validator below, so that the other keys are checked as well
        return rest | {"host": host}

    @field_validator("host", mode="before")
    @classmethod
    def _refused_host(cls, value: Any) -> Any:
        if isinstance(value, Refused):
            raise value
        return value

    @model_validator(mode="after")
    def _one_of_the_two(self) -> Endpoint:
        if self.only is not None and self.without is not None:
            raise Refused("excludes only: each of the two says which models are hosted here", ("without",))
        return self

    @model_validator(mode="after")
    def _limit_after_timeout(self) -> Endpoint:
        if self.load_limit_s < self.load_timeout_s:
            given = "" if "load_limit_s" in self.model_fields_set else f"{units.show_seconds(self.load_limit_s)} "
            least = f"must be at least load_timeout ({units.show_seconds(self.load_timeout_s)})"
            raise Refused(f"{given}{least}", ("load_limit",))
        return self
