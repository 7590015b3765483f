"""What each key means: the docstring below its field, read from the source when somebody asks.

Pydantic's own `use_attribute_docstrings` reads the source of every class at its import, which would take longer than
all of the other imports of a scenario together.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Mapping
from functools import cache
from itertools import pairwise

from pydantic import BaseModel, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema


@cache
def meanings(kind: type) -> Mapping[str, str]:
    """Field, or member of an enumeration -> the docstring below it on one line, for a class and its bases.

    One without a docstring is absent.
    """
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if base.__module__.startswith("mmesim."):
            found |= _written(base)
    return found


class Documented(BaseModel):
    """Data whose JSON Schema gives each key its meaning."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The JSON Schema of the class, each key with its meaning."""
        schema = handler(core_schema)
        properties = handler.resolve_ref_schema(schema).get("properties", {})
        for name, meaning in meanings(cls).items():
            properties[cls.model_fields[name].alias or name]["description"] = meaning
        return schema


def _written(kind: type) -> dict[str, str]:
    definition = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    assert isinstance(definition, ast.ClassDef)
    return {
        name: " ".join(text.value.value.split())
        for field, text in pairwise(definition.body)
        if (name := _name(field)) is not None
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str)
    }


def _name(field: ast.stmt) -> str | None:
    """The field, or the member of an enumeration, that a statement defines; None for any other."""
    if isinstance(field, ast.AnnAssign) and not ast.unparse(field.annotation).startswith("ClassVar"):
        target: ast.expr = field.target
    elif isinstance(field, ast.Assign) and len(field.targets) == 1:
        target = field.targets[0]
    else:
        return None
    return target.id if isinstance(target, ast.Name) else None
