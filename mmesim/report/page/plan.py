"""The page of a plan: the answer, what each fleet costs against the figure that decides, and why not another."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from markupsafe import Markup

from mmesim.report.content.planned import words
from mmesim.report.content.planned.points import asked, axis_label, drawn_line, lifted, points_of, scale
from mmesim.report.content.planned.report import plan_report
from mmesim.report.content.planned.statement import statement
from mmesim.report.page.document import document
from mmesim.report.page.rows import Kind
from mmesim.report.page.scale import far_apart, written
from mmesim.report.page.scatter import Dot, scatter
from mmesim.report.page.sections import SUMMARY, parts
from mmesim.report.page.tones import TONES
from mmesim.results.planned import Planned, State

KINDS: Mapping[State, Kind] = MappingProxyType(
    {"inside": "pass", "turned down": "fail", "open": "undecided", "not tried": "none"}
)


def plan_page(planned: Planned) -> str:
    """The page of a plan."""
    shown = parts(plan_report(planned), {SUMMARY: _picture(planned)})
    return document(f"{planned.name}: plan", statement(planned), TONES[planned.verdict], shown, {})


def _picture(planned: Planned) -> list[Markup]:
    """USD a month against the figure that decides; nothing where no fleet with a price was simulated."""
    line = drawn_line(planned)
    if line is None:
        return []
    limit = scale(line) * line.limit
    points, note = points_of(planned, line), ""
    if limit > 0.0 and far_apart([limit, *(point.value for point in points)]):
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
    label = f"What each fleet costs, and its figure for {asked(line)}"
    price = f"USD a month ({note})" if note else "USD a month"
    return [scatter(dots, price, axis_label(line), label, [(limit, f"limit {written(limit)}{words.unit(line)}")])]
