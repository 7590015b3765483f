"""How far a command is, as a bar on a terminal (rich); nothing is written where nobody looks."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from mmesim import units

if TYPE_CHECKING:
    from rich.progress import Progress

BAR_WIDTH = 16
REDRAW_S = 0.1


class _Bar:
    """A bar on `stream`, from its first value on, at most ten times a second; wiped when the context is left.

    Nothing is drawn without a stream, nor on one that is not a terminal, or one that cannot move its cursor.
    """

    def __init__(self, stream: TextIO | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._drawn_s = -REDRAW_S
        moves = stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"
        self._progress = _progress(stream, clock) if stream is not None and moves else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def _show(self, done: float, total: float, words: Callable[[float], str]) -> None:
        """Shows that `done` of `total` is done; `words` are given the seconds since the first value.

        Compiling and reading traces come before the first value, and say nothing about the speed of the rest.
        """
        if self._progress is None:
            return
        if not self._progress.task_ids:
            self._progress.add_task("", total=total)
        (task,) = self._progress.tasks
        self._progress.update(task.id, completed=done, total=total, description=words(task.elapsed or 0.0))
        if self._clock() - self._drawn_s >= REDRAW_S:
            self._drawn_s = self._clock()
            self._progress.start()
            self._progress.refresh()


class ReplicationsBar(_Bar):
    """Simulated time, calls a second and time left of replications."""

    def __init__(
        self, stream: TextIO | None, duration_s: float, replications: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(stream, clock)
        self._duration_s = duration_s
        self._replications = replications
        self._simulated_s: dict[int, float] = {}
        self._calls: dict[int, int] = {}

    def expect(self, replications: int) -> None:
        """Takes note of how many replications there will be in all, as far as that is known now."""
        self._replications = replications

    def part(self, first: int) -> Callable[[int, float, int], None]:
        """An observer for one of several experiments: its replications count from `first`."""
        return lambda replication, simulated_s, calls: self(first + replication, simulated_s, calls)

    def __call__(self, replication: int, simulated_s: float, calls: int) -> None:
        """Shows how far a replication is."""
        # The run goes on after the end of the arrivals until all are answered.
        self._simulated_s[replication] = min(simulated_s, self._duration_s)
        self._calls[replication] = calls
        done_s, whole_s = sum(self._simulated_s.values()), self._duration_s * self._replications

        def words(elapsed_s: float) -> str:
            text = f"simulated {units.show_seconds(done_s)} of {units.show_seconds(whole_s)}"
            rate = sum(self._calls.values()) / elapsed_s if elapsed_s else 0.0
            return f"{text}, {units.show_count(rate)} requests/s" if rate else text

        self._show(done_s, whole_s, words)


class SimulationsBar(_Bar):
    """How many of many simulations are finished; those from a store are not work, and not part of the bar."""

    def __call__(self, simulated: int, found: int, total: int) -> None:
        """Shows how many were simulated by now, of those that were not found in a store."""
        text = f"{units.show_count(simulated + found)} of {units.show_count(total)} simulations"
        if found:
            text += f" ({units.show_count(found)} from the store)"
        self._show(simulated, total - found, lambda elapsed_s: text)


class FleetsBar(_Bar):
    """How many fleets of a plan are settled, of those that there are to settle."""

    def __call__(self, settled: int, total: int) -> None:
        """Shows how many are settled."""
        text = f"{units.show_count(settled)} of {units.show_count(total)} fleets"
        self._show(settled, total, lambda elapsed_s: text)


def _progress(stream: TextIO, clock: Callable[[], float]) -> Progress:
    """A bar with percentage, words and time left; imported only for a terminal, which keeps other commands quick."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    plain: TextIO = getattr(stream, "terminal", stream)  # it draws with escapes
    return Progress(
        BarColumn(BAR_WIDTH),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.description}", markup=False),
        TimeRemainingColumn(),
        TextColumn("left"),
        console=Console(file=plain),
        auto_refresh=False,
        transient=True,
        redirect_stdout=False,  # what is printed there is the result
        get_time=clock,
    )
