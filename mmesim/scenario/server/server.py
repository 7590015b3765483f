"""The model server (MMS) in each container: workers, queue, what its front end costs."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema

from mmesim.scenario.server import mms
from mmesim.scenario.server.kind import PER_GPU, PER_VCPU
from mmesim.scenario.values.fields import (
    UNCERTAIN_SCHEMA,
    Bytes,
    Count,
    Data,
    Flag,
    Refused,
    Seconds,
    Text,
    Whole,
    shown,
    whole,
)
from mmesim.scenario.values.forms import Kind, OneOf, bare, dumped
from mmesim.scenario.values.time_field import TIMES, TimeField
from mmesim.scenario.values.times import ZERO, Constant

LARGEST_BATCH = 1024
MOST_WORKERS = 10_000
"""Worker processes of one copy of a model."""
BatchSize = Annotated[
    Count,
    Field(le=LARGEST_BATCH),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": LARGEST_BATCH}),
]
"""The kernel keeps room for all the answers of one batch."""


class CpuWait(Data):
    """A piece of work: CPU time, then time that only passes."""

    lone_key: ClassVar[str | None] = "cpu"

    cpu: TimeField = ZERO
    """CPU time, which competes for the vCPUs of the host."""
    wait: TimeField = ZERO
    """Time that only passes, without CPU work."""


WORK = OneOf(
    "piece of work",
    "0.4 ms or {cpu: 1 ms, wait: 2 ms}",
    (
        # `pre: 0.4 ms` means CPU time; a map with `cpu` and `wait` gives both.
        bare(
            CpuWait, takes=lambda value: isinstance(value, dict) and (not value or bool({"cpu", "wait"} & set(value)))
        ),
        Kind(
            None,
            CpuWait,
            lambda value, info: CpuWait(cpu=TIMES.read(value, info)),
            dumped,
            TIMES.schema,
            takes=lambda value: not isinstance(value, CpuWait),
            in_words=TIMES.in_words,
        ),
    ),
)
WorkField = Annotated[CpuWait, WORK]
"""A field of the schema that holds a piece of work, of which a time alone is the CPU time."""


class Overhead(Data):
    """What the server itself does for a request: before the queue, on the worker between two jobs, after the job."""

    pre: WorkField = CpuWait()
    """Work before the queue; a bare time is CPU time."""
    hold: WorkField = CpuWait()
    """Work on the worker between two jobs; a bare time is CPU time."""
    post: WorkField = CpuWait()
    """Work after the worker is free again; a bare time is CPU time."""


def _overhead(pre_ms: float, hold_ms: float, post_ms: float) -> Overhead:
    return Overhead(
        pre=CpuWait(cpu=Constant(pre_ms / 1000)),
        hold=CpuWait(cpu=Constant(hold_ms / 1000)),
        post=CpuWait(cpu=Constant(post_ms / 1000)),
    )


OVERHEADS: dict[str, Overhead] = {
    "sagemaker": _overhead(0.4, 0.4, 0.0),
    "measured-vm": _overhead(1.4, 1.3, 0.0),
    "none": _overhead(0.0, 0.0, 0.0),
}
"""Named sets: `sagemaker` is inferred from published CPU per request, `measured-vm` is the mean of real MMS runs."""
OVERHEAD = OneOf(
    "overhead",
    "{pre: 0.4 ms, hold: 0.4 ms}",
    (bare(Overhead, takes=lambda value: isinstance(value, dict)),),
    OVERHEADS,
)


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


class Server(Data):
    """One multi-model server process per host; MMS's own names."""

    lone_key: ClassVar[str | None] = "kind"

    kind: Literal["mms"] = "mms"
    """The model server: Multi Model Server (MMS)."""
    config: Annotated[ConfigRead, CONFIG] | None = None
    """Path of a `config.properties`, or `auto`: the file that MMS_CONFIG_FILE names, else the one in the working
    folder. Keys given here win over those of the file.
    """
    environment: Variables | None = None
    """Environment variables of the container, such as `{SAGEMAKER_MODEL_SERVER_WORKERS: 4, MMS_JOB_QUEUE_SIZE: 500}`,
    with the meaning that SageMaker's containers give them. Keys given here win over them; your shell is not read.
    """
    default_workers_per_model: DefaultWorkers = 1
    """Worker processes of each loaded copy of a model: a number, `per_vcpu`, or `per_gpu_or_vcpu` (as many as the host
    has GPUs, else vCPUs: what MMS starts for models that it loads at its own start).
    """
    job_queue_size: Count = mms.JOB_QUEUE_SIZE
    """Calls that may wait for one model on one host, besides those in service; further calls are refused (503)."""
    preload_model: Flag = False
    """The parent process of a model loads it once and its workers are forked from it, so that they share memory."""
    preload_dirty_bytes: Bytes = Field(mms.PRELOAD_DIRTY_BYTES, alias="preload_dirty")
    """Memory that each worker of a preloaded model writes to and therefore does not share."""
    batch_size: BatchSize = 1
    """Most calls in one batch of a worker."""
    max_batch_delay_s: Seconds = Field(mms.MAX_BATCH_DELAY_S, alias="max_batch_delay")
    """How long a worker waits for a batch to fill, counted from its first call."""
    overhead: Annotated[Overhead, OVERHEAD] = OVERHEADS["sagemaker"]
    """Work of the server itself for each call: `sagemaker` (inferred from published CPU per call), `measured-vm`
    (mean of measured MMS runs), `none`, or a map.
    """
    process_start: CpuWait = CpuWait(cpu=Constant(mms.PROCESS_START_CPU_S))
    """Start of a model's parent process, before its workers load."""
    event_loops: Annotated[Whole, Field(le=10_000)] | None = None
    """Threads of the front end (MMS: `number_of_netty_threads`). Each does the work before the queue (`overhead.pre`)
    of one call after the other; each registration of a model blocks one of them while the model's parent starts.
    Default 2 x vcpu; 0: no limit, and none is ever blocked.
    """
    base_tasks: Annotated[Whole, Field(le=10_000_000)] = mms.JVM_TASKS
    """Processes and threads of the server without any model, counted against `endpoint.pid_limit`."""
