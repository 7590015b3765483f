"""Columns of a CSV or Parquet file, read a piece at a time; errors name file, line and column."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from mmesim.arrays import Flags, Floats, Ints
from mmesim.errors import TraceError
from mmesim.parquet import parts
from mmesim.texts import lines, separator_of
from mmesim.workload.trace.formats import unknown_file
from mmesim.workload.trace.formats.line_text import beginning, encoding, shortened

READ_BYTES = 512 * 1024
"""How much of a CSV file is looked at together; a line must be shorter. Arrow reads some 30 such pieces ahead."""


NO_VALUE = ("", "-")
"""What logs write where there is no value."""


class Rows(Protocol):
    """A file of rows."""

    def place(self, row: int) -> str:
        """Where row `row` (from 0) is, for messages."""


@dataclass(frozen=True)
class Chunk:
    """Some rows of a table; `first` is the number of its first row in the file, from 0."""

    table: Rows
    first: int
    batch: pa.RecordBatch
    kept: Ints | None = None
    """Which of the rows from `first` on these are; None: all."""

    def __len__(self) -> int:
        return int(self.batch.num_rows)

    def where(self, keep: Flags) -> Chunk:
        """The rows that are to be kept."""
        if keep.all():
            return self
        kept = np.flatnonzero(keep) if self.kept is None else self.kept[keep]
        return Chunk(self.table, self.first, self.batch.filter(pa.array(keep)), kept)

    def texts(self, column: str) -> pa.Array:
        """A column as text without blanks around it; null where there is none."""
        cells = self.batch.column(column)
        if pa.types.is_dictionary(cells.type):
            cells = cells.dictionary_decode()
        try:
            return pc.utf8_trim_whitespace(pc.cast(cells, pa.string()))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            message = f"{_words(cells.type)} is not text: {_reason(error)}"
            raise TraceError(f"{self.place(0)}: column {column!r}: {message}") from error

    def numbers_or_none(self, column: str) -> Floats:
        """A column as finite numbers, NaN where a cell is empty or `-`; TraceError at the first that is neither."""
        cells = self.batch.column(column)
        if pa.types.is_string(cells.type):
            there = pc.invert(pc.is_in(self.texts(column), value_set=pa.array(NO_VALUE, pa.string())))
            keep = pc.and_(pc.is_valid(cells), there)
        else:
            keep = pc.is_valid(cells)
        mask: Flags = keep.to_numpy(zero_copy_only=False)
        values = np.full(len(self), np.nan)
        values[mask] = self.where(mask).numbers(column)
        return values

    def numbers(self, column: str) -> Floats:
        """A column as finite numbers; TraceError at the first cell that is none."""
        cells = self.batch.column(column)
        try:
            values = _numbers(cells)
        except pa.ArrowInvalid:
            row = next(i for i in range(len(cells)) if not _is_number(cells.slice(i, 1)))
            cell = cells[row].as_py()
            comma = isinstance(cell, str) and re.fullmatch(r"\s*-?\d+,\d+\s*", cell)
            self.fail(row, column, f"{cell!r} is not a number" + (": decimals need a point" if comma else ""))
        finite = np.isfinite(values)
        if not finite.all():
            row = int(np.argmin(finite))
            self.fail(row, column, f"{cells[row].as_py()!r} is not a finite number")
        return values

    def matrix(self, columns: Sequence[str]) -> Floats:
        """[columns, rows]: these columns as finite numbers; TraceError at the first cell that is none."""
        cells = pa.concat_arrays([self.batch.column(column) for column in columns])
        try:
            values = _numbers(cells)
        except pa.ArrowInvalid:
            values = np.full(len(cells), np.nan)
        if not np.isfinite(values).all():
            # One column at a time is slower, but knows which cell it is.
            values = np.concatenate([self.numbers(column) for column in columns])
        return values.reshape(len(columns), len(self))

    def names(self, column: str) -> tuple[list[str], Ints]:
        """A column of names: the distinct ones, and for each row the index of its name among them."""
        texts = self.texts(column)
        open_quote = pc.index(pc.match_substring(texts, "\n"), True).as_py()
        if open_quote >= 0:
            self.fail(open_quote, column, "a name with a line end in it: is a quote left open?")
        encoded = pc.dictionary_encode(pc.fill_null(texts, pa.scalar("", pa.string())))
        index: Ints = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        return encoded.dictionary.to_pylist(), index

    def fail(self, row: int, column: str, message: str) -> NoReturn:
        """Raises TraceError for a cell; `row` counts within this chunk."""
        raise TraceError(f"{self.place(row)}: column {column!r}: {shortened(message)}")

    def place(self, row: int) -> str:
        """Where a row is; it counts within this chunk."""
        return self.table.place(self.first + (row if self.kept is None else int(self.kept[row])))


@dataclass(frozen=True)
class Table:
    """A CSV file (plain, .gz or .zst) or a Parquet file; the columns of one without a header are called 1, 2, 3 ..."""

    file: Path
    has_header: bool = True

    @property
    def is_parquet(self) -> bool:
        """By the name of the file; everything else is read as CSV."""
        return self.file.suffix == ".parquet"

    def header(self) -> list[str]:
        """Names of the columns; TraceError if there are none, one occurs twice, or the file cannot be read."""
        try:
            names = list(pq.read_schema(self.file.absolute()).names) if self.is_parquet else self._names()[1]
        except (OSError, pa.ArrowInvalid) as error:
            raise TraceError(f"{self.file}: cannot be read: {_reason(error)}") from error
        if not names:
            raise TraceError(f"{self.file}: the file is empty; a header line with the names of the columns is needed")
        twice = sorted(name for name, count in Counter(names).items() if count > 1)
        if twice:
            known = None if self.is_parquet else unknown_file.layout(beginning(self.file))
            raise TraceError(f"{self.file}:1: column {twice[0]!r} occurs twice" + (f" ({known})" if known else ""))
        return names

    def separator(self) -> str:
        """What stands between the cells: comma, semicolon, tab or bar, by the first line."""
        return separator_of(self._first_line())

    def _first_line(self) -> str:
        with pa.input_stream(str(self.file), compression="detect") as stream:
            text = io.TextIOWrapper(stream, encoding=encoding(self.file), errors="replace")
            return next((line for line in lines(text) if line.strip()), "")

    def _cure(self, column: str, names: Sequence[str]) -> str:
        return unknown_file.cure(column, names, "" if self.is_parquet else beginning(self.file))

    def require(self, columns: Sequence[str]) -> None:
        """TraceError for the first of these columns that the file does not have."""
        names = self.header()
        for column in columns:
            if column not in names:
                raise TraceError(f"{self.file}:1: column {column!r} is missing ({self._cure(column, names)})")

    def chunks(self, columns: Sequence[str], rows: int) -> Iterator[Chunk]:
        """These columns of all rows in order, at most `rows` rows at a time; memory does not grow with the file."""
        self.require(columns)
        first = 0
        try:
            for batch in self._batches(columns, rows):
                for start in range(0, batch.num_rows, rows):
                    part = batch.slice(start, rows)
                    yield Chunk(self, first, part)
                    first += part.num_rows
        except (OSError, pa.ArrowInvalid) as error:
            raise TraceError(self._explain(error)) from error

    def place(self, row: int) -> str:
        """Where data row `row` (from 0) is: file and line for CSV, file and row for Parquet."""
        if self.is_parquet:
            return f"{self.file}: row {row + 1}"
        for n, (line, _) in enumerate(self._rows()):
            if n == row + self.has_header:
                return f"{self.file}:{line}"
        return str(self.file)

    def _batches(self, columns: Sequence[str], rows: int) -> Iterator[pa.RecordBatch]:
        if self.is_parquet:
            with parts(self.file) as parquet:
                yield from parquet.iter_batches(batch_size=rows, columns=list(columns))
            return
        # Cells stay text here: a wrong one is then found, and told, by `Chunk.numbers`. Names do not come from Arrow,
        # since a blank after a comma is not part of a name.
        line, names = self._names()
        with pa.input_stream(str(self.file), compression="detect") as stream:
            yield from pyarrow.csv.open_csv(
                stream,
                read_options=pyarrow.csv.ReadOptions(
                    use_threads=False,
                    block_size=READ_BYTES,
                    column_names=names,
                    skip_rows=line,
                    encoding=encoding(self.file).removesuffix("-sig"),
                ),
                parse_options=pyarrow.csv.ParseOptions(delimiter=self.separator(), newlines_in_values=True),
                convert_options=pyarrow.csv.ConvertOptions(
                    include_columns=list(columns),
                    column_types=dict.fromkeys(columns, pa.string()),
                    strings_can_be_null=False,
                ),
            )

    def _names(self) -> tuple[int, list[str]]:
        """Number of the header's line in a CSV file, and the names in it; none if the file is empty."""
        line, names = next(self._rows(), (0, []))
        if not self.has_header:
            return 0, [str(column + 1) for column in range(len(names))]
        return line, [name.strip() for name in names]

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """Line number and cells of each row of a CSV file without the empty lines: slow, for headers and errors."""
        with pa.input_stream(str(self.file), compression="detect") as stream:
            text = io.TextIOWrapper(stream, encoding=encoding(self.file), errors="replace", newline="")
            reader = csv.reader(lines(text), delimiter=self.separator())
            before = 0
            try:
                for cells in reader:
                    if cells:
                        yield before + 1, cells
                    before = reader.line_num
            except csv.Error as error:
                raise TraceError(f"{self.file}:{before + 1}: is not a row of a table: {error}") from None

    def _explain(self, error: Exception) -> str:
        """The text for a file that Arrow could not read, with the line where it can be found."""
        if not self.is_parquet:
            try:
                width = len(self.header())
                for line, cells in self._rows():
                    if len(cells) != width:
                        return f"{self.file}:{line}: {len(cells)} cells where the header has {width} columns"
                    if any("\ufffd" in cell for cell in cells):
                        return f"{self.file}:{line}: the text is not UTF-8"
            except OSError:
                pass  # the file itself is damaged: Arrow's own reason says so
        return f"{self.file}: cannot be read: {_reason(error)}"


def _numbers(cells: pa.Array) -> Floats:
    if pa.types.is_string(cells.type):
        cells = pc.utf8_trim_whitespace(cells)
    elif not (pa.types.is_integer(cells.type) or pa.types.is_floating(cells.type) or pa.types.is_decimal(cells.type)):
        raise pa.ArrowInvalid("not a column of numbers")
    values: Floats = pc.cast(cells, pa.float64()).to_numpy(zero_copy_only=False)
    return values


def _is_number(cell: pa.Array) -> bool:
    try:
        _numbers(cell)
    except pa.ArrowInvalid:
        return False
    return True


def _words(kind: pa.DataType) -> str:
    text = str(kind)
    return text if len(text) <= 40 else f"{text[:40]}..."


def _reason(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text.splitlines()[0] if text else type(error).__name__
