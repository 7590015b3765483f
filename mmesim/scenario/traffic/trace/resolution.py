"""The grid of the times of a trace, as a scenario gives it."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

from pydantic import PlainSerializer, PlainValidator, ValidationInfo, WithJsonSchema

from mmesim import units
from mmesim.scenario.values.fields import Refused, finite, from_file, quantity_schema, shown

Resolution = float | Literal["auto", "none"]
"""Seconds; `auto`: found in the file; `none`: there is none."""
_WORDS = ("auto", "none")


def _read(value: object, info: ValidationInfo) -> Resolution:
    if value in _WORDS:
        return cast(Resolution, value)
    try:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        unit_s = finite(cast(float, value)) if number and not from_file(info) else units.seconds(value)
    except ValueError as error:
        raise Refused(str(error), (), "auto, none, or a time such as 1 s") from None
    if unit_s <= 0.0:
        message = f"{shown(value)} is too small: it must be above 0"
        raise Refused(message, (), "none replays the times as they are")
    return unit_s


def _write(value: Resolution) -> str:
    return value if isinstance(value, str) else units.exact_seconds(value)


def _schema() -> dict[str, Any]:
    time = quantity_schema("time", "1 s")
    return {"description": "a time or auto or none, for example 1 s", "anyOf": [{"enum": list(_WORDS)}, *time["anyOf"]]}


ResolutionField = Annotated[Resolution, PlainValidator(_read), PlainSerializer(_write), WithJsonSchema(_schema())]
"""As `60 s`, `auto` or `none`."""
