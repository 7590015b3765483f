"""Pieces of work, and what the server itself does for each call: before the queue, on the worker, after it."""

from __future__ import annotations

from typing import Annotated, ClassVar

from mmesim.scenario.values.fields import Data
from mmesim.scenario.values.forms import Kind, OneOf, bare, dumped
from mmesim.scenario.values.time_field import TIMES, TimeField
from mmesim.scenario.values.times import ZERO, Constant


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
