"""Expectations: one line of text each, such as `p99 < 500 ms`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal, cast

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from mmesim import units
from mmesim.errors import did_you_mean
from mmesim.scenario import figures
from mmesim.scenario.values.fields import Refused, shown

EXPECTED = {one.name: one for one in figures.shown_in("expect")}
"""Figures that a scenario can set a limit to, by name: times and shares."""

Comparison = Literal["<", "<=", ">", ">="]

_LINE = re.compile(r"\s*([A-Za-z_][\w.]*)\s*(<=|>=|<|>|==?)\s*(.+?)\s*")


@dataclass(frozen=True, slots=True)
class Expectation:
    """A metric, a comparison and a limit: seconds for a latency, 0 to 1 for a share; `text` is as written."""

    metric: str
    comparison: Comparison
    limit: float
    text: str

    @property
    def is_latency(self) -> bool:
        """True when the limit is a latency in seconds."""
        return EXPECTED[self.metric].kind == "ms"


def read_expectation(value: object) -> Expectation:
    """One expectation as a file writes it."""
    if isinstance(value, Expectation):
        return value
    match = _LINE.fullmatch(value) if isinstance(value, str) else None
    if match is None or not isinstance(value, str):
        raise Refused(f"{shown(value)} is not an expectation: write one such as `p99 < 500 ms` or `error_rate < 0.1 %`")
    metric, comparison, text = match.groups()
    if metric not in EXPECTED:
        raise Refused(f"unknown metric {metric!r}: one of {', '.join(EXPECTED)}", (), did_you_mean(metric, EXPECTED))
    if comparison.startswith("="):
        raise Refused("a simulation never meets an exact value: compare with <, <=, > or >=")
    try:
        limit = units.seconds(text) if EXPECTED[metric].kind == "ms" else units.fraction(text)
    except ValueError as error:
        raise Refused(f"limit of {metric}: {error}") from None
    return Expectation(metric, cast(Comparison, comparison), limit, value.strip())


def _names(kind: figures.Kind) -> str:
    return ", ".join(name for name, one in EXPECTED.items() if one.kind == kind)


ExpectationField = Annotated[
    Expectation,
    PlainValidator(read_expectation),
    PlainSerializer(lambda expectation: expectation.text),
    WithJsonSchema(
        {
            "type": "string",
            "description": f"{_names('ms')} against a time, {_names('share')} against a share",
            "examples": ["p99 < 500 ms", "cache_hit_ratio >= 95 %", "error_rate < 0.1 %"],
        }
    ),
]
