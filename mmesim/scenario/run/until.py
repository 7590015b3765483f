"""How precise a figure must be before the replications stop: one line of text, such as `p99 within 5 %`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from mmesim.errors import did_you_mean
from mmesim.scenario import figures
from mmesim.scenario.run.share import share
from mmesim.scenario.values.fields import Refused, shown

PRECISE = figures.shown_in("until")
"""Figures that can be named, besides every percentile (`p99`, `p99.9`)."""

FIRST_LOOK = 10
"""Fewer replications than this are never looked at: their interval is too wide and too uncertain itself."""

_LINE = re.compile(r"\s*([A-Za-z_][\w.]*)\s+within\s+(.+?)\s*")


@dataclass(frozen=True, slots=True)
class Precision:
    """A figure by its name, and how far its estimate may be off as a share of it (0 to 1); `text` is as written."""

    metric: str
    within: float
    text: str


def read_precision(value: object) -> Precision:
    """One precision as a file writes it; raises Refused."""
    if isinstance(value, Precision):
        return value
    match = _LINE.fullmatch(value) if isinstance(value, str) else None
    if match is None or not isinstance(value, str):
        raise Refused(f"{shown(value)} is not a precision: write one such as `p99 within 5 %` or `mean within 2 %`")
    metric, text = match.groups()
    shares = figures.quantile_shares(metric)
    if metric == "max":
        raise Refused("the maximum grows with every call and has no interval: write p99.9 or mean")
    found = figures.find(metric, PRECISE)
    if found is None and (shares is None or shares[0] == 0.0):
        names = figures.names(PRECISE)
        raise Refused(
            f"unknown metric {metric!r}: a percentile such as p99, or {', '.join(names)}",
            (),
            did_you_mean(metric, (*figures.QUANTILES, *names)),
        )
    try:
        within = share(text, f"{metric} within")
    except ValueError as error:
        raise Refused(f"precision of {metric}: {error}") from None
    if not 0.0 < within < 1.0:
        raise Refused(f"precision of {metric}: {text} is not between 0 % and 100 %, both excluded")
    return Precision(metric if found is None else found.name, within, " ".join(value.split()))


PrecisionField = Annotated[
    Precision,
    PlainValidator(read_precision),
    PlainSerializer(lambda precision: precision.text),
    WithJsonSchema(
        {
            "type": "string",
            "description": "replications go on until a figure is this precise: a percentile, "
            f"{', '.join(figures.names(PRECISE))}, then `within` and a share of the value",
            "examples": ["p99 within 5 %", "mean within 2 %"],
        }
    ),
]
