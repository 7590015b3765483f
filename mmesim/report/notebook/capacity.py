"""A capacity in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmesim.report.content.capacity import answer, capacity_report
from mmesim.report.notebook.shown import notebook

if TYPE_CHECKING:
    from mmesim.results.answers.capacity import Capacity


def of_capacity(found: Capacity) -> str:
    """The limit, and the amounts that were tried."""
    return notebook(found.name, answer(found), "plain", capacity_report(found), rest="frame")
