"""The JSON Schema of scenario files, so that editors complete and check them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Annotated, Any

from pydantic import TypeAdapter

from mmesim import units
from mmesim.scenario.endpoint import catalogue
from mmesim.scenario.endpoint.autoscaling.policies import Step, TargetTracking
from mmesim.scenario.endpoint.host_type import HOST_KEYS, HostType
from mmesim.scenario.file.merge import BY_NAME
from mmesim.scenario.run.expected import EXPECTED, OF_CALLS, RECOVERY
from mmesim.scenario.scenario import Scenario
from mmesim.scenario.values.fields import Data
from mmesim.scenario.values.forms import OneOf

TITLE = "mmesim scenario"


def json_schema() -> dict[str, Any]:
    """The schema (draft 2020-12) of what a file may write."""
    schema = Scenario.model_json_schema(by_alias=True, mode="validation")
    parts: dict[str, Any] = schema["$defs"]
    for kind in _every(Data):
        part = schema if kind is Scenario else parts.get(kind.__name__, {})
        _defaults_as_written(kind, part.get("properties", {}))
    _host_keys(parts["Endpoint"], parts[HostType.__name__])
    _one_scaling_policy(parts["Autoscaling"], parts)
    _from_other_files(schema, parts)
    _expectations(schema["properties"]["expect"]["items"])
    _readable(schema)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": TITLE,
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


@cache
def as_text() -> str:
    """The schema as a file: JSON as RFC 8259 has it, which knows no Infinity."""
    return json.dumps(json_schema(), indent=2, allow_nan=False) + "\n"


def _host_keys(endpoint: dict[str, Any], host: dict[str, Any]) -> None:
    """A file gives the figures of the host as keys of `endpoint`; `host` is what a resolved file writes."""
    properties = endpoint["properties"]
    properties["instance_type"]["anyOf"] = [{"enum": list(catalogue.instance_types())}, {"type": "null"}]
    # A region without prices is simulated too: the enumeration is there to complete it.
    del properties["region"]["type"]
    properties["region"]["anyOf"] = [
        {"enum": list(catalogue.regions())},
        {"type": "string", "pattern": catalogue.REGION},
    ]
    for key in HOST_KEYS:
        figure = {name: value for name, value in host["properties"][key].items() if name != "default"}
        meaning = f"{figure['description'].rstrip('.')}; default: the catalogue's."
        endpoint["properties"][key] = figure | {"description": meaning}


def _one_scaling_policy(scaling: dict[str, Any], parts: dict[str, Any]) -> None:
    """The keys of a single policy may stand beside the limits, and are null where another file's are taken away."""
    forms = {kind.form: parts[kind.__name__]["properties"] for kind in (TargetTracking, Step)}
    own = {"type": "string", "pattern": ":", "description": "module:function"}
    keys = {"policy": {"anyOf": [{"enum": list(forms)}, own], "description": "The only policy, whose keys stand here."}}
    for form in forms.values():
        keys |= {key: {name: part for name, part in body.items() if name != "default"} for key, body in form.items()}
    for key, body in keys.items():
        alone = {name: part for name, part in body.items() if name != "description"}
        nullable = {"anyOf": [alone, {"type": "null"}], "description": body["description"]}
        scaling["properties"].setdefault(key, nullable)


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
    # The host comes from instance_type; a file over another one may give any part of these.
    for name in ("Devices", "Endpoint", "RunSettings"):
        parts[name].pop("required")


def _expectations(line: dict[str, Any]) -> None:
    """A line of `expect` begins with a figure; a limit of its kind follows the comparison."""
    names: dict[tuple[str, str], list[str]] = {}
    for name, kinds in EXPECTED.items():
        for kind in kinds:
            which = _CALLS if name in OF_CALLS else _AFTER if name == RECOVERY else ""
            alike = (_LIMITS.get(kind, ""), which)
            names.setdefault(alike, []).append(re.escape(name))
    forms = (
        rf"(?:{'|'.join(alike)})(?![\w.]){calls}\s*(?:<=?|>=?)\s*{units.NUMBER}\s*{limit}"
        for (limit, calls), alike in names.items()
    )
    line["pattern"] = rf"^\s*(?:{'|'.join(forms)})(?!\S)"


_CALLS = r"(?:\s+(?:warm|cold))?(?:\s+of\s[^<>=]+)?(?:\s+in\s[^<>=]+)?(?:\s+after\s[^<>=]+)?"
"""Which calls are meant, as a regular expression."""
_AFTER = r"\s+after\s[^<>=]+"
"""Of what a recovery is."""
_LIMITS = {"ms": f"(?:{'|'.join(units.TIMES)})", "share": "%", "rate": "/(?:ms|s|min|h|d)", "usd": "USD"}
"""Kind of a figure -> the unit of its limit, as a regular expression."""


def _readable(part: Any) -> None:
    """What editors show: a form is called by its name in a file, and a description is not cut into lines.

    Titles that pydantic derives from attribute names would be shown instead of the keys.
    """
    if isinstance(part, dict):
        if isinstance(part.get("title"), str):
            del part["title"]
        if isinstance(part.get("description"), str):
            part["description"] = _unwrapped(part["description"].split("\n\n"))
        if part.get("required") == [*part.get("properties", ())] and len(part["required"]) == 1:
            part["title"] = part["required"][0]
        part = list(part.values())
    if isinstance(part, list):
        for item in part:
            _readable(item)


def _unwrapped(paragraphs: Iterable[str]) -> str:
    text = "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
    return text.replace("(U)", "(not published by AWS)").replace("(U: ", "(")
