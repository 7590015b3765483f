"""Replications in this process or in several of this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
import threading
from collections.abc import Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from mmesim.errors import SimulationError
from mmesim.experiment.execute.task import AHEAD, Finished, Observer, Task, Watch, is_compiled
from mmesim.results.run_data import RunData

POLL_S = 0.1

_Waiting = dict[Future[RunData], tuple[int, int]]
"""What the processes work on -> index of the task, its line of the board."""


class Here:
    """Runs one task after the other in this process."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Nothing to end."""

    def run(self, tasks: Iterable[Task], watch: Watch | None = None) -> Generator[Finished, None, None]:
        """The measurements of each task in turn."""
        for index, task in enumerate(tasks):
            run = task.run(_observer(watch, index))
            yield index, run
            _tell(watch, index, run)


class Processes:
    """Runs tasks in up to `jobs` new processes, which are kept from one `run` to the next.

    When something fails, and on Ctrl-C, the processes are ended at once: a replication can take minutes, and its
    result is no longer wanted.
    """

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._pool: ProcessPoolExecutor | None = None
        self._board: _Board | None = None
        self._before: set[BaseProcess] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end(at_once=kind is not None)

    def run(self, tasks: Iterable[Task], watch: Watch | None = None) -> Generator[Finished, None, None]:
        """The measurements of each task as it finishes."""
        left = enumerate(tasks)
        waiting: _Waiting = {}
        try:
            for index, task in islice(left, 0 if is_compiled() else 1):
                if task.compiles:
                    # A kernel that is not compiled yet is compiled once, here, and then found by all processes.
                    run = task.run(_observer(watch, index))
                    yield index, run
                    _tell(watch, index, run)
                else:
                    self._submit(index, task, watch, waiting)
            while True:
                for index, task in islice(left, self._jobs * AHEAD - len(waiting)):
                    self._submit(index, task, watch, waiting)
                if not waiting:
                    return
                yield from self._finished(waiting, watch)
        except BaseException as error:
            if waiting or not isinstance(error, GeneratorExit):
                self._end(at_once=True)
            if isinstance(error, BrokenProcessPool):
                raise SimulationError("a process that ran a replication was killed: is there enough memory?") from error
            raise

    def _submit(self, index: int, task: Task, watch: Watch | None, waiting: _Waiting) -> None:
        if self._pool is None or self._board is None:
            self._before = set(multiprocessing.active_children())
            self._board = _Board(self._jobs * AHEAD)
            self._pool = ProcessPoolExecutor(self._jobs, multiprocessing.get_context("spawn"), _begin_process)
        line = self._board.take()
        file = None if watch is None else self._board.file
        waiting[self._pool.submit(_work, task, file, line)] = index, line

    def _finished(self, waiting: _Waiting, watch: Watch | None) -> Generator[Finished, None, None]:
        """What finishes within a moment; then report how far the rest is."""
        assert self._board is not None
        done, _ = wait(waiting, timeout=POLL_S, return_when=FIRST_COMPLETED)
        for future in sorted(done, key=lambda one: waiting[one]):
            run = future.result()
            index, line = waiting.pop(future)
            self._board.free(line)
            yield index, run
            _tell(watch, index, run)
        if watch is not None:
            for index, line in waiting.values():
                watch(index, *self._board.read(line))

    def _end(self, at_once: bool) -> None:
        if self._pool is None or self._board is None:
            return
        if at_once:
            for child in set(multiprocessing.active_children()) - self._before:
                child.terminate()
            # A process that ends while it sends a result leaves half of it in the pipe, and the pool would wait for the
            # other half for ever: the pipe has an end once this process, too, has closed what writes to it.
            self._pool._result_queue._writer.close()  # type: ignore[attr-defined]
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._board.close()
        self._pool = self._board = None


class _Board:
    """A file with lines of two numbers, simulated seconds and calls, that the processes write and this one reads."""

    def __init__(self, lines: int) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="mmesim-")
        self.file = str(Path(self._folder.name, "progress"))
        self._lines = np.memmap(self.file, np.float64, "w+", shape=(lines, 2))
        self._free = set(range(lines))

    def take(self) -> int:
        """An unused line, set to 0."""
        line = min(self._free)
        self._free.remove(line)
        self._lines[line] = 0.0
        return line

    def free(self, line: int) -> None:
        self._free.add(line)

    def read(self, line: int) -> tuple[float, int]:
        simulated_s, calls = self._lines[line].tolist()
        return simulated_s, int(calls)

    def close(self) -> None:
        del self._lines
        self._folder.cleanup()


def _observer(watch: Watch | None, index: int) -> Observer | None:
    if watch is None:
        return None
    return lambda simulated_s, calls: watch(index, simulated_s, calls)


def _tell(watch: Watch | None, index: int, run: RunData) -> None:
    """Report a finished task after it was handed over, so that nothing is lost when the watch interrupts."""
    if watch is not None:
        watch(index, run.duration_s, run.calls_all)


def _begin_process() -> None:
    """Leave Ctrl-C to the parent process, and end with it: when it is killed, nothing else ends this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()


def _end_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        # Not sys.exit: that would end this thread alone.
        os._exit(1)


def _work(task: Task, board: str | None, line: int) -> RunData:
    """What a process does: one replication, which reports to its line of the board."""
    if board is None:
        return task.run()
    figures = np.memmap(board, np.float64, "r+").reshape(-1, 2)[line]

    def report(simulated_s: float, calls: int) -> None:
        figures[:] = simulated_s, calls

    return task.run(report)
