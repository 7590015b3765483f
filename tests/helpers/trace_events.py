"""A strict reader of traces for Perfetto: refuses everything that a viewer would drop or draw wrongly."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

Event = dict[str, Any]

KEYS = {
    "M": {"ph", "pid", "tid", "name", "args"},
    "X": {"ph", "pid", "tid", "name", "cat", "ts", "dur"},
    "b": {"ph", "pid", "tid", "name", "cat", "ts", "id"},
    "e": {"ph", "pid", "tid", "name", "cat", "ts", "id"},
    "i": {"ph", "pid", "tid", "name", "cat", "ts", "s"},
    "C": {"ph", "pid", "tid", "name", "ts", "args"},
}
"""Kind of event -> the keys that it must have; all but those of counters and names may have `args` besides."""


def read(path: Path) -> list[Event]:
    """The events of a file, checked."""
    return checked(gzip.decompress(path.read_bytes()).decode("ascii"))


def checked(text: str) -> list[Event]:
    """The events of a trace, after every rule of the format was found kept."""
    document = json.loads(text, parse_constant=_refuse)
    events: list[Event] = document["traceEvents"]
    for event in events:
        assert event["ph"] in KEYS, event
        assert KEYS[event["ph"]] <= event.keys() <= KEYS[event["ph"]] | {"args"}, event
        assert all(isinstance(event[key], int) for key in ("pid", "tid", "ts", "dur") if key in event), event
    names = [event for event in events if event["ph"] == "M"]
    timed = events[len(names) :]
    assert events[: len(names)] == names
    assert [event["ts"] for event in timed] == sorted(event["ts"] for event in timed)
    _named(names, timed)
    _nested(timed)
    _balanced(timed)
    _counted(timed)
    assert {event["s"] for event in timed if event["ph"] == "i"} <= {"g", "t"}
    return events


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


def _named(names: list[Event], timed: list[Event]) -> None:
    """Every process and every thread with slices or instants has one name."""
    processes = [event["pid"] for event in names if event["name"] == "process_name"]
    threads = [(event["pid"], event["tid"]) for event in names if event["name"] == "thread_name"]
    assert len(processes) == len(set(processes))
    assert len(threads) == len(set(threads))
    assert {event["pid"] for event in timed} <= set(processes)
    assert {(event["pid"], event["tid"]) for event in timed if event["ph"] in "Xi"} <= set(threads)


def _nested(timed: list[Event]) -> None:
    """Slices of one thread lie side by side; parts, which have no `args`, side by side inside the slice before them."""
    outer: dict[tuple[int, int], Event] = {}
    before: dict[tuple[int, int], int] = {}
    for event in timed:
        if event["ph"] == "X":
            thread = event["pid"], event["tid"]
            assert event["dur"] >= 0
            if "args" in event:
                assert thread not in outer or end(outer[thread]) <= event["ts"], (outer[thread], event)
                outer[thread], before[thread] = event, event["ts"]
            else:
                assert before[thread] <= event["ts"] <= end(event) <= end(outer[thread]), (outer[thread], event)
                before[thread] = end(event)


def end(event: Event) -> int:
    """When a slice ends."""
    return int(event["ts"]) + int(event["dur"])


def _balanced(timed: list[Event]) -> None:
    """Each wait that begins ends, later, and there is one at a time of each number."""
    begun: dict[object, Event] = {}
    for event in timed:
        if event["ph"] in "be":
            key = event["cat"], event["id"]
            if event["ph"] == "b":
                assert key not in begun, event
                begun[key] = event
            else:
                first = begun.pop(key)
                assert (first["name"], first["pid"], first["tid"]) == (event["name"], event["pid"], event["tid"])
                assert first["ts"] < event["ts"]
    assert not begun


def _counted(timed: list[Event]) -> None:
    """A counter has one value at a time, always of the same series."""
    seen: dict[tuple[int, str], tuple[int, set[str]]] = {}
    for event in timed:
        if event["ph"] == "C":
            key = event["pid"], event["name"]
            at, series = seen.get(key, (-1, set(event["args"])))
            assert at < event["ts"]
            assert series == set(event["args"])
            assert all(value >= -1e-9 for value in event["args"].values()), event
            seen[key] = event["ts"], series


def slices(events: list[Event], kind: str) -> list[Event]:
    """The outer slices of a kind: `loads`, `workers` or `requests`."""
    return [event for event in events if event["ph"] == "X" and event["cat"] == kind and "args" in event]
