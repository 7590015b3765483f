"""Recorded traffic: files of requests, or of counts, and which part of them is replayed how."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_serializer, field_validator, model_validator

from mmesim.scenario.traffic.trace.own_path import with_layout
from mmesim.scenario.traffic.trace.presets import PRESETS
from mmesim.scenario.traffic.trace.resolution import ResolutionField
from mmesim.scenario.traffic.trace.row_filter import Only
from mmesim.scenario.values.fields import Count, Data, Flag, Number, Refused, Seconds, Share, Text

MINUTE_S = 60.0

TABLE: Literal["table"] = "table"
AZURE_2019: Literal["azure-functions-2019"] = "azure-functions-2019"
AZURE_2021: Literal["azure-functions-2021"] = "azure-functions-2021"
AZURE_LLM: Literal["azure-llm-2023"] = "azure-llm-2023"
ACCESS_LOG: Literal["access-log"] = "access-log"
JSON_LINES: Literal["json-lines"] = "json-lines"
LOCUST: Literal["locust-history"] = "locust-history"
CLOUDWATCH: Literal["cloudwatch"] = "cloudwatch"

TraceFormat = Literal[
    "table",
    "json-lines",
    "access-log",
    "nginx-combined",
    "apache-combined",
    "mms",
    "torchserve",
    "alb",
    "api-gateway",
    "api-gateway-clf",
    "envoy",
    "haproxy",
    "jmeter",
    "k6-csv",
    "k6-json",
    "locust-history",
    "vegeta",
    "vegeta-csv",
    "hey",
    "cloudwatch",
    "cloudwatch-logs",
    "azure-functions-2019",
    "azure-functions-2021",
    "azure-llm-2023",
]
TimeUnit = Literal["s", "ms", "us", "ns", "timestamp"]

DISORDER_S: dict[TraceFormat, float] = {
    TABLE: 0.0,
    AZURE_2019: 0.0,
    AZURE_2021: 3600.0,
    AZURE_LLM: 0.0,
    ACCESS_LOG: 60.0,
    JSON_LINES: 60.0,
    LOCUST: 3600.0,
    CLOUDWATCH: 0.0,
}
"""How far out of order the rows of a format may be where the scenario does not say."""

ROWS: tuple[TraceFormat, ...] = (TABLE, JSON_LINES)
COUNTS: tuple[TraceFormat, ...] = (LOCUST, CLOUDWATCH)
"""Formats that say how many calls there were in a stretch of time."""
_CALLS = (*ROWS, ACCESS_LOG)
_STAMPED = (*ROWS, AZURE_2021, AZURE_LLM, ACCESS_LOG)
_OF_FORMAT: dict[str, tuple[TraceFormat, ...]] = {
    "columns": ROWS,
    "header": (TABLE,),
    "pattern": (*_CALLS, LOCUST),
    "only": (*_CALLS, CLOUDWATCH),
    "max_skipped": (ACCESS_LOG, JSON_LINES),
    "time_unit": _CALLS,
    "time_format": _CALLS,
    "count_from": _CALLS,
    "model": (*_CALLS, AZURE_LLM, *COUNTS),
    "service": (*ROWS, AZURE_2021, ACCESS_LOG),
    "service_scale": (*ROWS, AZURE_2021, ACCESS_LOG),
    "stamped": _CALLS,
    "duration_scale": _CALLS,
    "resolution": (*_STAMPED, CLOUDWATCH),
    "max_disorder_s": _STAMPED,
}
"""Keys that mean something for some formats only."""


class TraceColumns(Data):
    """Names of the columns of a table of calls; of JSON lines, keys, one inside another as `data.tags.name`."""

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
    """Format of the file: `table` (CSV, Parquet), `json-lines`, `access-log` (any text, by `pattern`), or a layout by
    name, such as `nginx-combined`, which stands for settings of the other keys; keys that are given replace them.
    """
    columns: TraceColumns = TraceColumns()
    """Names of the columns of a `table`, or keys of `json-lines`."""
    header: Flag = True
    """`false` when the first line of a `table` is a call; the columns are then called 1, 2, 3 and so on."""
    pattern: Text | None = None
    """access-log: a regular expression with the named groups `time`, `model` and, optionally, `duration` (for
    `stamped: end`) and `service`; in a layout, with the group `model` alone, it finds the model in a line (such as
    `/v1/score/(?P<model>[^/? ]+)`), and the layout reads the rest. table, json-lines: it finds the name, its group
    `model`, in the model's column; rows without one are left out.
    """
    only: Only | None = None
    """access-log: a regular expression; lines that do not match are left out and not counted. table, json-lines:
    columns and the value, or list of values, that a call has there, such as `{success: true}`.
    """
    max_skipped: Share = 0.01
    """access-log, json-lines: share of the lines that may be unreadable; they are counted, and the log is refused above
    it.
    """
    time_unit: TimeUnit | None = None
    """Unit of the times, or `timestamp`, which recognises numbers since 1970 too; default `s` in a table, `timestamp`
    in a log.
    """
    time_format: Text | None = None
    """Format of timestamps, as in Python's strptime; default: ISO 8601, such as 2026-01-31 23:59:59.5 or
    20260131T235959Z, 2026/01/31 23:59:59, and the form of web servers, 31/Jan/2026:23:59:59 +0000.
    """
    count_from: Literal["zero", "first"] | None = None
    """`first`: the first call is at time 0; default `zero` for numbers of a table, `first` for timestamps and logs."""
    model: Text | None = None
    """Model of every call when the file names none; azure-llm-2023: the file's name up to the first dot."""
    service: Flag = True
    """`false`: service times of the file are ignored."""
    service_scale: Annotated[Number, Field(gt=0)] = 1.0
    """Factor on the service times of the file, such as 1e-6 for microseconds; one with a unit, `12ms`, takes none."""
    stamped: Literal["start", "end"] = "start"
    """What the time of a row is: that of the call, or that of its end, as most servers log it; then the call began its
    `duration` before.
    """
    duration_scale: Annotated[Number, Field(gt=0)] = 1.0
    """Factor on the durations of the file, such as 1e-3 for milliseconds; one with a unit, `12ms`, takes none."""
    resolution: ResolutionField = "auto"
    """Grid of the times, inside which calls are spread at random; `auto` finds one of 10 ms or more, `none` replays the
    times as they are.
    """
    max_disorder_s: Seconds | None = Field(None, alias="max_disorder")
    """How much earlier than an earlier row a row may be; rows are sorted in memory. Default 0 s, 1 h for
    azure-functions-2021 and `stamped: end`, 1 min for access-log and json-lines.
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
        if preset is None:
            return given
        both = {
            key: {**preset[key], **given[key]}
            for key in ("columns", "only")
            if isinstance(preset.get(key), dict) and isinstance(given.get(key), dict)
        }
        keys = {**preset, **given, **both, "format": preset["format"]}
        own = given.get("pattern")
        if isinstance(own, str):
            keys["pattern"] = with_layout(str(given["format"]), own)
            if keys["pattern"] != own and "only" not in given:
                keys["only"] = own
        return keys

    @property
    def disorder_s(self) -> float:
        """How much earlier than a row before it a row may be, seconds."""
        if self.max_disorder_s is not None:
            return self.max_disorder_s
        return DISORDER_S[AZURE_2021 if self.stamped == "end" else self.format]

    @property
    def is_log(self) -> bool:
        """True for formats that programs write a line at a time."""
        return self.format in (ACCESS_LOG, JSON_LINES)

    @property
    def resolution_s(self) -> float | None:
        """The grid of the times in seconds, 0 for none; None: it is to be found."""
        return {"auto": None, "none": 0.0}[self.resolution] if isinstance(self.resolution, str) else self.resolution

    @property
    def unit(self) -> TimeUnit:
        """Unit of the times in a table or a log."""
        return self.time_unit or ("timestamp" if self.is_log or self.time_format else "s")

    @property
    def from_first(self) -> bool:
        """True when the first call is at time 0."""
        if self.format == AZURE_LLM:
            return True
        if self.count_from is None:
            return self.is_log or (self.format == TABLE and self.unit == "timestamp")
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
    def _compiles(cls, value: Any) -> Any:
        try:
            re.compile(value if isinstance(value, str) else "")
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
        if self.only is not None and (self.format == ACCESS_LOG) != isinstance(self.only, str):
            log = self.format == ACCESS_LOG
            raise Refused(
                "takes a regular expression in a log" if log else "takes columns and their values",
                ("only",),
                'only: "POST /models/"' if log else "only: {success: true}",
            )
        if self.format == ACCESS_LOG:
            self._needs_groups()
        elif self.pattern is not None and "model" not in re.compile(self.pattern).groupindex:
            raise Refused("needs the named group model", ("pattern",), r"/models/(?P<model>[^/]+)")
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
