"""Task pressure: processes and threads run out before the memory does."""

from __future__ import annotations

from collections.abc import Iterator

from mmesim import units
from mmesim.preflight.finding import Finding
from mmesim.results.findings.seen import RULE, Seen

NEAR = 0.8
"""Share of the limit from which on a little more load reaches it."""


def task_pressure(seen: Seen) -> Iterator[Finding]:
    """Loads that had to wait, or to unload something, for lack of processes and threads, or nearly."""
    limit = seen.scenario.endpoint.pid_limit
    peak = max(int(run.hosts.tasks_peak.max(initial=0)) for run in seen.runs)
    lacked = seen.count("lacked_tasks")
    if limit is None or (peak < NEAR * limit and not lacked):
        return
    each = max(model.pool_tasks for model in seen.scenario.model_table())
    made_room = f"; {units.show_count(lacked)} loads had to make room for that" if lacked else ""
    yield Finding(
        id="task_pressure",
        severity="warning",
        text=f"an instance has up to {peak:,} processes and threads of at most {limit:,}, a copy up to "
        f"{each:,}{made_room}",
        evidence={"tasks_peak": peak, "limit": limit, "tasks_of_a_copy": each, "lacked": lacked},
        source=RULE,
        try_="fewer workers (models.workers) or threads (models.framework_threads, models.service.threads)",
    )
