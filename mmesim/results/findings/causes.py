"""Every rule that looks for a cause in a finished run alone, one row each."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mmesim.preflight.check import worst_first
from mmesim.preflight.finding import Finding
from mmesim.results.findings.cold_tail import cold_tail
from mmesim.results.findings.hot_model import hot_model
from mmesim.results.findings.loads_caused_by import loads_caused_by
from mmesim.results.findings.queue_length import too_long, too_short
from mmesim.results.findings.right_sized import right_sized
from mmesim.results.findings.seen import Seen
from mmesim.results.findings.task_pressure import task_pressure
from mmesim.results.findings.thrashing import thrashing

CAUSES: tuple[Callable[[Seen], Iterator[Finding]], ...] = (
    thrashing,
    hot_model,
    task_pressure,
    too_short,
    too_long,
    cold_tail,
    loads_caused_by,
    right_sized,
)


def causes(seen: Seen) -> list[Finding]:
    """What the run shows, the worst first; nothing of a run without calls."""
    return worst_first(finding for rule in CAUSES for finding in rule(seen)) if seen.calls else []
