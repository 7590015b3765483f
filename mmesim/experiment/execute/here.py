"""Replications in this process, one after the other."""

from __future__ import annotations

import warnings
from collections.abc import Generator, Iterable
from functools import partial
from types import TracebackType
from typing import Self

from mmesim.errors import TraceWarning
from mmesim.experiment.execute.task import Finished, Observer, Task, Watch
from mmesim.results.measured.run_data import RunData


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
            run = task.run(observer(watch, index))
            yield index, run
            tell(watch, index, run)
            del run  # it can be large, and nobody needs it here while the next one runs


def observer(watch: Watch | None, index: int) -> Observer | None:
    """What reports the progress of a task to the watch; None where nobody watches."""
    if watch is None:
        return None
    return partial(watch, index)


def tell(watch: Watch | None, index: int, run: RunData) -> None:
    """Report a finished task after it was handed over, so that nothing is lost when the watch interrupts."""
    if watch is not None:
        watch(index, run.duration_s, run.calls_all, run.hits, run.misses)


def warn_here(run: RunData) -> None:
    """Warn of the traces of a replication that another process ran: nobody sees what Python says there."""
    for note in run.trace_notes:
        warnings.warn(note.line, TraceWarning, stacklevel=2)
