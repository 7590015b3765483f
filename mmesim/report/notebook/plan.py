"""A plan in a notebook."""

from __future__ import annotations

from mmesim.report.content.planned.report import plan_report
from mmesim.report.content.planned.statement import statement
from mmesim.report.notebook.shown import notebook
from mmesim.report.page.fleets import fleets
from mmesim.report.page.tones import TONES
from mmesim.results.answers.planned import Planned


def of_plan(planned: Planned) -> str:
    """The answer, the table of fleets, and what each costs against the figure that decides."""
    shown = plan_report(planned, stated=False)
    return notebook(
        f"{planned.name}: plan", statement(planned), TONES[planned.verdict], shown, fleets(planned), "fleets"
    )
