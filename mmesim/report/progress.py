"""How far a run is, as one line on a terminal: simulated time, requests a second, time left."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import TextIO

from mmesim import units

BAR = 24
REDRAW_S = 0.1
CLEAR_LINE = "\r\x1b[2K"


class ProgressLine:
    """Shows the progress of replications on `stream` while it is open; nothing when the stream is no terminal.

    Call it with (replication, simulated seconds, calls so far). Leaving the context wipes the line.
    """

    def __init__(
        self, stream: TextIO, duration_s: float, replications: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream
        self._shown = stream.isatty()
        self._duration_s = duration_s
        self._replications = replications
        self._clock = clock
        self._seconds: dict[int, float] = {}
        self._calls: dict[int, int] = {}
        self._begun: float | None = None
        self._drawn = -REDRAW_S

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._shown and self._begun is not None:
            self._write(CLEAR_LINE)

    def expect(self, replications: int) -> None:
        """Take note of how many replications there will be in all, as far as that is known now."""
        self._replications = replications

    def __call__(self, replication: int, simulated_s: float, calls: int) -> None:
        """Take note of how far a replication is, and show it at most ten times a second."""
        if not self._shown:
            return
        now = self._clock()
        if self._begun is None:
            # From the first report on: compiling and reading traces say nothing about the speed of the rest.
            self._begun = now
        # The run goes on after the end of the arrivals until all are answered.
        self._seconds[replication] = min(simulated_s, self._duration_s)
        self._calls[replication] = calls
        if now - self._drawn >= REDRAW_S:
            self._drawn = now
            self._write(CLEAR_LINE + self.line(now - self._begun))

    def part(self, first: int) -> Callable[[int, float, int], None]:
        """Return an observer for one of several experiments: its replications count from `first`."""
        return lambda replication, simulated_s, calls: self(first + replication, simulated_s, calls)

    def line(self, elapsed_s: float) -> str:
        """Return the text of the line, `elapsed_s` seconds after the first report."""
        simulated_s, calls = sum(self._seconds.values()), sum(self._calls.values())
        whole_s = self._duration_s * self._replications
        done = simulated_s / whole_s
        full = int(BAR * done)
        text = (
            f"[{'#' * full}{'-' * (BAR - full)}] {100 * done:3.0f} %  "
            f"simulated {units.show_seconds(simulated_s)} of {units.show_seconds(whole_s)}"
        )
        if elapsed_s > 0.0 and calls:
            text += f"  {units.show_count(calls / elapsed_s)} requests/s"
        if elapsed_s > 0.0 and done > 0.0:
            text += f"  {units.show_seconds(elapsed_s * (1.0 - done) / done, digits=2)} left"
        return text

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


class CountLine:
    """Shows how many of many simulations are finished on `stream` while it is open; nothing when it is no terminal.

    Call it with (run by now, found in a store, all). Leaving the context wipes the line.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._shown = stream.isatty()
        self._clock = clock
        self._begun = clock()
        self._drawn = -REDRAW_S

    def __enter__(self) -> CountLine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._shown:
            self._write(CLEAR_LINE)

    def __call__(self, simulated: int, found: int, total: int) -> None:
        """Show how far it is, at most ten times a second."""
        now = self._clock()
        if self._shown and now - self._drawn >= REDRAW_S:
            self._drawn = now
            self._write(CLEAR_LINE + self.line(now - self._begun, simulated, found, total))

    def line(self, elapsed_s: float, simulated: int, found: int, total: int) -> str:
        """Return the text of the line, `elapsed_s` seconds after the beginning."""
        done = (simulated + found) / total
        full = int(BAR * done)
        text = (
            f"[{'#' * full}{'-' * (BAR - full)}] {100 * done:3.0f} %  "
            f"{units.show_count(simulated + found)} of {units.show_count(total)} simulations"
        )
        if found:
            text += f" ({units.show_count(found)} from the store)"
        if simulated:
            left_s = elapsed_s * (total - found - simulated) / simulated
            text += f"  {units.show_seconds(left_s, digits=2)} left"
        return text

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
