"""A gate in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmesim.report.content.gate import gate_report
from mmesim.report.content.gated.words import answer
from mmesim.report.notebook.shown import notebook
from mmesim.report.page.tones import TONES

if TYPE_CHECKING:
    from mmesim.results.answers.gated import Gated


def of_gate(found: Gated) -> str:
    """Each scenario with the lines that it expects."""
    return notebook("gate", answer(found), TONES[found.verdict], gate_report(found)[:-1])
