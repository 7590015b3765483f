"""The JSON Schema of scenario files, so that editors complete and check them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import TypeAdapter

from mmesim.scenario.endpoint.host_type import HOST_KEYS, HostType
from mmesim.scenario.file.merge import BY_NAME
from mmesim.scenario.scenario import Scenario
from mmesim.scenario.values.fields import Data
from mmesim.scenario.values.forms import OneOf


def json_schema() -> dict[str, Any]:
    """The schema (draft 2020-12) of what a file may write."""
    schema = Scenario.model_json_schema(by_alias=True, mode="validation")
    parts: dict[str, Any] = schema["$defs"]
    for kind in _every(Data):
        part = schema if kind is Scenario else parts.get(kind.__name__, {})
        _defaults_as_written(kind, part.get("properties", {}))
    _host_keys(parts["Endpoint"], parts[HostType.__name__])
    _from_other_files(schema, parts)
    _without_titles(schema)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mmesim scenario",
        **{key: value for key, value in schema.items() if key != "title"},
    }


def _every(kind: type[Data]) -> Iterator[type[Data]]:
    """A class and all that are made of it."""
    yield kind
    for below in kind.__subclasses__():
        yield from _every(below)


def _defaults_as_written(kind: type[Data], properties: dict[str, Any]) -> None:
    """Defaults as a file would write them, with their units; none where it cannot write them."""
    for name, field in kind.model_fields.items():
        shown = properties.get(field.alias or name, {})
        if "default" not in shown:
            continue
        word = next((one.word(field.default) for one in field.metadata if isinstance(one, OneOf)), None)
        if word is not None:
            shown["default"] = word
        elif field.default is None or field.default == ():
            del shown["default"]
        else:
            # pydantic itself shows defaults as they are in Python, in seconds and bytes.
            of: Any = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
            shown["default"] = TypeAdapter(of).dump_python(field.default, mode="json", by_alias=True)


def _host_keys(endpoint: dict[str, Any], host: dict[str, Any]) -> None:
    """A file gives the figures of the host as keys of `endpoint`; `host` is what a resolved file writes."""
    for key in HOST_KEYS:
        figure = {name: value for name, value in host["properties"][key].items() if name != "default"}
        meaning = f"{figure['description'].rstrip('.')}; default: the catalogue's."
        endpoint["properties"][key] = figure | {"description": meaning}


def _from_other_files(schema: dict[str, Any], parts: dict[str, Any]) -> None:
    """What a file may leave to the files that it names, and one item in place of a list."""
    properties = schema["properties"]
    properties["extends"] = {"type": "string", "description": "File that this one is put over."}
    # With `extends`, everything may come from the other file.
    schema["anyOf"] = [{"required": ["extends"]}, {"required": schema.pop("required")}]
    for key in BY_NAME:
        several = properties[key]
        properties[key] = {"anyOf": [several, several["items"]], "description": several["description"]}
    group = parts["ModelGroup"]
    group["required"] = []
    group["anyOf"] = [{"required": ["name"]}, {"required": ["file"]}, {"required": ["azure_functions"]}]
    # The host comes from instance_type; a file over another one may give any part of these two.
    for name in ("Endpoint", "RunSettings"):
        parts[name].pop("required")


def _without_titles(part: Any) -> None:
    """Titles that pydantic derives from attribute names would be shown by editors instead of the keys."""
    if isinstance(part, dict):
        if isinstance(part.get("title"), str):
            del part["title"]
        part = list(part.values())
    if isinstance(part, list):
        for item in part:
            _without_titles(item)
