"""The table of fleets: the answer, what stands beside it, and the nearest miss of each family."""

from __future__ import annotations

from collections.abc import Iterator

from mmesim.report import phrases
from mmesim.report.blocks import Block, Cell, Column, Lines, Table, Tone
from mmesim.report.content.gated.words import on_one_line
from mmesim.report.content.planned import words
from mmesim.report.content.planned.statement import draws
from mmesim.results.answers.planned import Planned

MOST_FAMILIES = 8
"""Families of which the nearest fleet is shown, and why they were turned down; the others are in the files."""
PROVED = "turned down by arithmetic alone"
TONES: dict[str, Tone] = {"inside": "good", "turned down": "bad", "open": "open"}
MARKS = {"inside": "✓ inside", "turned down": "✗ turned down", "open": "? open"}


def fleets_table(planned: Planned) -> Iterator[Block]:
    """A row for each fleet that says something, in order of price, and what its marks mean."""
    parts = roles(planned)
    if not parts:
        return
    fields = list(words.other_fields(planned).items())
    columns = [Column(), Column("fleet"), *(Column(name) for _, name in fields), Column("USD a month", "right")]
    rows = []
    for row, role in sorted(parts.items()):
        one = planned.fleets[row]
        host = "" if one.instance_type is None else f" x {on_one_line(one.instance_type)}"
        others = [Cell(words.value(one.values[field])) if field in one.values else Cell() for field, _ in fields]
        first = [Cell(words.TICKS[one.state], tone=TONES.get(one.state)), Cell(f"{one.instance_count:,}{host}")]
        rows.append((*first, *others, Cell(_price(planned, row)), Cell("; ".join(_said(planned, row, role)))))
    yield Table((*columns, Column()), tuple(rows), keys=2)
    yield Lines((", ".join(_legend(planned, list(parts))), *_left_out(planned, set(parts))), "note")


def roles(planned: Planned) -> dict[int, list[str]]:
    """Row -> what it is in this plan; nothing for the nearest fleet of a family."""
    found: dict[int, list[str]] = {}
    for row, role in (
        (planned.answer, "answer"),
        (planned.next_cheaper, "next cheaper"),
        (planned.current, "you run it"),
        (planned.all_in_memory, "everything in memory"),
        *((tie, "") for tie in planned.ties),
        *((row, "") for row in open_rows(planned)[:MOST_FAMILIES]),
        *((one.nearest, "") for one in planned.why_not[:MOST_FAMILIES]),
    ):
        if row is not None:
            found.setdefault(row, []).extend([role] if role else [])
    return found


def open_rows(planned: Planned) -> list[int]:
    """The fleets that are too near to tell; not those that were looked at once, whatever came of it."""
    return [row for row, one in enumerate(planned.fleets) if one.state == "open" and one.stage != "estimate"]


def _left_out(planned: Planned, shown: set[int]) -> Iterator[str]:
    """How many fleets were simulated and have no row, and where they are."""
    rows = [row for row, one in enumerate(planned.fleets) if one.replications and one.stage != "proof"]
    more = len(set(rows) - shown)
    if more:
        were = "was" if more == 1 else "were"
        yield f"{phrases.plural(more, 'other fleet')} {were} simulated: all are in fleets.parquet"


def _price(planned: Planned, row: int) -> str:
    one = planned.fleets[row]
    if one.usd_per_month is None:
        return "-"
    return f"{'~' if one.price_estimated else ''}{words.usd(one.usd_per_month).replace('$', '')}"


def _said(planned: Planned, row: int, role: list[str]) -> Iterator[str]:
    """The roles of a fleet, the figure that decides, and what limits it."""
    yield from role
    one, line = planned.fleets[row], words.decides(planned, row)
    if line is not None:
        yield words.in_table(line)
    elif one.state == "turned down":
        # Why in full is said below, of the families that are shown there.
        below = any(row == of.nearest for of in planned.why_not[:MOST_FAMILIES])
        in_short = f"{PROVED if one.stage == 'proof' else 'turned down'}{_with_what(planned, one.reason)}"
        yield in_short if below else words.sentence(one.reason) or in_short
    elif one.state == "not tried":
        yield "not tried"
    if one.binds and one.binds != words.UNKNOWN and one.state == "turned down":
        yield f"limited by {words.constraint(one.binds)}"
    if one.share_of_draws is not None:
        extra = "" if one.mean_extra_usd is None else f", {words.usd(one.mean_extra_usd)} beyond"
        yield f"inside in {draws(one)} of draws{extra}"


def _with_what(planned: Planned, reason: str | None) -> str:
    """What a fleet does not withstand, where its reason begins with that."""
    every = {line.when for one in planned.fleets for line in one.lines}
    return next((f" with {when}" for when in every if when and (reason or "").startswith(f"with {when}: ")), "")


def _legend(planned: Planned, rows: list[int]) -> Iterator[str]:
    shown = [planned.fleets[row] for row in rows]
    yield from (mark for state, mark in MARKS.items() if any(one.state == state for one in shown))
    if any(one.price_estimated for one in shown):
        yield "~ estimated price"
    if any(line.interval is not None for row in rows for line in words.judged(planned, row)):
        yield "[95 % interval]"
    if any(one.mean_extra_usd is not None for one in shown):
        yield "beyond: a month more than the cheapest fleet of each draw, on average"
    yield f"a month: {words.whose_prices(planned)}, 730 hours"
