"""A time of a scenario file: `20 ms`, or a map with the name of one distribution."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, get_args

from pydantic import SerializationInfo, ValidationInfo

from mmesim import units
from mmesim.errors import did_you_mean
from mmesim.scenario.values.fields import Refused, finite, from_file, quantity_schema, shown
from mmesim.scenario.values.forms import Kind, OneOf
from mmesim.scenario.values.times import ByParameters, Constant, Distribution, Empirical, Percentiles, Time


@dataclass(frozen=True, slots=True)
class _Parameter:
    """How one number of a distribution is read, written and described."""

    read: Callable[[object], float]
    write: Callable[[float], object]
    schema: Mapping[str, Any]


_ONE_TIME = quantity_schema("time", "20 ms", "1.5 s")


def _parameter(meaning: str, is_number: bool) -> _Parameter:
    if is_number:
        schema = {"type": "number", "exclusiveMinimum": 0, "description": meaning}
        return _Parameter(finite, lambda value: value, schema)
    return _Parameter(units.seconds, units.exact_seconds, _ONE_TIME | {"description": meaning})


def _by_parameters(of: type[ByParameters]) -> Kind:
    """A distribution whose keys are the fields of its class."""
    parameters = {key: _parameter(meaning, key in of.numbers) for key, meaning in of.meanings.items()}

    def read(body: Any, _: ValidationInfo) -> ByParameters:
        if not isinstance(body, Mapping):
            raise Refused(f"write a map with {' and '.join(parameters)}")
        for key in body:
            if key not in parameters:
                allowed = ", ".join(parameters)
                raise Refused(f"unknown key, one of {allowed}", (key,), did_you_mean(str(key), parameters))
        for key in parameters:
            if key not in body:
                raise Refused(f"{key} is missing")
        return of(**{key: _at(parameter.read, body[key], key) for key, parameter in parameters.items()})

    def write(value: Any, _: SerializationInfo) -> object:
        return {key: parameter.write(getattr(value, key)) for key, parameter in parameters.items()}

    schema = {
        "type": "object",
        "properties": {key: parameter.schema for key, parameter in parameters.items()},
        "required": list(parameters),
        "additionalProperties": False,
    }
    example = f"{{{of.name}: {{{', '.join(f'{key}: ...' for key in parameters)}}}}}"
    return Kind(of.name, of, read, write, lambda _: schema, example=example)


def _at(read: Callable[[object], float], value: object, place: str | int | float) -> float:
    try:
        return read(value)
    except ValueError as error:
        raise Refused(str(error), (place,)) from None


def _read_constant(value: Any, info: ValidationInfo) -> Constant:
    if isinstance(value, int | float) and not isinstance(value, bool) and not from_file(info):
        return Constant(finite(value))
    return Constant(units.seconds(value))


def _read_empirical(body: Any, _: ValidationInfo) -> Empirical:
    if not isinstance(body, list | tuple):
        raise Refused("write the list of times, such as [10 ms, 12 ms, 40 ms]")
    return Empirical(tuple(_at(units.seconds, item, index) for index, item in enumerate(body)))


def _read_percentiles(body: Any, _: ValidationInfo) -> Percentiles:
    if not isinstance(body, Mapping):
        raise Refused("write a map from percent to time, such as {50: 10 ms, 99: 40 ms}")
    points = [(_at(_percent, percent, percent), _at(units.seconds, time, percent)) for percent, time in body.items()]
    return Percentiles(tuple(sorted(points)))


def _percent(value: object) -> float:
    try:
        return float(value) if isinstance(value, str) else finite(value)
    except ValueError:
        number = str(value).strip("pP% ")
        write = f": write {number}" if re.fullmatch(r"\d+(\.\d+)?", number) else ""
        raise ValueError(f"{shown(value)} is not a percent between 0 and 100{write}") from None


_FROM_DATA: Mapping[type, Kind] = {
    Empirical: Kind(
        Empirical.name,
        Empirical,
        _read_empirical,
        lambda value, _: [units.exact_seconds(time) for time in value.values],
        lambda _: {"type": "array", "items": _ONE_TIME, "minItems": 1},
    ),
    Percentiles: Kind(
        Percentiles.name,
        Percentiles,
        _read_percentiles,
        lambda value, _: {percent: units.exact_seconds(time) for percent, time in value.points},
        lambda _: {"type": "object", "additionalProperties": _ONE_TIME, "minProperties": 2},
    ),
}


def _meant(value: object) -> str | None:
    """Parameters without the name of their distribution, and percentiles as they are called elsewhere."""
    if not isinstance(value, Mapping):
        return None
    if set(value) == {"mean", "cv"}:
        return f"{{lognormal: {{mean: {value['mean']}, cv: {value['cv']}}}}}"
    if set(value) == {"mean"}:
        return str(value["mean"])
    if all(re.fullmatch(r"[pP]\d+(\.\d+)?", str(key)) for key in value):
        return f"{{percentiles: {{{', '.join(f'{str(key)[1:]}: {time}' for key, time in value.items())}}}}}"
    return None


TIMES = OneOf(
    "time",
    "20 ms or {lognormal: {mean: 12 ms, cv: 0.8}}",
    [
        Kind(
            None,
            Constant,
            _read_constant,
            lambda value, _: units.exact_seconds(value.value),
            lambda _: _ONE_TIME,
            takes=lambda value: not isinstance(value, Mapping),
            in_words="time",
        ),
        *(_FROM_DATA[of] if of in _FROM_DATA else _by_parameters(of) for of in get_args(Distribution)),
    ],
    named="distribution",
    meant=_meant,
)

TimeField = Annotated[Time, TIMES]
"""A field of the schema that holds a time."""
