"""A timeline as a trace that Perfetto (ui.perfetto.dev) and chrome://tracing open: JSON, gzipped.

The format: "Trace Event Format", Google, 2016. Hosts are processes; loads, workers and calls are slices on threads that
stand for lanes; evictions and what happened to the fleet are instants; waits are asynchronous pairs; CPU, memory and
queues are counters. Times are whole microseconds of simulated time. Perfetto cannot show slices of one thread that
overlap without nesting (perfetto.dev/docs/faq).
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmesim import __version__
from mmesim.files import whole
from mmesim.results.timeline.lanes import lanes
from mmesim.results.timeline.seen import MOST_SLICES, Seen
from mmesim.results.timeline.slices import KINDS, LOADS, NOWHERE, Slice, micro, slices
from mmesim.scenario.scenario import Scenario

ENDPOINT = 1
"""The process of what belongs to no host; that of host h is h + 2."""
FIRST_LANE = {kind: 1 + 1_000_000 * place for place, kind in enumerate(KINDS)}
"""Thread of the first lane of each kind: far apart, as there may be any number."""
EVICTIONS = FIRST_LANE[LOADS] - 1
GIB = float(2**30)
# Of events at one time: what ends, what begins (the longer first, which is around the others), what is only there.
ENDS, SLICES, BEGINS, MARKS = range(4)

Event = dict[str, Any]


@dataclass(frozen=True)
class Trace:
    """The trace of a window, whole or as far as `MOST_SLICES` slices go."""

    text: str
    """The JSON."""
    slices: int
    until_s: float
    """Where it ends."""
    is_whole: bool
    """Whether that is the end of the window; else there is more in it than a viewer can show."""

    def gzipped(self) -> bytes:
        """The same bytes for the same trace."""
        return gzip.compress(self.text.encode("ascii"), mtime=0)

    def save(self, file: str | Path) -> Path:
        """Write it gzipped, which every viewer reads, and return the path; raises OutputError."""
        target = Path(file)
        with whole(target) as fresh:
            fresh.write_bytes(self.gzipped())
        return target


def trace(scenario: Scenario, seen: Seen, most: int = MOST_SLICES) -> Trace:
    """What was seen of a window, as a trace of at most that many slices."""
    shown, until_s, number = _within(slices(scenario, seen), seen.window_s[1], most)
    timed = sorted(
        [*_sliced(shown), *_instants(scenario, seen, until_s), *_counters(seen, until_s)],
        key=lambda one: one[:3],
    )
    document = {
        "displayTimeUnit": "ms",
        "otherData": {
            "scenario": scenario.name,
            "seed": scenario.run.seed,
            "replication": seen.replication,
            "from_s": seen.window_s[0],
            "until_s": until_s,
            "version": __version__,
        },
        "traceEvents": [*_names(seen, shown), *(event for *_, event in timed)],
    }
    return Trace(
        json.dumps(document, separators=(",", ":"), allow_nan=False), number, until_s, until_s == seen.window_s[1]
    )


def _within(found: list[Slice], until_s: float, most: int) -> tuple[list[Slice], float, int]:
    """The slices that begin before there are more than `most`, when that is, and how many they are."""
    number = 0
    for place, one in enumerate(found):
        number += one.weight
        if number > most:
            shown = [before for before in found[:place] if before.begin < one.begin]
            return shown, one.begin / 1e6, sum(before.weight for before in shown)
    return found, until_s, number


def _pid(host: int) -> int:
    return ENDPOINT if host == NOWHERE else host + 2


Timed = tuple[int, int, int, Event]
"""An event with its place: its time, what it is of, and for slices the longer first."""


def _laid(shown: list[Slice]) -> Iterator[tuple[Slice, int]]:
    """Each slice with its thread."""
    of: dict[tuple[int, str], list[Slice]] = {}
    for one in shown:
        of.setdefault((one.host, one.kind), []).append(one)
    for (_, kind), those in of.items():
        for one, lane in zip(those, lanes([(one.begin, one.end) for one in those]), strict=True):
            yield one, FIRST_LANE[kind] + lane


def _sliced(shown: list[Slice]) -> Iterator[Timed]:
    for one, thread in _laid(shown):
        on = {"pid": _pid(one.host), "tid": thread}
        for name, begin, end in ((one.name, one.begin, one.end), *one.inside):
            event: Event = {"ph": "X", "ts": begin, "dur": end - begin, "name": name, "cat": one.kind, **on}
            if (begin, name) == (one.begin, one.name):
                event["args"] = one.args
            yield begin, SLICES, begin - end, event
        for name, begin, end in one.waits:
            pair: Event = {"cat": "waits", "id": one.number, "name": name, **on}
            yield begin, BEGINS, 0, {"ph": "b", "ts": begin, **pair}
            yield end, ENDS, 0, {"ph": "e", "ts": end, **pair}


def _instants(scenario: Scenario, seen: Seen, until_s: float) -> Iterator[Timed]:
    for one in seen.evicted:
        if one.at_s < until_s:
            model, at = scenario.model_table()[one.model].name, micro(one.at_s)
            on = {"pid": _pid(one.host), "tid": EVICTIONS, "s": "t"}
            yield at, MARKS, 0, {"ph": "i", "ts": at, "name": f"evict {model}", "cat": "evictions", **on}
    for what in seen.happened:
        if what.at_s < until_s:
            at, name = micro(what.at_s), f"{what.kind.value} {what.name}".strip()
            on = {"pid": ENDPOINT, "tid": 0, "s": "g", "args": dict(what.figures)}
            yield at, MARKS, 0, {"ph": "i", "ts": at, "name": name, "cat": "journal", **on}


def _counters(seen: Seen, until_s: float) -> Iterator[Timed]:
    """One value a period, set when it begins, of each host that is there in it."""
    counters = seen.counters
    for k, (begin_s, end_s) in enumerate(
        zip(counters.edges_s[:-1].tolist(), counters.edges_s[1:].tolist(), strict=True)
    ):
        if begin_s >= until_s:
            return
        at = micro(begin_s)
        yield at, MARKS, 0, _counter(at, ENDPOINT, "calls at the endpoint", {"mean": float(counters.in_system[k])})
        for h, host in enumerate(seen.hosts):
            if host.born_s < end_s and host.gone_s > begin_s:
                waiting = {"for a worker": int(counters.in_queue[k, h]), "for a load": int(counters.for_load[k, h])}
                yield at, MARKS, 0, _counter(at, _pid(h), "busy vCPUs", {"mean": float(counters.cpu[k, h])})
                memory = float(counters.memory_bytes[k, h]) / GIB
                yield at, MARKS, 0, _counter(at, _pid(h), "memory", {"GiB": memory})
                yield at, MARKS, 0, _counter(at, _pid(h), "calls that wait", waiting)


def _counter(at: int, process: int, name: str, values: dict[str, Any]) -> Event:
    return {"ph": "C", "ts": at, "pid": process, "tid": 0, "name": name, "args": values}


def _names(seen: Seen, shown: list[Slice]) -> Iterator[Event]:
    """Names and order of all processes and threads."""
    hosts = [(_pid(h), f"host {h} ({host.type})") for h, host in enumerate(seen.hosts)]
    for process, name in [(ENDPOINT, "endpoint"), *hosts]:
        yield _named(process, 0, "process_name", {"name": name})
        yield _named(process, 0, "process_sort_index", {"sort_index": process})
    threads = {
        (_pid(one.host), thread): f"{one.kind} {thread - FIRST_LANE[one.kind] + 1}" for one, thread in _laid(shown)
    }
    threads |= {(_pid(one.host), EVICTIONS): "evictions" for one in seen.evicted}
    threads[ENDPOINT, 0] = "what happened"
    for (process, thread), name in sorted(threads.items()):
        yield _named(process, thread, "thread_name", {"name": name})
        yield _named(process, thread, "thread_sort_index", {"sort_index": thread})


def _named(process: int, thread: int, what: str, args: dict[str, Any]) -> Event:
    return {"ph": "M", "pid": process, "tid": thread, "name": what, "args": args}
