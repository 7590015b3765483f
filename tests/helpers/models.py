"""Models of a table, as a scenario resolves them, without a scenario."""

from __future__ import annotations

from dataclasses import replace

from mmesim.scenario.models.groups import Model, Service
from mmesim.scenario.server.overhead import CpuWait
from mmesim.scenario.values.times import Constant

MODEL = Model(
    index=0,
    name="m",
    group="m",
    artifact_bytes=1,
    memory_bytes=1,
    process_memory_bytes=1,
    workers=1,
    framework_threads=1,
    oversubscription=0.0,
    load=CpuWait(),
    service=Service(cpu=Constant(0.01)),
    weight=None,
    rate_per_s=None,
    preload_model=False,
    preload_dirty_bytes=0,
    batch_size=1,
    max_batch_delay_s=0.0,
    first_call=CpuWait(),
    pinned=False,
    pool_memory_bytes=1,
    pool_tasks=1,
)


def models(n: int) -> list[Model]:
    """`n` models, three of them in each group."""
    return [replace(MODEL, index=k, name=f"m{k}", group=f"g{k // 3}") for k in range(n)]
