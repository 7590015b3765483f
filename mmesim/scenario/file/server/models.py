"""Findings on what a configuration of the server says of single models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mmesim import units
from mmesim.errors import did_you_mean
from mmesim.scenario.models.groups import Model
from mmesim.scenario.scenario import Scenario
from mmesim.scenario.server.server import ConfiguredModel
from mmesim.scenario.values.fields import shown


def with_models_said(scenario: Scenario) -> Scenario:
    """The scenario of a configuration that was just read, with findings on what it says of single models."""
    config = scenario.server.config
    if config is None or not config.models:
        return scenario
    said = list(_on_models(config.models, scenario.resolved_models))
    read = config.model_copy(update={"notes": (*config.notes, *said)})
    copy: Scenario = scenario.model_copy(update={"server": scenario.server.model_copy(update={"config": read})})
    return copy


def _on_models(configured: Sequence[ConfiguredModel], models: Sequence[Model]) -> Iterator[str]:
    """What became of the values of each model."""
    known = {model.name for model in models} | {model.group for model in models}
    for one in configured:
        values = one.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"name"})
        if one.max_batch_delay_s is not None:
            values["max_batch_delay"] = units.show_seconds(one.max_batch_delay_s)
        if not values:
            continue
        text = ", ".join(f"{key}={value}" for key, value in values.items())
        if one.name not in known:
            hint = did_you_mean(one.name, known)
            yield f"the scenario has no model {shown(one.name)}, so nothing has {text}" + (f" ({hint})" if hint else "")
            continue
        of = next((model for model in models if model.name == one.name), None)
        of = of or next(model for model in models if model.group == one.name)
        kept = {"workers": of.workers, "batch_size": of.batch_size, "max_batch_delay": of.max_batch_delay_s}
        asked = {"workers": one.workers, "batch_size": one.batch_size, "max_batch_delay": one.max_batch_delay_s}
        won = [f"{key}={values[key]}" for key in values if kept[key] == asked[key]]
        lost = [f"{key}={values[key]}" for key in values if kept[key] != asked[key]]
        if won:
            yield f"models.{one.name}: used: {', '.join(won)}"
        if lost:
            yield f"models.{one.name}: {', '.join(lost)} of the file gives way to the scenario's own"
