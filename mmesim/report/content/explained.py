"""The report of an explanation: what binds, what would change it and what that costs, and what was found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mmesim import units
from mmesim.preflight.finding import Finding
from mmesim.report import formats, phrases
from mmesim.report.blocks import Block, Cell, Column, Lines, Report, Table, Title, Tone, report
from mmesim.report.content.causes import named
from mmesim.report.content.steadiness import of_runs

if TYPE_CHECKING:
    from mmesim.results.answers.explained import Deciding, Effect, Explained, Outcome, WhatIf

NO_EFFECT = "no effect seen"
TONES: dict[Outcome, Tone | None] = {"better": "good", "worse": "bad", "no effect seen": None, "no value": "open"}
SHOWN_APART = ("binding_constraint",)
"""Findings that a section of its own says."""
LEAST = 0.01
"""Shares of the tail and of the errors below this are not shown."""
MOST_NAMED = 4
"""What-ifs that are named at once."""


def explained_report(found: Explained) -> Report:
    """What binds, what-ifs by their worth, sensitivities, findings, and the answer in one sentence."""
    return report(
        _head(found),
        _limits(found),
        _what_ifs(found),
        _sensitivities(found),
        _findings(found),
        _left_out(found),
        _answer(found),
    )


def answer_report(found: Explained) -> Report:
    """The answer alone."""
    return report(_answer(found))


def _head(found: Explained) -> Iterator[Block]:
    about = "about " if found.price_estimated else ""
    costs = "" if found.usd_per_month is None else f", {about}{units.show_dollars(found.usd_per_month)} a month"
    yield Title(found.scenario, f"{found.fleet}{costs}", level=1)
    tries = phrases.plural(len(found.what_ifs), "what-if")
    lines = [f"{found.replications} replications of it and of {tries}, on the same random numbers, seed {found.seed}"]
    runs = [("the scenario", found.steady_state), *((one.text, one.steady_state) for one in found.what_ifs)]
    yield Lines((*lines, *of_runs(runs, "runs")))


def _limits(found: Explained) -> Iterator[Block]:
    """What slow and failed calls wait for."""
    shown = [one for one in found.limits if max(one.share_of_tail or 0.0, one.share_of_errors or 0.0) >= LEAST]
    nothing = "nothing" if found.nothing_binds is None else f"nothing: {found.nothing_binds}"
    yield Title("What binds", _binds(found) or nothing)
    if not shown:
        return
    columns = (Column("tail", "right"), Column("errors", "right"), Column("due to"))
    rows = tuple(
        (Cell(_share(one.share_of_tail)), Cell(_share(one.share_of_errors)), Cell(one.text)) for one in found.limits
    )
    yield Table(columns, rows)
    note = "tail: of the time of the slowest 1 % of successful calls; errors: of the failed calls"
    yield Lines((note,), "note")


def _binds(found: Explained) -> str | None:
    """What binds, by its name in the report of a run; None when nothing does."""
    texts = (one.text for one in found.findings if one.id in SHOWN_APART)
    return next((named(text)[0] for text in texts), None)


def _share(share: float | None) -> str:
    return formats.DASH if not share else units.show_fraction(share)


def _what_ifs(found: Explained) -> Iterator[Block]:
    yours = [one for one in found.what_ifs if one.yours]
    if not yours:
        return
    yield Title("What would change it", _of(found.deciding[0]))
    worth = any(one.effects[0].per_100_usd is not None for one in yours)
    columns = [Column(), Column("USD/month", "right"), Column("difference", "right")]
    columns += [Column("for 100 USD", "right")] if worth else []
    differences = _differences(found.deciding[0], yours)
    rows = [
        (Cell(one.text), Cell(_dearer(one)), difference, *([_worth(found, one)] if worth else []))
        for one, difference in zip(yours, differences, strict=True)
    ]
    yield Table(tuple(columns), tuple(rows))
    notes = [phrases.POINTS] if found.deciding[0].unit == "share" else []
    notes += ["~ estimated price"] if any(map(_is_estimated, yours)) else []
    if notes:
        yield Lines(tuple(notes), "note")
    yield from _besides(found, yours)


def _sensitivities(found: Explained) -> Iterator[Block]:
    """What cannot be chosen on SageMaker."""
    others = [one for one in found.what_ifs if not one.yours]
    if not others:
        return
    yield Title("Sensitivities", "what AWS decides: they explain, and are not advice")
    differences = _differences(found.deciding[0], others)
    rows = [(Cell(one.text), difference) for one, difference in zip(others, differences, strict=True)]
    yield Table((Column(), Column("difference", "right")), tuple(rows))
    yield from _besides(found, others)


def _besides(found: Explained, of: Sequence[WhatIf]) -> Iterator[Block]:
    """What they do to the other figures, and to the verdict."""
    texts = [
        f"{entry.text}: {said}"
        for index, entry in enumerate(found.deciding)
        if index and (said := "; ".join(_other(entry, index, of)))
    ]
    for verdict in ("pass", "undecided", "fail"):
        these = [one.text for one in of if one.verdict == verdict]
        if these and verdict != found.verdict:
            texts.append(f"{phrases.VERDICTS[verdict][0]} with {_some(these)}")
    if texts:
        yield Lines(tuple(texts), "list")


def _some(names: Sequence[str]) -> str:
    """Some names, and how many more there are."""
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"{', '.join(names[:MOST_NAMED])}{more}"


def _other(entry: Deciding, index: int, of: Sequence[WhatIf]) -> Iterator[str]:
    """What they do to another figure than the first."""
    for outcome in ("better", "worse"):
        these = [one for one in of if one.effects[index].outcome == outcome]
        if these:
            yield f"{outcome} with {_some([f'{one.text} ({_change(entry, one.effects[index])})' for one in these])}"


def _of(entry: Deciding) -> str:
    """The figure that is shown, as it is now."""
    value = _amount(entry, entry.value)
    if entry.verdict is None:
        return f"{entry.text}, {value} now"
    figure = "" if entry.text.startswith(entry.figure) else f"{entry.figure}: "
    return f"{entry.text} ({figure}{value} now)"


def _amount(entry: Deciding, value: float | None) -> str:
    if value is None:
        return formats.DASH
    return formats.share(value) if entry.unit == "share" else f"{formats.number(value)} {_unit(entry)}".rstrip()


def _unit(entry: Deciding) -> str:
    return "" if entry.unit == "count" else entry.unit


def _change(entry: Deciding, effect: Effect, digits: int = 3) -> str:
    """A difference in its unit, of a share in percentage points."""
    if effect.difference is None:
        return formats.DASH
    if entry.unit == "share":
        return f"{_signed(formats.in_percent(effect.difference), digits)} pt"
    return f"{_signed(effect.difference, digits)} {_unit(entry)}".rstrip()


def _differences(entry: Deciding, of: Sequence[WhatIf]) -> list[Cell]:
    """The differences of one figure; where none is seen, that stands where others have their interval."""
    unseen = Cell(NO_EFFECT)
    if any(one.effects[0].outcome in ("better", "worse") for one in of):
        unseen = Cell("", NO_EFFECT)
    effects = [one.effects[0] for one in of]
    return [unseen if effect.outcome == "no effect seen" else _difference(entry, effect) for effect in effects]


def _difference(entry: Deciding, effect: Effect) -> Cell:
    estimated: dict[str, object] = {"value": effect.difference, "ci95": effect.interval}
    interval = formats.percent_interval(estimated) if entry.unit == "share" else formats.interval(estimated)
    return Cell(_change(entry, effect), interval, tone=TONES[effect.outcome])


def _worth(found: Explained, one: WhatIf) -> Cell:
    """What it is worth for each 100 USD."""
    effect = one.effects[0]
    if effect.per_100_usd is None:
        return Cell()
    return Cell(_change(found.deciding[0], effect.model_copy(update={"difference": effect.per_100_usd}), 2))


def _dearer(one: WhatIf) -> str:
    if one.usd_per_month is None:
        return formats.DASH
    if abs(one.usd_per_month) < 0.5:
        return "0"
    return f"{'~' if _is_estimated(one) else ''}{one.usd_per_month:+,.0f}"


def _is_estimated(one: WhatIf) -> bool:
    """Whether what it costs, or saves, rests on a price that is estimated."""
    return one.price_estimated and bool(one.usd_per_month)


def _paid(one: WhatIf) -> str:
    """What it costs a month beyond what there is, in a sentence: `$84 a month`, `about $71 a month less`."""
    costs = one.usd_per_month
    if not costs:
        return "" if costs is None else "for nothing"
    about = "about " if _is_estimated(one) else ""
    return f"{about}{units.show_dollars(abs(costs))} a month{' less' if costs < 0.0 else ''}"


def _signed(value: float, digits: int = 3) -> str:
    return f"{'+' if value > 0 else ''}{formats.number(value, digits)}"


def _findings(found: Explained) -> Iterator[Block]:
    shown = [one for one in found.findings if one.id not in SHOWN_APART]
    if shown:
        yield Title("Findings")
        yield Lines(tuple(f"{one.line} ({one.id}{_tried(one)})" for one in shown), "list")


def _tried(finding: Finding) -> str:
    """What became of the advice, where it was simulated."""
    outcome = finding.evidence.get("tried")
    return "" if outcome is None else f"; tried: {outcome}"


def _left_out(found: Explained) -> Iterator[Block]:
    """What-ifs that the scenario does not allow."""
    if found.left_out:
        yield Title("Left out")
        yield Lines(tuple(f"{one.text}: {one.reason}" for one in found.left_out), "list")


def _answer(found: Explained) -> Iterator[Block]:
    """What binds, and what is worth most."""
    judged = [] if found.verdict is None else [phrases.VERDICTS[found.verdict][0]]
    binds = _binds(found)
    judged.append("nothing binds" if binds is None else f"what binds: {binds}")
    yours = [one for one in found.what_ifs if one.yours]
    first = next(iter(yours), None)
    if found.verdict == "pass":
        judged += _cheapest(yours)
    elif first is None or first.effects[0].outcome != "better":
        judged.append(f"nothing that you can choose is seen to improve {found.deciding[0].text}")
    else:
        price = f", {_paid(first)}" if _paid(first) else ""
        most = "best" if first.usd_per_month is None else "most for a dollar"
        change = _change(found.deciding[0], first.effects[0])
        judged.append(f"{most}: {first.text}{price} ({found.deciding[0].text}: {change})")
    yield Lines(("; ".join(judged),))


def _cheapest(of: Sequence[WhatIf]) -> Iterator[str]:
    """Of an endpoint that does what it should: the cheapest one that was tried and does so, too."""
    passing = [one for one in of if one.verdict == "pass" and one.usd_per_month is not None and one.usd_per_month < 0.0]
    best = min(passing, key=lambda one: one.usd_per_month or 0.0, default=None)
    if best is None:
        yield "nothing cheaper that was tried passes"
    else:
        yield f"the cheapest that was tried and passes: {best.text}, {_paid(best)}"
