"""What calls ask of the devices of the hosts, such as GPUs, against what there is."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

import numpy as np

from mmesim import units
from mmesim.preflight.finding import Finding
from mmesim.preflight.load import BUSY, SIZED_FOR
from mmesim.preflight.offered import Offered
from mmesim.preflight.room import copies_of_each
from mmesim.preflight.working_set import LOOKED_AT, TIMES_S
from mmesim.scenario.scenario import Scenario

RULE = "docs/assumptions.md#devices"


def undocumented(offered: Offered) -> Iterator[Finding]:
    """An endpoint with devices of a kind that AWS does not document for several models."""
    scenario = offered.scenario
    devices = scenario.endpoint.host.devices
    if devices is None or not scenario.uses_devices:
        return
    reasons = [f"{devices.count} devices on a host"] if devices.count > 1 else []
    if not offered.kind.documented_with_gpus:
        reasons.append(f"a model server other than Triton ({scenario.server.kind})")
    if not reasons:
        return
    yield Finding(
        id="devices_undocumented",
        severity="warning",
        text=f"not documented by AWS: {' and '.join(reasons)}; AWS documents GPUs on multi-model endpoints for "
        "Triton, on instance types with one GPU",
        evidence={"devices": devices.count, "server": scenario.server.kind},
        source="AWS: multi-model endpoints, developer guide",
        try_=None,
    )


def device_time(offered: Offered) -> Iterator[Finding]:
    """The time on devices that calls bring a second, against what all devices do."""
    scenario = offered.scenario
    have = jobs_at_once(scenario)
    if not have:
        return
    brought = offered.open_per_s @ offered.device_s
    mean, peak = float(brought.mean()), float(brought.max())
    if max(mean / BUSY, peak) < have:
        return
    enough = instances_for(offered)
    if mean >= have:
        follows = "more than there is: what is not done waits or is refused, whatever the queues hold"
    else:
        follows = "waiting times rise steeply from here on" if peak < have else "and at the peak more than there is"
    yield Finding(
        id="device",
        severity="problem" if mean >= have else "warning",
        text=f"calls bring {units.show_number(mean)} s of work for devices a second, which do at most "
        f"{units.show_number(have)} s: {units.show_fraction(mean / have)}, {follows}",
        evidence={"offered_s": mean, "busiest_offered_s": peak, "capacity_s": have, "share": mean / have},
        source=RULE,
        try_=f"{scenario.endpoint.count_key}={enough}",
    )


def device_memory(offered: Offered) -> Iterator[Finding]:
    """A working set of ten minutes that the memory of the devices cannot hold."""
    scenario = offered.scenario
    devices, rates = scenario.endpoint.host.devices, offered.mean_per_s
    if devices is None or not scenario.uses_devices or not rates.any():
        return
    size = np.array([float(model.device_memory_bytes) for model in offered.models])
    size[size > devices.free_bytes] = 0.0  # what is larger than a device is never loaded
    called = -np.expm1(-rates * TIMES_S[LOOKED_AT])
    workers = offered.each(lambda model: max(1, offered.kind.model_workers(model).at_start))  # each has a copy
    needed = float(called @ (size * workers)) * copies_of_each(scenario)
    one = float(devices.free_bytes * devices.count)
    have = one * scenario.endpoint.most_instances
    if needed <= have:
        return
    copy_s = float(size[called > 0.0].max()) / devices.copy_Bps
    yield Finding(
        id="device_memory",
        severity="warning",
        text=f"the models that are called within {LOOKED_AT} need {units.show_bytes(needed)} of device memory, there "
        f"are {units.show_bytes(have)} for models: some are copied to a device again within that time, which keeps it "
        f"for up to {units.show_seconds(copy_s)} each",
        evidence={"needed_bytes": needed, "fleet_bytes": have, "copy_s": copy_s},
        source=RULE,
        try_=f"{scenario.endpoint.count_key}={ceil(needed / one)}",
    )


def jobs_at_once(scenario: Scenario) -> int:
    """Jobs that all devices of the fleet do at a time: seconds of work a second; 0 where no model uses them."""
    devices = scenario.endpoint.host.devices
    if devices is None or not scenario.uses_devices:
        return 0
    return devices.count * devices.at_once * scenario.endpoint.most_instances


def instances_for(offered: Offered) -> int:
    """How many instances the device work of the busiest window uses to `SIZED_FOR`; 0 without calls of known rate."""
    have = jobs_at_once(offered.scenario)
    if not have:
        return 0
    brought = float((offered.open_per_s @ offered.device_s).max())
    return ceil(brought / (SIZED_FOR * have / offered.scenario.endpoint.most_instances))
