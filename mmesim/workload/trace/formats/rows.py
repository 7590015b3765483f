"""Rows of tables as calls: a table of requests, Azure Functions 2021, Azure LLM inference 2023.

Sources of the formats: the notes in the repository Azure/AzurePublicDataset; Y. Zhang et al., Faster and Cheaper
Serverless Computing on Harvested Resources, SOSP 2021 (one row an invocation: `app, func, end_timestamp, duration`, in
order of the end, in some copies of the beginning; `func` is unique only within its app).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmesim.arrays import Floats, Ints
from mmesim.scenario.traffic.trace.note import TraceNote
from mmesim.scenario.traffic.trace.trace import AZURE_LLM, TimeUnit, TraceSource
from mmesim.workload.trace.formats import took
from mmesim.workload.trace.formats.calls import Calls, name_in
from mmesim.workload.trace.formats.clock import LATEST_S, Clock, since_1970
from mmesim.workload.trace.formats.json_lines import JsonLines
from mmesim.workload.trace.formats.missing import Missing
from mmesim.workload.trace.formats.table import Chunk, Table
from mmesim.workload.trace.formats.tally import Tally
from mmesim.workload.trace.names import UNKNOWN, Naming, rows_of_names
from mmesim.workload.trace.notes import say

SERVICE_COLUMN = "service"
"""The column of service times that a table may leave out; one that the scenario calls otherwise must be there."""
OF_SERVICE = ("service", "cpu", "compute", "inference")
"""Words in the name of a column that say that its times contain no queue."""
APP, FUNCTION, END, DURATION = "app", "func", "end_timestamp", "duration"
TIMESTAMP = "TIMESTAMP"


@dataclass(frozen=True)
class RawCalls:
    """Some calls as they stand in a file, in its order."""

    time: Floats
    """Seconds."""
    model: Ints
    """Row of the model, or `LEFT_OUT`."""
    service: Floats | None
    """Seconds."""
    fail: Callable[[int, str], None]
    """Raises TraceError for the time of a call: file, line, column and what is said about it."""
    duration: Floats | None = None
    """Seconds from the call to its time, which is then that of its end; None: its time is that of its beginning."""
    width: Floats | None = None
    """Seconds after its time in which the call came, somewhere; None: at its time, or inside the grid of the file."""


def table(source: TraceSource, naming: Naming, chunk: int) -> Iterator[RawCalls]:
    """The calls of a CSV or Parquet file.

    Cells are checked as they are read: TraceError names file, line and column of the first that is wrong.
    """
    file = Table(source.file, source.header)
    service = source.columns.service if source.service else None
    if service == SERVICE_COLUMN and service not in file.header():
        service = None
    if service is not None and not any(word in service.lower() for word in OF_SERVICE):
        tell_of_service(source.file, f"column {service!r}")
    yield from _calls(source, naming, service, lambda columns: file.chunks(columns, chunk))


def json_lines(source: TraceSource, naming: Naming, chunk: int) -> Iterator[RawCalls]:
    """The calls of a file of JSON objects, as those of a table; lines that are none are skipped."""
    file = JsonLines(Tally(source.file, source.max_skipped))
    service = source.columns.service if source.service else None
    if service == SERVICE_COLUMN:
        service = None  # a log that knows the service time calls it by a name of its own
    if service is not None:
        tell_of_service(source.file, f"key {service!r}")
    try:
        yield from _calls(source, naming, service, lambda columns: file.chunks(columns, chunk))
    except GeneratorExit:  # the run ends before the log does
        file.tally.tell()
        raise
    file.tally.tell()


def _calls(
    source: TraceSource, naming: Naming, service: str | None, chunks: Callable[[list[str]], Iterator[Chunk]]
) -> Iterator[RawCalls]:
    columns = source.columns
    clock = Clock(source.unit, source.time_format, source.from_first)
    calls, missing = Calls(source), Missing(source.file)
    others = [] if source.model is not None else [columns.model]
    wanted = [columns.time, *others, *(name for name in (service, columns.duration) if name is not None)]
    try:
        for every in chunks(list(dict.fromkeys([*wanted, *calls.columns]))):
            part = calls.of(every, missing)
            if not len(part):
                continue
            time = clock.column(part, columns.time)
            if not source.from_first:
                _check_numbers(part, columns.time, time, source.unit)
            yield RawCalls(
                time=time,
                model=_only(part, source, naming) if source.model else _models(part, source, naming),
                service=None if service is None else _services(part, service, source, missing),
                fail=_failing(part, columns.time),
                duration=None if columns.duration is None else _durations(part, source, missing),
            )
    except GeneratorExit:  # the run ends before the file does
        missing.tell()
        raise
    calls.check(missing)
    missing.tell()


def _models(part: Chunk, source: TraceSource, naming: Naming) -> Ints:
    """The row of each name, as the pattern finds it in its cell."""
    names, index = part.names(source.columns.model)
    if source.pattern is not None:
        names = [name_in(source.pattern, name) for name in names]
    return _rows(part, source.columns.model, naming, names, index)


def _services(part: Chunk, column: str, source: TraceSource, missing: Missing) -> Floats:
    found = took.column(part, column, source.service_scale)
    missing.service(int(np.isnan(found).sum()), len(found))
    return found


def _durations(part: Chunk, source: TraceSource, missing: Missing) -> Floats:
    assert source.columns.duration is not None
    found = took.column(part, source.columns.duration, source.duration_scale)
    none = np.isnan(found)
    missing.duration(int(none.sum()), len(found))
    return np.where(none, 0.0, found)


def azure_2021(source: TraceSource, naming: Naming, chunk: int) -> Iterator[RawCalls]:
    """The invocations of Azure Functions 2021; a model is called `app/func`, a call begins at its end - duration."""
    for part in Table(source.file).chunks([APP, FUNCTION, END, DURATION], chunk):
        duration = took.not_negative(part, DURATION, part.numbers(DURATION))
        yield RawCalls(
            time=part.numbers(END),
            model=_pairs(part, naming),
            service=duration * source.service_scale if source.service else None,
            fail=_failing(part, END),
            duration=duration,
        )


def azure_llm(source: TraceSource, naming: Naming, chunk: int) -> Iterator[RawCalls]:
    """The requests of Azure LLM inference 2023, all for one model, counted from the first."""
    clock = Clock("timestamp", None, True)
    for part in Table(source.file).chunks([TIMESTAMP], chunk):
        yield RawCalls(
            time=clock.column(part, TIMESTAMP),
            model=_only(part, source, naming),
            service=None,
            fail=_failing(part, TIMESTAMP),
        )


def _only(part: Chunk, source: TraceSource, naming: Naming) -> Ints:
    """The row of the one model that all calls of the file are for."""
    name = source.only_model
    row = naming.row(name)
    if row == UNKNOWN:
        column = TIMESTAMP if source.format == AZURE_LLM else source.columns.time
        part.fail(0, column, f"{naming.problem(name)}; the key `model` of the trace names another")
    return np.full(len(part), row, dtype=np.int64)


def model_rows(part: Chunk, column: str, naming: Naming) -> Ints:
    """The row of each name in a column; TraceError at the first that no model has."""
    names, index = part.names(column)
    return _rows(part, column, naming, names, index)


def _rows(part: Chunk, column: str, naming: Naming, names: list[str], index: Ints) -> Ints:
    found = rows_of_names(naming, names)[index]
    unknown = found == UNKNOWN
    if unknown.any():
        at = int(np.argmax(unknown))
        part.fail(at, column, naming.problem(names[int(index[at])]))
    return found


def _pairs(part: Chunk, naming: Naming) -> Ints:
    """The row of each `app/func`."""
    for column in (APP, FUNCTION):
        names, index = part.names(column)
        empty = np.array([not name for name in names], dtype=np.bool_)[index]
        if empty.any():
            part.fail(int(np.argmax(empty)), column, "is empty")
    texts = [pc.utf8_trim_whitespace(pc.cast(part.batch.column(column), pa.string())) for column in (APP, FUNCTION)]
    encoded = pc.dictionary_encode(pc.binary_join_element_wise(*texts, "/"))
    index = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return _rows(part, FUNCTION, naming, encoded.dictionary.to_pylist(), index)


def _failing(part: Chunk, column: str) -> Callable[[int, str], None]:
    return lambda row, message: part.fail(row, column, message)


def tell_of_service(file: Path, what: str) -> None:
    """Warn that a logged time is taken for the service time: most are longer than that."""
    text = (
        f"{what} is taken for the service time of each call; a time that a server or client logs contains "
        "queues and loads, which the simulation adds again: then it is a duration (stamped: end), not a service time"
    )
    say(TraceNote("trace_service", file, text))


def _check_numbers(part: Chunk, column: str, time: Floats, unit: TimeUnit) -> None:
    wrong = (time < 0.0) | (time > LATEST_S)
    if not wrong.any():
        return
    at = int(np.argmax(wrong))
    value = float(time[at])
    if value < 0.0:
        part.fail(at, column, f"time {value!r} s is negative")
    part.fail(at, column, f"time {value!r} s is more than three years: {since_1970(value, unit)}")
