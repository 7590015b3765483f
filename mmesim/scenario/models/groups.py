"""Models: groups as the file writes them, and the resolved row of each single model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_serializer, field_validator, model_validator

from mmesim.scenario.server.frameworks import Framework
from mmesim.scenario.server.overhead import CpuWait
from mmesim.scenario.server.server import MOST_WORKERS, BatchSize
from mmesim.scenario.values.fields import Bytes, Count, Data, Flag, Number, Rate, Refused, Seconds, Share, whole
from mmesim.scenario.values.forms import Form, OneOf
from mmesim.scenario.values.time_field import TimeField
from mmesim.scenario.values.times import ZERO, always

MOST_MODELS = 2_000_000
"""Models of a scenario: each takes some kilobytes."""

"""Memory of the parent process of a pool without any model (measured, as is that of an empty worker)."""


class AffineBatch(Form):
    """A batch that takes a base time and a time for each call, in place of the times drawn for its calls.

    The time is CPU time if the model has any, else time on a device if it has any.
    """

    form: ClassVar[str] = "affine"

    base_s: Seconds = Field(alias="base")
    """Time of every batch."""
    per_item_s: Seconds = Field(alias="per_item")
    """Time that each call of the batch adds."""


BATCHES = OneOf(
    "batch rule", "{affine: {base: 20 ms, per_item: 4 ms}}", (AffineBatch,), words={"max": "max", "sum": "sum"}
)


class Service(Data):
    """The work of one call: CPU time, time that only passes, time on a device, or several of them."""

    lone_key: ClassVar[str | None] = "cpu"

    cpu: TimeField = ZERO
    """CPU time of one call in total, over all threads."""
    wait: TimeField = ZERO
    """Time of one call that only passes, before the CPU work."""
    device: TimeField = ZERO
    """Time of one call on a device of the host (`endpoint.devices`), after the CPU work."""
    threads: Annotated[Count, Field(le=10_000)] = 1
    """Threads over which the CPU time is split."""
    serial: Share = 0.0
    """Share of the CPU time that runs on one thread whatever `threads` is (Amdahl)."""
    batch: Annotated[Literal["max", "sum"] | AffineBatch, BATCHES] = "max"
    """How long a batch takes: its longest call (`max`), all its calls (`sum`), or `{affine: {base: , per_item: }}`."""

    @model_validator(mode="before")
    @classmethod
    def _some_time(cls, data: Any) -> Any:
        """A service names its CPU time, its waiting time, its time on a device, or several of them."""
        if isinstance(data, dict) and not {"cpu", "wait", "device"} & set(data):
            raise Refused("needs a time: write `service: {cpu: 12 ms}` (work) or `service: {wait: 12 ms}` (delay)")
        return data


class AzureModels(Data):
    """One model for each function of an Azure Functions 2019 data set.

    Memory is `AverageAllocatedMb_pct50` of the function's row in `memory`; CPU time per call has the percentiles of its
    row in `durations`, times `duration_scale`.
    """

    invocations: Path
    """File of minute counts; each of its functions becomes a model."""
    memory: Path | None = None
    """File of memory percentiles; a model takes the median."""
    durations: Path | None = None
    """File of duration percentiles, which become the CPU time of a call."""
    duration_scale: Annotated[Number, Field(gt=0)] = 1.0
    """Factor on all durations."""

    @field_serializer("invocations", "memory", "durations")
    def _text(self, value: Path | None) -> str | None:
        return None if value is None else str(value)


class ModelGroup(Data):
    """Models that are described together: one, `count` alike, the rows of a table, or an Azure data set.

    What is omitted comes from the preset of `framework`, or, for `workers`, `max_workers`, `preload_model`,
    `batch_size` and `max_batch_delay`, from the server.
    """

    name: str = Field(min_length=1)
    """Name of the model or of the group."""
    count: Annotated[Count, Field(le=MOST_MODELS)] | None = None
    """Number of models in the group, all alike; above 1 they are called name-000, name-001, ..."""
    file: Path | None = None
    """CSV table with one model a row; the other keys are its defaults."""
    azure_functions: AzureModels | None = None
    """Models from an Azure Functions 2019 data set."""
    artifact_bytes: Bytes | None = Field(None, alias="artifact_size")
    """Size of the artefact in S3 and on disk; required, here or in the table."""
    memory_bytes: Bytes | None = Field(None, alias="memory")
    """Memory of the model alone, for each worker; required, here or in the table."""
    device_memory_bytes: Bytes | None = Field(None, alias="device_memory")
    """Memory that each worker of the model takes on its device (`endpoint.devices`); default: none."""
    framework: Framework = Framework.python
    """Preset for what is omitted."""
    process_memory_bytes: Bytes | None = Field(None, alias="process_memory")
    """Memory of one worker process without its model."""
    workers: Annotated[Count, Field(le=MOST_WORKERS)] | None = None
    """Worker processes of each loaded copy; `server.kind: djl`: those of the start; `triton`: instances on each device.
    """
    max_workers: Annotated[Count, Field(le=MOST_WORKERS)] | None = None
    """`server.kind: djl` only: most worker processes of each loaded copy; default: the server's."""
    framework_threads: Annotated[Count, Field(le=10_000)] | None = None
    """Threads of an idle worker, counted against `endpoint.pid_limit`."""
    oversubscription: Annotated[Number, Field(le=1_000_000)] | None = None
    """Extra CPU work caused by more running threads than vCPUs; acts only with `service.threads` above 1."""
    load: CpuWait | None = None
    """Work of one worker while it loads the model."""
    service: Service | None = None
    """Work of one call; required, here or in the table."""
    preload_model: Flag | None = None
    """As `server.preload_model`, for these models; default: the server's."""
    batch_size: BatchSize | None = None
    """Most calls in one batch of a worker; default: the server's."""
    max_batch_delay_s: Seconds | None = Field(None, alias="max_batch_delay")
    """How long a worker waits for a batch to fill; default: the server's."""
    first_call: CpuWait | None = None
    """Extra work of a worker's first job after a load."""
    pinned: Flag | None = None
    """`true`: once loaded, never unloaded to make room."""
    weight: Number | None = None
    """Share of the traffic of each model, relative to the others; used with `popularity: weights`."""
    rate_per_s: Rate | None = Field(None, alias="rate")
    """Calls of each model, instead of `weight`."""

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
    framework: Framework = Framework.python
    max_workers: int | None = None
    """Most workers of a copy where it may get more; None: as many as the server says."""
    device_memory_bytes: int = 0
    """Memory of each worker on its device."""
    entry: str = ""
    """Its entry of `models`, as in `--set`: the rows of a table have one, whatever their groups are."""
    cells: frozenset[str] = frozenset()
    """Keys that its own row of a table gives: what its entry says of them is not for it."""

    def field(self, key: str) -> str | None:
        """A key of its entry as in `--set`, such as `models.tenant.workers`; None where its own row says it."""
        return None if key in self.cells else f"models.{self.entry}.{key}"

    def advice(self, key: str, value: object) -> str:
        """How to give it another value of a key."""
        field = self.field(key)
        return f"{key} {value} in the row of {self.name} in its table" if field is None else f"{field}={value}"

    @property
    def uses_device(self) -> bool:
        """Whether its calls have a part on a device."""
        return self.device_memory_bytes > 0 or always(self.service.device) != 0.0


def weights_of(models: Sequence[Model]) -> list[float]:
    """The weight of each model, or the rate of each; Refused unless all have the same of the two, and one is not 0."""
    without = [model.name for model in models if model.weight is None and model.rate_per_s is None]
    if without:
        others = f" and {len(without) - 1} others have" if len(without) > 1 else " has"
        raise Refused(f"model {without[0]!r}{others} neither weight nor rate")
    weights = [model.weight for model in models if model.weight is not None]
    rates = [model.rate_per_s for model in models if model.weight is None and model.rate_per_s is not None]
    if weights and rates:
        raise Refused("some models have a weight and some a rate: give all of them one or the other")
    given = weights or rates
    if not any(given):
        raise Refused("all weights are 0: give at least one model a weight above 0")
    return given
