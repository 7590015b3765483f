"""Containers around models: what one takes without its model, on the hosts of a split's fleets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mmesim.scenario.models.groups import Model
from mmesim.scenario.scenario import Scenario

LEAST_CONTAINER_BYTES = 128_000_000
"""Memory that a copy of an inference component must ask for (API of CreateInferenceComponent: 128 MB)."""
MIB = 2**20


def on_every_host(scenario: Scenario) -> dict[str, object]:
    """Every host runs a container for each of the models: together they take what one took before, for each.

    At most what a host has, which leaves no room for a model.
    """
    together = sum(_extra(scenario, model) for model in scenario.hosted)
    return {"endpoint.base_memory": f"{min(together, scenario.endpoint.usable_memory_bytes - 1)} B"}


def around_each_copy(scenario: Scenario) -> dict[str, object]:
    """Each copy in a container of its own: what a container takes without models comes to every copy.

    Only for models of which `why_not` knows no reason.
    """
    values: dict[str, object] = {"endpoint.base_memory": 0}
    for model in scenario.hosted:
        key, needs = _with_container(scenario, model)
        field = model.field(key)
        assert field is not None
        values[field] = f"{needs} B"
    return values


def why_not(scenario: Scenario, models: Sequence[Model]) -> str | None:
    """Why no container can be put around each copy of some models; None when it can."""
    told: dict[str, int] = {}
    for model in models:
        key, needs = _with_container(scenario, model)
        field = model.field(key)
        if field is None:
            return (
                f"a table gives {key} of {model.name} itself, to which that of its container would come: "
                f"give it to all of the table, as models.{model.entry}.{key}"
            )
        if told.setdefault(field, needs) != needs:
            return f"{field} with that of a container would differ from row to row of its table"
    return None


def _with_container(scenario: Scenario, model: Model) -> tuple[str, int]:
    """The key of a model to which its container is added, and the value that it has then, bytes."""
    kind = scenario.server_kind
    extra = _extra(scenario, model)
    for key, field, now in (
        ("process_memory", "process_memory_bytes", model.process_memory_bytes),
        ("memory", "memory_bytes", model.memory_bytes),
    ):
        more: dict[str, Any] = {field: now + MIB}
        times = (kind.pool_memory_bytes(replace(model, **more)) - kind.pool_memory_bytes(model)) // MIB
        if times:  # not for servers that do not count it for each model
            return key, now + math.ceil(extra / times)
    raise AssertionError(f"{model.name} takes no memory")


def _extra(scenario: Scenario, model: Model) -> int:
    return max(scenario.endpoint.base_memory_bytes, LEAST_CONTAINER_BYTES - model.pool_memory_bytes)
