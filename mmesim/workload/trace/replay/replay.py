"""A recorded stream as it is replayed: read, mapped to models, cut, thinned or multiplied, warped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmesim.scenario.traffic.trace.trace import (
    ACCESS_LOG,
    AZURE_2019,
    AZURE_2021,
    AZURE_LLM,
    CLOUDWATCH,
    COUNTS,
    JSON_LINES,
    LOCUST,
    MINUTE_S,
    TABLE,
    TraceFormat,
    TraceSource,
)
from mmesim.workload.block import Arrivals
from mmesim.workload.draws.generators import generator
from mmesim.workload.trace.formats import azure_minutes as azure
from mmesim.workload.trace.formats.access_log import access_log
from mmesim.workload.trace.formats.cloudwatch import cloudwatch
from mmesim.workload.trace.formats.counts import locust
from mmesim.workload.trace.formats.rows import RawCalls, azure_2021, azure_llm, json_lines, table
from mmesim.workload.trace.names import Chosen, Hashed, Known, Naming, Numbered, Striped
from mmesim.workload.trace.replay import transform
from mmesim.workload.trace.replay.jumps import watched
from mmesim.workload.trace.replay.order import in_order
from mmesim.workload.trace.replay.resolution import Grid, begun, counted, looked_at, spread, tell

Reader = Callable[[TraceSource, Naming, int], Iterator[RawCalls]]
OnGrid = Callable[[Path, Grid], None]

READERS: Mapping[TraceFormat, Reader] = {
    TABLE: table,
    AZURE_2021: azure_2021,
    AZURE_LLM: azure_llm,
    ACCESS_LOG: access_log,
    JSON_LINES: json_lines,
    LOCUST: locust,
    CLOUDWATCH: cloudwatch,
}
"""Formats that are read row by row; Azure's minute counts are read by `workload.azure`."""


@dataclass(frozen=True)
class Draws:
    """The random numbers of a replayed trace."""

    seed: int
    replication: int
    stream: str

    def minute(self, minute: int) -> np.random.Generator:
        """Where the calls of a minute lie in it: anew in every replication."""
        return generator(self.seed, self.replication, "arrivals", self.stream, minute)

    def instants(self) -> np.random.Generator:
        """Where calls lie in the grid of a file with coarse times: anew in every replication."""
        return generator(self.seed, self.replication, "arrivals", self.stream, "resolution")

    def kept(self, copy: int) -> np.random.Generator:
        """Which calls of a copy are kept: the same in every replication, which replay one and the same trace."""
        return generator(self.seed, 0, "thinning", self.stream, copy)


def replayed(
    source: TraceSource, naming: Naming, draws: Draws, chunk: int, on_grid: OnGrid = tell
) -> Iterator[Arrivals]:
    """The calls of a trace in order of time, their models as `naming` has them; memory is bounded by `chunk`.

    `on_grid` is told when its times are found to be coarse. Raises TraceError with file, line and column when the
    trace turns out to be wrong.
    """

    def read() -> Iterator[Arrivals]:
        return in_window(source, naming, draws, chunk, on_grid)

    if source.rate <= 1.0:
        calls = read() if source.rate == 1.0 else transform.thinned(read(), source.rate, draws.kept(0))
    else:
        calls = transform.copies(read, source.rate, window_s(source, naming, draws, chunk), draws.kept)
    return calls if source.warp == 1.0 else transform.warped(calls, source.warp)


def in_window(
    source: TraceSource, naming: Naming, draws: Draws, chunk: int, on_grid: OnGrid = tell
) -> Iterator[Arrivals]:
    """The calls in the window of a trace, before they are thinned, multiplied or warped."""
    start_s, length_s = source.window.start_s, source.window.length_s
    if source.format == AZURE_2019:
        counts = minute_counts(source, naming)
        end_s = np.inf if length_s is None else start_s + length_s
        calls = azure.arrivals(counts, draws.minute, end_s)
    else:
        calls = _rows(source, naming, draws, chunk, on_grid)
    return transform.window(calls, start_s, length_s)


def _rows(source: TraceSource, naming: Naming, draws: Draws, chunk: int, on_grid: OnGrid) -> Iterator[Arrivals]:
    """The calls of a file with one row each, in order of time, spread where its times are coarse."""
    pieces = READERS[source.format](source, naming, chunk)
    unit_s, disorder_s = source.resolution_s, source.disorder_s
    if source.from_first and source.format not in COUNTS:
        pieces = watched(pieces, source.file, disorder_s)
    if source.format in COUNTS:
        grid, pieces = counted(pieces)
        unit_s = 0.0 if grid is None else grid.unit_s
        if grid is not None:
            on_grid(source.file, grid)
    elif unit_s is None:
        grid, pieces = looked_at(pieces)
        unit_s = 0.0 if grid is None else grid.unit_s
        if grid is not None:
            on_grid(source.file, grid)
    if unit_s:
        pieces = spread(pieces, unit_s, disorder_s, draws.instants())
    # The times of Azure 2021 count from 0 of a recording that had begun before.
    pieces = begun(pieces, from_zero=source.format == TABLE and not source.from_first)
    yield from in_order(pieces, disorder_s + unit_s, source.from_first)


def window_s(source: TraceSource, naming: Naming, draws: Draws, chunk: int) -> float:
    """How long the window of a trace is, before it is warped; a trace whose end is not given is read for it."""
    if source.window.length_s is not None:
        return source.window.length_s
    if source.format == AZURE_2019:
        return max(0.0, azure.minutes(source.file) * MINUTE_S - source.window.start_s)
    return transform.last_time(in_window(source, naming, draws, chunk))


def minute_counts(source: TraceSource, naming: Naming) -> azure.MinuteCounts:
    """The counts of the minutes in the window, at their places in the trace."""
    start_s, length_s = source.window.start_s, source.window.length_s
    end_s = np.inf if length_s is None else start_s + length_s
    return azure.read(source.file, naming, (start_s, end_s))


def naming_of(source: TraceSource, models: Sequence[tuple[str, int]], draws: Draws, chunk: int) -> Naming:
    """How a trace's names become rows; `models` are names and rows of the models that the stream may call, in order.

    For `top` the window is read once, to count.
    """
    mapping = source.models
    if mapping is None:
        return Known(dict(models))
    rows = [row for _, row in models[: mapping.count]]
    if mapping.hash is not None:
        return Hashed(rows)
    if mapping.stripe is not None:
        return Striped(rows)
    return Chosen(dict(zip(most_called(source, mapping.count, draws, chunk), rows, strict=False)))


def most_called(source: TraceSource, count: int, draws: Draws, chunk: int) -> tuple[str, ...]:
    """The names with the most calls in the window, the first of them first; of equals the one that comes first."""
    names = Numbered()
    calls = transform.counts(in_window(source, names, draws, chunk))
    order = np.argsort(-calls, kind="stable")[:count]
    return tuple(names.names[number] for number in order.tolist() if calls[number])
