"""What people write for something that a scenario says otherwise, or not at all: refused with what to write instead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mmesim.scenario.file.tree import Located
from mmesim.scenario.values.fields import Place, Refused


@dataclass(frozen=True, slots=True)
class Spelling:
    """A place in a file that is not a key of the schema (`*` is any item), what it means, and what to write instead."""

    place: tuple[str, ...]
    message: str
    write: str

    def fits(self, place: Place) -> bool:
        """Whether a place of a file is the one that is meant."""
        return len(place) == len(self.place) and all(
            want in ("*", step) for want, step in zip(self.place, place, strict=True)
        )


CLOSED_LOOP = "arrivals: {closed_loop: {users: 10, think_time: 1 s}}"
_CALLS = "calls: 1000 beside arrivals, or calls_each: 20 for each user"
_STAGES = (
    "{closed_loop: {stages: [{duration: 2 min, target: 50}]}}, or {ramp: {stages: [{duration: 2 min, target: 50 /s}]}}"
)
_RESPONSE_TIMEOUT = "the worker's response time-out is not simulated"

TABLE: tuple[Spelling, ...] = (
    Spelling(("endpoint", "instances"), "the number of hosts is called instance_count", "instance_count: 2"),
    Spelling(("endpoint", "count"), "the number of hosts is called instance_count", "instance_count: 2"),
    Spelling(("models", "*", "size"), "artifact_size is in S3 and on disk, memory once loaded", "artifact_size: 40 MB"),
    Spelling(("endpoint", "autoscaling"), "autoscaling is not simulated", "instance_count: 2"),
    Spelling(("server", "response_timeout"), _RESPONSE_TIMEOUT, "endpoint: {invocation_timeout: 60 s}"),
    Spelling(("models", "*", "response_timeout"), _RESPONSE_TIMEOUT, "endpoint: {invocation_timeout: 60 s}"),
    Spelling(("measured_on",), "times are not converted between instance types", "endpoint: {cpu_speed: 1.1}"),
    Spelling(("server", "load_stall"), "loads block the event loops of the server", "event_loops: 8"),
    Spelling(("traffic", "*", "closed_loop"), "a closed loop is an arrival process", CLOSED_LOOP),
    Spelling(("traffic", "*", "arrivals", "closed"), "a closed loop is called closed_loop", CLOSED_LOOP),
    Spelling(("traffic", "*", "arrivals", "closed_loop", "calls"), "calls belong to the stream", _CALLS),
    Spelling(
        ("traffic", "*", "arrivals", "closed_loop", "iterations"), "the number of calls belongs to the stream", _CALLS
    ),
    Spelling(("traffic", "*", "arrivals", "closed_loop", "vus"), "virtual users are called users", "users: 10"),
    Spelling(("traffic", "*", "arrivals", "stages"), "stages are those of users or of a rate", _STAGES),
    Spelling(("traffic", "*", "stages"), "stages are those of users or of a rate", f"arrivals: {_STAGES}"),
    Spelling(("traffic", "*", "users"), "users belong to a closed loop", CLOSED_LOOP),
    Spelling(("clients", "users"), "users belong to the arrivals of a stream", f"traffic: [{{{CLOSED_LOOP}}}]"),
    Spelling(
        ("traffic", "*", "azure_functions"),
        "minute counts are a format of a trace",
        "trace: {file: invocations.csv, format: azure-functions-2019}",
    ),
)


def misspelled(tree: Located) -> Iterator[tuple[Place, Refused]]:
    """Every value of a scenario that the table names, with its place."""
    for place, value in tree.walk():
        for spelling in TABLE:
            if spelling.fits(place):
                yield place, Refused(spelling.message, (), f"write {spelling.write}", value.plain())
