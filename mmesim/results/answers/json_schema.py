"""The JSON Schema of a document that other tools read, from its model."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import CoreSchema

SCHEMA_URI = "https://json-schema.org/draft/2020-12/schema"


class _Schema(GenerateJsonSchema):
    """JSON Schema 2020-12; a key's name is title enough."""

    schema_dialect = SCHEMA_URI

    def field_title_should_be_set(self, schema: CoreSchema | Any) -> bool:
        return False


def json_schema(model: type[BaseModel], title: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of what a model writes."""
    return {"$schema": SCHEMA_URI} | model.model_json_schema(schema_generator=_Schema) | {"title": title}
