"""A comparison in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmesim.report.content.compared import title_of
from mmesim.report.content.diff import answer, diff_report
from mmesim.report.notebook.shown import notebook
from mmesim.report.page.differences import differences

if TYPE_CHECKING:
    from mmesim.experiment.diff.diff import Diff


def of_diff(found: Diff) -> str:
    """What differs, figure by figure, and b as a multiple of a."""
    title = title_of(found.a.scenario, found.b.scenario).replace("\n", ", ")
    return notebook(title, answer(found), "plain", diff_report(found), [differences(found)], "frame")
