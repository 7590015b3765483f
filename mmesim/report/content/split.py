"""What the report of a split says: the answer, the ways to split, why the others save nothing, and what was assumed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from mmesim import units
from mmesim.report import formats, phrases
from mmesim.report.blocks import Block, Cell, Column, Lines, Report, Table, Title, cells, report

if TYPE_CHECKING:
    from mmesim.results.answers.split import Alternative, Candidate, Part, SplitAnswer, Tried

NAMES: Mapping[str, str] = MappingProxyType(
    {
        "rest": "the rest",
        "dedicated": "dedicated",
        "components": "components",
        "second_mme": "second MME",
        "multi_container": "multi-container",
        "serverless": "serverless",
    }
)
"""Kind of endpoint -> what a report calls it."""
MOST_NAMES = 3
MOST_WAYS = 8
"""Ways to split in the table, those that save most."""
MOST_SHOWN = 3
"""Ways to split that are shown whole."""


def split_report(found: SplitAnswer) -> Report:
    """All of it."""
    return report(_head(found), _answer(found), _ways(found), _parts(found), _tried(found), _assumed(found))


def answer_report(found: SplitAnswer) -> Report:
    """The sentence that answers, alone."""
    return report(_answer(found))


def _head(found: SplitAnswer) -> Iterator[Block]:
    asked = ", ".join(found.expect)
    yield Title(found.name, f"which models should leave? {asked}", level=1)
    given, one = found.given, found.one_endpoint
    as_it_is = f"{_hosts(given)}, {_paid(given)} a month"
    if one is None:
        lines = [f"one endpoint: no number of instances that was tried keeps every line; it is {as_it_is}, which "]
        if given.verdict == "undecided":
            lines[0] += f"leaves open {_missed(given)} after {found.replications} replications"
        else:
            lines[0] += f"misses {_missed(given)}"
    elif one.instance_count == given.instance_count:
        lines = [f"one endpoint: {as_it_is}, keeps every line"]
        lines[0] += "" if one.instance_count == 1 else "; one instance fewer does not"
    else:
        lines = [f"one endpoint: {_hosts(one)}, {_paid(one)} a month, keep every line; the scenario has {as_it_is}"]
    if found.other_hosts is not None:
        other = found.other_hosts
        lines.append(
            f"all models also fit on other hosts that keep every line: {_hosts(other)}, {_paid(other)} a month; a "
            "split is compared with that; `mmesim plan` looks further"
        )
    if found.not_judged:
        lines.append(f"not judged, since no part can be held to it: {', '.join(found.not_judged)}")
    yield Lines((*lines, *found.notes))


def _answer(found: SplitAnswer) -> Iterator[Block]:
    yield Lines((answer(found),))


def answer(found: SplitAnswer) -> str:
    """One sentence: what to do, what it saves, and how sure that is."""
    opened = [tried for one in found.candidates for tried in one.tried if tried.state == "open"]
    if not found.alternatives and opened:
        ways = phrases.plural(len(opened), "way")
        return (
            f"open: {found.replications} replications leave open whether {ways} to split would keep every line and "
            f"save{_on_others(found)}: more replications, or longer ones, decide"
        )
    if not found.alternatives:
        return f"no split that was tried keeps every line and costs less: leave the models together{_on_others(found)}"
    best = found.alternatives[0]
    candidate = found.candidates[best.candidate]
    what = f"{_who(candidate)} to {_where(best)}"
    if best.verdict == "undecided":
        said = f"{found.replications} replications leave open {_open(best)}"
        return f"open: {what} would save {_saving(best)}, but {said}"
    if best.verdict == "fail":
        return f"none: {what} looked as if it saved {_saving(best)}, but on other random numbers misses {_open(best)}"
    if best.saving_usd <= 0:
        return f"move {what}: it costs {units.show_dollars(-best.saving_usd)} a month more, and keeps every line"
    about = "about " if _is_estimated(found, best) else ""
    return f"move {what}: it saves {about}{_saving(best)} of {_paid(_reference(found))} a month, and keeps every line"


def _reference(found: SplitAnswer) -> Part:
    """What a split is compared with."""
    return found.other_hosts or found.one_endpoint or found.given


def _is_estimated(found: SplitAnswer, one: Alternative) -> bool:
    """Whether what a way to split saves rests on a price that is estimated."""
    return any(part.price_estimated for part in (_reference(found), *one.parts))


def _on_others(found: SplitAnswer) -> str:
    """Where all models together cost less, if that is not where they are."""
    other = found.other_hosts
    return "" if other is None else f", but on {_hosts(other)} ({_paid(other)} a month)"


def _ways(found: SplitAnswer) -> Iterator[Block]:
    if not found.alternatives:
        return
    kept = "kept every line; again: tried on other random numbers"
    yield Title("Ways to split", f"{phrases.plural(len(found.alternatives), 'way')} that {kept}")
    rows = []
    for number, one in enumerate(found.alternatives[:MOST_WAYS], start=1):
        candidate = found.candidates[one.candidate]
        mark, tone = phrases.VERDICTS[one.verdict] if one.confirmed else (formats.DASH, None)
        rows.append(
            (
                Cell(str(number)),
                Cell(f"{'~' if _is_estimated(found, one) else ''}{_bare(one.saving_usd)}"),
                Cell(NAMES[one.option]),
                Cell(_who(candidate)),
                Cell(mark, tone=tone),
            )
        )
    columns = (Column(), Column("saves, USD", "right"), Column("move to"), Column("models"), Column("again"))
    yield Table(columns, tuple(rows))


def _parts(found: SplitAnswer) -> Iterator[Block]:
    """The endpoints of the best ways."""
    for number, one in enumerate(found.alternatives[:MOST_SHOWN], start=1):
        about = "about " if any(part.price_estimated for part in one.parts) else ""
        yield Title(f"{number}", f"{NAMES[one.option]}: {about}{units.show_dollars(one.usd_per_month)} a month in all")
        rows = tuple(
            cells(
                NAMES[part.kind] if part.kind == "rest" else part.name,
                _hosts(part),
                _usd(part),
                formats.share(part.share_of_calls),
                _p99(part),
            )
            for part in one.parts
        )
        columns = (
            Column(),
            Column("instances"),
            Column("USD a month", "right"),
            Column("calls", "right"),
            Column("p99, ms", "right"),
        )
        yield Table(columns, rows)
        alone = tuple(_alone(part) for part in one.parts if part.verdict != "pass")
        if alone:
            yield Lines(alone, "note")
        commands = [f"--set {' --set '.join(map(_quoted, part.overrides))}" for part in one.parts if part.overrides]
        if number == 1 and commands:
            yield Lines(("to simulate a part: mmesim run FILE, with",))
            yield Lines(tuple(commands), "list")


def _tried(found: SplitAnswer) -> Iterator[Block]:
    """What was tried, by what the rest then needs, and why an option saves nothing."""
    yield Title("What was tried")
    by_need: dict[str, list[Candidate]] = {}
    for one in found.candidates:
        by_need.setdefault(_rest(one, found), []).append(one)
    for need, those in by_need.items():
        yield Lines((f"without these models, the rest {need}:",))
        for one in those:
            calls, memory = formats.share(one.share_of_calls), formats.share(one.share_of_memory)
            share = f"{calls} of the calls, {memory} of the memory"
            no = [tried for tried in one.tried if tried.state not in ("saves", "does not apply")]
            why = [f"; {NAMES[tried.option]}: {_why_not(tried)}" for tried in no]
            yield Lines((f"{one.why} ({share}){''.join(why)}",), "list")


def _why_not(tried: Tried) -> str:
    """Why an option saves nothing."""
    if tried.state == "dearer" and tried.usd_per_month is not None:
        return f"{units.show_dollars(tried.usd_per_month)} a month, {tried.reason}"
    return str(tried.reason)


def _assumed(found: SplitAnswer) -> Iterator[Block]:
    lines = [f"{NAMES[option]}: {text}" for option, text in found.assumed.items()]
    lines += [f"{NAMES[one.option]} left out: {one.reason}" for one in found.left_out]
    if any(_is_estimated(found, one) for one in found.alternatives):
        lines.append("~ estimated price: EC2's times 1.20")
    used = found.used
    lines.append(
        f"{phrases.plural(used.fleets, 'fleet')} simulated, {units.show_count(used.requests)} calls; each was judged "
        "once, by 95 % intervals: before you move, pass both sides through `mmesim gate`"
    )
    yield Title("Assumed")
    yield Lines(tuple(lines), "list")


def _rest(one: Candidate, found: SplitAnswer) -> str:
    """How many instances the rest needs; where it is as many as before, what one fewer lacks."""
    if one.rest_needs is not None:
        return f"needs {'nothing' if one.rest_needs == 0 else phrases.plural(one.rest_needs, 'instance')}"
    if found.one_endpoint is None:
        return f"needs more than {found.given.instance_count}, which miss {one.rest_lacks}"
    count = found.one_endpoint.instance_count
    lacks = "" if count == 1 else f" ({count - 1} {'misses' if count == 2 else 'miss'} {one.rest_lacks})"
    return f"still needs {phrases.plural(count, 'instance')}{lacks}"


def _who(one: Candidate) -> str:
    """Those who leave, by name where they are few."""
    if len(one.names) <= MOST_NAMES:
        return ", ".join(one.names)
    return one.why


def _where(one: Alternative) -> str:
    """Where they go, with the hosts."""
    moved = [part for part in one.parts if part.kind != "rest"]
    if one.option == "serverless":
        return "serverless endpoints" if moved[0].models > 1 else "a serverless endpoint"
    kinds = {
        "dedicated": "an endpoint of its own" if len(moved) == 1 else "endpoints of their own",
        "components": "inference components",
        "second_mme": "a second multi-model endpoint",
        "multi_container": "a multi-container endpoint",
    }
    counted: dict[str, int] = {}
    for part in moved:
        counted[_hosts(part)] = counted.get(_hosts(part), 0) + 1
    hosts = ", ".join(name if count == 1 else f"{count} times {name}" for name, count in counted.items())
    return f"{kinds[one.option]} ({hosts})"


def _hosts(part: Part) -> str:
    if part.kind == "serverless":
        return phrases.plural(part.models, "endpoint")
    return f"{part.instance_count} x {part.instance_type or 'these hosts'}"


def _paid(part: Part) -> str:
    """What it costs a month, in a sentence."""
    return ("about " if part.price_estimated else "") + units.show_dollars(part.usd_per_month)


def _usd(part: Part) -> str:
    """The same in a table."""
    return ("~" if part.price_estimated else "") + _bare(part.usd_per_month)


def _bare(usd: float) -> str:
    """US dollars in a column whose heading has the unit."""
    return units.show_usd(usd).removesuffix(" USD")


def _saving(one: Alternative) -> str:
    text = units.show_dollars(one.saving_usd)
    if one.saving_interval is None:
        return text
    low, high = one.saving_interval
    return f"{text} ({units.show_dollars(low)} to {units.show_dollars(high)})"


def _p99(part: Part) -> str:
    # What would help, in parentheses or after a colon, is too long for a column, and in the document.
    reason = re.split(r" \(|: ", part.p99_reason or "")[0]
    return formats.both({"value": part.p99_ms, "ci95": part.p99_interval, "reason": reason})


def _alone(part: Part) -> str:
    """What a part does not keep by itself: the calls of the others may make up for it, or it is what is missed."""
    name = NAMES["rest"] if part.kind == "rest" else part.name
    return f"the calls of {name} alone: {_missed(part)} is {'open' if part.verdict == 'undecided' else 'missed'}"


def _missed(part: Part) -> str:
    """The lines that a part misses; where it misses none, those that stay open."""
    return ", ".join(line.text for line in part.lines if line.verdict == part.verdict) or "does not fit"


def _open(one: Alternative) -> str:
    return ", ".join(line.text for line in one.lines if line.verdict != "pass")


def _quoted(override: str) -> str:
    return f"'{override}'" if set(override) & set(" ,[]{}") else override
