"""What the columns of a table or of JSON mean when nobody says it: guessed by their names and first cells, and told."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from mmesim.scenario.traffic.trace.trace import JSON_LINES, TABLE
from mmesim.workload.trace.formats.clock import LATEST_S
from mmesim.workload.trace.formats.json_lines import JsonLines, keys
from mmesim.workload.trace.formats.table import Table
from mmesim.workload.trace.formats.tally import Tally
from mmesim.workload.trace.formats.unknown_file import OTHER_NAMES, plain

LOOKED_AT = 20
"""Objects of JSON whose keys are looked at."""
_OF = "request|response|processing|invocation|model|upstream|target|backend|total"
_UNIT = r"(?P<unit>(?:nano|micro|milli)?s(?:ec(?:ond)?s?)?|(?:nano|micro|milli)s|ns|us|ms)?"
_TOOK = re.compile(rf"(?:(?:{_OF})*(?:latency|duration|elapsed|took)|(?:{_OF})+time)(?:in)?{_UNIT}")
_SCALES: Final[Mapping[str, float]] = {"n": 1e-9, "u": 1e-6, "mic": 1e-6, "m": 1e-3, "s": 1.0}


@dataclass(frozen=True)
class Guess:
    """What to set to read a file, and the column in which it says how long calls took."""

    settings: tuple[str, ...] = ()
    """As in `--set`."""
    took: str | None = None
    """A column, None where there is none or more than one."""
    took_scale: float | None = None
    """Its factor to seconds; None where its name has no unit."""


def guess(file: Path, form: str, given: Collection[str]) -> Guess:
    """What to set for a `table` or `json-lines`; `given` are the keys that are set already, such as `columns.time`.

    Nothing for a name that is read anyway, and for what the names do not tell. TraceError for what is not a table.
    """
    if form not in (TABLE, JSON_LINES) or {"columns", "header"} & set(given):
        return Guess()
    names = list(_keys(file)) if form == JSON_LINES else Table(file).header()
    found: dict[str, str] = {}
    for column in ("time", "model"):
        if f"columns.{column}" not in given and column not in names and (name := _named(column, names)) is not None:
            found[f"columns.{column}"] = name
    if "model" in given:
        found.pop("columns.model", None)
    time = found.get("columns.time", "time")
    if form == TABLE and time in names and not {"time_unit", "time_format", "columns.time"} & set(given):
        found |= {"time_unit": "timestamp"} if _is_stamp(_first_cell(file, time)) else {}
    took = [] if "columns.duration" in given else [name for name in names if _TOOK.fullmatch(_last(name))]
    settings = tuple(f"{key}={_yaml(value)}" for key, value in found.items())
    return Guess(settings, took[0], _scale(took[0])) if len(took) == 1 else Guess(settings)


def _keys(file: Path) -> Iterator[str]:
    rows = islice(JsonLines(Tally(file, 1.0)).objects(), LOOKED_AT)
    yield from dict.fromkeys(key for _, row in rows for key in keys(row))


def _named(column: str, names: Sequence[str]) -> str | None:
    """The column of another name that is usual for it, the most usual first; of JSON the last part of a key counts."""
    by_name = {_last(name): name for name in reversed(names)}
    return next((by_name[plain(other)] for other in OTHER_NAMES[column] if plain(other) in by_name), None)


def _first_cell(file: Path, column: str) -> str:
    chunk = next(iter(Table(file).chunks([column], 1)), None)
    cell = None if chunk is None else chunk.batch.column(column)[0].as_py()
    return "" if cell is None else str(cell).strip()


def _is_stamp(cell: str) -> bool:
    """Whether it is a date, or a number that counts from 1970; else it is a number from 0 on, or nothing."""
    try:
        return float(cell) > LATEST_S
    except ValueError:
        return bool(re.search(r"\d", cell))


def _scale(name: str) -> float | None:
    """The factor to seconds of a column that says how long calls took."""
    found = _TOOK.fullmatch(_last(name))
    unit = None if found is None else found["unit"]
    return None if unit is None else next(_SCALES[start] for start in _SCALES if unit.startswith(start))


def _last(name: str) -> str:
    """The last part of a key of JSON, letters and digits alone."""
    return re.sub(r"[^a-z0-9]", "", plain(name.rpartition(".")[2]))


def _yaml(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_][\w.]*", name) else "'" + name.replace("'", "''") + "'"
