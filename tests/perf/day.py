"""A day of an endpoint: its calls drawn, or read from a sorted Parquet trace of the same size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mmesim.scenario import Poisson, Scenario, TraceSource, Traffic
from tests.perf.workloads import everything_fits

HOSTS, MODELS = 40, 10_000
RATE_PER_S = 1000.0
DAY_S = 86_400.0
ROWS = 1_000_000
"""Rows of a group of the trace."""


def drawn(length_s: float) -> Scenario:
    """Hosts that are 8 % busy, for so long: 86.4 million calls in a day."""
    full = everything_fits(HOSTS, MODELS, 1)
    traffic = full.traffic[0].model_copy(update={"arrivals": Poisson(rate_per_s=RATE_PER_S)})
    run = full.run.model_copy(update={"duration_s": length_s})
    day: Scenario = full.model_copy(update={"name": "day", "traffic": (traffic,), "run": run})
    return day


def traced(length_s: float, trace: Path) -> Scenario:
    """The same endpoint with the calls of a trace."""
    source = Traffic(trace=TraceSource(file=trace))
    day: Scenario = drawn(length_s).model_copy(update={"traffic": (source,)})
    return day


def write_trace(trace: Path, length_s: float) -> int:
    """A Parquet table of times and models, sorted by time, like the calls of `drawn`; its rows."""
    names = np.array([model.name for model in drawn(1.0).model_table()])
    rng = np.random.default_rng(1)
    weights = (1.0 + np.arange(MODELS)) ** -0.9
    last = np.cumsum(weights / weights.sum())
    schema = pa.schema({"time": pa.float64(), "model": pa.dictionary(pa.int32(), pa.string())})
    now_s, rows = 0.0, 0
    with pq.ParquetWriter(trace, schema) as file:
        while now_s < length_s:
            time = now_s + np.cumsum(rng.exponential(1.0 / RATE_PER_S, ROWS))
            now_s = float(time[-1])
            time = time[time < length_s]
            model = np.minimum(np.searchsorted(last, rng.random(time.size)), MODELS - 1).astype(np.int32)
            column = pa.DictionaryArray.from_arrays(pa.array(model), pa.array(names))
            file.write_table(pa.table({"time": pa.array(time), "model": column}, schema=schema), row_group_size=ROWS)
            rows += time.size
    return rows
