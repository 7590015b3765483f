"""How calls spread over the models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from mmesim.errors import did_you_mean
from mmesim.scenario.base import Refused, finite, shown


@dataclass(frozen=True, slots=True)
class UniformPopularity:
    """Each model is called equally often."""


@dataclass(frozen=True, slots=True)
class Zipf:
    """The k-th model of the table (k from 1) is called in proportion to k to the power -exponent."""

    exponent: float


@dataclass(frozen=True, slots=True)
class Weights:
    """Models are called in proportion to their own `weight` or `rate`."""


Popularity = UniformPopularity | Zipf | Weights

_NAMED: dict[str, Popularity] = {"uniform": UniformPopularity(), "weights": Weights()}
_ALLOWED = (*_NAMED, "zipf")


def _read_popularity(value: object) -> Popularity:
    if isinstance(value, Popularity):
        return value
    if isinstance(value, str):
        if value not in _NAMED:
            hint = did_you_mean(value, _ALLOWED)
            raise Refused(f"unknown popularity {shown(value)}: uniform, weights or {{zipf: 0.9}}", (), hint)
        return _NAMED[value]
    if isinstance(value, dict) and set(value) == {"zipf"}:
        try:
            return Zipf(finite(value["zipf"]))
        except ValueError as error:
            raise Refused(str(error), ("zipf",)) from None
    raise Refused("write uniform, weights or {zipf: 0.9}")


def _write_popularity(value: Popularity) -> object:
    match value:
        case UniformPopularity():
            return "uniform"
        case Weights():
            return "weights"
        case Zipf(exponent):
            return {"zipf": exponent}


PopularityField = Annotated[
    Popularity,
    PlainValidator(_read_popularity),
    PlainSerializer(_write_popularity),
    WithJsonSchema(
        {
            "description": "how calls spread over the models; zipf ranks them in the order of the file",
            "anyOf": [
                {"enum": list(_NAMED)},
                {
                    "type": "object",
                    "properties": {"zipf": {"type": "number", "minimum": 0}},
                    "required": ["zipf"],
                    "additionalProperties": False,
                },
            ],
        }
    ),
]
