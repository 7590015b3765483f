"""Replications of one scenario: independent runs that differ only in their random numbers."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from mmesim.experiment.executors import Executor, Simulate, Task, Watch, local
from mmesim.results.folder import prepare
from mmesim.results.result import Result
from mmesim.results.run_data import RunData
from mmesim.scenario.schema import Scenario

if TYPE_CHECKING:
    from mmesim.engine.processes import UserProcess

__all__ = ["EXPERIMENT_REPLICATIONS", "RECORDS", "replicate"]

RECORDS = 200_000
"""Calls recorded in each replication by default; above that a seeded sample."""

EXPERIMENT_REPLICATIONS = 10
"""Replications of each scenario in an experiment, unless its file says how many."""


def replicate(
    scenario: Scenario,
    *,
    only: Sequence[int] | None = None,
    jobs: int = 1,
    records: int | None = RECORDS,
    watch: Watch | None = None,
    save: Path | None = None,
    processes: Sequence[UserProcess] = (),
    simulate: Simulate | None = None,
    executor: Executor | None = None,
) -> Result:
    """Run the replications that the scenario asks for, or `only` those of these numbers; return them in order.

    Random numbers depend on (seed, replication) alone: the result is the same whatever `jobs` is. `records` is the
    number of calls recorded in each replication (None: none, -1: all). With `jobs` above 1 the replications run in
    that many new processes; a script that does so needs the usual `if __name__ == "__main__":`.
    `processes` are SimPy processes of the user's own, beside those of the scenario; with `jobs` above 1 they must be
    functions of a module. `executor` runs the replications instead of `jobs`; it stays open. `watch` is told
    replication, simulated seconds and calls so far. `save` is the folder that the result is written to; OutputError
    before anything is simulated when that cannot be.
    On Ctrl-C the finished replications are returned (`summary["interrupted"]`); with none, KeyboardInterrupt goes on.
    """
    if save is not None:
        prepare(save)
    numbers = range(scenario.run.replications) if only is None else sorted(set(only))
    tasks = [Task(scenario, number, records, tuple(processes), simulate) for number in numbers]
    finished: dict[int, RunData] = {}
    try:
        with (
            local(min(jobs, len(tasks))) if executor is None else nullcontext(executor) as running,
            closing(running.run(tasks, _numbered(watch, numbers))) as runs,
        ):
            for index, run in runs:
                finished[numbers[index]] = run
    except KeyboardInterrupt:
        if not finished:
            raise
    result = Result(scenario, tuple(finished[replication] for replication in sorted(finished)))
    if save is not None:
        result.save(save)
    return result


def _numbered(watch: Watch | None, numbers: Sequence[int]) -> Watch | None:
    """The watch of replications as a watch of tasks."""
    if watch is None:
        return None
    return lambda index, simulated_s, calls: watch(numbers[index], simulated_s, calls)
