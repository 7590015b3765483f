"""A split in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmesim.report.blocks import Lines
from mmesim.report.content.split import answer_report, split_report
from mmesim.report.notebook.shown import notebook

if TYPE_CHECKING:
    from mmesim.results.answers.split import SplitAnswer


def of_split(found: SplitAnswer) -> str:
    """Which models should leave, and the ways to split."""
    blocks = [block for section in answer_report(found) for block in section]
    said = " ".join(text for block in blocks if isinstance(block, Lines) for text in block.texts)
    return notebook(found.name, said, "plain", split_report(found), rest="frame")
