"""Replications in several processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
import warnings
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from itertools import islice
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any, Self

import numpy as np

from mmesim.errors import TraceWarning, WorkerKilled
from mmesim.experiment.execute.here import observer, tell, warn_here
from mmesim.experiment.execute.parcel import Packer, Parcel, with_names, without_names
from mmesim.experiment.execute.task import AHEAD, Finished, Task, Watch, is_compiled
from mmesim.results.measured.run_data import RunData
from mmesim.scenario.scenario import Scenario

POLL_S = 0.1
NUMBERS = 4
"""Of a line of the board."""

_Waiting = dict[Future[RunData], tuple[int, int, Scenario]]
"""What the processes work on -> index of the task, its line of the board, its scenario."""


class Processes:
    """Runs tasks in up to `jobs` new processes, which are kept from one `run` to the next.

    When something fails, and on Ctrl-C, the processes are ended at once: a replication can take minutes, and its
    result is no longer wanted.
    """

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._pool: ProcessPoolExecutor | None = None
        self._board: _Board | None = None
        self._packer = Packer()
        self._children: set[BaseProcess] = set()

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
                    run = task.run(observer(watch, index))
                    yield index, run
                    tell(watch, index, run)
                else:
                    self._submit(index, task, watch, waiting)
            while True:
                for index, task in islice(left, self._jobs * AHEAD - len(waiting)):
                    self._submit(index, task, watch, waiting)
                if not waiting:
                    return
                yield from self._finished(waiting, watch)
        except BrokenProcessPool as error:
            how = self._killed()
            self._end(at_once=True)
            raise WorkerKilled(
                f"a process that ran a replication was killed{how}, as the system does when memory runs out: "
                "take fewer --jobs, or record fewer calls with --requests"
            ) from error
        except BaseException as error:
            if waiting or not isinstance(error, GeneratorExit):
                self._end(at_once=True)
            raise

    def _submit(self, index: int, task: Task, watch: Watch | None, waiting: _Waiting) -> None:
        if self._pool is None or self._board is None:
            context = multiprocessing.get_context("spawn")
            self._board = _Board(context.RawArray("d", NUMBERS * self._jobs * AHEAD))
            self._pool = ProcessPoolExecutor(self._jobs, context, _begin_process, (self._board.shared,))
        line = self._board.take()
        before = set(multiprocessing.active_children())
        with _ctrl_c_is_ours():
            future = self._pool.submit(_work, self._packer.pack(task), None if watch is None else line)
        self._children |= set(multiprocessing.active_children()) - before
        waiting[future] = index, line, task.scenario

    def _finished(self, waiting: _Waiting, watch: Watch | None) -> Generator[Finished, None, None]:
        """What finishes within a moment; then report how far the rest is."""
        assert self._board is not None
        done, _ = wait(waiting, timeout=POLL_S, return_when=FIRST_COMPLETED)
        for future in sorted(done, key=lambda one: waiting[one][0]):
            run = future.result()
            index, line, scenario = waiting.pop(future)
            self._board.free(line)
            run = with_names(run, scenario)
            warn_here(run)
            yield index, run
            tell(watch, index, run)
        if watch is not None:
            for index, line, _ in waiting.values():
                watch(index, *self._board.read(line))

    def _killed(self) -> str:
        """By which signal a process was lost, in words; nothing where that is not known."""
        # Who ends the whole group of processes, as `timeout` does, means this one: its own signal comes first.
        time.sleep(POLL_S)
        # The pool ends the others with SIGTERM.
        signals = [-code for child in self._children if (code := child.exitcode) is not None and code < 0]
        return next((f" by {signal.Signals(number).name}" for number in signals if number != signal.SIGTERM), "")

    def _end(self, at_once: bool) -> None:
        if self._pool is None or self._board is None:
            return
        if at_once:
            for child in self._children:
                child.kill()
            # A process that ends while it sends a result leaves half of it in the pipe, and the pool would wait for the
            # other half for ever: the pipe has an end once this process, too, has closed what writes to it.
            self._pool._result_queue._writer.close()  # type: ignore[attr-defined]
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._pool = self._board = None
        self._children = set()


class _Board:
    """Lines of numbers in shared memory, what an Observer gets: the processes write, this one reads."""

    def __init__(self, shared: Any) -> None:
        self.shared = shared
        self._lines = np.frombuffer(shared, np.float64).reshape(-1, NUMBERS)
        self._free = set(range(len(self._lines)))

    def take(self) -> int:
        """An unused line, set to 0."""
        line = min(self._free)
        self._free.remove(line)
        self._lines[line] = 0.0
        return line

    def free(self, line: int) -> None:
        self._free.add(line)

    def read(self, line: int) -> tuple[float, int, int, int]:
        simulated_s, calls, hits, misses = self._lines[line].tolist()
        return simulated_s, int(calls), int(hits), int(misses)

    def write(self, line: int, *seen: float) -> None:
        self._lines[line] = seen


@contextmanager
def _ctrl_c_is_ours() -> Iterator[None]:
    """A process that is begun meanwhile never hears Ctrl-C, not even while Python starts in it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_board: _Board | None = None
"""In a process that runs replications: where it reports to."""


def _begin_process(shared: Any) -> None:
    """Leave Ctrl-C to the parent process, and end with it: when it is killed, nothing else ends this one."""
    global _board
    _board = _Board(shared)
    warnings.simplefilter("ignore", TraceWarning)  # the parent process says it, once
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()


def _end_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        # Not sys.exit: that would end this thread alone.
        os._exit(1)


def _work(parcel: Parcel, line: int | None) -> RunData:
    """What a process does: one replication, which reports to its line of the board."""
    task = parcel.open()
    board = _board
    if line is None or board is None:
        return without_names(task.run(), task.scenario)
    return without_names(task.run(partial(board.write, line)), task.scenario)
