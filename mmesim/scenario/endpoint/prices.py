"""A user's own prices of instance types, which take the place of the catalogue's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError, WithJsonSchema

from mmesim.errors import did_you_mean
from mmesim.scenario.endpoint import catalogue
from mmesim.scenario.values.fields import Refusals, Refused, Usd


def _known_types(prices: dict[str, float]) -> dict[str, float]:
    """The prices as they are; refused where a key is not an instance type."""
    known = catalogue.instance_types()
    unknown = [
        Refused(f"unknown instance type {name!r}", (name,), did_you_mean(catalogue.with_prefix(name), known))
        for name in prices
        if name not in known
    ]
    if unknown:
        raise Refusals(unknown)
    return prices


Prices = Annotated[
    Annotated[dict[str, Usd], Field(min_length=1)],
    AfterValidator(_known_types),
    WithJsonSchema(
        {
            "description": "a map, instance type -> price such as 0.23 USD",
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"enum": list(catalogue.instance_types())},
            "additionalProperties": TypeAdapter(Usd).json_schema(),
        }
    ),
]

_USD: TypeAdapter[float] = TypeAdapter(Usd)


def own_price(prices: object, instance_type: object, context: Mapping[str, Any] | None) -> float | None:
    """USD an hour that a map, as a file has it, gives for a type; None where it gives none.

    Nor where it is wrong: what is wrong is said where the map itself is read.
    """
    if not isinstance(prices, Mapping) or instance_type not in prices:
        return None
    try:
        return _USD.validate_python(prices[instance_type], context=dict(context or {}))
    except ValidationError:
        return None
