"""Faults that are about what a scenario has not."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

from mmesim.scenario.faults.kinds import Leak, WorkerCrash, ZoneLoss
from mmesim.scenario.models.groups import Model
from mmesim.scenario.models.resolve import unknown
from mmesim.scenario.scenario import Scenario
from mmesim.scenario.values.fields import Place, Refused


def wrong_faults(scenario: Scenario, models: tuple[Model, ...]) -> Iterator[Refused]:
    """Models, instances and zones of faults that there are not, each with its place."""
    kind = scenario.server_kind
    last, zones = scenario.endpoint.instance_count - 1, scenario.endpoint.zones
    for index, fault in enumerate(scenario.faults):
        place: Place = ("faults", index, fault.kind)
        for number, name, hint in unknown(getattr(fault.what, "models", None), models):
            yield Refused(f"there is no model or group {name!r}", (*place, "models", number), hint)
        if isinstance(fault.what, WorkerCrash | Leak) and kind.death(None) is None:
            message = f"what follows the death of one worker of {kind.title} is not known, or none dies alone"
            yield Refused(message, place, "write another kind of fault")
        elif isinstance(fault.what, Leak) and kind.max_idle_s < inf:
            message = f"has no rule for workers that come and go, as those of {kind.title} do"
            yield Refused(message, place, "write another kind of fault")
        instance = getattr(fault.what, "instance", None)
        if isinstance(instance, int) and instance > last:
            there = "the only one is 0" if last == 0 else f"they are 0 to {last}"
            yield Refused(f"there is no instance {instance}: {there}", (*place, "instance"), f"{last}, or random")
        if isinstance(fault.what, ZoneLoss) and fault.what.zone > zones:
            yield Refused(f"there is no zone {fault.what.zone}: they are 1 to {zones}", (*place, "zone"), f"{zones}")
