"""What the report of a run says of each expectation: its verdict, and what it rests on."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from mmesim import units
from mmesim.report import formats, phrases
from mmesim.report.blocks import Block, Cell, Column, Lines, Table, Title, cells
from mmesim.results.answers.sections import WORST_FIRST
from mmesim.results.figures.selected import FEWEST_CALLS
from mmesim.results.folder.shown import Shown
from mmesim.scenario.figures import SHOWN_UNITS
from mmesim.scenario.run.expect import Expectation
from mmesim.scenario.run.selection import time_span


def expectations(result: Shown, summary: Any) -> Iterator[Block]:
    """A row for each expectation."""
    if not summary["expect"]:
        return
    yield Title("Expected" if summary["replications"] > 1 else "Expected (by the value alone: one replication)")
    failed = summary["requests"]["ok"] < summary["requests"]["total"]
    rows = [_row(e, entry, failed) for e, entry in zip(result.scenario.expect, summary["expect"], strict=True)]
    if max(len(text) for _, text, _ in rows) <= LONGEST_TEXT:
        table = tuple((verdict, *cells(text, found)) for verdict, text, found in rows)
    else:  # side by side they would not fit
        table = tuple((verdict, *cells(f"{text}: {found}")) for verdict, text, found in rows)
    yield Table((Column(),) * len(table[0]), table)
    joined = [entry["text"] for entry in summary["expect"] if any(one["joined"] > 1 for one in entry["windows"] or ())]
    if joined:
        few = f"windows with fewer than {FEWEST_CALLS} calls a replication are joined with the next"
        yield Lines((f"{few}: {', '.join(joined)}",), "note")


LONGEST_TEXT = 36
"""Characters of an expectation that leave room for a column beside it."""


def _row(e: Expectation, entry: Any, failed: bool) -> tuple[Cell, str, str]:
    """Verdict, expectation, and what was found."""
    found = compared(e, entry["decided_on"], failed)
    if entry["windows"] is not None:
        where = time_span(*entry["decided_on"]["between_s"])
        found = f"{_of_windows(entry['windows'])}, {where}: {found}"
    asked, judged = e.calls.between_s, entry["decided_on"]["between_s"]
    if asked is not None and entry["decided_on"]["value"] is not None and judged[0] > asked[0]:
        found += f" (from {units.show_seconds(judged[0])} on: before is warm-up)"
    return phrases.verdict(entry["verdict"]), entry["text"], found


def compared(e: Expectation, decided: Any, failed: bool = False) -> str:
    """What was compared with the limit."""
    if decided["value"] is None:
        return str(decided["by"])
    if decided["metric"].startswith("share_over"):
        slower = f"{formats.percent(decided)} are slower{' or failed' if failed else ''}"
        comparison = e.comparison if decided["limit"] or not e.is_upper else "<="
        return f"{slower}, limit {comparison} {100 * decided['limit']:.12g} %"
    if e.kind == "share":
        return formats.percent(decided)
    if e.kind == "rate":
        return _rate(e, decided)
    if e.event is not None:
        low, high = decided["ci95"] or (decided["value"], decided["value"])
        value, *ends = (units.show_seconds(one / 1000.0) for one in (decided["value"], low, high))
        return value if low == high else f"{value} [{', '.join(ends)}]"
    if e.kind == "usd" and decided["ci95"] is not None and math.isclose(*decided["ci95"], rel_tol=1e-9):
        decided = {**decided, "ci95": None}  # the price of a fleet that does not change is not an estimate
    return formats.both(decided, unit=f" {SHOWN_UNITS[e.kind]}".rstrip())


def _of_windows(windows: Any) -> str:
    """How many windows there are, and how many of them do not pass."""
    states = [one["verdict"] for one in windows]
    worst = min(states, key=WORST_FIRST.index)
    if len(states) == 1:
        return "one window"
    number = "all" if set(states) == {worst} else f"{states.count(worst)} of"
    what = {"fail": "fail", "undecided": "are undecided", "pass": "pass"}[worst]
    return f"{number} {len(states):,} windows {what}; the worst"


def _rate(e: Expectation, decided: Any) -> str:
    """A rate and its interval, in the unit of the limit."""
    ends = [] if decided["ci95"] is None else [e.show(end) for end in decided["ci95"]]
    value = e.show(decided["value"])
    _, slash, per = value.rpartition(" /")
    if all(end.endswith(slash + per) for end in ends):
        ends = [end.removesuffix(slash + per) for end in ends]
    return f"{value} [{', '.join(ends)}]" if ends else value
