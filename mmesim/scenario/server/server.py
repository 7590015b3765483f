"""The model server (MMS) in each container: workers, queue, what its front end costs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema, field_validator

from mmesim.errors import did_you_mean
from mmesim.scenario.server import mms
from mmesim.scenario.values.fields import Bytes, Count, Data, Flag, Refused, Seconds, Text, Whole, shown
from mmesim.scenario.values.time_field import TimeField
from mmesim.scenario.values.times import ZERO, Constant

LARGEST_BATCH = 1024
BatchSize = Annotated[
    Count,
    Field(le=LARGEST_BATCH),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": LARGEST_BATCH}),
]
"""The kernel keeps room for all the answers of one batch."""


class CpuWait(Data):
    """A piece of work: CPU time, seconds, that competes for the vCPUs, then time that only passes."""

    cpu: TimeField = ZERO
    wait: TimeField = ZERO


class Overhead(Data):
    """What the server itself does for a request: before the queue, on the worker between two jobs, after the job."""

    pre: CpuWait = CpuWait()
    hold: CpuWait = CpuWait()
    post: CpuWait = CpuWait()

    @field_validator("pre", "hold", "post", mode="before")
    @classmethod
    def _bare_time_is_cpu(cls, value: Any) -> Any:
        """`pre: 0.4 ms` means CPU time; a map with `cpu` and `wait` gives both."""
        if isinstance(value, CpuWait) or (isinstance(value, dict) and set(value) <= {"cpu", "wait"}):
            return value
        return {"cpu": value}


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


class ConfigRead(Data):
    """What was made of a `config.properties`; its values are keys of `server` by now, and it is not read again."""

    file: Text | None = Field(None, description="the file; without one MMS's own defaults held")
    notes: tuple[Text, ...] = Field((), description="what became of its keys: findings of every run")


class Server(Data):
    """One multi-model server process per host; MMS's own names."""

    kind: Literal["mms"] = "mms"
    config: ConfigRead | None = Field(
        None, description="path of a config.properties, or auto: MMS_CONFIG_FILE, else the one in the working folder"
    )
    default_workers_per_model: Count = 1
    job_queue_size: Count = Field(
        mms.JOB_QUEUE_SIZE,
        description="requests that wait for one model on one host, beside those in service; full is 503",
    )
    preload_model: Flag = Field(False, description="a pool's parent loads the model once, then its workers fork")
    preload_dirty_bytes: Bytes = Field(
        mms.PRELOAD_DIRTY_BYTES,
        alias="preload_dirty",
        description="what each worker of a preloaded model writes to, not shared",
    )
    batch_size: BatchSize = 1
    max_batch_delay_s: Seconds = Field(
        mms.MAX_BATCH_DELAY_S,
        alias="max_batch_delay",
        description="how long a worker waits to fill a batch, from its first take",
    )
    overhead: Overhead = OVERHEADS["sagemaker"]
    process_start: CpuWait = Field(
        CpuWait(cpu=Constant(mms.PROCESS_START_CPU_S)),
        description="start of the parent process of a model, before its workers load",
    )
    event_loops: Whole | None = Field(
        None,
        description="number_of_netty_threads; each registration blocks one of them while the model's parent starts; "
        "default 2 x vcpu, 0: none is ever blocked",
    )
    base_tasks: Whole = Field(mms.JVM_TASKS, description="processes and threads of the JVM without any model")

    @field_validator("overhead", mode="before")
    @classmethod
    def _named_overhead(cls, value: Any) -> Any:
        """`overhead: sagemaker` names a set."""
        if not isinstance(value, str):
            return value
        if value not in OVERHEADS:
            allowed = f"one of {', '.join(OVERHEADS)}, or {{pre: , hold: , post: }}"
            raise Refused(f"unknown set {shown(value)}: {allowed}", (), did_you_mean(value, OVERHEADS))
        return OVERHEADS[value]
