"""A comparison of two scenarios as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from mmesim import units
from mmesim.experiment.diff import Diff
from mmesim.experiment.divergence import Divergence, Fate
from mmesim.report import caveats, layout
from mmesim.results.compare import Delta
from mmesim.scenario.scenario import Scenario
from mmesim.stats.intervals import Estimate

COLOURS: Mapping[str, str] = MappingProxyType({"higher": "36", "lower": "36", "undecided": "33"})
UNITS: Mapping[str, str] = MappingProxyType({"1/s": "/s"})
RATIO_SHOWN_FOR = ("mean", "p99", "cache_hit_ratio")


def text(found: Diff, colour: bool = False) -> str:
    """Return the comparison as text; `colour` marks the directions for a terminal."""
    sections = (_head(found), _table(found, colour), _first(found), _pairing(found))
    return "\n".join("\n".join([*section, ""]) for section in map(list, sections) if section).rstrip("\n") + "\n"


def _head(found: Diff) -> Iterator[str]:
    run, calls = found.a.scenario.run, sum(result.calls_all for result in found.a.runs)
    count = len(found.a.runs)
    yield f"a  {_what(found.a.scenario)}"
    yield f"b  {_what(found.b.scenario)}"
    same = "the same" if found.same_calls else "about"
    repeated = f"{count} pairs of replications" if count > 1 else "1 pair of replications, so no intervals"
    yield f"{repeated}, {same} {units.show_count(calls)} calls each, seed {run.seed}; [ ] are 95 % intervals"
    for label, scenario in (("a", found.a.scenario), ("b", found.b.scenario)):
        for belief in scenario.beliefs:
            yield f"{label}  {belief.sentence}"
    yield from caveats.of_scenario(found.asked)
    for label, result in (("a", found.a), ("b", found.b)):
        steady: Any = result.summary["steady_state"]
        if steady["verdict"] in caveats.UNSTEADY:
            yield f"{label} is not in steady state ({steady['verdict']}): {steady['evidence']}"
    if not found.same_calls:
        yield "The traffic of a and b differs: only what it has in common cancels in the differences."


def _what(scenario: Scenario) -> str:
    endpoint = scenario.endpoint
    host = endpoint.instance_type or f"{endpoint.host.vcpu} vCPU, {units.show_bytes(endpoint.host.memory_bytes)}"
    return f"{scenario.name}: {endpoint.instance_count} x {host}"


def _table(found: Diff, colour: bool) -> Iterator[str]:
    rows = [("", "a", "b", "b - a", "", "", ""), *(_row(delta) for delta in found.deltas)]
    lines = layout.columns(rows)
    yield lines[0]
    for line, delta in zip(lines[1:], found.deltas, strict=True):
        marked = colour and delta.direction in COLOURS
        yield f"\x1b[{COLOURS[delta.direction]}m{line}\x1b[0m" if marked else line
    missing = {delta.name: delta.difference.reason for delta in found.deltas if delta.difference.reason is not None}
    if any(_is_share(delta) and delta.difference.value for delta in found.deltas):
        yield "  (pt: percentage points)"
    for name, reason in missing.items():
        yield f"  {name}: {reason}"


def _row(delta: Delta) -> tuple[str, ...]:
    name = delta.name if delta.unit == "1" else f"{delta.name}, {UNITS.get(delta.unit, delta.unit)}"
    difference = delta.difference.as_dict()
    if delta.difference.value is None:
        return (name, _value(delta, delta.a), _value(delta, delta.b), layout.DASH, "", "", "")
    if _is_share(delta):
        shown = f"{_signed(100.0 * delta.difference.value)} pt"
        interval = layout.interval(_scaled(delta.difference, 100.0).as_dict())
    else:
        shown, interval = _signed(delta.difference.value), layout.interval(difference)
    relative = "" if delta.relative is None or _is_share(delta) else f"{100.0 * delta.relative:+.1f} %"
    return (name, _value(delta, delta.a), _value(delta, delta.b), shown, interval, relative, delta.direction)


def _is_share(delta: Delta) -> bool:
    return delta.kind == "share"


def _value(delta: Delta, estimated: Estimate) -> str:
    if estimated.value is None:
        return layout.DASH
    return layout.share(estimated.value) if _is_share(delta) else layout.number(estimated.value)


def _signed(value: float) -> str:
    return f"+{layout.number(value)}" if value > 0 else layout.number(value)


def _scaled(estimated: Estimate, factor: float) -> Estimate:
    if estimated.value is None:
        return estimated
    bounds = None if estimated.ci95 is None else (factor * estimated.ci95[0], factor * estimated.ci95[1])
    return Estimate(factor * estimated.value, bounds)


def _first(found: Diff) -> Iterator[str]:
    first = found.first
    looked = "" if found.all_recorded else " among the recorded calls"
    if first is None:
        yield f"No call fares differently{looked} in the first replication."
        return
    yield f"First difference{looked}: {_call(first)}"
    yield f"  in a: {_fate(first.a)}"
    yield f"  in b: {_fate(first.b)}"


def _call(first: Divergence) -> str:
    where = f"replication {first.replication}, call {units.show_count(first.call)}"
    return f"{where} at {units.show_seconds(first.arrival_s)}, to {first.model}"


def _fate(fate: Fate | None) -> str:
    if fate is None:
        return "there is no such call"
    host = "no host" if fate.host is None else f"host {fate.host}"
    outcome = ("hit" if fate.hit else "miss") if fate.cause == "ok" else fate.cause
    largest = sorted(fate.parts_s.items(), key=lambda part: -part[1])[:4]
    parts = ", ".join(f"{name} {units.show_seconds(seconds)}" for name, seconds in largest)
    return f"{host}, {outcome}, {units.show_seconds(fate.latency_s)}" + (f" ({parts})" if parts else "")


def _pairing(found: Diff) -> Iterator[str]:
    known = {delta.name: delta.variance_ratio for delta in found.deltas if delta.name in RATIO_SHOWN_FOR}
    shown = [f"{name} {layout.number(ratio, 2)}" for name, ratio in known.items() if ratio is not None]
    if shown:
        yield "Independent runs need so many times the calls for intervals as narrow (below 1: pairing does harm):"
        yield f"  {', '.join(shown)}"
