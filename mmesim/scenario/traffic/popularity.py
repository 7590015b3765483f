"""How calls spread over the models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from mmesim.errors import did_you_mean
from mmesim.scenario.values.fields import Refused, finite, shown, whole


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


@dataclass(frozen=True, slots=True)
class LognormalPopularity:
    """The rate of each model is drawn once from a lognormal distribution with this coefficient of variation.

    The draw hangs on the seed and on the model's name alone: it is the same in every replication and every stream, and
    other models may come and go.
    """

    cv: float


SimplePopularity = UniformPopularity | Zipf | Weights | LognormalPopularity


@dataclass(frozen=True, slots=True)
class Tenants:
    """Two levels: a call draws its tenant, and then one of the tenant's models.

    `size`: so many models of the table in a row are a tenant (the last may have fewer); None: each group is one.
    """

    size: int | None
    between: SimplePopularity
    within: SimplePopularity


Popularity = SimplePopularity | Tenants

_NAMED: dict[str, SimplePopularity] = {"uniform": UniformPopularity(), "weights": Weights()}
_FORMS = ("zipf", "lognormal", "tenants")
_EXAMPLES = "uniform, weights, {zipf: 0.9}, {lognormal: {cv: 2}} or {tenants: {size: 4, between: {zipf: 0.9}}}"


def uses_weights(popularity: Popularity) -> bool:
    """Whether the models' own weights or rates count."""
    if isinstance(popularity, Tenants):
        return isinstance(popularity.between, Weights) or isinstance(popularity.within, Weights)
    return isinstance(popularity, Weights)


def _read_popularity(value: object) -> Popularity:
    if isinstance(value, Popularity):
        return value
    if isinstance(value, str):
        if value not in _NAMED:
            hint = did_you_mean(value, (*_NAMED, *_FORMS))
            raise Refused(f"unknown popularity {shown(value)}: {_EXAMPLES}", (), hint)
        return _NAMED[value]
    if isinstance(value, Mapping) and len(value) == 1:
        name, body = next(iter(value.items()))
        readers: dict[object, Callable[[object], Popularity]] = {
            "zipf": _read_zipf,
            "lognormal": _read_lognormal,
            "tenants": _read_tenants,
        }
        if name not in readers:
            hint = did_you_mean(str(name), _FORMS)
            raise Refused(f"unknown popularity {shown(name)}: {_EXAMPLES}", (str(name),), hint)
        read: Popularity = _at(readers[name], body, str(name))
        return read
    raise Refused(f"write {_EXAMPLES}")


def _at(read: Callable[[object], Any], value: object, key: str) -> Any:
    """What a reader makes of a value; its refusals are below a key."""
    try:
        return read(value)
    except Refused as refused:
        raise refused.below(key) from None
    except ValueError as error:
        raise Refused(str(error), (key,)) from None


def _read_zipf(value: object) -> Zipf:
    return Zipf(finite(value))


def _read_lognormal(body: object) -> LognormalPopularity:
    keys = _keys(body, ("cv",), "{cv: 2}")
    if "cv" not in keys:
        raise Refused("cv is missing", (), "{cv: 2}")
    cv = _at(finite, keys["cv"], "cv")
    if cv == 0.0:
        raise Refused("must be above 0", ("cv",), "popularity: uniform")
    return LognormalPopularity(cv)


def _read_tenants(body: object) -> Tenants:
    keys = _keys(body, ("by", "size", "between", "within"), "{size: 4, between: {zipf: 0.9}, within: uniform}")
    if ("by" in keys) == ("size" in keys):
        raise Refused("needs one of by and size: what a tenant is", (), "by: group, or size: 4 (models of each tenant)")
    if "by" in keys and keys["by"] != "group":
        raise Refused(f"{shown(keys['by'])} is not group", ("by",), "by: group, or size: 4")
    size = _at(whole, keys["size"], "size") if "size" in keys else None
    if size == 0:
        raise Refused("a tenant has one model at least", ("size",))
    levels = {level: _at(_read_simple, keys.get(level, "uniform"), level) for level in ("between", "within")}
    return Tenants(size, **levels)


def _read_simple(value: object) -> SimplePopularity:
    popularity = _read_popularity(value)
    if isinstance(popularity, Tenants):
        raise Refused("there are two levels: tenants, and the models of each", (), "{zipf: 0.9}")
    return popularity


def _keys(body: object, allowed: tuple[str, ...], example: str) -> Mapping[str, object]:
    if not isinstance(body, Mapping):
        raise Refused(f"{shown(body)} is not a map with keys", (), example)
    for key in body:
        if key not in allowed:
            raise Refused(f"unknown key, one of {', '.join(allowed)}", (str(key),), did_you_mean(str(key), allowed))
    return body


def _write_popularity(value: Popularity) -> object:
    match value:
        case UniformPopularity():
            return "uniform"
        case Weights():
            return "weights"
        case Zipf(exponent):
            return {"zipf": exponent}
        case LognormalPopularity(cv):
            return {"lognormal": {"cv": cv}}
        case Tenants(size, between, within):
            kind: dict[str, object] = {"by": "group"} if size is None else {"size": size}
            return {"tenants": kind | {"between": _write_popularity(between), "within": _write_popularity(within)}}


def _form(name: str, body: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {name: body}, "required": [name], "additionalProperties": False}


_SIMPLE_SCHEMA: list[dict[str, Any]] = [
    {"enum": list(_NAMED)},
    _form("zipf", {"type": "number", "minimum": 0}),
    _form("lognormal", _form("cv", {"type": "number", "exclusiveMinimum": 0})),
]

_TENANTS_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "by": {"const": "group", "description": "each group of models is a tenant"},
        "size": {"type": "integer", "minimum": 1, "description": "so many models in a row are a tenant"},
        "between": {"anyOf": _SIMPLE_SCHEMA, "description": "how calls spread over the tenants", "default": "uniform"},
        "within": {"anyOf": _SIMPLE_SCHEMA, "description": "and over the models of one", "default": "uniform"},
    },
    "oneOf": [{"required": ["by"]}, {"required": ["size"]}],
    "additionalProperties": False,
}

PopularityField = Annotated[
    Popularity,
    PlainValidator(_read_popularity),
    PlainSerializer(_write_popularity),
    WithJsonSchema(
        {
            "description": "how calls spread over the models; zipf ranks them in the order of the file",
            "anyOf": [*_SIMPLE_SCHEMA, _form("tenants", _TENANTS_SCHEMA)],
        }
    ),
]
