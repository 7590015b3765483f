"""A first scenario for the traffic of a log: what the log tells as facts, what it cannot tell as beliefs."""

from __future__ import annotations

import itertools
import math
import warnings
from dataclasses import dataclass

import numpy as np

from mmesim import units
from mmesim.arrays import Floats
from mmesim.errors import TraceWarning
from mmesim.scenario.traffic.trace import TraceSource
from mmesim.workload.trace.describe import Description
from mmesim.workload.trace.names import Numbered
from mmesim.workload.trace.replay import READERS
from mmesim.workload.trace.whole import CHUNK

LOOKED_AT = 200_000
"""Calls whose durations are looked at."""
SERVICE_S = (0.005, 0.02, 0.1)
"""What a call may take where nothing is known: low, mid, high."""
INSTANCE_TYPE, VCPUS = "ml.m5.xlarge", 4
BUSY, MOST_HOSTS = 0.5, 20
"""Share of the CPU that the busiest minute may take, and the most hosts that are proposed for it."""


@dataclass(frozen=True)
class Durations:
    """How long the calls of a log took, queues and loads included: 10 % were faster than `fast_s`."""

    fast_s: float
    median_s: float


def durations(source: TraceSource) -> Durations | None:
    """Of the first calls of a log that has durations; None for others."""
    if source.stamped != "end":
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TraceWarning)  # they are told where the calls are read
        pieces = READERS[source.format](source, Numbered(), CHUNK)
        found: Floats = np.concatenate(
            [np.zeros(0), *(p.duration for p in itertools.islice(pieces, LOOKED_AT // CHUNK) if p.duration is not None)]
        )
    found = found[found > 0.0]
    return Durations(*np.quantile(found, [0.1, 0.5]).tolist()) if len(found) else None


def believed_service_s(took: Durations | None) -> tuple[float, float, float]:
    """Low, mid and high of the work of a call; calls of a log took at least that long, and most of them longer."""
    if took is None:
        return SERVICE_S
    mid = max(took.fast_s, 1e-3)
    return mid / 4, mid, max(took.median_s, 2 * mid)


def first_scenario(found: Description, took: Durations | None, name: str, trace: str, table: str) -> str:
    """The text of a scenario that runs at once and replays the whole log.

    `trace` are the lines of the key `trace`, indented for their place; `table` is the file of the models.
    """
    low, mid, high = believed_service_s(took)
    hosts = math.ceil(found.peak_per_min / 60.0 * mid / (BUSY * VCPUS))
    if took is None:
        told = "the log does not say how long calls took: this is a guess"
    else:
        fast, median = units.show_seconds(took.fast_s), units.show_seconds(took.median_s)
        told = f"in the log half of the calls took {median} or more, a tenth {fast} or less, queues and loads included"
    return _TEXT.format(
        name=name,
        calls=units.show_count(found.requests),
        models=units.show_count(found.models),
        span=units.show_seconds(found.span_s),
        peak=f"{found.peak_per_min:,}",
        type=INSTANCE_TYPE,
        hosts=min(max(hosts, 1), MOST_HOSTS),
        enough="" if hosts <= MOST_HOSTS else f"; {hosts:,} would be needed, {MOST_HOSTS} are written",
        table=table,
        low=_ms(low),
        mid=_ms(mid),
        high=_ms(high),
        told=told,
        trace=trace,
        # Another replication may spread the calls further inside the grid of the log.
        duration=math.floor(found.span_s + (0.0 if found.grid is None else found.grid.unit_s)) + 1,
    )


def _ms(time_s: float) -> str:
    return f"{float(f'{time_s * 1e3:.3g}'):.15g} ms"


_TEXT = """\
# yaml-language-server: $schema=scenario.schema.json
# Written by `mmesim init --from`. The traffic is that of the log: {calls} calls of {models} models in {span}.
# What no log can tell is marked `uncertain`: a run uses `mid`, `mmesim uncertain FILE` says how much of the answer
# depends on it and what to measure first. Replace `{{uncertain: ...}}` by what you have measured.

name: {name}

endpoint:
  # The busiest minute has {peak} calls: they take half of the CPU of these hosts, if `service` is right{enough}.
  instance_type: {type}
  instance_count: {hosts}
  warm: true                    # models are loaded at the start, as far as they fit: the endpoint has been running

models:
  # One row a model: name, calls in the log, and columns to fill in; what a row leaves empty comes from here.
  file: {table}
  framework: python             # or xgboost, sklearn, tensorflow, pytorch: decides memory and threads of a process
  # Measure: size of model.tar.gz in S3.
  artifact_size: {{uncertain: {{low: 10 MB, mid: 50 MB, high: 300 MB}}}}
  # Measure: memory of a worker process (RSS) with the model loaded, less that of one without a model.
  memory: {{uncertain: {{low: 20 MiB, mid: 100 MiB, high: 600 MiB}}}}
  # Measure: time in the handler on an idle host, without queues and loads;
  # {told}.
  # `cpu` is work of a processor, `wait` is time that passes without one, such as that of a GPU or of a network.
  service: {{cpu: {{uncertain: {{low: {low}, mid: {mid}, high: {high}}}}}}}

traffic:
  - trace:
{trace}

run:
  duration: {duration} s
  warmup: 0 s
  replications: 3
  seed: 1

# expect:                       # what you promise; shown with every result, enforced by `mmesim run --check`
#   - p99 < 1 s
#   - error_rate < 0.1 %
"""
