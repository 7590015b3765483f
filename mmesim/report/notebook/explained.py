"""An explanation in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmesim.report.blocks import Lines
from mmesim.report.content.explained import answer_report, explained_report
from mmesim.report.notebook.shown import notebook

if TYPE_CHECKING:
    from mmesim.results.answers.explained import Explained


def of_explanation(found: Explained) -> str:
    """What limits the scenario, and what would change it."""
    said = [
        text
        for section in answer_report(found)
        for block in section
        if isinstance(block, Lines)
        for text in block.texts
    ]
    return notebook(found.scenario, " ".join(said), "plain", explained_report(found)[:-1])
