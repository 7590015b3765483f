"""What was seen of a part of one replication: the only thing that crosses from the engine to a timeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf

from mmesim.arrays import Flags, Floats, Ints
from mmesim.results.measured.happened import Happened

TIMES = ("reach", "forwarded", "queued", "taken", "closed", "done")
"""When a call came to the router, to the container, to the queue, to a worker, when its batch was complete and when its
job was done: the columns of `SeenCalls.times_s`."""


MOST_SLICES = 100_000
"""Of a trace: more than that makes viewers slow. Every call is one at least."""


@dataclass(slots=True)
class Load:
    """One load of a model; times in seconds, infinite where that was not seen."""

    host: int
    model: int
    asked_s: float
    phases_s: tuple[float, float, float] = (inf, inf, inf)
    """Ends of its first phases: slot wait and download, in the order of `endpoint.slot_covers`; wait for memory."""
    ended_s: float = inf
    is_ready: bool = False
    """Whether it ended well."""


@dataclass(slots=True)
class Unload:
    """One unload of a model; it ends at infinity when its end was not seen."""

    host: int
    model: int
    begun_s: float
    ended_s: float = inf


@dataclass(frozen=True)
class Evicted:
    """A copy of a model was chosen to make room."""

    host: int
    model: int
    at_s: float


@dataclass(frozen=True)
class SeenHost:
    """A host that was ever there."""

    type: str
    """Instance type, or what stands for it."""
    born_s: float
    gone_s: float
    """Infinite when it was there at the end."""


@dataclass(frozen=True)
class SeenCalls:
    """One row a call that was under way in the window and has ended; columns as in `CallRecords`."""

    call: Ints
    arrival_s: Floats
    latency_s: Floats
    model: Ints
    host: Ints
    hit: Flags
    cause: Ints
    attempts: Ints
    parts_s: Floats
    """[calls, len(PARTS)]; zeros for a failed call."""
    times_s: Floats
    """[calls, len(TIMES)]: of the last attempt; NaN for a failed call."""


@dataclass(frozen=True)
class Counters:
    """What was there over time: one row a period, the first begins with the window."""

    edges_s: Floats
    """[periods + 1]: where they begin, and where the last ends."""
    cpu: Floats
    """[periods, hosts]: busy vCPUs, mean over the period."""
    memory_bytes: Floats
    """[periods, hosts]: memory of the containers, mean over the period."""
    in_queue: Ints
    """[periods, hosts]: calls that wait for a worker when the period begins."""
    for_load: Ints
    """[periods, hosts]: calls that wait for a load when the period begins."""
    in_system: Floats
    """[periods]: attempts at the endpoint without an answer, mean over the period."""


@dataclass(frozen=True)
class Seen:
    """Everything that was seen of [start, end) of one replication, as it was in the run itself."""

    replication: int
    window_s: tuple[float, float]
    hosts: Sequence[SeenHost]
    calls: SeenCalls
    loads: Sequence[Load]
    unloads: Sequence[Unload]
    evicted: Sequence[Evicted]
    counters: Counters
    happened: Sequence[Happened] = field(default_factory=tuple)
