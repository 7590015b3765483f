"""Instance types and regions: the facts of `data`, each with its source; an unpublished figure is absent."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from mmesim.errors import CatalogueError, did_you_mean

HOME_REGION = "us-east-1"
REGION = r"^[a-z]{2,4}(?:-[a-z]+)+-[0-9]+$"
"""Shape of the name of a region, as in the JSON Schema."""
PRICES = {
    "sagemaker_hosting": "SageMaker's price for hosting",
    "sagemaker_component_not_stated": "SageMaker's price (the source does not say for which use)",
    "sagemaker_notebook": "SageMaker's price for notebooks",
}
"""Kind of a price in the table -> how it is called."""

ESTIMATE_RATIO = 1.20
"""SageMaker price / EC2 price of CPU types in us-east-1: 1.198 to 1.207 over the nine types that have both prices."""


GIVEN_BY_TYPE = "given in the scenario, by type"
"""The source of a price of `endpoint.prices`."""


class UnknownType(CatalogueError):
    """No row for an instance type or region; `field` names which of the two is at fault."""

    def __init__(self, message: str, hint: str | None, field: str) -> None:
        super().__init__(message, hint)
        self.field = field


@dataclass(frozen=True, slots=True)
class Row:
    """One instance type in one region; None: no figure was found.

    `memory_gib` in GiB, `network_gbps` is EC2's guaranteed baseline in Gbit/s, prices in USD per hour on demand.
    """

    instance_type: str
    region: str
    vcpu: int | None
    memory_gib: float | None
    network_gbps: float | None
    threads_per_core: int
    smt_yield: float
    cpu_speed: float | None
    gpu_count: int
    gpu_memory_gib: float | None
    accelerator: str
    price_usd_per_hour: float | None
    price_as_of: str
    price_kind: str
    ec2_price_usd_per_hour: float | None
    ec2_price_as_of: str
    source: str

    @property
    def price(self) -> tuple[float | None, bool, str]:
        """USD per hour, whether that is an estimate, and where it comes from.

        Without a SageMaker price a CPU type is estimated as the EC2 price times 1.20; types with accelerators are not,
        because their ratio differs from type to type.
        """
        if self.price_usd_per_hour is not None and self.price_kind == GIVEN_BY_TYPE:
            return self.price_usd_per_hour, False, GIVEN_BY_TYPE
        if self.price_usd_per_hour is not None:
            return (
                self.price_usd_per_hour,
                False,
                f"{PRICES[self.price_kind]}, {self.region}, {self.price_as_of or 'date unknown'}",
            )
        if self.ec2_price_usd_per_hour is None or self.gpu_count or self.accelerator:
            return None, False, ""
        price = round(self.ec2_price_usd_per_hour * ESTIMATE_RATIO, 6)
        return price, True, f"estimate: EC2 price of {self.ec2_price_as_of} x {ESTIMATE_RATIO:.2f}"

    def at(self, price_usd_per_hour: float | None) -> Row:
        """The same type at the price that somebody pays for it; as it is where that is None."""
        if price_usd_per_hour is None:
            return self
        return replace(self, price_usd_per_hour=price_usd_per_hour, price_as_of="", price_kind=GIVEN_BY_TYPE)

    def figures(self) -> dict[str, object]:
        """What is known of a host of this type, under the names that a scenario file uses."""
        price, estimated, price_source = self.price
        known: dict[str, object | None] = {
            "vcpu": self.vcpu,
            "memory": None if self.memory_gib is None else f"{self.memory_gib:g} GiB",
            "network": None if self.network_gbps is None else f"{self.network_gbps:g} Gbit/s",
            "threads_per_core": self.threads_per_core,
            "smt_yield": self.smt_yield,
            "cpu_speed": self.cpu_speed,
            "devices": self.devices,
            "price_per_hour": None if price is None else f"{price!r} USD",
        }
        found: dict[str, object] = {key: value for key, value in known.items() if value is not None}
        found |= {"cpu_speed_assumed": self.cpu_speed is None}
        return found | {"price_estimated": estimated, "price_source": price_source}

    @property
    def devices(self) -> dict[str, object] | None:
        """Its GPUs: how many, and the memory of each, of which the table has the total; None without any."""
        if not self.gpu_count or self.gpu_memory_gib is None:
            return None
        return {"count": self.gpu_count, "memory": f"{self.gpu_memory_gib / self.gpu_count:g} GiB"}


def look_up(instance_type: str, region: str = HOME_REGION) -> Row:
    """The row of a type; in a region without a row of its own, the hardware of us-east-1 and no price.

    Raises UnknownType with the nearest type.
    """
    rows = _rows()
    known = instance_types()
    if instance_type not in known:
        hint = did_you_mean(with_prefix(instance_type), known)
        raise UnknownType(f"unknown instance type {instance_type!r}", hint, "instance_type")
    if (instance_type, region) in rows:
        return rows[instance_type, region]
    known = sagemaker_regions()
    hint = did_you_mean(region, regions()) or did_you_mean(region, known)
    if hint is not None and region not in known:
        raise UnknownType(f"unknown region {region!r}", hint, "region")
    if not re.fullmatch(REGION, region):  # what is shaped like one may be newer than the list
        raise UnknownType(
            f"{region!r} is not an AWS region: write one such as {', '.join(regions()[:3])}", None, "region"
        )
    home = rows[instance_type, HOME_REGION]
    return replace(home, region=region, price_usd_per_hour=None, ec2_price_usd_per_hour=None)


def with_prefix(instance_type: str) -> str:
    """A type as SageMaker calls it, where EC2's name was given: `ml.m5.large` for `m5.large`."""
    return instance_type if instance_type.startswith("ml.") else f"ml.{instance_type}"


@cache
def instance_types() -> tuple[str, ...]:
    """Every type that the catalogue knows, in its order."""
    return tuple(dict.fromkeys(name for name, _ in _rows()))


@cache
def regions() -> tuple[str, ...]:
    """Every region that has prices, in the order of the catalogue."""
    return tuple(dict.fromkeys(region for _, region in _rows()))


@cache
def sagemaker_regions() -> tuple[str, ...]:
    """Every region of SageMaker, with prices or without: none of them is a slip of another."""
    return tuple(line["region"] for line in csv.DictReader(_lines("regions.csv")))


@cache
def _rows() -> Mapping[tuple[str, str], Row]:
    return {(line["instance_type"], line["region"]): _row(line) for line in csv.DictReader(_lines("instances.csv"))}


def _lines(table: str) -> list[str]:
    return files("mmesim.scenario.endpoint").joinpath(f"data/{table}").read_text(encoding="utf-8").splitlines()


def _row(line: Mapping[str, str]) -> Row:
    return Row(
        instance_type=line["instance_type"],
        region=line["region"],
        vcpu=int(line["vcpu"]) if line["vcpu"] else None,
        memory_gib=_number(line["memory_gib"]),
        network_gbps=_number(line["network_gbps"]),
        threads_per_core=int(line["threads_per_core"]),
        smt_yield=float(line["smt_yield"]),
        cpu_speed=_number(line["cpu_speed"]),
        gpu_count=int(line["gpu_count"] or 0),
        gpu_memory_gib=_number(line["gpu_memory_gib"]),
        accelerator=line["accelerator"],
        price_usd_per_hour=_number(line["price_usd_per_hour"]),
        price_as_of=line["price_as_of"],
        price_kind=line["price_kind"],
        ec2_price_usd_per_hour=_number(line["ec2_price_usd_per_hour"]),
        ec2_price_as_of=line["ec2_price_as_of"],
        source=f"{line['source']}; {line['cpu_source']}",
    )


def _number(text: str) -> float | None:
    return float(text) if text else None
