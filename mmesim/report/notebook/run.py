"""A run in a notebook."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mmesim.report import formats
from mmesim.report.blocks import Bars, Block, report
from mmesim.report.content import run
from mmesim.report.content.verdict import answer
from mmesim.report.notebook.shown import notebook
from mmesim.report.page.bars import bars
from mmesim.report.page.tones import TONES

if TYPE_CHECKING:
    from mmesim.results.result import Result

BANDS = ("p50", "p99")


def of_run(result: Result) -> str:
    """Verdict, latency, what it is made of, and the shares that matter."""
    summary: Any = result.summary
    made_of = [block for block in run.ledger(summary, BANDS) if isinstance(block, Bars)]
    shown = report(run.head(result, summary), run.warned(summary), run.latency(summary), _shares(summary))
    pictures = [bars(block, "What latency is made of") for block in made_of]
    tone = TONES[result.verdict] if summary["expect"] else "plain"
    return notebook(summary["scenario"], answer(summary), tone, shown, pictures)


def _shares(summary: Any) -> Iterator[Block]:
    hits, *_ = run.cache_rows(summary)
    failed = formats.percent(summary["error_rate"])
    yield run.rows([hits, ("errors", failed), ("CPU", formats.percent(summary["cpu_utilization"]))])
