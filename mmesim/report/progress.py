"""How far a command is: a line on a terminal (rich), wiped in the end; elsewhere, now and then, a line that stays.

A log has its first such line after a minute, then fewer and fewer: it is a sign of life, for CI systems, too, which end
what is silent for ten minutes.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from mmesim import units

if TYPE_CHECKING:
    from rich.progress import Progress

BAR_WIDTH = 10
REDRAW_S = 0.5
"""A drawing takes 1.5 ms of CPU time."""
QUIET_S = 1.0
"""What is over by then shows nothing, and nothing can be foretold before."""
MOST_WIDE = 120
FIRST_LINE_S, LONGEST_SILENCE_S = 60.0, 300.0
"""When a log has its first line, and after how long it has the next one at the latest."""
SILENCE = 0.25
"""Of the time so far: as long as that nothing more is said in a log, within these bounds."""

Words = Sequence[tuple[int, str]]
"""Rank and text of each part of a line, in their order on it: where there is no room the highest ranks are left out."""


class _Bar:
    """A line on `stream`, from a second after its first value on, at most twice a second; wiped in the end.

    Nothing is drawn on what is not a terminal, or cannot move its cursor, nor in a CI system, which keeps what is
    wiped: there it writes a line after a minute, and then now and then. Nothing at all is written without a stream.
    """

    foretells = True
    """Whether the rest takes as long as what is done, as far as anybody knows."""

    def __init__(self, stream: TextIO | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._first: tuple[float, float, int] | None = None
        """When the first value came, and what was done by then: work, and calls."""
        self._begun_s = clock()
        self._drawn_s = -REDRAW_S
        self._stream = stream
        looked_at = stream is not None and _is_looked_at(stream)
        self._progress = _progress(stream, clock, self.foretells) if stream is not None and looked_at else None
        self._next_line_s = self._begun_s + FIRST_LINE_S

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def _show(self, done: float, total: float, calls: int, words: Callable[[], Words]) -> None:
        """Shows that `done` of `total` is done, in which there were `calls`.

        Compiling and reading traces come before the first value, and say nothing about the speed of the rest. The time
        left is that of the rest at the speed since then.
        """
        if self._stream is None:
            return
        now_s = self._clock()
        if self._first is None or (self.foretells and done == self._first[1]):
            self._first = now_s, done, calls  # processes start, or a warm-up is looked for
        since_s = now_s - self._first[0]
        if since_s < QUIET_S or not self._is_due(now_s):
            return
        parts = list(words())
        gained, more = done - self._first[1], calls - self._first[2]
        if more:
            parts.append((2, f"{_significant(more / since_s)} requests/s"))
        if gained > 0.0 and self.foretells:
            parts.append((1, f"{units.show_seconds(_rounded(since_s * (total - done) / gained))} left"))
        if self._progress is None:
            share = f"{units.show_number(round(100.0 * done / total))} % done, " if self.foretells else ""
            self._stream.write(f"{share}{_fitting(parts, MOST_WIDE)}\n")
            self._stream.flush()
        else:
            _draw(self._progress, done, total, parts)

    def _is_due(self, now_s: float) -> bool:
        """Whether it is time to say something; it is not again until some time has passed."""
        if self._progress is None:
            if now_s < self._next_line_s:
                return False
            silence_s = SILENCE * (now_s - self._begun_s)
            self._next_line_s = now_s + min(max(silence_s, FIRST_LINE_S), LONGEST_SILENCE_S)
            return True
        if now_s - self._drawn_s < REDRAW_S:
            return False
        self._drawn_s = now_s
        return True


def _draw(progress: Progress, done: float, total: float, parts: Words) -> None:
    """The line as it is now."""
    if not progress.task_ids:
        progress.add_task("", total=total)
    (task,) = progress.tasks
    beside = BAR_WIDTH + len(" 100 % done,  ") if len(progress.columns) > 1 else 0
    room = min(progress.console.width, MOST_WIDE) - beside
    progress.update(task.id, completed=done, total=total, description=_fitting(parts, room))
    progress.start()
    progress.refresh()


class ReplicationsBar(_Bar):
    """Finished replications, simulated time, calls a second, hit ratio and time left of replications."""

    def __init__(
        self, stream: TextIO | None, duration_s: float, replications: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(stream, clock)
        self._duration_s = duration_s
        self._replications = replications
        self._seen: dict[int, tuple[float, int, int, int]] = {}

    def expect(self, replications: int) -> None:
        """Takes note of how many replications there will be in all, as far as that is known now."""
        self._replications = replications

    def part(self, first: int) -> Callable[[int, float, int, int, int], None]:
        """An observer for one of several experiments: its replications count from `first`."""
        return lambda replication, *seen: self(first + replication, *seen)

    def __call__(self, replication: int, simulated_s: float, calls: int, hits: int = 0, misses: int = 0) -> None:
        """Shows how far a replication is."""
        # The run goes on after the end of the arrivals until all are answered.
        self._seen[replication] = min(simulated_s, self._duration_s), calls, hits, misses
        if self._stream is None:
            return
        done_s, calls, hits, misses = (sum(numbers) for numbers in zip(*self._seen.values(), strict=True))
        self._show(done_s, self._duration_s * self._replications, calls, lambda: self._words(done_s, hits, misses))

    def _words(self, done_s: float, hits: int, misses: int) -> Words:
        whole_s = self._duration_s * self._replications
        words = [(4, f"simulated {units.show_seconds(done_s)} of {units.show_seconds(whole_s)}")]
        if self._replications > 1:
            finished = sum(one[0] >= self._duration_s for one in self._seen.values())
            text = f"{units.show_count(finished)} of {units.show_count(self._replications)} replications"
            words.insert(0, (3, text))
        if hits + misses:
            words.append((2, f"{100.0 * hits / (hits + misses):.1f} % hits"))
        return words


class SimulationsBar(_Bar):
    """How many of many simulations are finished; those from a store are not work, and not part of the bar."""

    def __call__(self, simulated: int, found: int, total: int, calls: int = 0) -> None:
        """Shows how many were simulated by now, of those that were not found in a store, with how many calls."""

        def words() -> Words:
            text = f"{units.show_count(simulated + found)} of {units.show_count(total)} simulations"
            return [(0, text), *([(3, f"{units.show_count(found)} from the store")] if found else [])]

        self._show(simulated, total - found, calls, words)


class SearchBar(_Bar):
    """How many simulations are finished of a search, of which nobody knows how many it takes."""

    foretells = False

    def __call__(self, simulated: int, found: int, total: int, calls: int = 0) -> None:
        """Shows how many were simulated by now, beside those that were found in a store, with how many calls."""

        def words() -> Words:
            text = f"{units.show_count(simulated + found)} simulations"
            return [(0, text), *([(3, f"{units.show_count(found)} from the store")] if found else [])]

        self._show(simulated, total - found, calls, words)


class FleetsBar(_Bar):
    """How many fleets of a plan are settled, of those that there may be to settle, and which one is tried.

    Nobody knows how long it takes: a fleet near its limits takes as long as a hundred others.
    """

    foretells = False

    def __call__(self, settled: int, fleets: int, doing: str, simulated: int, calls: int) -> None:
        """Shows how many are settled, what is being done, and how many simulations with how many calls there were."""

        def words() -> Words:
            tried = f"{units.show_count(simulated)} simulations"
            return [(0, f"{units.show_count(settled)} of {units.show_count(fleets)} fleets"), (1, doing), (3, tried)]

        self._show(settled, fleets, calls, words)


def _is_looked_at(stream: TextIO) -> bool:
    """Whether it is a terminal that a person sees."""
    in_ci = os.environ.get("CI", "").lower() not in ("", "0", "false")
    return stream.isatty() and os.environ.get("TERM") != "dumb" and not in_ci


def _fitting(parts: Words, room: int) -> str:
    """The parts in their order, without those for which there is no room; the lowest rank always stays."""
    kept = list(parts)
    while len(text := ", ".join(part for _, part in kept)) > room and len(kept) > 1:
        kept.remove(max(kept, key=lambda part: part[0]))
    return text


def _rounded(seconds: float) -> float:
    """A time that is not known better than that: whole seconds, from 10 s on two digits."""
    if seconds < 10.0:
        return float(math.ceil(seconds))
    return float(f"{seconds:.1e}")


def _significant(rate: float) -> str:
    """A rate with two digits at least, without those that change all the time."""
    return units.show_count(float(f"{rate:.2g}"))


def _progress(stream: TextIO, clock: Callable[[], float], foretells: bool) -> Progress:
    """A bar with percentage and words, or words alone; made for a terminal only, which keeps other commands quick."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    plain: TextIO = getattr(stream, "terminal", stream)  # it draws with escapes
    share = (BarColumn(BAR_WIDTH), TextColumn("{task.percentage:>3.0f} % done,")) if foretells else ()
    return Progress(
        *share,
        TextColumn("{task.description}", markup=False),
        console=Console(file=plain),
        auto_refresh=False,
        transient=True,
        redirect_stdout=False,  # what is printed there is the result
        get_time=clock,
    )
