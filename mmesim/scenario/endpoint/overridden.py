"""Which figures of a host a scenario gives in place of the catalogue's: they belong to one instance type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from mmesim import units
from mmesim.scenario.endpoint.endpoint import Endpoint
from mmesim.scenario.endpoint.host_type import GIVEN, HostType
from mmesim.scenario.values.fields import FROM_FILE

OF_ONE_TYPE: Mapping[str, str] = MappingProxyType(
    {
        "vcpu": "vcpu",
        "memory": "memory_bytes",
        "network": "network_Bps",
        "threads_per_core": "threads_per_core",
        "price_per_hour": "price_usd_per_hour",
    }
)
"""Key of `endpoint:` -> field of HostType. `cpu_speed` and `smt_yield` say how fast the code of the models runs, which
the catalogue has not measured type by type: they are meant for every type."""


def overridden(endpoint: Endpoint) -> tuple[str, ...]:
    """The keys whose figures are not those of the catalogue, or of `prices`, for the instance type; none without one.

    `usable_memory` is one of them wherever it is given, since it stands for a share of the memory of one type.
    """
    if endpoint.instance_type is None:
        return ()
    host = endpoint.host
    least = {"vcpu": host.vcpu, "memory": units.exact_bytes(host.memory_bytes)}
    known = least | endpoint.listed(endpoint.instance_type).figures()
    listed = HostType.model_validate(known, context={FROM_FILE: True})
    found = [key for key, name in OF_ONE_TYPE.items() if getattr(host, name) != getattr(listed, name)]
    if host.price_source == GIVEN and "price_per_hour" not in found:
        found.append("price_per_hour")  # the catalogue's own price of this type, given for every type
    if endpoint.usable_memory_given_bytes is not None:
        found.append("usable_memory")
    return tuple(found)


def kept_by_another_type(one: Endpoint, other: Endpoint) -> list[str]:
    """The keys by which a scenario gives another type the very figures of the one."""
    same = {key for key, name in OF_ONE_TYPE.items() if getattr(one.host, name) == getattr(other.host, name)}
    if one.usable_memory_given_bytes == other.usable_memory_given_bytes:
        same.add("usable_memory")
    return [key for key in given_to_all(one, [other]) if key in same]


def given_to_all(own: Endpoint, others: Iterable[Endpoint]) -> list[str]:
    """The keys by which a scenario gives the figures of its own type to others, in the order of OF_ONE_TYPE."""
    different = [one for one in others if one.instance_type != own.instance_type]
    found = {key for one in different for key in overridden(one)}
    return [key for key in (*OF_ONE_TYPE, "usable_memory") if key in found]
