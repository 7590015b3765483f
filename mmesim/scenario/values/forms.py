"""A value that is one of several forms, each with keys of its own: `{poisson: {rate: 120 /s}}`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BeforeValidator, SerializerFunctionWrapHandler, ValidationInfo, WrapSerializer

from mmesim.errors import did_you_mean
from mmesim.scenario.values.fields import Data, Refused, shown


class Form(Data):
    """One of several forms of a value; a file writes `{name: {key: ...}}`."""

    form: ClassVar[str]
    """The name in the file."""


def reader(what: str, example: str, kinds: Sequence[type[Form]]) -> BeforeValidator:
    """Reads one of `kinds`; its refusals speak of that form alone. `what` is the field in words."""
    return BeforeValidator(lambda value, info: read_form(value, info, what, example, kinds))


def read_form(value: Any, info: ValidationInfo, what: str, example: str, kinds: Sequence[type[Form]]) -> Any:
    """One of `kinds` from its map in a file; anything but a map is returned as it is. Raises Refused."""
    if not isinstance(value, Mapping):
        return value
    named = {kind.form: kind for kind in kinds}
    if len(value) != 1:
        raise Refused(f"one {what} is wanted, such as {example}")
    name, body = next(iter(value.items()))
    if name not in named:
        message = f"unknown {what} {shown(name)}: one of {', '.join(named)}, such as {example}"
        raise Refused(message, (name,), did_you_mean(str(name), named))
    return named[name].model_validate({} if body is None else body, context=info.context)


def _write(value: object, handler: SerializerFunctionWrapHandler) -> object:
    return {value.form: handler(value)} if isinstance(value, Form) else handler(value)


writer = WrapSerializer(_write)
"""Writes a form as a file has it."""


def schema_of(kinds: Sequence[type[Form]]) -> dict[str, Any]:
    """JSON Schema of a value that is one of `kinds`, whose own schemas are definitions."""
    return {
        "anyOf": [
            {
                "type": "object",
                "properties": {kind.form: {"$ref": f"#/$defs/{kind.__name__}"}},
                "required": [kind.form],
                "additionalProperties": False,
            }
            for kind in kinds
        ]
    }
