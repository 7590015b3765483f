"""The page of a plan: the answer, what each fleet costs against the figure that decides, and why not another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from markupsafe import Markup

from mmesim.report.blocks import Lines
from mmesim.report.content.page import EVERY_RULE, chapters, file, origin, unpublished
from mmesim.report.content.planned import words
from mmesim.report.content.planned.points import asked, axis_label, drawn_line, lifted, points_of, scale
from mmesim.report.content.planned.report import plan_report
from mmesim.report.content.planned.statement import statement
from mmesim.report.page.document import Part, document
from mmesim.report.page.render import render
from mmesim.report.page.rows import Kind
from mmesim.report.page.scale import far_apart, written
from mmesim.report.page.scatter import Dot, scatter
from mmesim.report.page.sections import SUMMARY, parts
from mmesim.report.page.tones import TONES
from mmesim.results.planned import Planned, State
from mmesim.results.provenance import Provenance
from mmesim.scenario.scenario import Scenario


@dataclass(frozen=True)
class Answer:
    """The scenario of the fleet that a plan has found, and its file."""

    scenario: Scenario
    text: str


KINDS: Mapping[State, Kind] = MappingProxyType(
    {"inside": "pass", "turned down": "fail", "open": "undecided", "not tried": "none"}
)


def plan_page(planned: Planned, known: Provenance | None = None, answer: Answer | None = None) -> str:
    """The page of a plan: `known` is where it comes from, `answer` the scenario of the fleet that was found."""
    shown = parts(plan_report(planned, stated=False), {SUMMARY: _picture(planned)})
    said = [] if answer is None else [*unpublished(answer.scenario), Lines((EVERY_RULE,))]
    whole = [] if answer is None else [*file("scenario.yaml of the answer", answer.text)]
    begun = [] if known is None else [*origin(known, "the scenario")]
    more = chapters(("assumptions", "Assumptions", said), ("scenario", "Scenario", [*begun, *whole]))
    shown += [Part(of.anchor, of.name, render(of.blocks, of.name)) for of in more]
    return document(f"{planned.name}: plan", statement(planned), TONES[planned.verdict], shown, {})


def _picture(planned: Planned) -> list[Markup]:
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
    label = f"What each fleet costs, and its figure for {asked(line)}"
    price = f"USD a month ({note})" if note else "USD a month"
    return [scatter(dots, price, axis_label(line), label, [(limit, f"limit {written(limit)}{words.unit(line)}")])]
