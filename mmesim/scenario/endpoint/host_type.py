"""The hardware of one host: a catalogue row, each figure of which a scenario can override."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, ValidationInfo, WithJsonSchema

from mmesim import units
from mmesim.scenario.endpoint import catalogue
from mmesim.scenario.endpoint.devices import Devices
from mmesim.scenario.values.fields import (
    Bytes,
    Count,
    Data,
    Number,
    Refused,
    Usd,
    finite,
    from_file,
    not_text,
    quantity_schema,
)

UNLIMITED = "unlimited"
DEFAULT_SMT_YIELD = 1.3
GIVEN = "given in the scenario"
"""The source of a price that a scenario gives for its host, whatever its type."""


def _network(value: object, info: ValidationInfo) -> float:
    if value == UNLIMITED or value == math.inf:
        return math.inf
    if isinstance(value, int | float) and not isinstance(value, bool) and not from_file(info):
        return finite(value)
    return units.bandwidth(value)


_BANDWIDTH_SCHEMA = quantity_schema("bandwidth", "1.25 Gbit/s")
_NETWORK_SCHEMA = {
    "description": f"{_BANDWIDTH_SCHEMA['description']}, or {UNLIMITED}",
    "anyOf": [{"const": UNLIMITED}, *_BANDWIDTH_SCHEMA["anyOf"]],
}

Network = Annotated[
    float,
    BeforeValidator(_network),
    PlainSerializer(lambda value: UNLIMITED if value == math.inf else units.exact_bandwidth(value)),
    WithJsonSchema(_NETWORK_SCHEMA),
    Field(gt=0),
]


class HostType(Data):
    """One host, as the engine sees it: the catalogue's figures with the scenario's overrides."""

    vcpu: Annotated[Count, Field(le=10_000)]
    """vCPUs of a host."""
    memory_bytes: Annotated[Bytes, Field(gt=0)] = Field(alias="memory")
    """Memory of a host."""
    network_Bps: Network = Field(math.inf, alias="network")
    """Network baseline of a host, which its downloads share; `unlimited` when neither the catalogue nor the
    scenario gives it.
    """
    threads_per_core: Literal[1, 2] = 1
    """2: a vCPU is one of the two threads of a core; 1: a vCPU is a whole core."""
    smt_yield: Annotated[Number, Field(ge=1, le=2)] = DEFAULT_SMT_YIELD
    """Work that both threads of a core do together, in cores; used when `threads_per_core` is 2."""
    cpu_speed: Annotated[Number, Field(gt=0)] = 1.0
    """Factor on the speed of all CPU work; 1 is the CPU on which the times were measured (ml.c5)."""
    cpu_speed_assumed: bool = True
    """True when `cpu_speed` is 1 for lack of a measurement."""
    devices: Devices | None = None
    """Accelerators of a host, such as GPUs; used by models with `service.device` or `device_memory`."""
    price_usd_per_hour: Usd | None = Field(None, alias="price_per_hour")
    """Price of one instance for an hour; absent when no price is known."""
    price_estimated: bool = False
    """True when the price is an EC2 price times 1.20."""
    price_source: str = ""
    """Where the price comes from."""

    @property
    def price_given(self) -> bool:
        """Whether the scenario gives the price, for this host or by type; False: it is the catalogue's, or unknown."""
        return self.price_source in (GIVEN, catalogue.GIVEN_BY_TYPE)

    @property
    def cores_when_full(self) -> float:
        """Work of all vCPUs together when each of them is busy, in cores that are alone and have speed 1."""
        return self.vcpu / self.threads_per_core * self._smt_gain * self.cpu_speed

    @property
    def _smt_gain(self) -> float:
        return self.smt_yield if self.threads_per_core == 2 else 1.0


HOST_KEYS = ("vcpu", "memory", "network", "threads_per_core", "smt_yield", "cpu_speed", "devices", "price_per_hour")
"""Keys of `endpoint:` that override one figure of the catalogue."""

_ASK = {
    "vcpu": "vcpu: 4",
    "memory": "memory: 16 GiB",
    "network": "network: 1.25 Gbit/s",
}
"""What must be known, with a line that can be pasted."""


def repriced(host: object, own_price: float | None) -> object:
    """The host of a resolved file at what is now paid for an hour of its type; None: as it is, as is another input.

    A price that was given for the host, whatever its type, stays.
    """
    if own_price is None or not isinstance(host, dict) or host.get("price_source") == GIVEN:
        return host
    price = {"price_per_hour": f"{own_price!r} USD", "price_estimated": False}
    return host | price | {"price_source": catalogue.GIVEN_BY_TYPE}


def resolve_host(
    instance_type: object, region: object, given: Mapping[str, Any], own_price: float | None = None
) -> dict[str, Any]:
    """The input of `HostType`: the catalogue's figures of this type and region, overridden by what was given.

    `own_price`: what is paid for an hour of this type, where that is not the catalogue's.
    Raises Refused when the type is unknown, or when a figure is neither in the catalogue nor given.
    """
    known: dict[str, Any] = {}
    for value in (instance_type, region):
        if value is not None and not isinstance(value, str):
            # In the words of the field's own check, so that it is said once.
            key = "instance_type" if value is instance_type else "region"
            raise Refused(not_text(value), (key,))
    if instance_type is not None:
        try:
            row = catalogue.look_up(str(instance_type), str(region))
        except catalogue.UnknownType as error:
            raise Refused(error.message, (error.field,), error.hint) from None
        known = row.at(own_price).figures()
    merged: dict[str, Any] = known | dict(given)
    if isinstance(given.get("devices"), Mapping) and "devices" in known:
        merged["devices"] = known["devices"] | dict(given["devices"])
    if "cpu_speed" in given:
        merged["cpu_speed_assumed"] = False
    if "price_per_hour" in given:
        merged |= {"price_estimated": False, "price_source": GIVEN}
    needed = ("vcpu", "memory") if instance_type is None else tuple(_ASK)
    for key in needed:
        if key not in merged:
            where = (
                "a host without instance_type needs it"
                if instance_type is None
                else (f"the catalogue has no figure for {instance_type}")
            )
            raise Refused(f"{where}: add the line `{_ASK[key]}` with the right value", (key,))
    return merged
