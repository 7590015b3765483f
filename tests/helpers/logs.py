"""Writes the calls of a run as the logs that servers and load generators would have written of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

BEGIN = datetime(2026, 1, 31, 23, 59, 30, 250_000, tzinfo=UTC)
"""When the run began."""


class Call(NamedTuple):
    """One answered call, seconds from the beginning of the run."""

    begin_s: float
    took_s: float
    model: str

    @property
    def end(self) -> datetime:
        """When the answer had gone."""
        return BEGIN + timedelta(seconds=self.begin_s + self.took_s)


def _nginx(calls: list[Call]) -> Iterator[str]:
    """`combined` with `$request_time`."""
    for call in calls:
        yield (
            f'10.0.0.7 - - [{call.end:%d/%b/%Y:%H:%M:%S %z}] "POST /models/{call.model}/invoke HTTP/1.1" 200 512 "-" '
            f'"boto3/1.34" {call.took_s:.3f}'
        )


def _mms(calls: list[Call]) -> Iterator[str]:
    for call in calls:
        yield (
            f"{call.end:%Y-%m-%d %H:%M:%S},{call.end.microsecond // 1000:03d} [INFO ] W-9000 ACCESS_LOG - "
            f'/10.0.0.7:41000 "POST /models/{call.model}/invoke HTTP/1.1" 200 {int(call.took_s * 1000)}'
        )


def _k6(calls: list[Call]) -> Iterator[str]:
    """CSV with `K6_CSV_TIME_FORMAT=unix_milli`: several metrics of each call."""
    yield "metric_name,timestamp,metric_value,check,error,error_code,group,method,name,proto,scenario,status,url"
    for call in calls:
        stamp = int(call.end.timestamp() * 1000)
        url = f"http://h/models/{call.model}/invoke"
        for metric, value in (("http_reqs", 1.0), ("http_req_duration", call.took_s * 1e3), ("http_req_blocked", 0.1)):
            yield f"{metric},{stamp},{value:.6f},,,,,POST,{url},HTTP/1.1,default,200,{url}"


WRITERS: Mapping[str, tuple[Callable[[list[Call]], Iterator[str]], float]] = {
    "nginx-combined": (_nginx, 1.0),
    "mms": (_mms, 1e-3),
    "k6-csv": (_k6, 1e-3),
}
"""By the name of the layout: its lines, and the resolution of its times in seconds."""


def log_of(layout: str, calls: list[Call]) -> str:
    """The text of a log, in the order in which calls end."""
    write, _ = WRITERS[layout]
    return "".join(f"{line}\n" for line in write(sorted(calls, key=lambda call: call.end)))
