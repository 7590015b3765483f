"""The JSON Schema of scenario files, so that editors complete and check them."""

from __future__ import annotations

from typing import Any

from mmesim.scenario.clients.retries import RETRIES, RETRY_WORDS
from mmesim.scenario.endpoint.host import HOST_KEYS, HostType
from mmesim.scenario.scenario import Scenario
from mmesim.scenario.server.server import OVERHEADS
from mmesim.scenario.traffic.arrivals import ARRIVALS
from mmesim.scenario.traffic.sessions import COUNTS
from mmesim.scenario.values.forms import schema_of


def json_schema() -> dict[str, Any]:
    """The schema (draft 2020-12) of what a file may write; keys that are refused for now are not in it."""
    schema = Scenario.model_json_schema(by_alias=True, mode="validation")
    parts: dict[str, Any] = schema["$defs"]
    _host_keys(parts["Endpoint"], parts)
    _shorthands(schema, parts)
    for part in (schema, *parts.values()):
        _without_titles(part)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mmesim scenario",
        **{key: value for key, value in schema.items() if key != "title"},
    }


def _host_keys(endpoint: dict[str, Any], parts: dict[str, Any]) -> None:
    """A file gives the figures of the host as keys of `endpoint`; `host` is what a resolved file writes."""
    host = parts[HostType.__name__]["properties"]
    endpoint["properties"] |= {
        key: {**host[key], "description": f"overrides the catalogue's {key}"} for key in HOST_KEYS
    }
    for key in HOST_KEYS:
        endpoint["properties"][key].pop("default", None)


def _shorthands(schema: dict[str, Any], parts: dict[str, Any]) -> None:
    """Forms that a file may use in place of the full ones."""
    properties = schema["properties"]
    properties["extends"] = {"type": "string", "description": "a file that this one is put over"}
    # With `extends`, everything may come from the other file.
    schema["anyOf"] = [{"required": ["extends"]}, {"required": schema.pop("required")}]
    models = properties["models"]
    properties["models"] = {"anyOf": [models, models["items"]], "description": "groups of models, or one table"}
    group = parts["ModelGroup"]
    group["required"] = []
    group["anyOf"] = [{"required": ["name"]}, {"required": ["file"]}, {"required": ["azure_functions"]}]
    # The host comes from instance_type; a file over another one may give any part of these two.
    for name in ("Endpoint", "RunSettings"):
        parts[name].pop("required")
    traffic = parts["Traffic"]["properties"]
    traffic["arrivals"] = schema_of(ARRIVALS)
    clients = parts["Clients"]["properties"]
    clients["retries"] = {
        "anyOf": [{"enum": [*RETRY_WORDS]}, *schema_of(RETRIES)["anyOf"]],
        "default": RETRY_WORDS[0],
    } | {key: value for key, value in clients["retries"].items() if key == "description"}
    calls = parts["Sessions"]["properties"]["calls"]
    count = next(form for form in calls["anyOf"] if "$ref" not in form)
    calls["anyOf"] = [count, *schema_of(COUNTS)["anyOf"]]
    properties["traffic"] = {"anyOf": [properties["traffic"], properties["traffic"]["items"]]}
    config = parts["Server"]["properties"]["config"]
    config["anyOf"].insert(0, {"type": "string", "minLength": 1, "examples": ["config.properties", "auto"]})
    overhead = parts["Server"]["properties"]["overhead"]
    parts["Server"]["properties"]["overhead"] = {
        "anyOf": [{"enum": list(OVERHEADS)}, {"$ref": "#/$defs/Overhead"}],
        "default": "sagemaker",
        **{key: value for key, value in overhead.items() if key == "description"},
    }
    time = parts["CpuWait"]["properties"]["cpu"]
    bare = {key: value for key, value in time.items() if key != "default"}
    for key in ("pre", "hold", "post"):
        parts["Overhead"]["properties"][key] = {"anyOf": [bare, {"$ref": "#/$defs/CpuWait"}]}


def _without_titles(part: dict[str, Any]) -> None:
    """Titles that pydantic derives from attribute names would be shown by editors instead of the keys."""
    part.pop("title", None)
    for value in part.get("properties", {}).values():
        value.pop("title", None)
