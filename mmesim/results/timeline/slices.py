"""From what was seen to slices on tracks: each call, each batch of a worker, each load and unload, with its times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf, isfinite
from typing import Any

import numpy as np

from mmesim.results.measured.run_data import CAUSES
from mmesim.results.timeline.seen import TIMES, Load, Seen
from mmesim.scenario.figures import PARTS
from mmesim.scenario.scenario import Scenario

LOADS, WORKERS, REQUESTS = "loads", "workers", "requests"
KINDS = (LOADS, WORKERS, REQUESTS)
"""Kinds of tracks of a host, from top to bottom."""
NOWHERE = -1
"""Stands for the host of a call that reached none."""


@dataclass(frozen=True)
class Slice:
    """Something that takes its time on a host; whole microseconds from the start of the run."""

    host: int
    kind: str
    begin: int
    end: int
    name: str
    args: dict[str, Any] = field(default_factory=dict)
    inside: tuple[tuple[str, int, int], ...] = ()
    """Parts of it, one after the other: name, begin, end."""
    waits: tuple[tuple[str, int, int], ...] = ()
    """What it waits for meanwhile, one after the other."""
    number: int = 0
    """Of a call: its own."""

    @property
    def weight(self) -> int:
        """How many slices it makes."""
        return 1 + len(self.inside) + len(self.waits)


def micro(seconds: float) -> int:
    """Whole microseconds: rounding keeps every order, and exact sums where a float's digits end."""
    return round(seconds * 1e6)


def slices(scenario: Scenario, seen: Seen) -> list[Slice]:
    """All that was seen, in order of begins; what began before the window is there from its own begin on."""
    found = [*_loads(scenario, seen), *_unloads(scenario, seen), *_requests(scenario, seen), *_batches(scenario, seen)]
    return sorted(found, key=lambda one: (one.begin, KINDS.index(one.kind), one.host, -one.end, one.number))


def _until(seen: Seen, host: int, end_s: float) -> int:
    """The end of something on a host; of what was not seen to end, that of its host or of the window."""
    return micro(end_s if isfinite(end_s) else min(seen.hosts[host].gone_s, seen.window_s[1]))


def _loads(scenario: Scenario, seen: Seen) -> Iterator[Slice]:
    first, second = ("slot wait", "download")
    if scenario.endpoint.slot_covers == "load":
        first, second = second, first
    for load in seen.loads:
        begin, end = micro(load.asked_s), _until(seen, load.host, load.ended_s)
        model = scenario.model_table()[load.model].name
        phases = _phases((first, second, "memory wait", "load"), load, begin, end)
        outcome = "ready" if load.is_ready else "under way" if load.ended_s == inf else "failed"
        yield Slice(load.host, LOADS, begin, end, f"load {model}", {"model": model, "outcome": outcome}, phases)


def _phases(names: tuple[str, ...], load: Load, begin: int, end: int) -> tuple[tuple[str, int, int], ...]:
    """The phases that took some time; the one under way when the load ended ends with it."""
    found, at = [], begin
    for name, until_s in zip(names, (*load.phases_s, inf), strict=True):
        until = min(end, micro(until_s)) if isfinite(until_s) else end
        if until > at:
            found.append((name, at, until))
        at = max(at, until)
    return tuple(found)


def _unloads(scenario: Scenario, seen: Seen) -> Iterator[Slice]:
    for one in seen.unloads:
        model = scenario.model_table()[one.model].name
        end = max(micro(one.begun_s), _until(seen, one.host, one.ended_s))
        yield Slice(one.host, LOADS, micro(one.begun_s), end, f"unload {model}", {"model": model})


def _requests(scenario: Scenario, seen: Seen) -> Iterator[Slice]:
    calls, models = seen.calls, scenario.model_table()
    for k in range(calls.call.size):
        begin_s, latency_s, cause = float(calls.arrival_s[k]), float(calls.latency_s[k]), int(calls.cause[k])
        model = models[calls.model[k]].name
        args: dict[str, Any] = {
            "model": model,
            "call": int(calls.call[k]),
            "answer": "ok" if cause < 0 else CAUSES[cause],
            "latency_ms": round(1e3 * latency_s, 6),
            "found_ready": bool(calls.hit[k]),
            "attempts": int(calls.attempts[k]),
        }
        waits: list[tuple[str, int, int]] = []
        inside: list[tuple[str, int, int]] = []
        if cause < 0:
            parts = zip(PARTS, calls.parts_s[k].tolist(), strict=True)
            args["ledger_ms"] = {name: round(1e3 * part_s, 6) for name, part_s in parts if part_s > 0.0}
            at = dict(zip(TIMES, map(micro, calls.times_s[k].tolist()), strict=True))
            if not calls.hit[k]:
                waits.append(("wait for the load", at["reach"], at["forwarded"]))
            waits.append(("queue", at["queued"], at["taken"]))
            waits.append(("wait for the batch", at["taken"], at["closed"]))
            inside.append(("job", at["closed"], at["done"]))
        yield Slice(
            host=int(calls.host[k]),
            kind=REQUESTS,
            begin=micro(begin_s),
            end=micro(begin_s + latency_s),
            name=model if cause < 0 else f"{model}: {CAUSES[cause]}",
            args=args,
            inside=tuple(one for one in inside if one[2] > one[1]),
            waits=tuple(one for one in waits if one[2] > one[1]),
            number=int(calls.call[k]),
        )


def _batches(scenario: Scenario, seen: Seen) -> Iterator[Slice]:
    """A worker's time with each batch, from its first call to the end of the job; of calls that were answered well.

    Calls of one model that began and ended their jobs together on one host are one batch, where models have batches.
    """
    calls, models = seen.calls, scenario.model_table()
    taken, closed, done = (calls.times_s[:, TIMES.index(name)] for name in ("taken", "closed", "done"))
    batches: dict[tuple[int, int, float, float, int], list[int]] = {}
    for k in np.flatnonzero(calls.cause < 0).tolist():
        model = int(calls.model[k])
        alone = k if models[model].batch_size == 1 else NOWHERE
        batches.setdefault((int(calls.host[k]), model, float(closed[k]), float(done[k]), alone), []).append(k)
    for (host, model, _, done_s, _), rows in batches.items():
        name, begin_s = models[model].name, min(float(taken[k]) for k in rows)
        args = {"model": name, "calls": [int(calls.call[k]) for k in rows]}
        yield Slice(host, WORKERS, micro(begin_s), micro(done_s), name, args)
