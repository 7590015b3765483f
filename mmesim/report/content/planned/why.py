"""Why fleets were turned down, which of them stay open and what would decide them, and what the answer took."""

from __future__ import annotations

from collections.abc import Iterator

from mmesim import units
from mmesim.report import phrases
from mmesim.report.blocks import Block, Lines, Title
from mmesim.report.content.planned import words
from mmesim.report.content.planned.fleets import MOST_FAMILIES, open_rows
from mmesim.results.answers.planned import Fleet, Planned, WhyNot


def why_not(planned: Planned) -> Iterator[Block]:
    """A line for each family of cheaper fleets, the one that came nearest first."""
    if not planned.why_not:
        return
    yield Title("Why not", _whose(planned))
    yield Lines(tuple(_why(planned, one) for one in planned.why_not[:MOST_FAMILIES]), "list")
    more = len(planned.why_not) - MOST_FAMILIES
    if more > 0:
        noun = "family" if more == 1 else "families"
        yield Lines((f"{more:,} more {noun} of fleets that came less near: why_not in plan.json",), "note")


def _whose(planned: Planned) -> str:
    """Which fleets they are: some may cost what the answer costs."""
    if planned.answer is None:
        return "what limits the fleets"
    price = planned.fleets[planned.answer].usd_per_month
    as_dear = any(one.usd_per_month == price is not None for one in planned.fleets[: planned.answer])
    return f"what limits {'fleets that cost no more' if as_dear else 'cheaper fleets'}"


def _why(planned: Planned, one: WhyNot) -> str:
    reason = words.sentence(one.text)
    limits, drawn = words.limits(one.binds), planned.fleets[one.nearest].draws
    limits = f"of {phrases.plural(drawn, 'draw')} {limits}" if limits and drawn else limits
    counted = filter(None, (phrases.plural(one.fleets, "fleet"), limits))
    head = f"{words.family(planned, one.family)} ({': '.join(counted)})"
    return f"{head}: {reason}" if reason else head


def left_open(planned: Planned) -> Iterator[Block]:
    """The fleets that are too near to tell, and what would decide them."""
    rows = open_rows(planned)
    if not rows:
        return
    yield Title("Too near to tell", phrases.plural(len(rows), "fleet"))
    yield Lines(tuple(_open(planned, row) for row in rows[:MOST_FAMILIES]), "list")
    tolerance = units.show_fraction(planned.tolerance)
    yield Lines(
        (
            f"a fleet within {tolerance} of a limit may stay open: a smaller plan.tolerance samples longer, a limit "
            "that is not where the figure is decides it at once",
        ),
        "note",
    )


def _open(planned: Planned, row: int) -> str:
    one, line = planned.fleets[row], words.nearest(words.judged(planned, row))
    said = [] if line is None else [words.in_table(line)]
    reason = words.sentence(one.reason)
    return f"{words.fleet(planned, row)}, {words.price(one)}: {'; '.join([*said, *([reason] if reason else [])])}"


def took(planned: Planned) -> str:
    """What the answer took: fleets, replications and calls, wherever they were found."""
    used = planned.used
    untouched = [one for one in planned.fleets if not one.replications]
    parts = [f"{used.proved:,} turned down by arithmetic alone", f"{used.simulated_fleets:,} simulated"]
    for number, what in (
        (sum(map(_is_assumed, untouched)), "turned down with a larger one"),
        (sum(one.state == "open" for one in untouched), "that cannot be simulated"),
        (sum(one.state == "not tried" for one in untouched), "not tried"),
    ):
        parts += [f"{number:,} {what}"] if number else []
    work = f"{phrases.plural(used.replications, 'replication')}, {units.show_count(used.requests)} calls"
    return f"{', '.join(parts)}; {work}"


def _is_assumed(one: Fleet) -> bool:
    """Whether neither arithmetic nor a run of its own turned a fleet down, but `plan.assume_monotone`."""
    return one.state == "turned down" and one.stage not in ("proof", "draws")
