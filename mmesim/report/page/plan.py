"""The page of a plan: the answer, what each fleet costs against the figure that decides, and why not another."""

from __future__ import annotations

from dataclasses import dataclass

from mmesim.report.blocks import Lines
from mmesim.report.content.page import EVERY_RULE, chapters, file, origin, unpublished
from mmesim.report.content.planned.report import plan_report
from mmesim.report.content.planned.statement import statement
from mmesim.report.page.document import Part, document
from mmesim.report.page.fleets import fleets
from mmesim.report.page.render import render
from mmesim.report.page.sections import SUMMARY, parts
from mmesim.report.page.tones import TONES
from mmesim.results.answers.planned import Planned
from mmesim.results.folder.provenance import Provenance
from mmesim.scenario.scenario import Scenario


@dataclass(frozen=True)
class Answer:
    """The scenario of the fleet that a plan has found, and its file."""

    scenario: Scenario
    text: str


def plan_page(planned: Planned, known: Provenance | None = None, answer: Answer | None = None) -> str:
    """The page of a plan: `known` is where it comes from, `answer` the scenario of the fleet that was found."""
    shown = parts(plan_report(planned, stated=False), {SUMMARY: fleets(planned)})
    said = [] if answer is None else [*unpublished(answer.scenario), Lines((EVERY_RULE,))]
    whole = [] if answer is None else [*file("scenario.yaml of the answer", answer.text)]
    begun = [] if known is None else [*origin(known, "the scenario")]
    more = chapters(("assumptions", "Assumptions", said), ("scenario", "Scenario", [*begun, *whole]))
    shown += [Part(of.anchor, of.name, render(of.blocks, of.name)) for of in more]
    return document(f"{planned.name}: plan", statement(planned), TONES[planned.verdict], shown, {})
