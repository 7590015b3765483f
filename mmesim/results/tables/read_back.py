"""Tables of a result folder, read back: whole, or a part at a time; a damaged one is named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from mmesim.errors import UserError
from mmesim.parquet import parts
from mmesim.results.tables.columns import Column
from mmesim.results.tables.tables import ONLY_DEVICES


def read_table(file: Path, replication: int | None = None) -> pa.Table:
    """All of a table, or the rows of one replication; UserError for one that is damaged."""
    with _named(file):
        filters = None if replication is None else [("replication", "=", replication)]
        return pq.read_table(file, filters=filters, use_threads=False)


def read_names(file: Path) -> list[str]:
    """Names of the columns; UserError for a table that is damaged."""
    with _named(file):
        return list(pq.read_schema(file).names)


@contextmanager
def opened(file: Path, dictionaries: Sequence[str] = ()) -> Iterator[pq.ParquetFile]:
    """A table that is read a part at a time; what shows it to be damaged meanwhile becomes a UserError."""
    with _named(file), parts(file, dictionaries) as table:
        yield table


def require_columns(file: Path, names: Sequence[str], columns: Mapping[str, Column]) -> None:
    """UserError for a file that lacks one of the columns that every such table has."""
    always = (name for name, (_, meaning) in columns.items() if ONLY_DEVICES not in meaning)
    missing = next((name for name in always if name not in names), None)
    if missing is not None:
        raise UserError(f"{file} has no column {missing!r}: it is another file, or of another version: {AGAIN}")


AGAIN = "run the scenario again"


@contextmanager
def _named(file: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, pa.ArrowInvalid) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error).partition("\n")[0]
        raise UserError(f"{file} is damaged: {reason.rstrip('.')}: {AGAIN}") from error
