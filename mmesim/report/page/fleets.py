"""The fleets of a plan as a picture: what each costs against the figure that decides."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from markupsafe import Markup

from mmesim.report.content.planned import words
from mmesim.report.content.planned.points import (
    asked,
    axis_label,
    drawn_line,
    lifted,
    missed_elsewhere,
    points_of,
    scale,
)
from mmesim.report.page.rows import Kind
from mmesim.report.page.scale import far_apart, written
from mmesim.report.page.scatter import Dot, scatter
from mmesim.results.answers.planned import Planned, State

KINDS: Mapping[State, Kind] = MappingProxyType(
    {"inside": "pass", "turned down": "fail", "open": "undecided", "not tried": "none"}
)


def fleets(planned: Planned) -> list[Markup]:
    """USD a month against the figure that decides; nothing where no fleet with a price was simulated."""
    line = drawn_line(planned)
    if line is None:
        return []
    limit = scale(line) * line.limit
    points, note = points_of(planned, line), ""
    ends = [end for point in points for end in (point.low, point.value, point.high)]
    if limit > 0.0 and far_apart([limit, *ends]):
        points, note = lifted(points, limit)
    dots = [
        Dot(
            point.usd,
            point.value,
            point.low,
            point.high,
            KINDS[point.state],
            words.fleet(planned, point.row) + (" (the answer)" if point.row == planned.answer else ""),
            point.family,
        )
        for point in points
    ]
    label = f"What each fleet costs, and its figure for {asked(planned, line)}"
    notes = "; ".join(filter(None, (note, missed_elsewhere(planned, points, line))))
    price = f"USD a month ({notes})" if notes else "USD a month"
    return [scatter(dots, price, axis_label(line), label, [(limit, f"limit {written(limit)}{words.unit(line)}")])]
