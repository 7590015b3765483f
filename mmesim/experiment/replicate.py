"""Replications of one scenario: independent runs that differ only in their random numbers."""

from __future__ import annotations

import multiprocessing
import signal
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from mmesim.errors import SimulationError
from mmesim.results.result import Result
from mmesim.results.run_data import RunData
from mmesim.scenario.schema import Scenario

RECORDS = 200_000
"""Calls recorded in each replication by default; above that a seeded sample."""

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
    jobs: int = 1,
    records: int | None = RECORDS,
    watch: Watch | None = None,
    simulate: Simulate | None = None,
) -> Result:
    """Run the replications that the scenario asks for and return them in order.

    Random numbers depend on (seed, replication) alone: the result is the same whatever `jobs` is. `records` is the
    number of calls recorded in each replication (None: none, -1: all). With `jobs` above 1 the replications run in
    that many new processes; a script that does so needs the usual `if __name__ == "__main__":`.
    On Ctrl-C the finished replications are returned (`summary["interrupted"]`); with none, KeyboardInterrupt goes on.
    """
    run = simulate or _engine()
    count = scenario.run.replications
    finished: dict[int, RunData] = {}
    try:
        if min(jobs, count) > 1:
            _in_processes(scenario, min(jobs, count), records, watch, run, finished)
        else:
            for replication in range(count):
                finished[replication] = run(scenario, replication, _observer(watch, replication), records)
    except KeyboardInterrupt:
        if not finished:
            raise
    return Result(scenario, tuple(finished[replication] for replication in sorted(finished)))


def _engine() -> Simulate:
    from mmesim.engine.simulation import simulate  # compiles the kernel: only when something is run

    return simulate


def _observer(watch: Watch | None, replication: int) -> Observer | None:
    if watch is None:
        return None
    return lambda simulated_s, calls: watch(replication, simulated_s, calls)


def _in_processes(
    scenario: Scenario,
    jobs: int,
    records: int | None,
    watch: Watch | None,
    run: Simulate,
    finished: dict[int, RunData],
) -> None:
    """Fill `finished` from new processes, each result as it comes."""
    before = set(multiprocessing.active_children())
    with (
        _board(scenario.run.replications) as board,
        ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), _leave_interrupts_to_the_parent) as pool,
    ):
        try:
            futures = {
                pool.submit(_work, run, scenario, r, records, board.filename if watch else None): r
                for r in range(scenario.run.replications)
            }
            waiting = set(futures)
            while waiting:
                done, waiting = wait(waiting, timeout=POLL_S, return_when=FIRST_COMPLETED)
                for future in done:
                    finished[futures[future]] = future.result()
                if watch is not None:
                    for r, (simulated_s, calls) in enumerate(board.tolist()):
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


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _work(run: Simulate, scenario: Scenario, replication: int, records: int | None, board: str | None) -> RunData:
    """What a process does: one replication, which reports to its line of the board."""
    if board is None:
        return run(scenario, replication, None, records)
    line = np.memmap(board, np.float64, "r+").reshape(-1, 2)[replication]

    def report(simulated_s: float, calls: int) -> None:
        line[:] = simulated_s, calls

    return run(scenario, replication, report, records)
