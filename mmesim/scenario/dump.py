"""Writes a scenario as the YAML that gives an equal one: what a result folder keeps."""

from __future__ import annotations

from typing import Any

from mmesim.scenario.schema import Scenario
from mmesim.scenario.yaml_text import write_text

_HEADER = "# The resolved scenario: bases, overrides, presets of the host and defaults applied. Paths are absolute.\n"


def dump(scenario: Scenario) -> str:
    """The resolved scenario as YAML text; loading it gives an equal scenario, whatever the catalogue says by then."""
    data = scenario.model_dump(mode="json", by_alias=True)
    return _HEADER + write_text(_without_defaults_of_nothing(data))


def _without_defaults_of_nothing(value: Any, key: str = "") -> Any:
    """Drops keys that are null by default; `pid_limit` and `unpack` mean "no limit" by it, and keep it."""
    if isinstance(value, dict):
        return {
            name: _without_defaults_of_nothing(item, name)
            for name, item in value.items()
            if item is not None or name in ("pid_limit", "unpack", "service")
        }
    if isinstance(value, list):
        return [_without_defaults_of_nothing(item, key) for item in value]
    return value
