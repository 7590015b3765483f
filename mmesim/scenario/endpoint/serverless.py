"""Prices of serverless endpoints: the rows of `data/serverless.csv`, each with its source."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class ServerlessPrice:
    """USD per GiB of memory and second of use, and per GiB of data in and out; on demand, in one region."""

    usd_per_gib_second: float
    usd_per_gib_of_data: float
    source: str


@cache
def serverless_price(region: str) -> ServerlessPrice | None:
    """The published price of a region, None where none was found."""
    text = files("mmesim.scenario.endpoint").joinpath("data/serverless.csv").read_text(encoding="utf-8")
    for line in csv.DictReader(text.splitlines()):
        if line["region"] == region:
            source = f"{line['source']}, {line['as_of']}"
            return ServerlessPrice(float(line["usd_per_gib_second"]), float(line["usd_per_gib_of_data"]), source)
    return None
