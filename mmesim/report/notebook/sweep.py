"""A sweep in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmesim.report.content.sweep import answer, sweep_report
from mmesim.report.notebook.shown import notebook
from mmesim.report.page.swept import swept_figure, tone_of
from mmesim.scenario.figures import figure, shown_in

if TYPE_CHECKING:
    from mmesim.experiment.sweep.result import SweepResult

DRAWN = "p99"


def of_sweep(result: SweepResult) -> str:
    """The cheapest point that passes, the table of points, and their p99 with its limits."""
    name = f"{result.scenario.name}: sweep"
    drawn = figure(DRAWN, shown_in("sweep"))
    known = any(point.figures[drawn.column].value is not None for point in result.points)
    pictures = [swept_figure(result, drawn)] if known else []
    return notebook(
        name, answer(result), tone_of(result), sweep_report(result, shown_in("sweep table")), pictures, "frame"
    )
