"""Keys that mean something to an endpoint but that this version does not simulate: refused, never ignored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mmesim.scenario.file.tree import Located
from mmesim.scenario.values.fields import Place, Refused


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A place in the file (`*` is any item), the values that are harmless there, and what would be simulated."""

    place: tuple[str, ...]
    what: str
    harmless: tuple[object, ...] = ()
    instead: str | None = None


TABLE: tuple[Unsupported, ...] = (
    Unsupported(("endpoint", "autoscaling"), "autoscaling", (), "give a fixed instance_count"),
    Unsupported(("server", "load_stall"), "stalls of the event loops by registrations"),
    Unsupported(("server", "response_timeout"), "the worker's response time-out"),
    Unsupported(("models", "*", "response_timeout"), "the worker's response time-out"),
    Unsupported(("traffic", "*", "closed_loop"), "closed-loop traffic"),
    Unsupported(("traffic", "*", "arrivals", "closed"), "closed-loop traffic", (), "{poisson: {rate: 120 /s}}"),
    Unsupported(("clients", "users"), "closed-loop traffic"),
    Unsupported(("faults",), "faults", ([],), "faults: []"),
    Unsupported(("measured_on",), "conversion of CPU times between instance types", (), "give endpoint.cpu_speed"),
)


def unsupported(tree: Located) -> Iterator[tuple[Place, Refused]]:
    """Every value of a scenario that this version does not simulate, with its place."""
    for place, value in tree.walk():
        for entry in TABLE:
            if _matches(entry.place, place) and not _harmless(entry, value):
                hint = None if entry.instead is None else f"for now: {entry.instead}"
                yield place, Refused(f"this version does not simulate {entry.what} yet", (), hint, value.plain())


def _matches(pattern: tuple[str, ...], place: Place) -> bool:
    if len(pattern) != len(place):
        return False
    return all(want == "*" or want == step for want, step in zip(pattern, place, strict=True))


def _harmless(entry: Unsupported, value: Located) -> bool:
    plain = value.plain()
    return any(plain == harmless and type(plain) is type(harmless) for harmless in entry.harmless)
