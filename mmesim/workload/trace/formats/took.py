"""How long a row says that something took: a plain number with the scale of its column, or a number with a unit."""

from __future__ import annotations

import math
import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmesim import units
from mmesim.arrays import Floats
from mmesim.workload.trace.formats.table import NO_VALUE, Chunk

_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_UNIT = r"(?:ns|us|µs|μs|ms|s|min|h)"
_WITH_UNIT = re.compile(rf"{_NUMBER.pattern}\s*{_UNIT}")


def seconds(text: str, scale: float) -> float:
    """The seconds of a cell, NaN where it has no value; ValueError for what is none, such as a negative number."""
    text = text.strip()
    if text in NO_VALUE:
        return math.nan
    if _WITH_UNIT.fullmatch(text):
        if scale != 1.0:
            raise ValueError(f"{text!r} has a unit of its own: leave the factor {scale:g} out")
        return units.seconds(text)
    value = float(text) * scale if _NUMBER.fullmatch(text) else math.nan
    if not 0.0 <= value < math.inf:
        raise ValueError(f"{text!r} is not a number of seconds")
    return value


def column(part: Chunk, name: str, scale: float) -> Floats:
    """The seconds of a column, NaN where a cell has no value; TraceError at the first that is neither."""
    cells = part.batch.column(name)
    if pa.types.is_string(cells.type) and pc.any(pc.match_substring_regex(cells, rf"[0-9.]\s*{_UNIT}\s*$")).as_py():
        values = np.empty(len(part))
        for row, cell in enumerate(cells.to_pylist()):
            try:
                values[row] = seconds(cell or "", scale)
            except ValueError as error:
                part.fail(row, name, str(error))
        return values
    values = not_negative(part, name, part.numbers_or_none(name))
    return values if scale == 1.0 else values * scale


def not_negative(part: Chunk, name: str, values: Floats) -> Floats:
    """The same values; TraceError at the first below 0."""
    negative = values < 0.0
    if negative.any():
        at = int(np.argmax(negative))
        what = name if name == "duration" else f"{name} time" if name == "service" else "time"
        part.fail(at, name, f"{what} {float(values[at])!r} s is negative")
    return values
