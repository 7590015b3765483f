"""A user's own Python function, named in a scenario as `module:function`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import WithJsonSchema, field_serializer, field_validator, model_validator

from mmesim.scenario.values.fields import Data, Refused, shown

_NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")

FUNCTION_SCHEMA: dict[str, Any] = {
    "description": "a Python function of one's own, module:function; the module is looked up beside the file first",
    "anyOf": [
        {"type": "string", "pattern": f"^{_NAME.pattern}$", "examples": ["watch:watch"]},
        {
            "type": "object",
            "properties": {
                "function": {"type": "string", "pattern": f"^{_NAME.pattern}$"},
                "folder": {"type": "string"},
            },
            "required": ["function"],
            "additionalProperties": False,
        },
    ],
}


class Function(Data):
    """`function` is `module:function`; the module is looked up in `folder` first, else in the working folder."""

    function: str
    """`module:function`, called as the rule or process it stands for requires."""
    folder: Path | None = None
    """Folder in which the module is looked up first; default: that of the file that names it."""

    @model_validator(mode="before")
    @classmethod
    def _bare_name(cls, value: Any) -> Any:
        return {"function": value} if isinstance(value, str) else value

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


FunctionField = Annotated[Function, WithJsonSchema(FUNCTION_SCHEMA)]
"""A field of the schema that holds a function."""
