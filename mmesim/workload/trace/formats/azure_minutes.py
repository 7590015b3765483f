"""Azure Functions 2019: how often each function was called in each minute of a day.

Source of the format: M. Shahrad et al., Serverless in the Wild, USENIX ATC 2020, and the notes on the data set in the
repository Azure/AzurePublicDataset. Four headers are in use: `HashOwner,HashApp,HashFunction,Trigger,1..1440` (the
original), the same minutes with fewer columns before them, `minute_<n>`, and `<n>_minute`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmesim.arrays import Ints
from mmesim.errors import TraceError
from mmesim.scenario.traffic.trace.trace import MINUTE_S
from mmesim.workload.block import Arrivals
from mmesim.workload.trace.formats.counts import MOST_CALLS
from mmesim.workload.trace.formats.rows import model_rows
from mmesim.workload.trace.formats.table import Chunk, Table
from mmesim.workload.trace.names import LEFT_OUT, Naming

FUNCTION = "HashFunction"
_MINUTE = re.compile(r"(?:minute_)?([0-9]+)|([0-9]+)_minute")
_ROWS = 256


@dataclass(frozen=True)
class MinuteCounts:
    """Calls by minute and model; only those above 0 are kept, in order of minute, then of the file."""

    minutes: int
    """How many minutes the file covers."""
    minute: Ints
    """From 0."""
    model: Ints
    count: Ints


def minutes(file: Path) -> int:
    """How many minutes a file covers."""
    return len(_minute_columns(Table(file)))


def read(file: Path, naming: Naming, window: tuple[float, float] = (0.0, math.inf)) -> MinuteCounts:
    """The counts of a CSV file (plain, .gz, .zst) in the minutes that a window [seconds, seconds) touches.

    A function is the model that `naming` has for it. TraceError names file, line and column of the first cell that is
    not a whole number of calls or not a known model.
    """
    table = Table(file)
    everything = _minute_columns(table)
    skipped = math.floor(window[0] / MINUTE_S)
    columns = everything[skipped : math.ceil(window[1] / MINUTE_S) if math.isfinite(window[1]) else None]
    parts: list[tuple[Ints, Ints, Ints]] = []
    for part in table.chunks([FUNCTION, *columns], _ROWS):
        models = model_rows(part, FUNCTION, naming)
        counts = _counts(part, columns) * (models != LEFT_OUT)
        minute, row = np.nonzero(counts)
        parts.append((minute + skipped, models[row], counts[minute, row]))
    if not parts:
        raise TraceError(f"{file}: no function: there is nothing below the header")
    minute, model, count = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(minute, kind="stable")
    return MinuteCounts(minutes=len(everything), minute=minute[order], model=model[order], count=count[order])


def arrivals(counts: MinuteCounts, generator: Callable[[int], np.random.Generator], end_s: float) -> Iterator[Arrivals]:
    """The calls of each minute that begins before `end_s`, each at a uniform time in its minute; a minute at a time.

    `generator(minute)` gives each minute draws of its own, so one minute's counts do not move another's calls.
    """
    first = np.searchsorted(counts.minute, np.arange(counts.minutes + 1))
    for minute in np.unique(counts.minute).tolist():
        begin_s = minute * MINUTE_S
        if begin_s >= end_s:
            return
        cells = slice(int(first[minute]), int(first[minute + 1]))
        model = np.repeat(counts.model[cells], counts.count[cells])
        time = begin_s + MINUTE_S * generator(minute).random(len(model))
        # Rounding may lift the last instant of a minute into the next one.
        np.minimum(time, np.nextafter(begin_s + MINUTE_S, 0.0), out=time)
        order = np.argsort(time, kind="stable")
        yield Arrivals(time=time[order], model=model[order], service=None)


def _minute_columns(table: Table) -> list[str]:
    """Names of the columns of minute 1, 2, ... n."""
    names: dict[int, str] = {}
    header = table.header()
    for name in header:
        match = _MINUTE.fullmatch(name)
        if match:
            number = int(match[1] or match[2])
            if number in names:
                raise TraceError(f"{table.file}:1: {names[number]!r} and {name!r} are the same minute")
            names[number] = name
    if not names:
        raise TraceError(f"{table.file}:1: no column is a minute (allowed: 1, 2 ..., minute_1 ..., 1_minute ...)")
    missing = next((n for n in range(1, len(names) + 1) if n not in names), None)
    if missing is not None:
        raise TraceError(f"{table.file}:1: minute {missing} is missing: {len(names)} minutes must be 1 to {len(names)}")
    return [names[n] for n in range(1, len(names) + 1)]


def _counts(part: Chunk, columns: list[str]) -> Ints:
    """[minutes, functions]"""
    if not columns:
        return np.zeros((0, len(part)), dtype=np.int64)
    values = part.matrix(columns)
    wrong = (values < 0) | (values > MOST_CALLS) | (np.floor(values) != values)
    if wrong.any():
        row, column = np.argwhere(wrong.T)[0].tolist()
        cell = float(values[column, row])
        part.fail(row, columns[column], f"{cell:g} is not a number of calls (0, 1, 2 ... {MOST_CALLS:,})")
    return values.astype(np.int64)
