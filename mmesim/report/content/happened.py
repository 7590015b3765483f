"""What the report of a run says of faults, deploys and scaling: what followed each, and what the fleet cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mmesim import units
from mmesim.report import formats
from mmesim.report.blocks import Block, Cell, Column, Lines, Table, Title
from mmesim.results.findings.deploys import DEPLOY_COST

MOST_CAUSES = 3
"""Causes of failure that are named in a row."""


def happened(summary: Any) -> Iterator[Block]:
    """A row for what followed each fault, deploy and scale-out, and a line on the cost; nothing where nothing was."""
    found = summary.get("happened")
    if found is None:
        return
    if found["events"]:
        yield Title("What happened, and what followed")
        columns = (
            Column(),
            Column("times", "right", optional=True),
            Column("at", "right"),
            Column("seen after", "right"),
            Column("recovered after", "right"),
            Column("calls hurt"),
        )
        yield Table(columns, tuple(_row(one) for one in found["events"]))
        reasons = dict.fromkeys(one["recovered_s"].get("reason") for one in found["events"] if not one["not_recovered"])
        lacking = [reason for reason in reasons if reason is not None]
        before = [_named(one) for one in found["events"] if one["broken_before"]]
        notes = [f"no recovery: {reason}" for reason in lacking]
        if before:
            notes.append(f"a limit was broken before {', '.join(before)}, too")
        notes += [entry["text"] for entry in summary["findings"] if entry["id"] == DEPLOY_COST]
        if notes:
            yield Lines(tuple(notes), "note")
    yield from _cost(found["cost"])


def _named(of: Any) -> str:
    """Its kind and name; of a policy the metric alone."""
    name = of["name"].removeprefix("target_tracking ").removeprefix("step ")
    return f"{of['kind'].replace('_', '-')} {name}".strip()


def _row(of: Any) -> tuple[Cell, ...]:
    recovered = _time(of["recovered_s"])
    if of["not_recovered"]:
        recovered = Cell(f"not in {of['not_recovered']:,} of {of['times']:,}", tone="bad")
    return (
        Cell(_named(of)),
        Cell(f"{of['times']:,}"),
        _time(of["first_s"]),
        _time(of["detected_s"]),
        recovered,
        Cell(_hurt(of)),
    )


def _time(of: Any) -> Cell:
    """A time with its interval, a dash without one."""
    if of["value"] is None:
        return Cell(formats.DASH)
    value, ends = units.show_seconds(of["value"]), of["ci95"]
    if ends is None or ends[0] == ends[1]:
        return Cell(value)
    return Cell(value, f"[{units.show_seconds(ends[0])}, {units.show_seconds(ends[1])}]")


def _hurt(of: Any) -> str:
    """The calls that failed, by the most frequent causes, and the slow ones."""
    failed = sorted(((n, cause) for cause, n in of["errors"].items() if n), key=lambda one: (-one[0], one[1]))
    parts = []
    if failed:
        causes = ", ".join(cause for _, cause in failed[:MOST_CAUSES])
        more = f" and {len(failed) - MOST_CAUSES} more causes" if len(failed) > MOST_CAUSES else ""
        parts.append(f"{units.show_count(sum(n for n, _ in failed))} failed ({causes}{more})")
    if of["slow"]:
        parts.append(f"{units.show_count(of['slow'])} slow")
    return "; ".join(parts) or "none"


def _cost(cost: Any) -> Iterator[Block]:
    """What the fleet cost against fixed ones, where it was not one."""
    if cost is None:
        return
    start, peak, mean = cost["at_start"], cost["at_peak"], cost["usd_per_hour"]["value"]
    if start["instances"] == peak["instances"] and formats.number(mean) == formats.number(start["usd_per_hour"]):
        return
    sizes = {units.show_number(one["instances"]): units.show_usd(one["usd_per_hour"]) for one in (start, peak)}
    fixed = ", ".join(f"of {size}: {usd}" for size, usd in sizes.items())
    yield Title("Cost of a fleet that changes", f"{units.show_usd(mean)} an hour; a fixed fleet {fixed}")
