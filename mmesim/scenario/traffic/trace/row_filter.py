"""Which rows of a table are calls: by what stands in other columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from mmesim.scenario.values.fields import Refused, shown

_SCALAR = {"type": ["string", "number", "boolean"]}


def _only(value: Any) -> str | dict[str, tuple[str, ...]]:
    if isinstance(value, str):
        return value
    if not isinstance(value, Mapping) or not value:
        raise Refused("is a regular expression, or a map of columns and values", (), "only: {success: true}")
    return dict(_columns(value, ""))


def _columns(value: Mapping[Any, Any], above: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Maps in maps are dotted names: `--set only.data.type=x` is the column `data.type`."""
    for key, wanted in value.items():
        name = f"{above}{key}"
        if isinstance(wanted, Mapping):
            yield from _columns(wanted, f"{name}.")
            continue
        listed = wanted if isinstance(wanted, list | tuple) else [wanted]
        if not listed or not all(isinstance(one, str | int | float) for one in listed):
            raise Refused(f"takes a value or a list of values, not {shown(wanted)}", (str(key),), f"{name}: [200, 201]")
        yield name, tuple(_text(one) for one in listed)


def _listed(value: str | dict[str, tuple[str, ...]]) -> Any:
    return value if isinstance(value, str) else {name: list(wanted) for name, wanted in value.items()}


def _text(value: str | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


Only = Annotated[
    str | dict[str, tuple[str, ...]],
    PlainValidator(_only),
    PlainSerializer(_listed),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {
                    "type": "object",
                    "minProperties": 1,
                    "additionalProperties": {"anyOf": [_SCALAR, {"type": "array", "items": _SCALAR, "minItems": 1}]},
                },
            ]
        }
    ),
]
"""A regular expression, or columns with the values that they must have."""
