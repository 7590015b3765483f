"""Models from a CSV table: one model a row, cells override the defaults of the group."""

from __future__ import annotations

import csv
import gzip
import itertools
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from mmesim import units
from mmesim.errors import did_you_mean
from mmesim.scenario.models.groups import ModelGroup, Service
from mmesim.scenario.server.frameworks import Framework
from mmesim.scenario.server.kind import LARGEST_BATCH
from mmesim.scenario.server.overhead import CpuWait
from mmesim.scenario.values.fields import Refusals, Refused, finite, shown, whole
from mmesim.scenario.values.times import Constant, Lognormal
from mmesim.texts import HEAD, encoding_of, lines, separator_of

_HEADER = re.compile(r"\s*([A-Za-z_]+)\s*(?:[\[(]\s*(.+?)\s*[\])])?\s*")


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row of a table: the model's name and group, its keys over the group's defaults, which of them its own cells
    give, and its line in the file.
    """

    name: str
    group: str
    keys: ModelGroup
    cells: frozenset[str]
    line: int


def _count(text: str) -> int:
    return whole(_number(text))


def _positive_count(text: str) -> int:
    number = _count(text)
    if number < 1:
        raise ValueError(f"{text} is too small: at least 1")
    return number


def _batch_size(text: str) -> int:
    number = _positive_count(text)
    if number > LARGEST_BATCH:
        raise ValueError(f"{text} is too large: at most {LARGEST_BATCH}")
    return number


def _number(text: str) -> float:
    try:
        number = float(text if text.isascii() and "_" not in text else "")  # Python alone reads 1_000
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None
    return finite(number)


def _framework(text: str) -> Framework:
    if text not in tuple(Framework):
        raise ValueError(f"unknown framework {text!r}: one of {', '.join(Framework)}")
    return Framework(text)


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"{text!r} is neither true nor false")
    return text == "true"


_DIRECT: dict[str, tuple[str, Callable[[str], object]]] = {
    "artifact_size": ("artifact_bytes", units.bytes_),
    "memory": ("memory_bytes", units.bytes_),
    "device_memory": ("device_memory_bytes", units.bytes_),
    "framework": ("framework", _framework),
    "process_memory": ("process_memory_bytes", units.bytes_),
    "workers": ("workers", _positive_count),
    "batch_size": ("batch_size", _batch_size),
    "max_batch_delay": ("max_batch_delay_s", units.seconds),
    "preload_model": ("preload_model", _flag),
    "framework_threads": ("framework_threads", _positive_count),
    "oversubscription": ("oversubscription", _number),
    "pinned": ("pinned", _flag),
    "weight": ("weight", _number),
    "rate": ("rate_per_s", units.rate),
}
"""Columns that are one key of a group: attribute and reader."""

_PARTS: dict[str, Callable[[str], object]] = {
    "service": units.seconds,
    "service_cv": _number,
    "service_wait": units.seconds,
    "service_device": units.seconds,
    "load_cpu": units.seconds,
    "load_wait": units.seconds,
}
"""Columns that are a part of `service` or `load`: `service` is the mean CPU time, lognormal with `service_cv`."""

INFORMATION = ("calls", "calls_per_min", "share")
"""Columns that say where a table comes from (`mmesim trace models`): nothing follows from them."""

REMEMBERED = 10_000
"""Different cells and different rows whose meaning is remembered while a table is read."""

COLUMNS = ("name", "group", *_DIRECT, *_PARTS, *INFORMATION)
"""Every column that a table may have; a unit in the header (`memory [MiB]`) goes with bare numbers."""


def open_text(path: Path, newline: str | None = "") -> Any:
    """A text file, unpacked if its name ends with .gz; Refusals for what is not text."""
    opened: Any = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rb") as file:
        head = file.read(HEAD)
    try:
        return opened(path, "rt", encoding=encoding_of(head), newline=newline)
    except ValueError as error:
        raise Refusals([_refused(path, None, "", str(error))]) from None


def csv_rows(path: Path, defaults: ModelGroup) -> Iterator[TableRow]:
    """The rows of a table in its order, each as it is read; at the end of the table, or where it cannot be read on,
    Refusals with file, line and column of everything that is wrong.
    """
    refused: list[Refused] = []
    rows = 0
    try:
        with open_text(path) as text:
            rows_of_text = lines(text)
            first = next(rows_of_text, "")
            reader = csv.reader(itertools.chain([first], rows_of_text), delimiter=separator_of(first))
            table = _Table(_columns(next(reader, []), path), path, defaults, refused)
            before = reader.line_num
            for cells in reader:
                if reader.line_num > before + 1:
                    refused.append(
                        _refused(path, before + 1, "", "a cell goes on in the next line: is a quote left open?")
                    )
                    break
                before = reader.line_num
                if any(cell.strip() for cell in cells):
                    row = table.row(cells, reader.line_num)
                    if row is not None:
                        rows += 1
                        yield row
    except (OSError, EOFError, zlib.error) as error:
        raise Refusals([_refused(path, None, "", f"cannot be read: {_reason(error)}")]) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise Refusals([_refused(path, None, "", f"is not a CSV table in UTF-8: {error}")]) from None
    if not rows and not refused:
        refused.append(_refused(path, None, "", "has no rows"))
    if refused:
        raise Refusals(refused)


def _columns(header: list[str], path: Path) -> list[tuple[str, str]]:
    """Name and unit of each column."""
    columns: list[tuple[str, str]] = []
    refused: list[Refused] = []
    for cell in header:
        match = _HEADER.fullmatch(cell)
        name = match[1] if match else cell.strip()
        if name not in COLUMNS:
            message = f"unknown column {shown(name)}: one of {', '.join(COLUMNS)}"
            refused.append(_refused(path, 1, name, message, did_you_mean(name, COLUMNS)))
        elif name in (known for known, _ in columns):
            refused.append(_refused(path, 1, name, "duplicate column"))
        columns.append((name, (match[2] or "") if match else ""))
    if not refused and "name" not in (name for name, _ in columns):
        refused.append(_refused(path, 1, "name", "column is missing" if header else "file is empty"))
    if refused:
        raise Refusals(refused)
    return columns


class _Table:
    """Reads the rows of a table. Cells and rows that come again are read once: they share what they mean."""

    def __init__(
        self, columns: list[tuple[str, str]], path: Path, defaults: ModelGroup, refused: list[Refused]
    ) -> None:
        self._columns = columns
        self._path = path
        self._defaults = defaults
        self._refused = refused
        self._read = lru_cache(REMEMBERED)(_value)
        self._service = lru_cache(REMEMBERED)(partial(_service, defaults))
        self._load = lru_cache(REMEMBERED)(partial(_load, defaults))
        self._keys = lru_cache(REMEMBERED)(self._of)

    def row(self, cells: list[str], line: int) -> TableRow | None:
        """One model, or None after telling what is wrong with it; an empty cell takes the default."""
        refused, path = self._refused, self._path
        before = len(refused)
        if len(cells) != len(self._columns):
            refused.append(_refused(path, line, "", f"{len(cells)} cells for {len(self._columns)} columns"))
            return None
        found: dict[str, Any] = {}
        for (column, unit), cell in zip(self._columns, cells, strict=True):
            text = cell.strip()
            if not text or column in INFORMATION:
                continue
            if column in ("name", "group"):
                found[column] = text
                continue
            try:
                found[column] = self._read(column, unit, text)
            except ValueError as error:
                refused.append(_refused(path, line, column, str(error), None, text))
        if "name" not in found:
            refused.append(_refused(path, line, "name", "cell is empty"))
        if "weight" in found and "rate" in found:
            refused.append(_refused(path, line, "rate", "weight and rate exclude each other"))
        if len(refused) > before:
            return None
        name, group = found.pop("name"), found.pop("group", self._defaults.name)
        try:
            keys, given = self._keys(tuple(found.items()))
        except ValueError as error:
            refused.append(_refused(path, line, "service", str(error)))
            return None
        return TableRow(name, group, keys, given, line)

    def _of(self, cells: tuple[tuple[str, Any], ...]) -> tuple[ModelGroup, frozenset[str]]:
        """The keys of a row over the defaults, and which of them its cells give."""
        found = dict(cells)
        update: dict[str, Any] = {_DIRECT[key][0]: value for key, value in found.items() if key in _DIRECT}
        if "weight" in found or "rate" in found:
            update = {"weight": None, "rate_per_s": None} | update
        update["service"] = self._service(
            *(found.get(key) for key in ("service", "service_cv", "service_wait", "service_device"))
        )
        update["load"] = self._load(*(found.get(key) for key in ("load_cpu", "load_wait")))
        keys: ModelGroup = self._defaults.model_copy(update=update)
        return keys, frozenset(column.partition("_")[0] if column in _PARTS else column for column in found)


def _value(column: str, unit: str, text: str) -> object:
    """What a cell means; ValueError when it means nothing."""
    reader = _DIRECT[column][1] if column in _DIRECT else _PARTS[column]
    return reader(f"{text} {unit}" if unit and _bare(text) else text)


def _service(
    defaults: ModelGroup, mean_s: float | None, cv: float | None, wait_s: float | None, device_s: float | None
) -> Service | None:
    """The work of a call; ValueError for a variation of nothing."""
    parts: dict[str, Any] = {}
    if mean_s is not None:
        parts["cpu"] = Lognormal(mean_s, cv) if cv else Constant(mean_s)
    elif cv is not None:
        raise ValueError("service_cv needs a mean in the column service")
    if wait_s is not None:
        parts["wait"] = Constant(wait_s)
    if device_s is not None:
        parts["device"] = Constant(device_s)
    if not parts:
        return defaults.service
    changed: Service = defaults.service.model_copy(update=parts) if defaults.service else Service(**parts)
    return changed


def _load(defaults: ModelGroup, cpu_s: float | None, wait_s: float | None) -> CpuWait | None:
    parts = {name: Constant(each_s) for name, each_s in (("cpu", cpu_s), ("wait", wait_s)) if each_s is not None}
    if not parts:
        return defaults.load
    changed: CpuWait = defaults.load.model_copy(update=parts) if defaults.load else CpuWait(**parts)
    return changed


def _bare(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _refused(
    path: Path, line: int | None, column: str, message: str, hint: str | None = None, value: object = None
) -> Refused:
    return Refused(message, (column,) if column else (), hint, value, (str(path), line))


def _reason(error: OSError | EOFError | zlib.error) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
