"""What the report of a comparison says: what differs, the first call whose outcome differs, and what pairing gains."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mmesim import units
from mmesim.report import formats, phrases
from mmesim.report.blocks import Block, Cell, Column, Lines, Report, Table, Title, Tone, report
from mmesim.report.content.compared import has_both, multiples
from mmesim.report.content.cost import differs, own_price
from mmesim.report.content.events import named
from mmesim.report.content.happened import UNJUDGED, hurt
from mmesim.report.content.steadiness import UNSTEADY
from mmesim.report.plain import harmless_line
from mmesim.results.comparison.compare import Delta
from mmesim.scenario.endpoint.overridden import kept_by_another_type
from mmesim.scenario.run.belief import sentence_of
from mmesim.scenario.run.expected import RECOVERY

if TYPE_CHECKING:
    from mmesim.experiment.diff.divergence import Divergence, Fate
    from mmesim.experiment.diff.kept import Compared

TONES: Mapping[str | None, Tone] = MappingProxyType(
    {"better": "good", "worse": "bad", "higher": "changed", "lower": "changed", "undecided": "open"}
)
"""Effect of a difference, or its direction where no way is good, and its tone."""
COST = "usd_per_hour"
RATIO_SHOWN_FOR = ("mean", "p99", "cache_hit_ratio")


def diff_report(found: Compared) -> Report:
    """The sections of the report of a comparison."""
    return report(_head(found), _expected(found), _table(found), _happened(found), _first(found), _pairing(found))


def _head(found: Compared) -> Iterator[Block]:
    run, count = found.a.scenario.run, found.replications
    lines = [
        f"{label}  {of.name}: {of.endpoint.fleet}" for label, of in (("a", found.a.scenario), ("b", found.b.scenario))
    ]
    shown = units.show_count(found.calls)
    same = f"the same {shown} calls" if found.same_calls else f"about {shown} calls each"
    repeated = f"{count} pairs of replications" if count > 1 else "1 pair of replications"
    intervals = f"; {phrases.INTERVALS}" if count > 1 else "; one pair gives no intervals"
    lines.append(f"{repeated}, {same}, seed {run.seed}{intervals}")
    lines += _beliefs(found)
    given = kept_by_another_type(found.a.scenario.endpoint, found.b.scenario.endpoint)
    if given:
        figures = " and the ".join(f"endpoint.{key}" for key in given)
        lines.append(f"b is another instance type with the {figures} of a, which the scenario gives")
    lines += phrases.of_scenario(found.asked)
    for label, result in (("a", found.a), ("b", found.b)):
        steady: Any = result.summary["steady_state"]
        if steady["verdict"] in UNSTEADY:
            lines.append(f"{label} is not in steady state ({steady['verdict']}): {steady['evidence']}")
    if not found.same_calls:
        lines.append("a and b have different traffic: only what it has in common cancels in the differences")
    yield Lines(tuple(lines))


def _expected(found: Compared) -> Iterator[Block]:
    """The verdict on each line in a and in b, as each run alone has it."""
    if not found.expect:
        return
    yield Title("Expected" if found.replications > 1 else "Expected (by the value alone: one replication)")
    rows = [
        (Cell(text), *(Cell(formats.DASH) if of is None else phrases.verdict(of) for of in both))
        for text, *both in found.expect
    ]
    yield Table((Column(), Column("a"), Column("b")), tuple(rows))


def _table(found: Compared) -> Iterator[Block]:
    yield Title("Figures")
    columns = (
        Column(),
        Column("a", "right"),
        Column("b", "right"),
        Column("b - a", "right"),
        Column(align="right", optional=True),
        Column(),
    )
    yield Table(columns, tuple(map(_row, found.deltas)))
    if any(delta.kind == "share" and delta.difference.value for delta in found.deltas):
        yield Lines((phrases.POINTS,), "note")
    missing = {delta.name: delta.difference.reason for delta in found.deltas if delta.difference.reason is not None}
    if missing:
        yield Lines(tuple(f"{name}: {reason}" for name, reason in missing.items()))
    yield from _own_prices(found)


def _beliefs(found: Compared) -> Iterator[str]:
    """What is believed in both, once, then what is in one alone."""
    of_a, of_b = ({one.sentence: one for one in side.scenario.beliefs} for side in (found.a, found.b))
    both, sides = of_a.keys() & of_b.keys(), (("", of_a), ("a  ", of_a), ("b  ", of_b))
    for side, believed in sides:
        those = [belief for sentence, belief in believed.items() if (sentence in both) == (not side)]
        if those:
            yield side + sentence_of(those)


def _own_prices(found: Compared) -> Iterator[Block]:
    """What the instances cost that the scenarios begin with, where those of the runs were not these."""
    own = [own_price(side.scenario.endpoint) for side in (found.a, found.b)]
    for delta in found.deltas:
        runs = zip((delta.a.value, delta.b.value), own, strict=True)
        if delta.name == COST and any(differs(hourly, price) for hourly, price in runs):
            of_a, of_b = (formats.DASH if price is None else units.show_price(price) for price in own)
            begun = f"the instances that the scenarios begin with: a {of_a}, b {of_b}"
            yield Lines((f"{COST}: mean during the run; {begun}",), "note")


def _happened(found: Compared) -> Iterator[Block]:
    """The calls that each fault, deploy and scale-out hurt in a and in b."""
    sections: list[Any] = [of.summary.get("happened") for of in (found.a, found.b)]
    each = [{(one["kind"], one["name"]): one for one in (() if of is None else of["events"])} for of in sections]
    events = dict.fromkeys([*each[0], *each[1]])
    if events:
        yield Title("What happened: calls hurt each time, on average")
        rows = [(Cell(named(*event)), *(Cell(cell) for cell in _hurt(event, found, each))) for event in events]
        yield Table((Column(), Column("a"), Column("b")), tuple(rows))
        why = dict.fromkeys(one["recovered_s"].get("reason") for of in each for one in of.values())
        if unknown := tuple(f"slow calls are not known: {reason}" for reason in why if reason in UNJUDGED):
            yield Lines(unknown, "note")


def _hurt(event: tuple[str, str], found: Compared, each: Sequence[Mapping[tuple[str, str], Any]]) -> Iterator[str]:
    """The calls that an event hurt in a and in b; a dash where it did not happen, or nobody knows."""
    for side, events in zip((found.a, found.b), each, strict=True):
        yield hurt(events[event], side.summary) if event in events else formats.DASH


def _recovery(delta: Delta) -> tuple[Cell, ...]:
    """A recovery in minutes, as everywhere."""
    tone = TONES.get(delta.effect or delta.direction)
    ends = [formats.DASH if of.value is None else units.show_seconds(of.value / 1e3) for of in (delta.a, delta.b)]
    named = (Cell(delta.name, tone=tone), *(Cell(end, tone=tone) for end in ends))
    value, bounds = delta.difference.value, delta.difference.ci95
    if value is None:
        known = "" if delta.direction == "undecided" else delta.direction
        return (*named, Cell(formats.DASH, tone=tone), Cell(), Cell(known, tone=tone))
    interval = "" if bounds is None else f"[{', '.join(_longer(bound) for bound in bounds)}]"
    relative = "" if delta.relative is None else f"{100.0 * delta.relative:+,.1f} %"
    return (
        *named,
        Cell(_longer(value), interval, tone=tone),
        Cell(relative, tone=tone),
        Cell(delta.direction, tone=tone),
    )


def _longer(ms: float) -> str:
    sign = "+" if ms > 0 else "-" if ms < 0 else ""
    return f"{sign}{units.show_seconds(abs(ms) / 1e3)}"


def _row(delta: Delta) -> tuple[Cell, ...]:
    if delta.name.startswith(f"{RECOVERY} "):
        return _recovery(delta)
    name = phrases.with_unit(delta.name, delta.kind)
    tone = TONES.get(delta.effect or delta.direction)
    ends = (
        Cell(name, tone=tone),
        Cell(formats.figure(delta.kind, delta.a.value), tone=tone),
        Cell(formats.figure(delta.kind, delta.b.value), tone=tone),
    )
    if delta.difference.value is None:
        return (*ends, Cell(formats.DASH, tone=tone), Cell(), Cell())
    if delta.kind == "share":
        shown = f"{_signed(formats.in_percent(delta.difference.value))} pt"
        interval = formats.percent_interval(delta.difference.as_dict())
    else:
        bounds = delta.difference.ci95
        exact = bounds is not None and math.isclose(*bounds, rel_tol=1e-9)  # such as a price
        shown = _signed(delta.difference.value)
        interval = "" if exact else formats.interval(delta.difference.as_dict())
    relative = "" if delta.relative is None or delta.kind == "share" else f"{100.0 * delta.relative:+,.1f} %"
    return (*ends, Cell(shown, interval, tone=tone), Cell(relative, tone=tone), Cell(delta.direction, tone=tone))


def _signed(value: float) -> str:
    return f"+{formats.number(value)}" if value > 0 else formats.number(value)


def _first(found: Compared) -> Iterator[Block]:
    first = found.first
    if first is None:
        calls = "call" if found.all_recorded else "recorded call"
        yield Lines((f"Every {calls} has the same outcome in replication 0.",))
        return
    yield Title("First difference" if found.all_recorded else "First difference among the recorded calls", _call(first))
    parts = _parts(first)
    yield Lines((f"in a: {_fate(first.a, parts)}", f"in b: {_moved(first)}{_fate(first.b, parts)}"))


def _call(first: Divergence) -> str:
    where = f"replication {first.replication}, call {units.show_count(first.call)}"
    return f"{where} at {units.show_seconds(first.arrival_s)}, to {first.model}"


def _moved(first: Divergence) -> str:
    """When the call comes in b, and to whom, where a says something else."""
    a, b = first.a, first.b
    if a is None or b is None:
        return ""
    later_s = b.arrival_s - a.arrival_s
    when = f"{units.show_seconds(abs(later_s))} {'later' if later_s > 0.0 else 'earlier'}" if later_s else ""
    to = f"to {b.model}" if a.model != b.model else ""
    return "".join(f"{said}, " for said in (when, to) if said)


def _parts(first: Divergence) -> list[str]:
    """The parts of the latency that are largest in either, and those that differ most."""
    of = [{} if fate is None else fate.parts_s for fate in (first.a, first.b)]
    both = {name: tuple(parts.get(name, 0.0) for parts in of) for name in dict.fromkeys([*of[0], *of[1]])}
    differ = sorted(
        (name for name, (a, b) in both.items() if a != b), key=lambda name: -abs(both[name][0] - both[name][1])
    )
    chosen = {*sorted(both, key=lambda name: -max(both[name]))[:MOST_PARTS], *differ[:MOST_DIFFER]}
    return sorted(chosen, key=lambda name: -max(both[name]))


MOST_PARTS, MOST_DIFFER = 4, 2


def _fate(fate: Fate | None, names: Sequence[str]) -> str:
    if fate is None:
        return "there is no such call"
    host = "no host" if fate.host is None else f"host {fate.host}"
    outcome = ("hit" if fate.hit else "miss") if fate.cause == "ok" else fate.cause
    there = [(name, fate.parts_s.get(name, 0.0)) for name in names]
    parts = ", ".join(f"{name} {units.show_seconds(seconds)}" for name, seconds in there if seconds)
    return f"{host}, {outcome}, {units.show_seconds(fate.latency_s)}" + (f" ({parts})" if parts else "")


def _pairing(found: Compared) -> Iterator[Block]:
    known = {delta.name: delta.variance_ratio for delta in found.deltas if delta.name in RATIO_SHOWN_FOR}
    shown = [f"{name} {formats.number(ratio, 2)}" for name, ratio in known.items() if ratio is not None]
    if shown:
        yield Title("Variance ratio", ", ".join(shown))
        meaning = "how many times as many calls independent runs need for intervals as narrow"
        yield Lines((f"{meaning}; below 1, pairing does harm",), "note")


def answer(found: Compared) -> str:
    """What differs in one sentence: lines of `expect` that change their verdict, then how many figures are better."""
    changed = [
        f"{text}: {phrases.VERDICTS[a][0]} in a, {phrases.VERDICTS[b][0]} in b"
        for text, a, b in found.expect
        if a is not None and b is not None and a != b
    ]
    effects = [delta.effect or delta.direction for delta in found.deltas]
    words = [word for word in ("better", "worse") if word in effects]
    of = f" of {phrases.plural(len(effects), 'figure')}"
    said = [f"b is {word} in {effects.count(word)}{of}{_most(found, word)}" for word in words]
    said = said or [f"none{of} is better or worse in b"]
    said += [f"{effects.count('undecided')} undecided"] if "undecided" in effects else []
    return harmless_line("; ".join((*changed, *said, *_cost(found))))


def _most(found: Compared, word: str) -> str:
    """The latency that changes most for the better or the worse, else the first figure that does."""
    changed = [delta for delta in found.deltas if delta.effect == word and has_both(delta)]
    latencies = [delta for delta in changed if delta.kind == "ms"]
    most = max(latencies, key=lambda one: abs(math.log(multiples(one)[0])), default=next(iter(changed), None))
    if most is None or most.name == COST:  # which the sentence ends with
        return ""
    of_a, of_b = (formats.figure(most.kind, one.value) for one in (most.a, most.b))
    return f" (most: {most.name} {of_b}{' ms' if most.kind == 'ms' else ''}, in a {of_a})"


def _cost(found: Compared) -> Iterator[str]:
    """What both cost, where that is known."""
    for delta in found.deltas:
        if delta.name == COST and delta.a.value is not None and delta.b.value is not None:
            of_a, of_b = (units.show_price(one) for one in (delta.a.value, delta.b.value))
            yield f"{of_b} an hour{', as a' if of_a == of_b else f', in a {of_a}'}"
