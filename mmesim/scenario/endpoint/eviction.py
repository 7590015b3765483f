"""Which idle model is unloaded first when memory is needed (U: AWS documents only "unused models")."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema

from mmesim.errors import did_you_mean
from mmesim.scenario.values.fields import Data, Refused, Seconds, quantity_schema, shown
from mmesim.scenario.values.function import FUNCTION_SCHEMA, Function


class EvictionPolicy(StrEnum):
    """The rules that need nothing but their name."""

    lru = "lru"
    fifo = "fifo"
    lfu = "lfu"
    random = "random"
    size = "size"
    gdsf = "gdsf"


class Ttl(Data):
    """Models that were loaded longer ago than `ttl_s`, seconds, go first; among them, and after them, as in LRU."""

    ttl_s: Annotated[Seconds, Field(gt=0)] = Field(alias="ttl")
    """Time since its load after which an idle model is unloaded first."""


class GdsfCost(Data):
    """What one miss costs: the same for every model, or the mean time of its load."""

    cost: Literal[1, "load_time"] = 1
    """Cost of a miss: 1 for every model, or the mean time of the model's load."""


class Gdsf(Data):
    """Greedy-Dual-Size-Frequency with a cost."""

    gdsf: GdsfCost
    """Greedy-Dual-Size-Frequency, with the cost of a miss."""


Eviction = EvictionPolicy | Ttl | Gdsf | Function

_FORMS: dict[str, type[Data]] = {"ttl": Ttl, "gdsf": Gdsf, "function": Function, "folder": Function}
_WORDS = f"{', '.join(EvictionPolicy)}, {{ttl: 10 min}}, {{gdsf: {{cost: load_time}}}}, or module:function"


def _read(value: Any, info: ValidationInfo) -> Any:
    """The form that is meant, so that an error speaks of that form alone."""
    if isinstance(value, str):
        if ":" in value:
            return Function(function=value)
        if value == "ttl":
            raise Refused("ttl needs a time", (), "write {ttl: 10 min}")
        if value not in tuple(EvictionPolicy):
            raise Refused(f"{shown(value)} is not one of {_WORDS}", (), did_you_mean(value, [*EvictionPolicy, "ttl"]))
        return EvictionPolicy(value)
    if isinstance(value, Mapping):
        form = next((_FORMS[key] for key in value if key in _FORMS), None)
        if form is not None:
            return form.model_validate(value, context=info.context)
    if isinstance(value, Ttl | Gdsf | Function):
        return value
    raise Refused(f"{shown(value)} is not one of {_WORDS}")


EvictionField = Annotated[
    Eviction,
    BeforeValidator(_read),
    WithJsonSchema(
        {
            "description": "which idle model is unloaded first",
            "anyOf": [
                {"enum": list(EvictionPolicy)},
                {
                    "type": "object",
                    "properties": {"ttl": quantity_schema("a time since the load", "10 min")},
                    "required": ["ttl"],
                    "additionalProperties": False,
                },
                {
                    "type": "object",
                    "properties": {
                        "gdsf": {
                            "type": "object",
                            "properties": {"cost": {"enum": [1, "load_time"]}},
                            "additionalProperties": False,
                        }
                    },
                    "required": ["gdsf"],
                    "additionalProperties": False,
                },
                FUNCTION_SCHEMA,
            ],
        }
    ),
]
"""A field of the schema that holds an eviction rule."""
