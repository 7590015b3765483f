"""Replications of one scenario: independent runs that differ only in their random numbers."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mmesim.errors import STOPPED, StoppedWarning, WorkerKilled
from mmesim.experiment.execute.executors import given_or_local
from mmesim.experiment.execute.task import Executor, Task, Watch
from mmesim.experiment.records import keep_within, lowest_threshold
from mmesim.experiment.warmup import settled
from mmesim.results.folder.folder import prepare
from mmesim.results.folder.provenance import origin
from mmesim.results.measured.run_data import RunData
from mmesim.results.result import Result
from mmesim.scenario.scenario import Scenario

if TYPE_CHECKING:
    from mmesim.engine.user_processes import UserProcess

RECORDS = 200_000
"""Calls recorded by default, in all replications of a run together; above that a seeded sample."""

EXPERIMENT_REPLICATIONS = 10
"""Replications of an experiment (`diff`, `sweep` ...) where the scenario does not say how many."""


def repeated(scenario: Scenario, replications: int | None = None) -> Scenario:
    """The scenario as an experiment runs it: with this number of replications, else its own, else 10.

    `run.until` is left out: what is compared has the same number of replications everywhere.
    """
    run = scenario.run
    given = run.replications if "replications" in run.model_fields_set else EXPERIMENT_REPLICATIONS
    return scenario.with_run(replications=replications or given, until=None)


def run_replications(
    scenario: Scenario,
    *,
    only: Sequence[int] | None = None,
    jobs: int = 1,
    records: int | None = RECORDS,
    watch: Watch | None = None,
    save: Path | None = None,
    processes: Sequence[UserProcess] = (),
    executor: Executor | None = None,
) -> Result:
    """Run the replications that the scenario asks for, or `only` those of these numbers; return them in order.

    A warm-up that is `auto` is found first (see experiment.warmup), and is a number in the result's scenario.
    Random numbers depend on (seed, replication) alone: the result is the same whatever `jobs` is. `records` is how many
    calls are recorded in all replications together (None: none, -1: all). With `jobs` above 1 the replications run in
    that many new processes; a script that does so needs the usual `if __name__ == "__main__":`.
    `processes` are custom SimPy processes, besides those of the scenario; with `jobs` above 1 they must be functions of
    a module. `executor` runs the replications instead of `jobs`; it stays open. `watch` gets replication, simulated
    seconds, calls, hits and misses so far. `save` is the folder that the result is written to; OutputError
    before anything is simulated when that cannot be.
    On Ctrl-C, and when a process is killed, the finished replications are returned (`summary["interrupted"]`; for the
    latter with a StoppedWarning); with none, KeyboardInterrupt or WorkerKilled goes on.
    """
    if save is not None:
        prepare(save)
    begun = origin(scenario, processes)
    numbers = range(scenario.run.replications) if only is None else sorted(set(only))
    finished: dict[int, RunData] = {}
    try:
        with given_or_local(executor, min(jobs, len(numbers))) as running:
            scenario = with_warmup(scenario, running, bool(processes))
            # Calls above the threshold of those that are finished would be left out: they are not recorded.
            tasks = (
                Task(scenario, number, records, tuple(processes), below=lowest_threshold(finished), window_times=True)
                for number in numbers
            )
            with closing(running.run(tasks, _numbered(watch, numbers))) as runs:
                for index, run in runs:
                    finished[numbers[index]] = run
                    del run  # it can be large, and what is kept of it is less
                    keep_within(finished, records)
    except STOPPED as error:
        if not finished:
            raise
        say_why(error)
    result = Result(scenario, tuple(finished[replication] for replication in sorted(finished)), origin=begun)
    if save is not None:
        result.save(save)
    return result


def say_why(error: BaseException) -> None:
    """Warn of what stopped a run whose finished part is used; Ctrl-C needs no words."""
    if isinstance(error, WorkerKilled):
        warnings.warn(str(error), StoppedWarning, stacklevel=3)


def with_warmup(scenario: Scenario, executor: Executor, own_processes: bool = False) -> Scenario:
    """The scenario with a warm-up that is a number: `auto` is found by pilot runs (see experiment.warmup)."""
    return settled(scenario, partial(_pilots, executor=executor), own_processes)


def _pilots(scenario: Scenario, numbers: Sequence[int], window_s: float, executor: Executor) -> Sequence[RunData]:
    """Runs that are not measured, in order, in windows of another length."""
    tasks = [Task(scenario, number, window_s=window_s) for number in numbers]
    with closing(executor.run(tasks)) as runs:
        finished = dict(runs)
    return [finished[index] for index in range(len(tasks))]


def _numbered(watch: Watch | None, numbers: Sequence[int]) -> Watch | None:
    """The watch of replications as a watch of tasks."""
    if watch is None:
        return None
    return lambda index, *seen: watch(numbers[index], *seen)
