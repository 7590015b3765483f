"""Writes calls as a table of time, model and service, in bounded memory: whole or not at all."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from mmesim.errors import UserError
from mmesim.files import whole
from mmesim.workload.block import Arrivals

SUFFIXES = (".parquet", ".csv", ".csv.gz", ".csv.zst")
_CODECS = {".gz": "gzip", ".zst": "zstd"}


def check_name(path: Path) -> None:
    """UserError when a table cannot be written in the form that the file's name asks for."""
    if not path.name.endswith(SUFFIXES):
        raise UserError(f"{path}: a table of calls is written as {', '.join(SUFFIXES)}")


def write(path: Path, calls: Iterator[Arrivals], name: Callable[[int], str]) -> int:
    """Write calls, times in seconds that never fall, and return how many; OutputError when it cannot be.

    `name` gives the name of a model by its number. The column `service` is there when the calls have it.
    """
    check_name(path)
    with whole(path) as fresh:
        return _write(fresh, calls, name)


def _write(path: Path, calls: Iterator[Arrivals], name: Callable[[int], str]) -> int:
    first = next(calls, None)
    with_service = first is not None and first.service is not None
    fields = [pa.field("time", pa.float64()), pa.field("model", pa.string())]
    schema = pa.schema([*fields, pa.field("service", pa.float64())] if with_service else fields)
    count = 0
    with _writer(path, schema) as put:
        part = first
        while part is not None:
            put(_batch(part, name, schema))
            count += len(part)
            part = next(calls, None)
    return count


def _batch(part: Arrivals, name: Callable[[int], str], schema: pa.Schema) -> pa.RecordBatch:
    names: dict[int, str] = {}
    listed = [names.get(number) or names.setdefault(number, name(number)) for number in part.model.tolist()]
    columns = [pa.array(part.time), pa.array(listed, pa.string())]
    if part.service is not None:
        columns.append(pa.array(part.service, from_pandas=True))  # NaN: an empty cell
    return pa.record_batch(columns, schema=schema)


@contextlib.contextmanager
def _writer(path: Path, schema: pa.Schema) -> Iterator[Callable[[pa.RecordBatch], object]]:
    if path.suffix == ".parquet":
        with pq.ParquetWriter(path, schema) as parquet:
            yield parquet.write_batch
        return
    with (
        pa.output_stream(str(path), compression=_CODECS.get(path.suffix)) as stream,
        pyarrow.csv.CSVWriter(stream, schema) as text,
    ):
        yield text.write_batch
