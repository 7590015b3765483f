"""How calls spread over the models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import GetJsonSchemaHandler, SerializationInfo, ValidationInfo
from pydantic.json_schema import JsonSchemaValue

from mmesim import units
from mmesim.errors import did_you_mean
from mmesim.scenario.values.fields import Refused, finite, shown, whole
from mmesim.scenario.values.forms import Kind, OneOf, one_key
from mmesim.scenario.values.meanings import meanings


@dataclass(frozen=True, slots=True)
class UniformPopularity:
    """Each model is called equally often."""


@dataclass(frozen=True, slots=True)
class Zipf:
    """The k-th model of the table (k from 1) is called in proportion to k to the power -exponent."""

    exponent: float
    """Exponent of the rank; 0 is uniform."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Models are called in proportion to their own `weight` or `rate`."""


@dataclass(frozen=True, slots=True)
class LognormalPopularity:
    """The rate of each model is drawn once from a lognormal distribution with this coefficient of variation.

    The draw depends on the seed and on the model's name alone: it is the same in every replication and every stream,
    whatever other models there are.
    """

    cv: float
    """Standard deviation of the rates / their mean."""


MOST_CV = 1e3
"""Beyond it one model gets every call."""

SimplePopularity = UniformPopularity | Zipf | Weights | LognormalPopularity


@dataclass(frozen=True, slots=True)
class Tenants:
    """Two levels: a call draws its tenant, and then one of the tenant's models."""

    size: int | None
    """Models of each tenant, neighbours in the table (the last tenant may have fewer); None: each group is a tenant."""
    between: SimplePopularity
    """How calls spread over the tenants."""
    within: SimplePopularity
    """How calls spread over the models of a tenant."""


Popularity = SimplePopularity | Tenants


def uses_weights(popularity: Popularity) -> bool:
    """Whether the models' own weights or rates count."""
    if isinstance(popularity, Tenants):
        return isinstance(popularity.between, Weights) or isinstance(popularity.within, Weights)
    return isinstance(popularity, Weights)


def _at(read: Callable[[object], Any], value: object, key: str) -> Any:
    """What a reader makes of a value; its refusals are below a key."""
    try:
        return read(value)
    except Refused as refused:
        raise refused.below(key) from None
    except ValueError as error:
        raise Refused(str(error), (key,)) from None


def _read_lognormal(body: Any, _: ValidationInfo) -> LognormalPopularity:
    keys = _keys(body, ("cv",), "{cv: 2}")
    if "cv" not in keys:
        raise Refused("cv is missing", (), "{cv: 2}")
    cv = _at(finite, keys["cv"], "cv")
    if cv > MOST_CV:
        raise Refused(f"{shown(keys['cv'])} is too large: at most {MOST_CV:,.0f}", ("cv",))
    if cv == 0.0:
        raise Refused("must be above 0", ("cv",), "popularity: uniform")
    return LognormalPopularity(cv)


_WORDS = {"uniform": UniformPopularity(), "weights": Weights()}
_SIMPLE = (
    Kind(
        "zipf",
        Zipf,
        lambda body, _: Zipf(finite(body)),
        lambda value, _: value.exponent,
        lambda _: {"type": "number", "minimum": 0, "description": meanings(Zipf)["exponent"]},
        example="{zipf: 1.0}",
    ),
    Kind(
        "lognormal",
        LognormalPopularity,
        _read_lognormal,
        lambda value, _: {"cv": value.cv},
        lambda _: one_key(
            "cv", {"type": "number", "exclusiveMinimum": 0, "description": meanings(LognormalPopularity)["cv"]}
        ),
        example="{lognormal: {cv: 2}}",
    ),
)
_LEVELS = OneOf("popularity", "{zipf: 0.9}", _SIMPLE, _WORDS)


def _read_tenants(body: Any, info: ValidationInfo) -> Tenants:
    keys = _keys(body, ("by", "size", "between", "within"), "{size: 4, between: {zipf: 0.9}, within: uniform}")
    if ("by" in keys) == ("size" in keys):
        raise Refused("needs one of by and size: what a tenant is", (), "by: group, or size: 4 (models of each tenant)")
    if "by" in keys and keys["by"] != "group":
        raise Refused(f"{shown(keys['by'])} is not group", ("by",), "by: group, or size: 4")
    size = _at(whole, keys["size"], "size") if "size" in keys else None
    if size == 0:
        raise Refused("a tenant has at least one model", ("size",))

    def level(value: object) -> SimplePopularity:
        if isinstance(value, Mapping) and "tenants" in value:
            raise Refused("there are two levels: tenants, and the models of each", (), "{zipf: 0.9}")
        popularity: SimplePopularity = _LEVELS.read(value, info)
        return popularity

    between, within = (_at(level, keys.get(name, "uniform"), name) for name in ("between", "within"))
    return Tenants(size, between, within)


def _keys(body: object, allowed: tuple[str, ...], example: str) -> Mapping[str, object]:
    if not isinstance(body, Mapping):
        raise Refused(f"{shown(body)} is not a map with keys", (), example)
    for key in body:
        if key not in allowed:
            raise Refused(f"unknown key, one of {', '.join(allowed)}", (str(key),), did_you_mean(str(key), allowed))
    return body


def _write_tenants(value: Tenants, info: SerializationInfo) -> dict[str, object]:
    kind: dict[str, object] = {"by": "group"} if value.size is None else {"size": value.size}
    return kind | {"between": _LEVELS.write(value.between, info), "within": _LEVELS.write(value.within, info)}


def _tenants_schema(handler: GetJsonSchemaHandler) -> JsonSchemaValue:
    meaning = meanings(Tenants)
    level = _LEVELS.schema(handler) | {"default": "uniform"}
    return {
        "type": "object",
        "properties": {
            "by": {"const": "group", "description": "Each group of models is a tenant."},
            "size": {"type": "integer", "minimum": 1, "description": meaning["size"]},
            "between": level | {"description": meaning["between"]},
            "within": level | {"description": meaning["within"]},
        },
        "oneOf": [{"required": ["by"]}, {"required": ["size"]}],
        "additionalProperties": False,
    }


def _meant(value: object) -> str | None:
    """A number by itself, or in brackets, is meant as the exponent of Zipf's law."""
    if isinstance(value, str):
        value = value.lower().replace("zipf", "").strip(" ()=:-")
    found = units.split(value)
    return None if found is None or found[1] else f"{{zipf: {found[0]}}}"


POPULARITIES = OneOf(
    "popularity",
    "{zipf: 0.9} or {tenants: {size: 4, between: {zipf: 0.9}}}",
    (
        *_SIMPLE,
        Kind(
            "tenants",
            Tenants,
            _read_tenants,
            _write_tenants,
            _tenants_schema,
            example="{tenants: {size: 4, between: {zipf: 0.9}}}",
        ),
    ),
    _WORDS,
    meant=_meant,
)
PopularityField = Annotated[Popularity, POPULARITIES]
"""A field of the schema that holds how calls spread over the models."""
