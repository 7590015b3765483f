"""The page of a sweep: its table, and each figure at all points with intervals, limits, and which points pass."""

from __future__ import annotations

from collections.abc import Sequence

from mmesim.experiment.sweep.result import SweepResult
from mmesim.report.blocks import Lines
from mmesim.report.content.page import EVERY_RULE, chapters, file, origin, unpublished
from mmesim.report.content.sweep import answer, sweep_report
from mmesim.report.page.document import Part, document
from mmesim.report.page.render import render
from mmesim.report.page.sections import SUMMARY, parts
from mmesim.report.page.swept import swept_figure, tone_of
from mmesim.results.folder.folder import SCENARIO
from mmesim.results.folder.provenance import Provenance
from mmesim.scenario.figures import Figure


def sweep_page(
    result: SweepResult, figures: Sequence[Figure], known: Provenance | None = None, scenario: str = ""
) -> str:
    """The page of a sweep, with a picture for each of these figures that has a value anywhere.

    `known` is where it comes from, `scenario` the file that was swept.
    """
    drawn = [
        figure for figure in figures if any(point.figures[figure.column].value is not None for point in result.points)
    ]
    pictures = [swept_figure(result, figure) for figure in drawn]
    shown = parts(sweep_report(result, figures), {SUMMARY: pictures})
    begun = [] if known is None else [*origin(known), *file(SCENARIO, scenario)]
    said = [*unpublished(result.scenario), Lines((EVERY_RULE,))]
    more = chapters(("assumptions", "Assumptions", said), ("scenario", "Scenario", begun))
    shown += [Part(of.anchor, of.name, render(of.blocks, of.name)) for of in more]
    return document(f"{result.scenario.name}: sweep", answer(result), tone_of(result), shown, {})
