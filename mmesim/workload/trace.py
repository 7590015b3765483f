"""Recorded requests: a file with one row a request is replayed as it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmesim.errors import did_you_mean
from mmesim.workload.block import Arrivals
from mmesim.workload.table import Chunk, Table

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def requests(
    file: Path, time: str, model: str, service: str | None, rows: Mapping[str, int], chunk: int
) -> Iterator[Arrivals]:
    """The requests of a CSV (plain, .gz, .zst) or Parquet file, at most `chunk` at a time, in bounded memory.

    `time`, `model`, `service` name the columns: seconds from the start of the trace, never falling; a key of `rows`;
    seconds that replace the drawn service time. Cells are checked as they are read: TraceError names file, line and
    column of the first that is wrong.
    """
    columns = [time, model] if service is None else [time, model, service]
    before = 0.0
    for part in Table(file).chunks(columns, chunk):
        times = part.numbers(time)
        _check_times(part, time, times, before)
        before = float(times[-1])
        yield Arrivals(
            time=times,
            model=model_rows(part, model, rows),
            service=None if service is None else _not_negative(part, service),
        )


def model_rows(part: Chunk, column: str, rows: Mapping[str, int]) -> Ints:
    """The value in `rows` of each name in a column; TraceError at the first name that is not there."""
    names, index = part.names(column)
    row_of_name = np.array([rows.get(name, -1) for name in names], dtype=np.int64)
    found = row_of_name[index]
    unknown = found < 0
    if unknown.any():
        at = int(np.argmax(unknown))
        name = names[int(index[at])]
        hint = did_you_mean(name, rows) if name else None
        part.fail(at, column, f"unknown model {name!r}" + (f" ({hint})" if hint else ""))
    return found


def _check_times(part: Chunk, column: str, times: Floats, before: float) -> None:
    previous = np.concatenate(([before], times[:-1]))
    wrong = (times < previous) | (times < 0.0)
    if wrong.any():
        at = int(np.argmax(wrong))
        value = float(times[at])
        if value < 0.0:
            part.fail(at, column, f"time {value!r} s is negative")
        part.fail(at, column, f"time {value!r} s comes after {float(previous[at])!r} s: rows must be sorted by time")


def _not_negative(part: Chunk, column: str) -> Floats:
    values = part.numbers(column)
    negative = values < 0.0
    if negative.any():
        at = int(np.argmax(negative))
        part.fail(at, column, f"service time {float(values[at])!r} s is negative")
    return values
