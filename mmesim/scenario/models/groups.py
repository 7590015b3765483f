"""Models: groups as the file writes them, and the resolved row of each single model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_serializer, field_validator, model_validator

from mmesim.scenario.server.frameworks import Framework
from mmesim.scenario.server.server import BatchSize, CpuWait
from mmesim.scenario.values.fields import Bytes, Count, Data, Flag, Number, Rate, Refused, Seconds, Share, whole
from mmesim.scenario.values.time_field import TimeField
from mmesim.scenario.values.times import ZERO

"""Memory of the parent process of a pool without any model (measured, as is that of an empty worker)."""


class AffineCost(Data):
    """Time of a batch: `base_s` and `per_item_s` for each of its items, seconds; CPU time if the model has any."""

    base_s: Seconds = Field(alias="base")
    per_item_s: Seconds = Field(alias="per_item")


class AffineBatch(Data):
    """A batch that takes a base time and a time for each item, in place of the times drawn for its items."""

    affine: AffineCost


class Service(Data):
    """The work of one request: CPU time in all (split over `threads`), and time that only passes.

    `serial` is the share of the CPU time that runs on one thread whatever `threads` is (Amdahl).
    """

    cpu: TimeField = ZERO
    wait: TimeField = ZERO
    threads: Count = 1
    serial: Share = 0.0
    batch: Literal["max", "sum"] | AffineBatch = Field(
        "max", description="how long a batch takes: its longest item, all its items, or {affine: {base: , per_item: }}"
    )

    @model_validator(mode="before")
    @classmethod
    def _some_time(cls, data: Any) -> Any:
        """A service names its CPU time, its waiting time, or both."""
        if isinstance(data, dict) and not {"cpu", "wait"} & set(data):
            raise Refused("needs a time: write `service: {cpu: 12 ms}` (work) or `service: {wait: 12 ms}` (delay)")
        return data


class AzureModels(Data):
    """One model for each function of an Azure Functions 2019 data set.

    Memory is `AverageAllocatedMb_pct50` of the function's row in `memory`, CPU time per request the percentiles of its
    row in `durations` times `duration_scale`. Paths are absolute once loaded.
    """

    invocations: Path
    memory: Path | None = None
    durations: Path | None = None
    duration_scale: Annotated[Number, Field(gt=0)] = 1.0

    @field_serializer("invocations", "memory", "durations")
    def _text(self, value: Path | None) -> str | None:
        return None if value is None else str(value)


class ModelGroup(Data):
    """Models that are described together: one, `count` alike, the rows of a table, or an Azure data set.

    What is left out comes from the preset of `framework`, and `workers`, `preload_model`, `batch_size` and
    `max_batch_delay` from the server.
    `memory` is that of the model alone, for each copy in each worker; `load` is the work of one worker.
    """

    name: str = Field(min_length=1)
    count: Count | None = Field(None, description="name-000, name-001, ... when above 1")
    file: Path | None = Field(None, description="CSV table with one model a row; the other keys are defaults")
    azure_functions: AzureModels | None = None
    artifact_bytes: Bytes | None = Field(None, alias="artifact_size")
    memory_bytes: Bytes | None = Field(None, alias="memory")
    framework: Framework = Framework.python
    process_memory_bytes: Bytes | None = Field(None, alias="process_memory")
    workers: Count | None = None
    framework_threads: Count | None = None
    oversubscription: Number | None = None
    load: CpuWait | None = None
    service: Service | None = None
    preload_model: Flag | None = None
    batch_size: BatchSize | None = None
    max_batch_delay_s: Seconds | None = Field(None, alias="max_batch_delay")
    first_call: CpuWait | None = Field(None, description="what the first job of a worker after a load takes longer")
    pinned: Flag | None = Field(None, description="once loaded, never unloaded to make room")
    weight: Number | None = Field(None, description="share of the traffic, relative to the other models (each model)")
    rate_per_s: Rate | None = Field(None, alias="rate", description="calls of each model, instead of weight")

    @field_validator("count", mode="before")
    @classmethod
    def _some(cls, value: Any) -> Any:
        return None if value is None else whole(value)

    @field_serializer("file")
    def _text(self, value: Path | None) -> str | None:
        return None if value is None else str(value)

    @model_validator(mode="after")
    def _one_source(self) -> ModelGroup:
        """A group has one source of models, and one measure of its traffic."""
        sources = [key for key in ("count", "file", "azure_functions") if getattr(self, key) is not None]
        if len(sources) > 1:
            raise Refused(f"{' and '.join(sources)} exclude each other", (sources[1],))
        if self.weight is not None and self.rate_per_s is not None:
            raise Refused("weight and rate exclude each other", ("rate",))
        return self


@dataclass(frozen=True, slots=True)
class Model:
    """One resolved model; sizes in bytes, rate in calls per second.

    `load` is the work of one worker after the parent process has started.
    """

    index: int
    name: str
    group: str
    artifact_bytes: int
    memory_bytes: int
    process_memory_bytes: int
    workers: int
    framework_threads: int
    oversubscription: float
    load: CpuWait
    service: Service
    weight: float | None
    rate_per_s: float | None
    preload_model: bool
    preload_dirty_bytes: int
    batch_size: int
    max_batch_delay_s: float
    first_call: CpuWait
    pinned: bool
    pool_memory_bytes: int
    """Memory of one loaded copy, as the kind of server says."""
    pool_tasks: int
    """Processes and threads of one loaded copy, as the kind of server says."""
