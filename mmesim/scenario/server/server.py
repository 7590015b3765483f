"""The model server (MMS) in each container: workers, queue, what its front end costs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_serializer,
    model_validator,
)

from mmesim.scenario.server import mms
from mmesim.scenario.server.kind import LARGEST_BATCH, PER_GPU, PER_VCPU, UNBOUNDED
from mmesim.scenario.server.kinds import KINDS
from mmesim.scenario.server.overhead import OVERHEAD, OVERHEADS, CpuWait, Overhead
from mmesim.scenario.values.fields import (
    UNCERTAIN_SCHEMA,
    Bytes,
    Count,
    Data,
    Flag,
    Refusals,
    Refused,
    Seconds,
    Text,
    Whole,
    shown,
    whole,
)
from mmesim.scenario.values.forms import Kind, OneOf, bare, dumped
from mmesim.scenario.values.times import Constant

MOST_WORKERS = 10_000
"""Worker processes of one copy of a model."""
BatchSize = Annotated[
    Count,
    Field(le=LARGEST_BATCH),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": LARGEST_BATCH}),
]
"""Calls of one batch."""


_WORKER_WORDS = (PER_VCPU, PER_GPU)


def _workers(value: Any) -> int | str:
    if isinstance(value, str) and value in _WORKER_WORDS:
        return value
    number = whole(value)
    if number > MOST_WORKERS:
        raise ValueError(f"{shown(value)} is too large: at most {MOST_WORKERS:,}")
    if number < 1:
        raise ValueError(f"{shown(value)} is too small: at least 1")
    return number


DefaultWorkers = Annotated[
    int | Literal["per_vcpu", "per_gpu_or_vcpu"],
    BeforeValidator(_workers),
    WithJsonSchema(
        {
            "description": "a whole number, per_vcpu or per_gpu_or_vcpu",
            "anyOf": [{"type": "integer", "minimum": 1}, {"enum": list(_WORKER_WORDS)}, UNCERTAIN_SCHEMA],
        }
    ),
]
"""Workers of a copy, as a number or by the hardware of the host."""


class ConfiguredModel(Data):
    """What a TorchServe file says of one model; keys of the model itself win, keys of `server` do not."""

    name: Text
    """Name of a model, or of a group."""
    workers: Annotated[Count, Field(le=MOST_WORKERS)] | None = None
    """As `models.workers`."""
    batch_size: BatchSize | None = None
    """As `models.batch_size`."""
    max_batch_delay_s: Seconds | None = Field(None, alias="max_batch_delay")
    """As `models.max_batch_delay`."""


class ConfigRead(Data):
    """What a run writes about a `config.properties`: its values are keys of `server` by then; it is not read again."""

    file: Text | None = None
    """Path of the file that was read; absent when MMS's own defaults applied."""
    notes: tuple[Text, ...] = ()
    """What became of its keys; shown as findings of every run."""
    models: tuple[ConfiguredModel, ...] = ()
    """What a TorchServe file says of single models."""


def _not_read(value: Any, _: ValidationInfo) -> ConfigRead:
    raise Refused(f"{shown(value)} is read for a scenario file only: give its values as keys of the server")


CONFIG = OneOf(
    "config",
    "config.properties",
    (
        bare(ConfigRead, takes=lambda value: isinstance(value, dict)),
        Kind(
            None,
            ConfigRead,
            _not_read,
            dumped,
            lambda _: {"type": "string", "minLength": 1, "examples": ["config.properties", "auto"]},
            takes=lambda value: isinstance(value, str),
            in_words="path",
        ),
    ),
)
"""What a file names, and what is left of it by the time the scenario is built."""


def _no_variables(value: Any) -> None:
    raise Refused("variables are read for a scenario file only: give their values as keys of the server")


Variables = Annotated[
    None,
    BeforeValidator(_no_variables),
    WithJsonSchema(
        {
            "description": "a map, variable -> value",
            "type": "object",
            "additionalProperties": {"type": ["string", "integer", "boolean"]},
        }
    ),
]
"""What a file names; the loader makes keys of the server of it."""


TENSORFLOW = ("tensorflow", "tensorflowserving", "tfs", "tfserving", "tf")


class Server(Data):
    """One multi-model server process per host. What a key means to the other kinds: docs/how-to/choose-a-server.md."""

    lone_key: ClassVar[str | None] = "kind"

    kind: Literal["mms", "djl", "torchserve", "triton", "custom"] = "mms"
    """The model server: Multi Model Server (`mms`), DJL Serving (`djl`), TorchServe, NVIDIA Triton, or one of your own
    (`custom`). A key that means nothing to it is refused.
    """
    config: Annotated[ConfigRead, CONFIG] | None = None
    """Path of a `config.properties` of MMS or TorchServe, or `auto`: the file that MMS_CONFIG_FILE names, else the one
    in the working folder. Keys given here win over those of the file.
    """
    environment: Variables | None = None
    """Environment variables of the container, such as `{SAGEMAKER_MODEL_SERVER_WORKERS: 4, MMS_JOB_QUEUE_SIZE: 500}`,
    with the meaning that SageMaker's containers give them. Keys given here win over them; your shell is not read.
    """
    default_workers_per_model: DefaultWorkers = 1
    """Worker processes of each loaded copy of a model: a number, `per_vcpu`, or `per_gpu_or_vcpu` (as many as the host
    has GPUs, else vCPUs: what MMS starts for models that it loads at its own start). `djl`: those of the start
    (`minWorkers`); `triton`: instances on each device (`instance_group` count).
    """
    max_workers: DefaultWorkers | None = None
    """`djl` only: most workers of each loaded copy (`maxWorkers`); one is added when more calls wait than two full
    batches. Default `per_gpu_or_vcpu`, as with OMP_NUM_THREADS=1, which DJL's containers set.
    """
    max_idle_s: Annotated[Seconds, Field(gt=0)] | None = Field(None, alias="max_idle_time")
    """`djl` only: a worker that was added stops after this time without a call; default 60 s."""
    job_queue_size: Count | None = mms.JOB_QUEUE_SIZE
    """Calls that may wait for one model on one host, besides those in service; further calls are refused (503).
    Default 100 (`mms`, `torchserve`), 1000 (`djl`: the last place is never used), no bound (`triton`, which refuses
    with 400).
    """
    preload_model: Flag = False
    """`mms` only: the parent process of a model loads it once and its workers are forked from it, so that they share
    memory.
    """
    preload_dirty_bytes: Bytes = Field(mms.PRELOAD_DIRTY_BYTES, alias="preload_dirty")
    """Memory that each worker of a preloaded model writes to and therefore does not share."""
    batch_size: BatchSize = 1
    """Most calls in one batch of a worker."""
    max_batch_delay_s: Seconds = Field(mms.MAX_BATCH_DELAY_S, alias="max_batch_delay")
    """How long a worker waits for a batch to fill, counted from its first call: from when it was taken, for `triton`
    from when it came (`max_queue_delay_microseconds`, default 0 there).
    """
    reserved_memory_bytes: Bytes | None = Field(None, alias="reserved_memory")
    """`djl` only: a model is loaded only if 1.2 times the size of its artefact leaves this much memory free
    (`reserved_memory_mb`); default 500 MiB.
    """
    queue: Literal["model", "server"] | None = None
    """`custom` only: one queue for each loaded copy (`model`), or one for all models of a host (`server`)."""
    server_workers: Annotated[Count, Field(le=MOST_WORKERS)] | None = None
    """`custom` with `queue: server`: workers of the whole server; any of them serves any model."""
    max_models: Count | None = None
    """`custom` only: models that may be loaded on a host; beyond, a load gets 507 and an idle model is unloaded first.
    The container of TensorFlow Serving has a pair of ports for each: about 450.
    """
    overhead: Annotated[Overhead, OVERHEAD] = OVERHEADS["sagemaker"]
    """Work of the server itself for each call: `sagemaker` (inferred from published CPU per call), `measured-vm`
    (mean of measured MMS runs), `none`, or a map. Required but for `mms` and `torchserve`.
    """
    process_start: CpuWait = CpuWait(cpu=Constant(mms.PROCESS_START_CPU_S))
    """Start of a model's parent process, before its workers load; `djl`, `torchserve`: of each worker process."""
    event_loops: Annotated[Whole, Field(le=10_000)] | None = None
    """Threads of the front end (MMS: `number_of_netty_threads`). Each does the work before the queue (`overhead.pre`)
    of one call after the other. With `mms` each registration of a model blocks one of them while the model's parent
    starts, with `triton` each load one of them and each unload all. Default 2 x vcpu, 8 for `triton`; 0: no limit, and
    none is ever blocked.
    """
    base_tasks: Annotated[Whole, Field(le=10_000_000)] = mms.JVM_TASKS
    """Processes and threads of the server without any model, counted against `endpoint.pid_limit`."""

    @field_validator("kind", mode="before")
    @classmethod
    def _described(cls, value: Any) -> Any:
        """TensorFlow Serving has no kind of its own: what limits it can be said with `custom`."""
        if isinstance(value, str) and re.sub(r"[^a-z]", "", value.lower()) in TENSORFLOW:
            message = f"{shown(value)}: TensorFlow Serving is custom, with max_models for its ports"
            raise Refused(message, (), "write kind: custom, queue: model, max_models: 450")
        return value

    @model_validator(mode="after")
    def _of_its_kind(self) -> Server:
        """The keys of the kind, with its defaults; Refusals with those that mean nothing to it, or are missing."""
        refused = list(self._refused())
        if refused:
            raise Refusals(refused)
        for name, value in KINDS[self.kind].defaults.items():
            if name not in self.model_fields_set:
                self.__dict__[name] = value  # a default: it follows the kind, and is not written down as given
        return self

    def _refused(self) -> Iterator[Refused]:
        kind, fields, given = KINDS[self.kind], type(self).model_fields, self.model_fields_set
        for name, why in kind.meaningless.items():
            if name in given and getattr(self, name) is not None:
                key = fields[name].alias or name
                yield Refused(f"means nothing to {kind.title}: {why}", (key,), f"remove {key}, or the kind")
        for name, (why, hint) in kind.required.items():
            if name not in given:
                key = fields[name].alias or name
                yield Refused(f"{key} is missing: {kind.title} has no default for it, as {why}", (), f"write {hint}")
        if self.job_queue_size is None and kind.defaults.get("job_queue_size", 0) is not None:
            yield Refused(f"the queue of {kind.title} has a bound", ("job_queue_size",), "write a number")
        if self.kind == "custom":
            yield from self._shared()

    def _shared(self) -> Iterator[Refused]:
        """What contradicts the queue of a server of one's own."""
        if self.queue == "server":
            if self.server_workers is None:
                hint = "write server_workers: 8, the calls that it serves at once"
                yield Refused("queue: server needs server_workers: only you know them", (), hint)
            if "default_workers_per_model" in self.model_fields_set:
                message = "no model has workers of its own with queue: server"
                yield Refused(message, ("default_workers_per_model",), "write server_workers")
        elif self.queue == "model" and self.server_workers is not None:
            message = "each model has workers of its own with queue: model"
            yield Refused(message, ("server_workers",), "write default_workers_per_model")

    @model_serializer(mode="wrap")
    def _written(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """The keys that mean something to the kind: others would be refused when they are read again."""
        data: dict[str, Any] = handler(self)
        kind = KINDS.get(self.kind)
        names = () if kind is None else kind.meaningless
        fields = type(self).model_fields
        for name in names:
            data.pop(name, None)
            data.pop(fields[name].alias or name, None)
        return data

    @property
    def queue_bound(self) -> int:
        """Calls that may wait in one queue."""
        return UNBOUNDED if self.job_queue_size is None else self.job_queue_size

    def workers_of(self, given: int | str | None, vcpu: int, gpus: int) -> int:
        """A number of workers on hosts with that many vCPUs and GPUs; None is 1."""
        if given is None:
            return 1
        if isinstance(given, int):
            return given
        return gpus or vcpu if given == PER_GPU else vcpu
