"""Times of a trace as seconds: numbers of a unit, or timestamps."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmesim.arrays import Floats, Ints
from mmesim.scenario.traffic.trace.trace import TimeUnit
from mmesim.workload.trace.formats.table import Chunk

NS = 10**9
UNIT_NS: dict[TimeUnit, int] = {"s": NS, "ms": 10**6, "us": 10**3, "ns": 1}
LATEST_S = 1e8
"""Three years: a time beyond it that counts from 0 is taken for one that counts from 1970."""

MOST_DIGITS = 38
"""Of a decimal number in 128 bits."""
_BEYOND_NS = 2**63
"""What 64 bits do not hold: the year 2262."""
_FIRST_DATE_S, _LAST_DATE_S = 631_152_000.0, 4_102_444_800.0
"""1990 and 2100."""
_USUAL = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d{1,6})?(?:Z|[+-]\d\d:?\d\d)?", re.ASCII)
"""ISO 8601 as logs have it."""
_ZONE = r"(?: ?(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?))?"
_FRACTION = r"(?:[.,](\d{1,9}))?"
_WEB = re.compile(rf"(\d\d/[A-Z][a-z]{{2}}/\d{{4}}:\d\d:\d\d:\d\d){_FRACTION}{_ZONE}", re.ASCII)
"""31/Jan/2026:23:59:59 +0000, as Apache httpd, nginx, HAProxy and API Gateway write it."""
_SLASHED = re.compile(rf"(\d{{4}}/\d\d/\d\d[ T]\d\d:\d\d:\d\d){_FRACTION}{_ZONE}", re.ASCII)
"""2026/01/31 23:59:59, as Go programs, nginx's error log and JMeter write it."""
_SPACED = re.compile(rf"(\d{{4}}-\d\d-\d\d[ T]\d\d:\d\d:\d\d){_FRACTION}{_ZONE}", re.ASCII)
"""ISO 8601 with a blank or a word in the zone: 2026-01-31 23:59:59 +0530, 2026-01-31 23:59:59 UTC."""
_BASIC = re.compile(rf"(\d{{8}}T\d{{6}}){_FRACTION}{_ZONE}", re.ASCII)
"""The basic form of ISO 8601: 20260131T235959Z."""
_FORMS = (
    (_WEB, "%d/%b/%Y:%H:%M:%S"),
    (_SLASHED, "%Y/%m/%d %H:%M:%S"),
    (_SPACED, "%Y-%m-%d %H:%M:%S"),
    (_BASIC, "%Y%m%dT%H%M%S"),
)
"""Forms of a time that are told from each other, and the format of their first part."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Clock:
    """Reads times; with `from_first` they count from the first one that is read, exactly to the nanosecond."""

    def __init__(self, unit: TimeUnit, time_format: str | None, from_first: bool) -> None:
        self._unit = unit
        self._from_first = from_first
        self._zero: int | None = None
        self._parse = _parser(unit, time_format)
        self._format = time_format

    def column(self, part: Chunk, column: str) -> Floats:
        """A column of a table in seconds; TraceError at the first cell that is not a time."""
        if self._unit != "timestamp":
            cells = part.batch.column(column)
            if pa.types.is_temporal(cells.type):
                part.fail(0, column, "is a column of timestamps: write time_unit: timestamp")
            if not self._from_first:
                seconds = part.numbers(column)
                return seconds if self._unit == "s" else seconds * (UNIT_NS[self._unit] / NS)
            return self._since(_exact(part, column, self._unit))
        return self._since(self._stamps(part, column))

    def text(self, text: str) -> float:
        """A time in seconds; ValueError for what is none."""
        ns = self._parse(text)
        if self._zero is None:
            self._zero = ns if self._from_first else 0
        return (ns - self._zero) / NS

    def _since(self, ns: Ints) -> Floats:
        if self._zero is None and len(ns):
            self._zero = int(ns[0])
        return np.asarray(ns - (self._zero or 0), dtype=np.float64) / NS

    def _stamps(self, part: Chunk, column: str) -> Ints:
        """Nanoseconds since 1970; a time without a zone counts as UTC."""
        cells = part.batch.column(column)
        if pa.types.is_timestamp(cells.type):
            found = pc.cast(cells, pa.timestamp("ns", cells.type.tz))
        else:
            found = None if self._format is not None else _epochs(cells) or _iso(cells)
        if found is not None and not found.null_count:
            ns: Ints = found.cast(pa.int64()).to_numpy(zero_copy_only=False)
            return ns
        # Slower, but it reads every format, and knows which cell is wrong.
        result = np.empty(len(cells), dtype=np.int64)
        for row, cell in enumerate(cells.to_pylist()):
            if cell is None:
                part.fail(row, column, "is missing")
            try:
                result[row] = self._parse(str(cell))
            except ValueError:
                like = "a time such as 2026-01-31 23:59:59.5" if self._format is None else f"a time as {self._format}"
                other = f" ({_written_as(str(cell))})" if self._format is None else ""
                part.fail(row, column, f"{cell!r} is not {like}{_counted_from_zero(str(cell)) or other}")
        return result


def _epochs(cells: pa.Array) -> pa.Array | None:
    """Numbers since 1970 whose size tells their unit, the same for all; None when a cell is something else."""
    try:
        texts = pc.cast(_trimmed(cells), pa.string())
        ends = pc.min_max(pc.cast(texts, pa.float64()))
        unit = _unit_of(ends["min"].as_py(), ends["max"].as_py())
        if unit is None:
            return None
        # As many digits after the point as make whole nanoseconds; Arrow raises for a number that has more.
        exact = pc.cast(texts, pa.decimal128(MOST_DIGITS, len(str(UNIT_NS[unit])) - 1))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
    # The digits without the point, in 128 bits: no date up to 2100 needs more than the lower 64.
    ns = np.frombuffer(exact.buffers()[1], np.int64)[2 * exact.offset :][: 2 * len(exact) : 2]
    return None if exact.null_count else pa.array(ns).cast(pa.timestamp("ns"))


def _unit_of(least: float | None, most: float | None) -> TimeUnit | None:
    """The unit in which both are dates; None for none, or no number."""
    if least is None or most is None:
        return None
    return next((unit for unit in UNIT_NS if plausible(least, unit) and plausible(most, unit)), None)


def _iso(cells: pa.Array) -> pa.Array | None:
    """ISO 8601, with up to nine digits of a second after `.` or `,`; None when a cell is something else."""
    try:
        texts = pc.replace_substring(pc.utf8_trim_whitespace(pc.cast(cells, pa.string())), ",", ".")
    except pa.ArrowNotImplementedError:
        return None
    for zone in (None, "UTC"):
        try:
            return pc.cast(texts, pa.timestamp("ns", zone))
        except pa.ArrowInvalid:
            continue
    return None


def plausible(number: float, unit: TimeUnit) -> datetime | None:
    """The date when a number of units since 1970 lies between 1990 and 2100, the only ones a log can mean."""
    seconds = number * UNIT_NS[unit] / NS if unit != "timestamp" else math.nan
    return datetime.fromtimestamp(seconds, UTC) if _FIRST_DATE_S <= seconds < _LAST_DATE_S else None


def since_1970(seconds: float, unit: TimeUnit) -> str:
    """What a time, too large for one that counts from 0, may mean: for the end of a message.

    `seconds` is the time as it was read in `unit`.
    """
    number = seconds * NS / UNIT_NS[unit]
    found = next(((each, date) for each in UNIT_NS if (date := plausible(number, each))), None)
    if found is None:
        return "count_from: first counts from the first call"
    other, date = found
    if other == unit:
        return f"{number:.6g} {unit} since 1970 is {date:%Y-%m-%d}: count_from: first counts from the first call"
    return (
        f"{number:.6g} {unit} since 1970 is not a date, {number:.6g} {other} is {date:%Y-%m-%d}: "
        f"time_unit: {other} (and count_from: first)"
    )


def _exact(part: Chunk, column: str, unit: TimeUnit) -> Ints:
    """A column of numbers in nanoseconds; whole numbers and decimal texts lose no digit."""
    unit_ns = UNIT_NS[unit]
    cells = part.batch.column(column)
    try:
        ns: Ints = pc.multiply_checked(pc.cast(_trimmed(cells), pa.int64()), unit_ns).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        values = part.numbers(column)  # names the first cell that is not a number
        beyond = np.abs(values) >= _BEYOND_NS / unit_ns
        if beyond.any():
            at = int(np.argmax(beyond))
            seconds = float(values[at]) * (unit_ns / NS)
            part.fail(at, column, f"{cells[at].as_py()!r} {unit} is beyond the year 2262: {since_1970(seconds, unit)}")
        if pa.types.is_string(cells.type):
            return np.array([_ns(Decimal(cell.strip()), unit) for cell in cells.to_pylist()], dtype=np.int64)
        return np.rint(values * unit_ns).astype(np.int64)
    else:
        return ns


def _trimmed(cells: pa.Array) -> pa.Array:
    return pc.utf8_trim_whitespace(cells) if pa.types.is_string(cells.type) else cells


def _ns(number: Decimal, unit: TimeUnit) -> int:
    """Nanoseconds; ValueError for what is beyond 64 bits."""
    unit_ns = UNIT_NS[unit]
    if not number.is_finite():
        raise ValueError(f"{number} is not a time")
    if abs(number) * unit_ns >= _BEYOND_NS:
        hint = since_1970(float(number) * (unit_ns / NS), unit)
        raise ValueError(f"'{number}' {unit} is beyond the year 2262: {hint}")
    return int((number * unit_ns).to_integral_value())


def _other(text: str) -> int:
    """A time in one of `_FORMS`, or a number since 1970 whose size tells its unit, in nanoseconds; ValueError else."""
    forms = ((pattern.fullmatch(text.strip()), form) for pattern, form in _FORMS)
    found, form = next(((found, form) for found, form in forms if found is not None), (None, ""))
    try:
        if found is not None:
            day, fraction, zone = found.groups()
            day = day if form == "%Y%m%dT%H%M%S" else day.replace("T", " ")
            zone = zone if zone and zone[0] in "+-" else "+0000"
            moment = datetime.strptime(f"{day} {zone if len(zone) > 3 else zone + '00'}", f"{form} %z")
            return _since_1970(moment) + int((fraction or "").ljust(9, "0"))
        number = Decimal(text.strip())
        unit = next(each for each in UNIT_NS if number.is_finite() and plausible(float(number), each))
    except (ValueError, InvalidOperation, StopIteration):
        hint = _counted_from_zero(text) or f" ({_written_as(text)})"
        raise ValueError(f"{text!r} is not a time such as 2026-01-31 23:59:59.5{hint}") from None
    return _ns(number, unit)


_DAY = re.compile(r"\s*(\d\d?)([/.-])(\d\d?)\2\d{4}([ T])\d\d?:\d\d:\d\d(\.\d{1,6})?\s*", re.ASCII)
"""A date whose year comes last: no reader can tell its day from its month where both are at most 12."""


def _written_as(text: str) -> str:
    """Which `time_format` reads a time of another form, where that can be seen."""
    found = _DAY.fullmatch(text)
    if found is None:
        return "time_format reads others"
    first, mark, second, between, fraction = found.groups()
    rest = f"{between}%H:%M:%S{'' if fraction is None else '.%f'}"
    day, month = (f"time_format: '%{one}{mark}%{other}{mark}%Y{rest}'" for one, other in ("dm", "md"))
    if int(first) <= 12 and int(second) <= 12:
        return f"{day} when the day comes first, {month} when the month does"
    return day if int(first) > 12 else month


def _counted_from_zero(text: str) -> str:
    """What to write for a number that is not a date."""
    return "; a number from 0 on: time_unit: s (ms, us, ns)" if re.fullmatch(r"\s*\d+(?:\.\d*)?\s*", text) else ""


def _parser(unit: TimeUnit, time_format: str | None) -> Callable[[str], int]:
    """Reads one time as whole nanoseconds; ValueError for what is none. Many rows of a log have the same second."""

    @lru_cache(4096)
    def parse(text: str) -> int:
        if unit != "timestamp":
            try:
                number = Decimal(text.strip())
            except InvalidOperation:
                raise ValueError(f"{text!r} is not a number") from None
            return _ns(number, unit)
        if time_format is None:
            if _USUAL.fullmatch(text):  # the same as below, but much faster
                return _since_1970(_read(datetime.fromisoformat, text))
            found = _iso(pa.array([text]))
            if found is None:
                return _other(text)
            return int(found.cast(pa.int64())[0].as_py())
        return _since_1970(_read(lambda stripped: datetime.strptime(stripped, time_format), text.strip()))

    return parse


def _read(parse: Callable[[str], datetime], text: str) -> datetime:
    """What `parse` makes of a text; ValueError with the text where it is not a time."""
    try:
        return parse(text)
    except ValueError as error:
        raise ValueError(str(error) if text in str(error) else f"{text!r} is not a time: {error}") from None


def _since_1970(moment: datetime) -> int:
    """Nanoseconds; a time without a zone counts as UTC."""
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return (moment - _EPOCH) // _MICROSECOND * 1000
