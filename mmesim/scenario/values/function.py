"""A user function in Python, named in a scenario as `module:function`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import GetJsonSchemaHandler, ValidationInfo, field_serializer, field_validator
from pydantic.json_schema import JsonSchemaValue

from mmesim.scenario.values.fields import Data, Refused, shown
from mmesim.scenario.values.forms import Kind, OneOf, dumped
from mmesim.scenario.values.meanings import meanings

_NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


class Function(Data):
    """Your own Python function; its module is looked up in `folder` first, else in the working folder."""

    function: str
    """`module:function`, called as the rule or process it stands for requires."""
    folder: Path | None = None
    """Folder in which the module is looked up first; default: that of the file that names it."""

    @field_validator("function")
    @classmethod
    def _two_names(cls, value: str) -> str:
        if not _NAME.fullmatch(value):
            raise Refused(f"{shown(value)} does not name a function: write module:function, such as watch:watch")
        return value

    @field_serializer("folder")
    def _text(self, value: Path | None) -> str | None:
        return None if value is None else str(value)

    @property
    def module(self) -> str:
        """Dotted name of the module."""
        return self.function.partition(":")[0]

    @property
    def name(self) -> str:
        """Name of the function in its module."""
        return self.function.partition(":")[2]


def _takes(value: Any) -> bool:
    """Whether a value is meant to be a function; other words may name other forms."""
    return (isinstance(value, str) and ":" in value) or (isinstance(value, dict) and "function" in value)


def _read(value: Any, info: ValidationInfo) -> Function:
    return Function.model_validate({"function": value} if isinstance(value, str) else value, context=info.context)


def _schema(_: GetJsonSchemaHandler) -> JsonSchemaValue:
    name = {"type": "string", "pattern": f"^{_NAME.pattern}$", "examples": ["watch:watch"]}
    meaning = meanings(Function)
    properties = {
        "function": name | {"description": meaning["function"]},
        "folder": {"type": "string", "description": meaning["folder"]},
    }
    whole = {"type": "object", "properties": properties, "required": ["function"], "additionalProperties": False}
    return {"description": (Function.__doc__ or "").strip(), "anyOf": [name, whole]}


FUNCTION = Kind(None, Function, _read, dumped, _schema, takes=_takes, in_words="`module:function`")
"""The form `module:function` of a value."""

FunctionField = Annotated[Function, OneOf("function", "watch:watch", (FUNCTION,))]
"""A field of the schema that holds a function."""
