"""Instance types near another one: the next size of its family, and the same vCPUs with more or less memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from mmesim.scenario.endpoint import catalogue
from mmesim.scenario.endpoint.catalogue import Row
from mmesim.scenario.endpoint.endpoint import Endpoint
from mmesim.scenario.endpoint.overridden import overridden

MORE_MEMORY, LESS_MEMORY = 1.5, 0.75
"""What the memory of another type with the same vCPUs is at least, or at most, of that of the present one."""


def own_row(endpoint: Endpoint) -> Row | None:
    """The row of an endpoint's type; None where it has none, or where figures other than the price are overridden.

    What is overridden would be the same for every type, so that nothing could be learned of another one.
    """
    if endpoint.instance_type is None or set(overridden(endpoint)) - {"price_per_hour"}:
        return None
    row = endpoint.listed(endpoint.instance_type)
    return row if row.vcpu is not None and row.memory_gib is not None else None


def larger(of: Row) -> str | None:
    """The next size up in the family."""
    sizes = [one for one in _family(of) if _vcpu(one) > _vcpu(of)]
    return min(sizes, key=_vcpu).instance_type if sizes else None


def smaller(of: Row) -> str | None:
    """The next size down in the family."""
    sizes = [one for one in _family(of) if _vcpu(one) < _vcpu(of)]
    return max(sizes, key=_vcpu).instance_type if sizes else None


def with_more_memory(of: Row, prices: Mapping[str, float] | None = None) -> str | None:
    """The cheapest type with as many vCPUs of the same architecture and at least half as much memory again.

    `prices`: USD an hour of the types that cost something else than in the catalogue.
    """
    return _cheapest(of, prices, lambda one: _bytes(one) >= MORE_MEMORY * _bytes(of))


def with_less_memory(of: Row, prices: Mapping[str, float] | None = None) -> str | None:
    """The cheapest type with as many vCPUs and at most three quarters of the memory, if it is cheaper."""
    price = of.price[0]
    if price is None:
        return None
    return _cheapest(
        of, prices, lambda one: _bytes(one) <= LESS_MEMORY * _bytes(of) and (one.price[0] or price) < price
    )


def _cheapest(of: Row, prices: Mapping[str, float] | None, fits: Callable[[Row], bool]) -> str | None:
    """Of the plain CPU types; those with SageMaker's own price before those whose price is estimated.

    Burstable types are left out: their CPU credits are no figure of the catalogue.
    """
    found = [
        one
        for one in _rows(of.region, prices)
        if _vcpu(one) == _vcpu(of)
        and _is_arm(one) == _is_arm(of)
        and not one.instance_type.startswith("ml.t")
        and None not in (one.memory_gib, one.network_gbps, one.price[0])
        and fits(one)
    ]
    return min(found, key=lambda one: (one.price[1], one.price[0] or 0.0)).instance_type if found else None


def _family(of: Row) -> list[Row]:
    name = of.instance_type.rsplit(".", 1)[0]
    return [
        one
        for one in _rows(of.region)
        if one.instance_type.rsplit(".", 1)[0] == name and one.memory_gib is not None and one.vcpu is not None
    ]


def _rows(region: str, prices: Mapping[str, float] | None = None) -> list[Row]:
    """The types without accelerators."""
    rows = [catalogue.look_up(name, region).at((prices or {}).get(name)) for name in catalogue.instance_types()]
    return [row for row in rows if not row.gpu_count and not row.accelerator]


def _is_arm(row: Row) -> bool:
    """Whether it has a Graviton processor, which runs other container images: ml.m6g, ml.c7gd."""
    return re.match(r"ml\.[a-z]+\d+g", row.instance_type) is not None


def _vcpu(row: Row) -> int:
    return row.vcpu or 0


def _bytes(row: Row) -> int:
    return int((row.memory_gib or 0.0) * 2**30)
