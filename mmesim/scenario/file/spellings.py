"""What people write for something that a scenario says otherwise, or not at all: refused with what to write instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mmesim.scenario.file.tree import Key, Located
from mmesim.scenario.values.fields import Place, Refused


@dataclass(frozen=True, slots=True)
class Spelling:
    """A place in a file that is not a key of the schema (`*` is any item), what it means, and what to write instead.

    `same`: it is another name for the key that `write` gives, with the same value; then nothing else is asked for it.
    """

    place: tuple[str, ...]
    message: str
    write: str
    same: bool = False
    meant: Callable[[str], str | None] = lambda _: None
    """What to write for one value; None where `write` is as good."""

    @property
    def key(self) -> str:
        """The key that is written instead."""
        return self.write.partition(": ")[0]

    def instead(self, value: object) -> str:
        """What to write for a value."""
        meant = self.meant(value) if isinstance(value, str) else None
        if meant is not None:
            return f"write {meant}"
        return (
            f"write {self.key}: {value}"
            if self.same and isinstance(value, str | int | float)
            else f"write {self.write}"
        )

    def fits(self, place: Place) -> bool:
        """Whether a place of a file is the one that is meant."""
        return len(place) == len(self.place) and all(
            want in ("*", step) for want, step in zip(self.place, place, strict=True)
        )


CLOSED_LOOP = "arrivals: {closed_loop: {users: 10, think_time: 1 s}}"
RATE = "{rate: 80 /s}"
_CALLS = "{arrivals: {closed_loop: {users: 10, think_time: 1 s}}, calls: 1000}"
_PACED = "arrivals: {closed_loop: {users: 10, pacing: 2 s}}"
_STAGES = "arrivals: {ramp: {stages: [{duration: 2 min, target: 50 /s}]}}"
_OF_WHAT = "stages are those of users (closed_loop) or of a rate (ramp)"
_RESPONSE_TIMEOUT = "the worker's response time-out is not simulated"


def _of_locust(value: str) -> str | None:
    """What Locust's `wait_time` is called here: its functions take seconds."""
    call = re.fullmatch(r"\s*(\w+)\(\s*([\d.]+)\s*(?:,\s*([\d.]+)\s*)?\)\s*", value)
    if call is None:
        return None
    match call[1], call[3]:
        case "constant", None:
            return f"think_time: {call[2]} s"
        case "constant_pacing", None:
            return f"pacing: {call[2]} s"
        case "between", str(most):
            return f"think_time: {{uniform: {{low: {call[2]} s, high: {most} s}}}}"
    return None


TABLE: tuple[Spelling, ...] = (
    *(
        Spelling(("endpoint", word), "the number of hosts is called instance_count", "instance_count: 2", same=True)
        for word in ("instances", "count", "hosts", "replicas")
    ),
    *(
        Spelling(
            ("endpoint", word), "the type of hosts is called instance_type", "instance_type: ml.m5.xlarge", same=True
        )
        for word in ("type", "instance")
    ),
    *(
        Spelling(("models", "*", word), "the number of models of a group is called count", "count: 30", same=True)
        for word in ("instances", "number")
    ),
    *(
        Spelling(("run", word), "the simulated time is called duration", "duration: 30 min", same=True)
        for word in ("time", "length")
    ),
    *(
        Spelling((word,), "what is promised is called expect", "expect: [p99 < 500 ms]", same=True)
        for word in ("slo", "sla")
    ),
    *(
        Spelling(("traffic", "*", word), "a process of arrivals stands below arrivals", f"arrivals: {{{word}: {body}}}")
        for word, body in {"poisson": RATE, "constant": RATE, "gamma": "{rate: 80 /s, cv: 2}"}.items()
    ),
    Spelling(("traffic", "*", "rate"), "a rate is that of an arrival process", "arrivals: {poisson: {rate: 80 /s}}"),
    Spelling(
        ("autoscaling",),
        "autoscaling belongs to the endpoint",
        "endpoint: {autoscaling: {policy: target_tracking, metric: CPUUtilization, target: 200, min: 2, max: 8}}",
    ),
    Spelling(("models", "*", "size"), "artifact_size is in S3 and on disk, memory once loaded", "artifact_size: 40 MB"),
    *(
        Spelling(("endpoint", "autoscaling", word), f"the limit is called {key}", f"{key}: {number}", same=True)
        for key, number in (("min", 2), ("max", 8))
        for word in (f"{key}_capacity", f"{key}imum", f"{key}_instances")
    ),
    Spelling(("endpoint", "autoscaling", "target_value"), "the target is called target", "target: 4000", same=True),
    Spelling(
        ("server", "workers"),
        "the workers of a copy of a model are called default_workers_per_model",
        "default_workers_per_model: 4",
        same=True,
    ),
    Spelling(("server", "response_timeout"), _RESPONSE_TIMEOUT, "endpoint: {invocation_timeout: 60 s}"),
    Spelling(("models", "*", "response_timeout"), _RESPONSE_TIMEOUT, "endpoint: {invocation_timeout: 60 s}"),
    Spelling(("measured_on",), "times are not converted between instance types", "endpoint: {cpu_speed: 1.1}"),
    Spelling(("server", "load_stall"), "loads block the event loops of the server", "event_loops: 8"),
    Spelling(("traffic", "*", "closed_loop"), "a closed loop is an arrival process", CLOSED_LOOP),
    Spelling(("traffic", "*", "arrivals", "closed"), "a closed loop is called closed_loop", CLOSED_LOOP),
    Spelling(
        ("traffic", "*", "arrivals", "closed_loop", "calls"), "calls belong to the stream, or are calls_each", _CALLS
    ),
    Spelling(
        ("traffic", "*", "arrivals", "closed_loop", "iterations"), "the number of calls belongs to the stream", _CALLS
    ),
    Spelling(("traffic", "*", "arrivals", "closed_loop", "vus"), "virtual users are called users", CLOSED_LOOP),
    Spelling(
        ("traffic", "*", "arrivals", "closed_loop", "constant_pacing"),
        "the time from call to call is called pacing",
        _PACED,
        meant=lambda value: f"pacing: {value}",
    ),
    Spelling(
        ("traffic", "*", "arrivals", "closed_loop", "wait_time"),
        "a pause is think_time, a time from call to call is pacing",
        CLOSED_LOOP,
        meant=_of_locust,
    ),
    Spelling(("traffic", "*", "constant_pacing"), "pacing belongs to a closed loop", _PACED),
    Spelling(("traffic", "*", "wait_time"), "a pause belongs to a closed loop", CLOSED_LOOP),
    Spelling(("traffic", "*", "arrivals", "stages"), _OF_WHAT, _STAGES),
    Spelling(("traffic", "*", "stages"), _OF_WHAT, _STAGES),
    Spelling(("traffic", "*", "users"), "users belong to a closed loop", CLOSED_LOOP),
    Spelling(("clients", "users"), "users belong to the arrivals of a stream", f"traffic: [{{{CLOSED_LOOP}}}]"),
    Spelling(
        ("traffic", "*", "azure_functions"),
        "minute counts are a format of a trace",
        "trace: {file: invocations.csv, format: azure-functions-2019}",
    ),
)


OF_LENGTH = {length: [one for one in TABLE if len(one.place) == length] for length in {len(one.place) for one in TABLE}}
"""Number of steps -> the spellings whose place has that many."""


def misspelled(tree: Located) -> Iterator[tuple[Place, Refused]]:
    """Every value of a scenario that the table names, with its place."""
    for place, value in tree.walk():
        for spelling in OF_LENGTH.get(len(place), ()):
            if spelling.fits(place):
                yield place, Refused(spelling.message, (), spelling.instead(value.plain()), value.plain())


def corrected(tree: Located, place: Place = ()) -> Located:
    """The tree with the keys of the schema where others stand for them: what else is wrong can be found then."""
    if isinstance(tree.value, list):
        return tree.with_value([corrected(item, (*place, index)) for index, item in enumerate(tree.list)])
    if not isinstance(tree.value, dict):
        return tree
    entries: dict[Key, Located] = {}
    for name, item in tree.map.items():
        here = (*place, name)
        key = next((one.key for one in TABLE if one.same and one.fits(here)), None)
        entries[name if key is None or key in tree.map or key in entries else key] = corrected(item, here)
    return tree.with_value(entries)
