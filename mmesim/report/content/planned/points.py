"""The fleets of a plan as points: what each costs against the figure that decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mmesim.report.content.gated.words import on_one_line
from mmesim.report.content.planned import words
from mmesim.report.content.planned.statement import nearest_miss
from mmesim.results.answers.planned import FleetLine, Planned, State

LEAST = 0.5
"""On a logarithmic axis, 0 and an interval that reaches down to it stand at this share of the smallest value."""
LOWEST = 0.01
"""What is far below the limit stands at this share of it: how far does not matter, and would flatten the rest."""


@dataclass(frozen=True)
class Point:
    """A fleet in the picture: what it costs, its figure with the ends of the interval, in the unit of the axis."""

    row: int
    family: str
    usd: float
    state: State
    value: float
    low: float
    high: float


def drawable(planned: Planned) -> bool:
    """Whether there is anything to draw: a fleet with a price that was simulated."""
    return drawn_line(planned) is not None


def drawn_line(planned: Planned) -> FleetLine | None:
    """The line of `expect` that is drawn, as it was found of the answer or of the nearest miss, else of any fleet."""
    first = planned.answer if planned.answer is not None else nearest_miss(planned)
    priced = [row for row, one in enumerate(planned.fleets) if one.usd_per_month is not None]
    found = words.nearest(words.judged(planned, first)) if first in priced else None
    return found or words.nearest([line for row in priced for line in words.judged(planned, row)])


def points_of(planned: Planned, line: FleetLine) -> list[Point]:
    """The fleets that have this line, in order of price, each where it meets the line least: as written, or with what
    it must withstand besides.
    """
    found = []
    for row, one in enumerate(planned.fleets):
        own = words.nearest([of for of in words.judged(planned, row) if of.text == line.text])
        if own is None or own.value is None or one.usd_per_month is None:
            continue
        low, value, high = (scale(line) * end for end in _ends(own, own.value))
        family = words.family(planned, {**one.values, words.TYPE: one.instance_type or ""})
        found.append(Point(row, family, one.usd_per_month, one.state, value, low, high))
    return sorted(found, key=lambda point: point.usd)


def lifted(points: Sequence[Point], limit: float) -> tuple[list[Point], str]:
    """The points on an axis that has no 0, and what has to be said when a value does not stand where it is."""
    least = max(LEAST * min([*(point.value for point in points if point.value > 0.0), limit]), LOWEST * limit)
    note = f"less than {least:.2g} is drawn at {least:.2g}" if any(point.value < least for point in points) else ""
    return [
        replace(one, low=max(one.low, least), value=max(one.value, least), high=max(one.high, least)) for one in points
    ], note


def _ends(line: FleetLine, value: float) -> tuple[float, float, float]:
    low, high = line.interval or (value, value)
    return low, value, high


def asked(planned: Planned, line: FleetLine) -> str:
    """The line of `expect` in the title, with all that a fleet must withstand."""
    asked = [of.when for row in range(len(planned.fleets)) for of in words.judged(planned, row) if of.text == line.text]
    besides = [when for when in dict.fromkeys(asked) if when is not None]
    if not besides:
        return on_one_line(line.text)
    withstood = [*(["as written"] if None in asked else []), *(f"with {when}" for when in besides)]
    return on_one_line(f"{line.text}{' at its worst,' if len(withstood) > 1 else ''} {' or '.join(withstood)}")


def missed_elsewhere(planned: Planned, points: Sequence[Point], line: FleetLine) -> str:
    """What has to be said where a fleet lies on the good side of the limit and is turned down all the same."""
    limit, high = scale(line) * line.limit, ">" in line.text
    inside = [one for one in points if (one.value > limit if high else one.value < limit)]
    others = [
        one
        for one in inside
        if one.state == "turned down"
        and not any(of.text == line.text and of.verdict == "fail" for of in planned.fleets[one.row].lines)
    ]
    return f"{len(others):,} turned down for another reason" if others else ""


def axis_label(line: FleetLine) -> str:
    """What the axis shows: `calls over 500 ms [%]`."""
    named, unit = words.of_what(line), words.unit(line).strip()
    return f"{named} [{unit}]" if unit else named


def scale(line: FleetLine) -> float:
    """What a value of the line is multiplied by: shares are shown in percent."""
    return 100.0 if line.unit == "share" else 1.0
