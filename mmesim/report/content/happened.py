"""What the report of a run says of faults, deploys and scaling: what followed each, and what the fleet cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from mmesim import units
from mmesim.report import formats, phrases
from mmesim.report.blocks import Block, Cell, Column, Lines, Table, Title
from mmesim.report.content.events import named
from mmesim.results.findings.deploys import DEPLOY_COST
from mmesim.results.summary.happened import NO_LIMIT, NOT_MEASURED

UNJUDGED = (NO_LIMIT, NOT_MEASURED)
"""Reasons why nobody knows which calls were hurt."""
MOST_CAUSES = 3
"""Causes of failure that are named in a row."""
CUT_OFF: Mapping[str, str] = MappingProxyType(
    {
        "fault": "lost instances are replaced",
        "deploy": "any traffic shifts",
        "scale_out": "new instances are in service",
    }
)
"""Kind of event -> what the run did not see."""


def happened(summary: Any) -> Iterator[Block]:
    """A row for what followed each fault, deploy and scale-out, and a line on the cost; nothing where nothing was."""
    found = summary.get("happened")
    if found is None:
        return
    events = found["events"]
    if events:
        yield Title("What happened, and what followed")
        often = any(one["times"] != one["replications"] for one in events)
        often |= len({one["replications"] for one in events}) > 1
        columns = (
            Column(),
            *([Column("times", "right")] if often else ()),
            Column("at", "right"),
            Column("seen after", "right"),
            Column("recovered after", "right"),
            Column("calls hurt"),
        )
        yield Table(columns, tuple(_row(one, often, summary) for one in events))
        notes = [*_notes(events), *(entry["text"] for entry in summary["findings"] if entry["id"] == DEPLOY_COST)]
        if notes:
            yield Lines(tuple(notes), "note")
    yield from _cost(found["cost"])


def _notes(events: Sequence[Any]) -> Iterator[str]:
    """What a reader must know of the table."""
    if any(one["times"] > 1 and (one["slow"] or any(one["errors"].values())) for one in events):
        yield "calls hurt: each time, on average"
    reasons = dict.fromkeys(
        one["recovered_s"].get("reason") for one in events if not one["not_recovered"] and one["cut_off"] < one["times"]
    )
    for reason in filter(None, reasons):
        yield f"{'recovery and slow calls are not known' if reason in UNJUDGED else 'no recovery'}: {reason}"
    before = [_named(one) for one in events if one["broken_before"]]
    if before:
        yield f"before {_and(before)}, calls already missed a limit"
    for one in events:
        if one["cut_off"]:
            often = "" if one["cut_off"] == one["times"] else f" in {one['cut_off']:,} of {one['times']:,}"
            yield f"{_named(one)}: the run is too short{often}, it ends before {CUT_OFF[one['kind']]}"


def _and(names: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _named(of: Any) -> str:
    return named(of["kind"], of["name"])


def _row(of: Any, often: bool, summary: Any) -> tuple[Cell, ...]:
    """`often`: whether the times are said."""
    recovered = _time(of["recovered_s"])
    runs = phrases.plural(of["replications"], "run")
    if of["not_recovered"]:
        whole = runs if of["times"] == of["replications"] else f"{of['times']:,}"
        recovered = Cell(f"not in {of['not_recovered']:,} of {whole}", tone="bad")
    return (
        Cell(_named(of)),
        *([Cell(f"{of['times']:,} in {runs}")] if often else ()),
        _time(of["first_s"]),
        _time(of["detected_s"]),
        recovered,
        Cell(hurt(of, summary)),
    )


def _time(of: Any) -> Cell:
    """A time, with the least and the most where they differ; a dash without one."""
    if of["value"] is None:
        return Cell(formats.DASH)
    value, ends = units.show_seconds(of["value"]), [units.show_seconds(of[end]) for end in ("least", "most")]
    return Cell(value) if ends[0] == ends[1] else Cell(value, f"({ends[0]} to {ends[1]})")


def hurt(of: Any, summary: Any) -> str:
    """The calls that failed each time, by the most frequent causes, and the slow ones; a dash where nobody knows."""
    times = of["times"]
    failed = sorted(((n, cause) for cause, n in of["errors"].items() if n), key=lambda one: (-one[0], one[1]))
    parts = []
    if failed:
        causes = ", ".join(cause for _, cause in failed[:MOST_CAUSES])
        more = f" and {len(failed) - MOST_CAUSES} more causes" if len(failed) > MOST_CAUSES else ""
        parts.append(f"{units.show_number(sum(n for n, _ in failed) / times)} failed ({causes}{more})")
    if of["slow"]:
        parts.append(f"{units.show_number(of['slow'] / times)} slow")
    if not parts and of["recovered_s"].get("reason") in UNJUDGED:
        return formats.DASH
    return "; ".join(parts) or ("none" if summary["share_over"] else "none failed")


def _cost(cost: Any) -> Iterator[Block]:
    """What the fleet cost against fixed ones, where it was not one."""
    if cost is None:
        return
    start, peak, mean = cost["at_start"], cost["at_peak"], cost["usd_per_hour"]["value"]
    if start["instances"] == peak["instances"] and formats.number(mean) == formats.number(start["usd_per_hour"]):
        return
    at_start = f"of {units.show_number(start['instances'])}: {units.show_price(start['usd_per_hour'])}"
    largest = units.show_number(peak["instances"])
    largest = f"of {largest}" if peak["instances"].is_integer() else f"of the largest size ({largest} on average)"
    fixed = [at_start, f"{largest}: {units.show_price(peak['usd_per_hour'])}"]
    if start["instances"] == peak["instances"]:
        del fixed[1]
    yield Title("Cost of a fleet that changes", f"{units.show_price(mean)} an hour; a fixed fleet {', '.join(fixed)}")
