"""The page of a gate: each scenario with its lines, and how far each line is inside its limit."""

from __future__ import annotations

import math

from markupsafe import Markup

from mmesim.report.content.gate import gate_report
from mmesim.report.content.gated import words
from mmesim.report.page.document import document
from mmesim.report.page.rows import Row, rows
from mmesim.report.page.sections import parts
from mmesim.report.page.tones import TONES
from mmesim.report.phrases import plural
from mmesim.results.answers.gated import Gated, GatedScenario


def gate_page(gated: Gated) -> str:
    """The page of a gate."""
    said = gate_report(gated)[:-1]  # the last section is the answer
    shown = parts(said, {words.title(one): _margins(one) for one in gated.scenarios})
    title = f"gate of {plural(len(gated.scenarios), 'scenario')}"
    return document(title, words.answer(gated), TONES[gated.verdict], shown, {})


def _margins(scenario: GatedScenario) -> list[Markup]:
    """How far inside or beyond its limit each line is, in percent of the limit; nothing where that cannot be said."""
    known = [(one, one.worst.margin) for one in words.grouped(scenario.lines) if one.worst.margin is not None]
    if not known:
        return []
    every = [
        Row(one.text, 100.0 * margin, math.nan, math.nan, words.margin(one.worst), one.verdict) for one, margin in known
    ]
    label = "How far each line is inside its limit, in % of it"
    return [rows(every, "% of the limit, beyond it on the left", label, [(0.0, "limit")], linear=True)]
