"""What happened to the fleet in one replication, in order of time, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from types import MappingProxyType
from typing import Any

from mmesim import units
from mmesim.report import phrases
from mmesim.report.blocks import Block, Column, Lines, Table, Title, cells
from mmesim.results.measured.happened import Kind

MOST_MOMENTS = 60
"""Rows at most."""
SAME_S = 1.0
"""What follows within this time of the first is of the same moment."""

Event = Mapping[str, Any]
"""A row of happened.parquet: `at_s`, `kind`, `name`, and figures, None where the kind has none."""


def in_order(events: Sequence[Event]) -> Iterator[Block]:
    """A row for each moment, with all that happened then."""
    moments = list(_moments(events))
    yield Title("In order of time", f"replication {events[0]['replication']}")
    rows = [cells(units.show_seconds(of[0]["at_s"]), _sentence(of)) for of in moments[:MOST_MOMENTS]]
    yield Table((Column("at", "right"), Column("what happened")), tuple(rows), keys=0)
    more = sum(map(len, moments[MOST_MOMENTS:]))
    if more:
        yield Lines((f"{phrases.plural(more, 'more event')} in happened.parquet",), "note")


def named(kind: str, name: str) -> str:
    """An event by its kind and name, of a scaling policy the metric alone: `fault az`, `scale-out CPUUtilization`."""
    return f"{kind.replace('_', '-')} {_policy(name)}".strip()


def _policy(name: str) -> str:
    return name.removeprefix("target_tracking ").removeprefix("step ")


def _moments(events: Sequence[Event]) -> Iterator[list[Event]]:
    found: list[Event] = []
    for one in events:
        if found and one["at_s"] - found[0]["at_s"] > SAME_S:
            yield found
            found = []
        found.append(one)
    if found:
        yield found


def _sentence(moment: Sequence[Event]) -> str:
    """Events of one kind and name are said together where hosts are all that tells them apart."""
    alike: dict[tuple[Kind, str], list[Event]] = {}
    for one in moment:
        alike.setdefault((Kind(one["kind"]), one["name"]), []).append(one)
    parts = []
    for (kind, name), together in alike.items():
        if kind in HOSTS:
            parts.append(HOSTS[kind](together))
        else:
            parts += [f"{named(kind, name)}{WORDS.get(kind, _nothing)(one)}" for one in together]
    return "; ".join(parts)


def _nothing(_: Event) -> str:
    return ""


def _count(value: float, noun: str = "host") -> str:
    return phrases.plural(int(value), noun)


def _hosts(events: Sequence[Event]) -> str:
    numbers = [int(one["host"]) for one in events]
    whole = numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    if len(numbers) > 2 and whole:
        return f"hosts {numbers[0]} to {numbers[-1]}"
    return f"host{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"


def _in_service(events: Sequence[Event]) -> str:
    parts = []
    for after_s, each in groupby(events, key=lambda one: units.show_seconds(one["after_s"])):
        asked = f", asked for {after_s} before" if after_s != units.show_seconds(0.0) else ""
        parts.append(f"{_hosts(list(each))} in service{asked}")
    return "; ".join(parts)


def _scaled(of: Event) -> str:
    """`: 2 hosts more, 5 in all (the metric at 772, in alarm from 8 min on)`; a schedule has neither."""
    more = "more" if of["kind"] == Kind.scale_out else "fewer"
    seen = [] if of.get("metric") is None else [f"the metric at {units.show_number(of['metric'], 4)}"]
    seen += [] if of.get("alarm_s") is None else [f"in alarm from {units.show_seconds(of['alarm_s'])} on"]
    why = f" ({', '.join(seen)})" if seen else ""
    return f": {_count(of['hosts'])} {more}, {of['desired']:,.0f} in all{why}"


def _fault(of: Event) -> str:
    parts = [
        *([] if of.get("zone") is None else [f"zone {of['zone']:.0f}"]),
        *([] if of.get("host") is None else [f"host {of['host']:.0f}"]),
        *([] if of.get("hosts") is None else [f"{_count(of['hosts'])} lost"]),
        *([] if of.get("workers") is None else [f"{_count(of['workers'], 'worker')} died"]),
    ]
    return f": {', '.join(parts)}" if parts else ""


def _fault_over(of: Event) -> str:
    if of.get("never_came") is None:
        return ""
    return f": {_count(of['never_came'], 'replacement')} never came into service"


def _shifted(of: Event) -> str:
    on = f"{units.show_fraction(of['share'])} of the traffic to {_count(of['new_on'], 'new host')}"
    return f": {on}, {_count(of['old_on'], 'old host')} left"


def _done(of: Event) -> str:
    parts = [] if of.get("most_hosts") is None else [f"at most {_count(of['most_hosts'])} at a time"]
    if of.get("extra_host_s"):
        parts.append(f"{units.show_number(of['extra_host_s'] / 3600.0)} host-hours beyond either configuration")
    return f": {', '.join(parts)}" if parts else ""


HOSTS: Mapping[Kind, Callable[[Sequence[Event]], str]] = MappingProxyType(
    {
        Kind.provisioning: lambda events: f"{_count(len(events))} asked for",
        Kind.in_service: _in_service,
        Kind.draining: lambda events: f"{_hosts(events)}: no new calls",
        Kind.gone: lambda events: f"{_hosts(events)} gone",
    }
)
"""Kinds of which several in a moment are one sentence."""
WORDS: Mapping[Kind, Callable[[Event], str]] = MappingProxyType(
    {
        Kind.scale_out: _scaled,
        Kind.scale_in: _scaled,
        Kind.fault: _fault,
        Kind.fault_over: _fault_over,
        Kind.killed: _fault,
        Kind.deploy: lambda of: f": from {_count(of['old'])} to {of['new']:,.0f} new",
        Kind.provisioned: lambda of: f": {_count(of['hosts'], 'new host')} there, still without traffic",
        Kind.shifted: _shifted,
        Kind.rolled_back: _done,
        Kind.deployed: _done,
    }
)
"""What is said of each after its name."""
