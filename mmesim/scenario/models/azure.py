"""Models from the files of the Azure Functions 2019 data set: names, memory and durations, never the counts.

Shahrad et al., "Serverless in the Wild", USENIX ATC 2020. The columns are found by name, because the copies in
circulation differ in their order and some lack owner and app.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from mmesim.scenario.models.csv_table import open_text
from mmesim.scenario.models.groups import AzureModels, ModelGroup, Service
from mmesim.scenario.values.fields import Refusals, Refused, finite
from mmesim.scenario.values.times import Percentiles

MEMORY_COLUMN = "AverageAllocatedMb_pct50"
BYTES_PER_MB = 10**6
PERCENTS = (0, 1, 25, 50, 75, 99, 100)

_MS = 1e-3


def azure_rows(source: AzureModels, defaults: ModelGroup) -> Iterator[tuple[str, ModelGroup]]:
    """Name and keys of one model for each row of the invocations file, in its order.

    Raises Refusals with file and line when a file cannot be read or lacks a function.
    """
    memory = None if source.memory is None else _memory(source.memory)
    durations = None if source.durations is None else _durations(source.durations, source.duration_scale)
    seen: set[str] = set()
    for line, function, app in _functions(source.invocations):
        if function in seen:
            raise _refusal(source.invocations, line, f"duplicate function {function}")
        seen.add(function)
        update: dict[str, object] = {}
        if memory is not None:
            found = memory.get(app, memory.get(function))
            if found is None:
                raise _refusal(source.invocations, line, f"function {function} has no row in {source.memory}")
            update["memory_bytes"] = found
        if durations is not None:
            if function not in durations:
                raise _refusal(source.invocations, line, f"function {function} has no row in {source.durations}")
            cpu = {"cpu": durations[function]}
            update["service"] = defaults.service.model_copy(update=cpu) if defaults.service else Service(**cpu)
        keys: ModelGroup = defaults.model_copy(update=update)
        yield function, keys


def _functions(path: Path) -> Iterator[tuple[int, str, str]]:
    """Line, function and app (the function itself where the file has no apps) of each row."""
    for line, header, cells in _table(path, ("HashFunction",)):
        function = cells[header["HashFunction"]]
        yield line, function, cells[header["HashApp"]] if "HashApp" in header else function


def _memory(path: Path) -> dict[str, int]:
    """Median allocated bytes by app, or by function where the file has no apps."""
    memory: dict[str, int] = {}
    for line, header, cells in _table(path, (MEMORY_COLUMN,)):
        key = "HashApp" if "HashApp" in header else "HashFunction"
        if key not in header:
            raise _refusal(path, 1, "has neither a column HashApp nor HashFunction")
        megabytes = _number(path, line, MEMORY_COLUMN, cells[header[MEMORY_COLUMN]])
        memory[cells[header[key]]] = round(megabytes * BYTES_PER_MB)
    return memory


def _durations(path: Path, scale: float) -> dict[str, Percentiles]:
    """Percentiles of the duration by function, seconds, times `scale`."""
    columns = [f"percentile_Average_{percent}" for percent in PERCENTS]
    durations: dict[str, Percentiles] = {}
    for line, header, cells in _table(path, ("HashFunction", *columns)):
        values = [_number(path, line, column, cells[header[column]]) * _MS * scale for column in columns]
        try:
            durations[cells[header["HashFunction"]]] = Percentiles(
                tuple((float(percent), value) for percent, value in zip(PERCENTS, values, strict=True))
            )
        except ValueError as error:
            raise _refusal(path, line, f"percentiles of the duration: {error}") from None
    return durations


def _table(path: Path, needed: tuple[str, ...]) -> Iterator[tuple[int, dict[str, int], list[str]]]:
    """Line, column positions and cells of each row of a CSV file that has the needed columns."""
    try:
        with open_text(path) as text:
            reader = csv.reader(text)
            header = {name.strip(): index for index, name in enumerate(next(reader, []))}
            for column in needed:
                if column not in header:
                    raise _refusal(path, 1, f"has no column {column}" if header else "is empty")
            for cells in reader:
                if cells and len(cells) < len(header):
                    raise _refusal(path, reader.line_num, f"{len(cells)} cells for {len(header)} columns")
                if cells:
                    yield reader.line_num, header, cells
    except (OSError, EOFError) as error:
        raise _refusal(path, None, f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise _refusal(path, None, f"is not a CSV table in UTF-8: {error}") from None


def _number(path: Path, line: int, column: str, cell: str) -> float:
    try:
        return finite(float(cell))
    except ValueError:
        raise _refusal(path, line, f"{column}: {cell!r} is not a number of 0 or more") from None


def _refusal(path: Path, line: int | None, message: str) -> Refusals:
    return Refusals([Refused(message, (), None, None, (str(path), line))])
