"""Logs of JSON objects, one a line or all in one list: read as the columns of a table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from mmesim.errors import TraceError, did_you_mean
from mmesim.workload.trace.formats import insights, line_text, unknown_file
from mmesim.workload.trace.formats.table import Chunk
from mmesim.workload.trace.formats.tally import Tally


@dataclass(frozen=True)
class _Lines:
    """Where the rows of one chunk are."""

    file: Path
    numbers: list[int]

    def place(self, row: int) -> str:
        """File and line."""
        return f"{self.file}:{self.numbers[row]}"


@dataclass(frozen=True)
class JsonLines:
    """A file of JSON objects (plain, .gz, .zst); a column is a key, one inside another is `data.tags.name`.

    Cells are text, as they stand in the file. Lines that are not a JSON object are counted in the tally and skipped.
    """

    tally: Tally

    @property
    def file(self) -> Path:
        """The file that is read."""
        return self.tally.file

    def chunks(self, columns: Sequence[str], rows: int) -> Iterator[Chunk]:
        """These columns of all rows in order, at most `rows` rows at a time; TraceError when no row has one of them."""
        never, seen = set(columns), dict[str, None]()
        within: str | None = None
        batch: list[list[str | None]] = []
        numbers: list[int] = []
        try:
            for number, row in self.objects():
                cells = [cell(row, column) for column in columns]
                never -= {column for column, text in zip(columns, cells, strict=True) if text is not None}
                seen, within = (seen, within) if seen else (dict.fromkeys(keys(row)), _list_in(row))
                batch.append(cells)
                numbers.append(number)
                if len(batch) >= rows:
                    yield self._chunk(columns, batch, numbers)
                    batch, numbers = [], []
        except (OSError, EOFError, pa.ArrowInvalid) as error:
            raise TraceError(f"{self.file}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
        self.tally.judge(ended=True)
        if never and seen:
            missing = next(column for column in columns if column in never)
            hint = did_you_mean(missing, seen) or f"the first row has: {', '.join(list(seen)[:12])}"
            other = f"; columns.{missing}=KEY reads another" if missing in ("time", "model") else ""
            what = unknown_file.no_trace(line_text.beginning(self.file)) or within
            raise TraceError(f"{self.file}: no row has the key {missing!r} ({what or hint + other})")
        if batch:
            yield self._chunk(columns, batch, numbers)

    def _chunk(self, columns: Sequence[str], batch: list[list[str | None]], numbers: list[int]) -> Chunk:
        arrays = [pa.array(column, pa.string()) for column in zip(*batch, strict=True)]
        return Chunk(_Lines(self.file, numbers), 0, pa.record_batch(arrays, names=list(columns)))

    def objects(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Number of the line, and the object in it; of an answer of Logs Insights, number and fields of the row."""
        if insights.is_answer(line_text.beginning(self.file)):
            yield from self._counted(insights.rows(self.file))
            return
        for number, line in line_text.lines(self.file):
            if not self.tally.lines and line.lstrip().startswith("["):
                yield from self._list()
                return
            self.tally.lines += 1
            try:
                row = parsed(line)
            except ValueError:
                row = None
            if isinstance(row, dict):
                yield number, row
            else:
                self.tally.skip(number, line, partial(_no_object, line))
            self.tally.judge(ended=False)

    def _list(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """The objects of a file that is one list; it is held in memory. The number is that of the object."""
        try:
            rows = parsed(line_text.whole(self.file))
        except ValueError as error:
            raise TraceError(f"{self.file}: is not JSON: {error}") from None
        yield from self._counted(rows)

    def _counted(self, rows: Sequence[Any]) -> Iterator[tuple[int, dict[str, Any]]]:
        for number, row in enumerate(rows, start=1):
            self.tally.lines += 1
            if isinstance(row, dict):
                yield number, row
            else:
                self.tally.skip(number, "", lambda: "it is not a JSON object")


def _list_in(row: dict[str, Any]) -> str | None:
    """What to do where a file holds its calls in a list inside an object; None where it does not."""
    names = (name for name, value in row.items() if isinstance(value, list) and value and isinstance(value[0], dict))
    name = next(names, None)
    return None if name is None else f"{name!r} holds a list of objects: jq -c '.[\"{name}\"][]' FILE writes one a line"


def _no_object(line: str) -> str:
    how = "; each must stand on one line (jq -c . FILE)" if line.strip() == "{" else ""
    if len(line) >= line_text.LONGEST and not line.endswith("\n"):
        how = (
            "; its line is longer than 1 MiB, and is cut: jq -c '.NAME[]' FILE writes the objects of a list one a line"
        )
    return f"it is not a JSON object: {line_text.around(line)}{how}"


_DECODE = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str).decode


def parsed(text: str) -> Any:
    """JSON whose numbers stay text, so that no digit is lost; ValueError for what is none."""
    try:
        return _DECODE(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def cell(row: dict[str, Any], name: str) -> str | None:
    """What stands under a key, or under keys inside each other; None where nothing does."""
    if name in row:
        value = row[name]
        return value if value is None or isinstance(value, str) else json.dumps(value)
    end = name.find(".")
    while end >= 0:
        below = row.get(name[:end])
        if isinstance(below, dict):
            return cell(below, name[end + 1 :])
        end = name.find(".", end + 1)
    return None


def keys(row: dict[str, Any]) -> Iterator[str]:
    """The keys of an object, those inside others with dots."""
    for key, value in row.items():
        if isinstance(value, dict) and value:
            yield from (f"{key}.{below}" for below in keys(value))
        else:
            yield key
