"""Recorded traffic: files of requests, or of counts, and which part of them is replayed how."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_serializer, field_validator, model_validator

from mmesim.scenario.traffic.trace_presets import PRESETS
from mmesim.scenario.values.fields import Count, Data, Flag, Number, Refused, Seconds, Share, Text

MINUTE_S = 60.0

TABLE: Literal["table"] = "table"
AZURE_2019: Literal["azure-functions-2019"] = "azure-functions-2019"
AZURE_2021: Literal["azure-functions-2021"] = "azure-functions-2021"
AZURE_LLM: Literal["azure-llm-2023"] = "azure-llm-2023"
ACCESS_LOG: Literal["access-log"] = "access-log"

TraceFormat = Literal[
    "table", "azure-functions-2019", "azure-functions-2021", "azure-llm-2023", "access-log", "mms", "alb", "jmeter"
]
TimeUnit = Literal["s", "ms", "us", "ns", "timestamp"]

DISORDER_S: dict[TraceFormat, float] = {
    TABLE: 0.0,
    AZURE_2019: 0.0,
    AZURE_2021: 3600.0,
    AZURE_LLM: 0.0,
    ACCESS_LOG: 60.0,
}
"""How far out of order the rows of a format may be where the scenario does not say."""

_OF_FORMAT: dict[str, tuple[TraceFormat, ...]] = {
    "columns": (TABLE,),
    "pattern": (ACCESS_LOG,),
    "only": (ACCESS_LOG,),
    "max_skipped": (ACCESS_LOG,),
    "time_unit": (TABLE, ACCESS_LOG),
    "time_format": (TABLE, ACCESS_LOG),
    "count_from": (TABLE, ACCESS_LOG),
    "model": (TABLE, AZURE_LLM, ACCESS_LOG),
    "service": (TABLE, AZURE_2021, ACCESS_LOG),
    "service_scale": (TABLE, AZURE_2021, ACCESS_LOG),
    "stamped": (TABLE, ACCESS_LOG),
    "duration_scale": (TABLE, ACCESS_LOG),
    "resolution": (TABLE, AZURE_2021, AZURE_LLM, ACCESS_LOG),
    "max_disorder_s": (TABLE, AZURE_2021, AZURE_LLM, ACCESS_LOG),
}
"""Keys that mean something for some formats only."""


class TraceColumns(Data):
    """Names of the columns of a table of calls."""

    time: str = "time"
    """Column of the time, in ascending order."""
    model: str = "model"
    """Column of the model's name."""
    service: str | None = "service"
    """Column of the service time in seconds; the default column may be absent, null: none is read."""
    duration: str | None = None
    """Column of the time from a call to its answer in seconds, for `stamped: end`."""


class TraceWindow(Data):
    """The part of a trace that is replayed; its beginning becomes time 0."""

    start_s: Seconds = Field(0.0, alias="start")
    """Start of the window, in the time of the trace."""
    length_s: Annotated[Seconds, Field(gt=0)] | None = Field(None, alias="length")
    """Length of the window; default: up to the end of the trace."""


class TraceModels(Data):
    """How the names of a trace become models of the stream; exactly one key."""

    top: Count | None = None
    """The N names with the most calls in the window, the first of them for the stream's first model; calls of the
    others are dropped.
    """
    hash: Count | None = None
    """Each name goes to one of the stream's first N models, by its hash."""
    stripe: Count | None = None
    """The k-th new name of the file goes to model k modulo N of the stream's first N models."""

    @model_validator(mode="after")
    def _one(self) -> TraceModels:
        if len([key for key in ("top", "hash", "stripe") if getattr(self, key) is not None]) != 1:
            raise Refused("takes exactly one of top, hash and stripe, such as {top: 100}")
        return self

    @property
    def count(self) -> int:
        """How many models of the stream are needed."""
        return self.top or self.hash or self.stripe or 0


class TraceSource(Data):
    """Recorded traffic: read, mapped to models, cut to the window, thinned or multiplied, then warped, in this order.

    The service time of a row replaces the drawn one of its call: the CPU part if the model has one, else the waiting
    part.
    """

    file: Path
    """Path of the trace: text (plain, .gz or .zst), or Parquet for `table`."""
    format: TraceFormat = TABLE
    """Format of the file. `mms` (access log of Multi Model Server), `alb` (log of an AWS Application Load Balancer) and
    `jmeter` (CSV) stand for settings of the other keys, which replace them where they are given.
    """
    columns: TraceColumns = TraceColumns()
    """Names of the columns of a `table`."""
    pattern: Text | None = None
    """access-log: a regular expression with the named groups `time`, `model` and, optionally, `duration` (for
    `stamped: end`) and `service`.
    """
    only: Text | None = None
    """access-log: a regular expression; lines that do not match are skipped and not counted."""
    max_skipped: Share = 0.01
    """access-log: share of the lines that may be unreadable; they are counted, and the log is refused above it."""
    time_unit: TimeUnit | None = None
    """Unit of the times, or `timestamp`; default `s` in a table, `timestamp` in a log, where numbers since 1970 are
    recognised too.
    """
    time_format: Text | None = None
    """Format of timestamps, as in Python's strptime; default: ISO 8601, such as 2026-01-31 23:59:59.5."""
    count_from: Literal["zero", "first"] | None = None
    """`first`: the first call is at time 0; default `zero` for numbers of a table, `first` for timestamps and logs."""
    model: Text | None = None
    """Model of every call when the file names none; default, but for a table: the file's name up to the first dot."""
    service: Flag = True
    """`false`: service times of the file are ignored."""
    service_scale: Annotated[Number, Field(gt=0)] = 1.0
    """Factor on the service times of the file, such as 1e-6 for microseconds."""
    stamped: Literal["start", "end"] = "start"
    """What the time of a row is: that of the call, or that of its end, as most servers log it; then the call began its
    `duration` before.
    """
    duration_scale: Annotated[Number, Field(gt=0)] = 1.0
    """Factor on the durations of the file, such as 1e-3 for milliseconds."""
    resolution: Literal["auto", "none"] | Annotated[Seconds, Field(gt=0)] = "auto"
    """Grid of the times, inside which calls are spread at random; `auto` finds one of 10 ms or more, `none` replays the
    times as they are.
    """
    max_disorder_s: Seconds | None = Field(None, alias="max_disorder")
    """How much earlier than an earlier row a row may be; rows are sorted in memory. Default 0 s, 1 h for
    azure-functions-2021 and `stamped: end`, 1 min for access-log.
    """
    window: TraceWindow = TraceWindow()
    """Part of the trace that is replayed."""
    rate: Annotated[Number, Field(gt=0)] = 1.0
    """Factor on the number of calls: below 1 each call is kept with that chance, above 1 copies shifted in time
    (wrapping round the window) are added.
    """
    warp: Annotated[Number, Field(gt=0)] = 1.0
    """Factor on the speed of time: 2 replays the trace in half the time."""
    models: TraceModels | None = None
    """How the names of the trace become models; default: a name is that of a model."""

    @model_validator(mode="before")
    @classmethod
    def _of_preset(cls, given: Any) -> Any:
        preset = PRESETS.get(str(given.get("format"))) if isinstance(given, dict) else None
        return given if preset is None else {**preset, **given, "format": preset["format"]}

    @property
    def disorder_s(self) -> float:
        """How much earlier than a row before it a row may be, seconds."""
        if self.max_disorder_s is not None:
            return self.max_disorder_s
        return DISORDER_S[AZURE_2021 if self.stamped == "end" else self.format]

    @property
    def resolution_s(self) -> float | None:
        """The grid of the times in seconds, 0 for none; None: it is to be found."""
        return {"auto": None, "none": 0.0}[self.resolution] if isinstance(self.resolution, str) else self.resolution

    @property
    def unit(self) -> TimeUnit:
        """Unit of the times in a table or a log."""
        return self.time_unit or ("timestamp" if self.format == ACCESS_LOG or self.time_format else "s")

    @property
    def from_first(self) -> bool:
        """True when the first call is at time 0."""
        if self.format == AZURE_LLM:
            return True
        if self.count_from is None:
            return self.format == ACCESS_LOG or (self.format == TABLE and self.unit == "timestamp")
        return self.count_from == "first"

    @property
    def only_model(self) -> str:
        """The model of a file that names none."""
        return self.model or self.file.name.split(".")[0]

    @field_serializer("file")
    def _text(self, value: Path) -> str:
        return str(value)

    @field_validator("pattern", "only", mode="after")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        try:
            re.compile(value or "")
        except re.error as error:
            raise Refused(f"is not a regular expression: {error}") from None
        return value

    @field_validator("max_skipped", mode="after")
    @classmethod
    def _not_all(cls, value: float) -> float:
        if value >= 1.0:
            raise Refused("must be below 100 %: a log without a readable line is not a trace")
        return value

    @model_validator(mode="after")
    def _of_one_format(self) -> TraceSource:
        for name, formats in _OF_FORMAT.items():
            field = type(self).model_fields[name]
            if self.format not in formats and getattr(self, name) != field.default:
                raise Refused(f"does not apply to {self.format}, only to {', '.join(formats)}", (_key(name),))
        if self.time_format is not None and self.unit != "timestamp":
            raise Refused(f"times in {self.unit} have no format", ("time_format",), "time_unit: timestamp")
        if self.unit == "timestamp" and self.count_from == "zero":
            raise Refused("timestamps count from the first one", ("count_from",), "count_from: first")
        if self.format == ACCESS_LOG:
            self._needs_groups()
        self._needs_durations()
        return self

    def _needs_durations(self) -> None:
        """Ends and durations come together: one without the other says nothing of when a call began."""
        if self.format == ACCESS_LOG:
            there, key = "duration" in re.compile(self.pattern or "").groupindex, ("pattern",)
            cure = "a named group duration, such as (?P<duration>[0-9.]+)"
        else:
            there, key, cure = self.columns.duration is not None, ("columns",), "columns: {duration: request_time}"
        if self.stamped == "end" and not there:
            raise Refused("stamped: end needs the duration of each call: a call begins that much earlier", key, cure)
        if self.stamped == "start" and there:
            raise Refused(
                "durations are used with stamped: end alone; as service times they would count queues and loads twice",
                ("stamped",),
                "stamped: end",
            )

    def _needs_groups(self) -> None:
        example = r"""'^\S+ \S+ \S+ \[(?P<time>[^\]]+)\] "POST /invocations/(?P<model>\S+)'"""
        if self.pattern is None:
            raise Refused("access-log needs a pattern", ("pattern",), f"such as {example}")
        groups = set(re.compile(self.pattern).groupindex)
        needed = {"time"} if self.model is not None else {"time", "model"}
        if not needed <= groups <= {"time", "model", "service", "duration"}:
            raise Refused(
                "needs the named groups time and model; duration and service may be there too", ("pattern",), example
            )


def _key(name: str) -> str:
    """The name of a field in a file."""
    field: Any = TraceSource.model_fields[name]
    return field.alias or name
