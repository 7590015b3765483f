"""Writes a scenario as the YAML that gives an equal one: what a result folder keeps."""

from __future__ import annotations

from typing import Any

from mmesim.scenario.endpoint.endpoint import Endpoint
from mmesim.scenario.endpoint.host_type import HOST_KEYS, HostType, resolve_host
from mmesim.scenario.file.yaml import write_text
from mmesim.scenario.scenario import Scenario
from mmesim.scenario.traffic.planned import ModelSweep

_HEADER = "# The resolved scenario: bases, overrides, presets of the host and defaults applied. Paths are absolute.\n"


def dump(scenario: Scenario) -> str:
    """The resolved scenario as YAML text; loading it gives an equal scenario, whatever the catalogue says by then."""
    data = scenario.model_dump(mode="json", by_alias=True)
    for stream in data["traffic"]:
        if _names_the_models(stream):
            del stream["popularity"]
    return _HEADER + write_text(_without_nothing(data))


def source(scenario: Scenario) -> str:
    """What was given for a scenario, as YAML text: what follows from other values is left out, to follow again.

    So are the figures of a host that are those of its instance type in the catalogue, unless they are believed.
    """
    data = scenario.model_dump(mode="json", by_alias=True, exclude_unset=True)
    endpoint = data["endpoint"]
    host = endpoint.pop("host")
    catalogued = _of_type(scenario.endpoint)
    believed = {belief.field for belief in scenario.beliefs}
    endpoint |= {
        key: host[key] if f"endpoint.{key}" in believed else _given(host[key], catalogued.get(key))
        for key in HOST_KEYS
        if host.get(key) is not None
        and (_given(host[key], catalogued.get(key)) is not None or f"endpoint.{key}" in believed)
    }
    for deploy in data.get("deploys", ()):
        deploy.pop("endpoint", None)
    for stream in data["traffic"]:
        if _names_the_models(stream):
            stream.pop("popularity", None)
    return write_text(_without_nothing(data))


def _given(figure: Any, catalogued: Any) -> Any:
    """A figure of the host, None if it is that of the catalogue; of a map the keys that are not."""
    if isinstance(figure, dict) and isinstance(catalogued, dict):
        return {key: value for key, value in figure.items() if value != catalogued.get(key)} or None
    return None if figure == catalogued else figure


def _names_the_models(stream: dict[str, Any]) -> bool:
    """Whether the source of a stream says who is called: recorded traffic, and a sweep over the models."""
    arrivals = stream.get("arrivals")
    return arrivals is None or ModelSweep.form in arrivals


def _of_type(endpoint: Endpoint) -> dict[str, Any]:
    """The figures that the catalogue has for the endpoint's instance type; none without a type."""
    if endpoint.instance_type is None:
        return {}
    paid = (endpoint.prices or {}).get(endpoint.instance_type)
    of_type = HostType.model_validate(resolve_host(endpoint.instance_type, endpoint.region, {}, paid))
    return of_type.model_dump(mode="json", by_alias=True)


_NULL_MEANS = ("pid_limit", "unpack", "service")
"""Keys where null says something: no limit, nothing to unpack, no such column."""


def _without_nothing(value: Any) -> Any:
    """Drops the keys that are null because they were never given; one that is named as in `--set` was given."""
    if isinstance(value, dict):
        kept = {key for key, item in value.items() if item is not None or key in _NULL_MEANS or "." in key}
        return {key: _without_nothing(item) for key, item in value.items() if key in kept}
    if isinstance(value, list):
        return [_without_nothing(item) for item in value]
    return value
