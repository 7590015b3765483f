"""Reads and writes a time of a scenario file: `20 ms`, or a map with the name of one distribution."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator, ValidationInfo, WithJsonSchema

from mmesim import units
from mmesim.errors import did_you_mean
from mmesim.scenario.values.fields import Refused, finite, from_file, quantity_schema, shown
from mmesim.scenario.values.times import (
    MEAN_CV,
    Constant,
    Empirical,
    Exponential,
    Gamma,
    Lognormal,
    Percentiles,
    Time,
    Uniform,
    Weibull,
)

_NAMES = ("exponential", *MEAN_CV, "uniform", "empirical", "percentiles")


def read_time(value: object) -> Time:
    """A time as a file writes it; raises Refused with the place inside the value."""
    if not isinstance(value, Mapping):
        try:
            return Constant(units.seconds(value))
        except ValueError as error:
            raise Refused(str(error)) from None
    if len(value) != 1:
        raise Refused(f"a time is one quantity such as 20 ms, or a map with one of {', '.join(_NAMES)}")
    name, body = next(iter(value.items()))
    if name not in _NAMES:
        raise Refused(
            f"unknown distribution {shown(name)}: one of {', '.join(_NAMES)}", (name,), did_you_mean(str(name), _NAMES)
        )
    try:
        return _read_body(name, body)
    except Refused as error:
        raise error.below(name) from None
    except ValueError as error:
        raise Refused(str(error), (name,)) from None


def _read_body(name: str, body: object) -> Time:
    if name == "exponential":
        return Exponential(**_numbers(body, mean=units.seconds))
    if name in MEAN_CV:
        return MEAN_CV[name](**_numbers(body, mean=units.seconds, cv=finite))
    if name == "uniform":
        return Uniform(**_numbers(body, low=units.seconds, high=units.seconds))
    if name == "empirical":
        if isinstance(body, str | Mapping) or not isinstance(body, list | tuple):
            raise Refused("write the list of times, such as [10 ms, 12 ms, 40 ms]")
        return Empirical(tuple(_at(units.seconds, item, index) for index, item in enumerate(body)))
    if not isinstance(body, Mapping):
        raise Refused("write a map from percent to time, such as {50: 10 ms, 99: 40 ms}")
    points = [(_at(_percent, percent, percent), _at(units.seconds, time, percent)) for percent, time in body.items()]
    return Percentiles(tuple(sorted(points)))


def _numbers(body: object, **readers: Callable[[object], float]) -> dict[str, float]:
    if not isinstance(body, Mapping):
        raise Refused(f"write a map with {' and '.join(readers)}")
    for key in body:
        if key not in readers:
            allowed = ", ".join(readers)
            raise Refused(f"unknown key, one of {allowed}", (key,), did_you_mean(str(key), readers))
    for key in readers:
        if key not in body:
            raise Refused(f"{key} is missing")
    return {key: _at(read, body[key], key) for key, read in readers.items()}


def _at(read: Callable[[object], float], value: object, place: str | int | float) -> float:
    try:
        return read(value)
    except ValueError as error:
        raise Refused(str(error), (place,)) from None


def _percent(value: object) -> float:
    try:
        return float(value) if isinstance(value, str) else finite(value)
    except ValueError:
        raise ValueError(f"{shown(value)} is not a percent between 0 and 100") from None


def write_time(time: Time) -> object:
    """A time as a file writes it, read back by `read_time` as an equal one."""
    match time:
        case Constant(value):
            return units.exact_seconds(value)
        case Exponential(mean):
            return {"exponential": {"mean": units.exact_seconds(mean)}}
        case Lognormal(mean, cv) | Gamma(mean, cv) | Weibull(mean, cv):
            return {type(time).__name__.lower(): {"mean": units.exact_seconds(mean), "cv": cv}}
        case Uniform(low, high):
            return {"uniform": {"low": units.exact_seconds(low), "high": units.exact_seconds(high)}}
        case Empirical(values):
            return {"empirical": [units.exact_seconds(value) for value in values]}
        case Percentiles(points):
            return {"percentiles": {percent: units.exact_seconds(value) for percent, value in points}}


def _validate(value: object, info: ValidationInfo) -> Time:
    if isinstance(value, Time):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and not from_file(info):
        return Constant(finite(value))
    return read_time(value)


def _json_schema() -> dict[str, Any]:
    time = quantity_schema("a time", "20 ms", "1.5 s")
    cv = {"type": "number", "exclusiveMinimum": 0, "description": "standard deviation / mean"}
    bodies: dict[str, dict[str, Any]] = {
        "exponential": _object_schema(mean=time),
        **{name: _object_schema(mean=time, cv=cv) for name in MEAN_CV},
        "uniform": _object_schema(low=time, high=time),
        "empirical": {"type": "array", "items": time, "minItems": 1},
        "percentiles": {"type": "object", "additionalProperties": time, "minProperties": 2},
    }
    return {
        "description": "a time, or one distribution of times",
        "anyOf": [time, *(_object_schema(**{name: body}) for name, body in bodies.items())],
    }


def _object_schema(**properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


TimeField = Annotated[Time, PlainValidator(_validate), PlainSerializer(write_time), WithJsonSchema(_json_schema())]
"""A field of the schema that holds a time."""
