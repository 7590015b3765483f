"""What a scenario asks of its endpoint, in a few lines."""

from __future__ import annotations

from collections.abc import Iterator

from mmesim import units
from mmesim.preflight.devices import jobs_at_once
from mmesim.preflight.offered import Offered
from mmesim.preflight.room import at_most, copies_of_each, free_memory_bytes
from mmesim.preflight.workers import occupancy
from mmesim.preflight.working_set import working_sets


def in_short(offered: Offered) -> Iterator[str]:
    """Expected CPU, workers and memory against what there is, then the working set; nothing of recorded traffic."""
    scenario = offered.scenario
    sets = working_sets(offered)
    if sets is None:
        return
    endpoint = scenario.endpoint
    capacity = endpoint.most_instances * endpoint.host.cores_when_full
    cpu = float((offered.open_per_s @ offered.cpu_s).mean()) / capacity
    busy, have = occupancy(offered)
    share = busy.mean(axis=0) / have
    memory = sum(model.pool_memory_bytes for model in scenario.hosted) * copies_of_each(scenario)
    room = units.show_bytes(free_memory_bytes(endpoint) * endpoint.most_instances)
    size = at_most(endpoint)
    if offered.open_per_s.any():
        per_model = offered.kind.queue.scope == "model"
        name = offered.models[int(share.argmax())].name if per_model else "of the server"
        most = units.show_fraction(float(share.max()))
        device = jobs_at_once(scenario)
        on_device = float((offered.open_per_s @ offered.device_s).mean()) / device if device else 0.0
        devices = f"devices {units.show_fraction(on_device)}, " if device else ""
        yield (
            f"offered: CPU work {units.show_fraction(cpu)} of what the vCPUs do together, {devices}workers at most "
            f"{most} ({name}), memory of all models {units.show_bytes(memory)} of {room}{size}"
        )
    models = ", ".join(f"{one.models:,.0f} in {name}" for name, one in sets.items())
    taken = ", ".join(units.show_bytes(one.memory_bytes) for one in sets.values())
    yield f"working set: {models} ({taken} of {room}{size})"
