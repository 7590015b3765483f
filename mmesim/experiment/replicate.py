"""Replications of one scenario: independent runs that differ only in their random numbers."""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mmesim.errors import SimulationError
from mmesim.experiment.warmup import settled
from mmesim.results.folder import prepare
from mmesim.results.result import Result
from mmesim.results.run_data import RunData
from mmesim.scenario.schema import Scenario

if TYPE_CHECKING:
    from mmesim.engine.processes import UserProcess

RECORDS = 200_000
"""Calls recorded in each replication by default; above that a seeded sample."""

EXPERIMENT_REPLICATIONS = 10
"""Replications of each scenario in an experiment, unless its file says how many."""

POLL_S = 0.1

Observer = Callable[[float, int], None]
"""Is told simulated seconds and calls so far of the replication that runs."""

Simulate = Callable[[Scenario, int, Observer | None, int | None], RunData]
"""(scenario, replication, observer, records) -> measurements; with processes it must be a function of a module."""

Watch = Callable[[int, float, int], None]
"""Is told replication, simulated seconds and calls so far; called in the process that asked."""


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
) -> Result:
    """Run the replications that the scenario asks for, or `only` those of these numbers; return them in order.

    A warm-up that is `auto` is found first (see experiment.warmup), and is a number in the result's scenario.
    Random numbers depend on (seed, replication) alone: the result is the same whatever `jobs` is. `records` is the
    number of calls recorded in each replication (None: none, -1: all). With `jobs` above 1 the replications run in
    that many new processes; a script that does so needs the usual `if __name__ == "__main__":`.
    `processes` are SimPy processes of the user's own, beside those of the scenario; with `jobs` above 1 they must be
    functions of a module. `save` is the folder that the result is written to; OutputError before anything is simulated
    when that cannot be.
    On Ctrl-C the finished replications are returned (`summary["interrupted"]`); with none, KeyboardInterrupt goes on.
    """
    if save is not None:
        prepare(save)
    scenario = with_warmup(scenario, jobs, bool(processes))
    # A kernel that is not compiled yet is compiled once, here, and then found by all processes.
    alone = 1 if simulate is None and not is_compiled() else 0
    run = simulate or (_with(processes) if processes else _engine())
    numbers = range(scenario.run.replications) if only is None else sorted(set(only))
    here = numbers if min(jobs, len(numbers)) <= 1 else numbers[:alone]
    finished: dict[int, RunData] = {}
    try:
        for replication in here:
            _keep(run(scenario, replication, _observer(watch, replication), records), watch, finished)
        elsewhere = numbers[len(here) :]
        if elsewhere:
            _in_processes(scenario, elsewhere, min(jobs, len(elsewhere)), records, watch, run, finished)
    except KeyboardInterrupt:
        if not finished:
            raise
    result = Result(scenario, tuple(finished[replication] for replication in sorted(finished)))
    if save is not None:
        result.save(save)
    return result


def with_warmup(scenario: Scenario, jobs: int = 1, own_processes: bool = False) -> Scenario:
    """Return the scenario with a warm-up that is a number: `auto` is found by pilot runs (see experiment.warmup)."""
    return settled(scenario, partial(_pilots, jobs=jobs), own_processes)


def is_compiled() -> bool:
    """Return whether the compiled kernel is on disk; if not, the first run takes about half a minute longer."""
    from mmesim.engine.kernel import jit

    return jit.is_compiled()


def _pilots(scenario: Scenario, numbers: Sequence[int], window_s: float, jobs: int) -> Sequence[RunData]:
    """Runs that are not measured, in windows of another length; KeyboardInterrupt when one of them was stopped."""
    from mmesim.engine.simulation import simulate

    # Processes that found no compiled kernel would each compile it.
    jobs = jobs if is_compiled() else 1
    runs = replicate(
        scenario, only=numbers, jobs=jobs, records=None, simulate=partial(simulate, window_s=window_s)
    ).runs
    if len(runs) < len(numbers):
        raise KeyboardInterrupt
    return runs


def _keep(run: RunData, watch: Watch | None, finished: dict[int, RunData]) -> None:
    finished[run.replication] = run
    if watch is not None:
        watch(run.replication, run.duration_s, run.calls_all)


def _engine() -> Simulate:
    from mmesim.engine.simulation import simulate  # compiles the kernel: only when something is run

    return simulate


def _with(processes: Sequence[UserProcess]) -> Simulate:
    from mmesim.engine.simulation import simulate

    return partial(simulate, processes=tuple(processes))


def _observer(watch: Watch | None, replication: int) -> Observer | None:
    if watch is None:
        return None
    return lambda simulated_s, calls: watch(replication, simulated_s, calls)


def _in_processes(
    scenario: Scenario,
    replications: Sequence[int],
    jobs: int,
    records: int | None,
    watch: Watch | None,
    run: Simulate,
    finished: dict[int, RunData],
) -> None:
    """Add these replications to `finished` from new processes, each as it comes."""
    before = set(multiprocessing.active_children())
    with (
        _board(1 + max(replications)) as board,
        ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), _begin_process) as pool,
    ):
        try:
            file = None if watch is None else board.filename
            futures = {pool.submit(_work, run, scenario, r, records, file): r for r in replications}
            waiting = set(futures)
            while waiting:
                done, waiting = wait(waiting, timeout=POLL_S, return_when=FIRST_COMPLETED)
                for future in done:
                    _keep(future.result(), watch, finished)
                if watch is not None:
                    for r in sorted(futures[future] for future in waiting):
                        simulated_s, calls = board[r].tolist()
                        watch(r, simulated_s, int(calls))
        except BaseException as error:
            # A replication can take minutes, and nobody waits for its result any more.
            for child in set(multiprocessing.active_children()) - before:
                child.terminate()
            if isinstance(error, BrokenProcessPool):
                raise SimulationError("a process that ran a replication was killed: is there enough memory?") from error
            raise


@contextmanager
def _board(replications: int) -> Iterator[np.memmap[tuple[int, int], np.dtype[np.float64]]]:
    """A file with two numbers a replication, simulated seconds and calls, that each process writes and we read."""
    with tempfile.TemporaryDirectory(prefix="mmesim-") as folder:
        yield np.memmap(Path(folder, "progress"), np.float64, "w+", shape=(replications, 2))


def _begin_process() -> None:
    """Leave Ctrl-C to the process that asked, and end with it: when it is killed, nobody else ends this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()


def _end_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        # Not sys.exit: that would end this thread alone.
        os._exit(1)


def _work(run: Simulate, scenario: Scenario, replication: int, records: int | None, board: str | None) -> RunData:
    """What a process does: one replication, which reports to its line of the board."""
    if board is None:
        return run(scenario, replication, None, records)
    line = np.memmap(board, np.float64, "r+").reshape(-1, 2)[replication]

    def report(simulated_s: float, calls: int) -> None:
        line[:] = simulated_s, calls

    return run(scenario, replication, report, records)
