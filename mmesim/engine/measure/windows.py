"""One-minute windows as CloudWatch shows them, written down while the simulation runs."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Generator
from typing import Any

import numpy as np
import simpy

from mmesim.arrays import Floats
from mmesim.engine.dataplane import DataPlane
from mmesim.engine.environment import Environment
from mmesim.engine.measure.live import LiveMetrics
from mmesim.engine.measure.window_times import TimesOfPeriods
from mmesim.results.measured.window_times import WINDOW_S, WindowTimes, period_s
from mmesim.results.measured.windows import WindowTable


class Windows:
    """Watches the endpoint; changes nothing. Windows cover [0, duration)."""

    def __init__(
        self,
        env: Environment,
        plane: DataPlane,
        live: LiveMetrics,
        duration_s: float,
        window_s: float = WINDOW_S,
        report: Callable[[], None] | None = None,
        figures: Collection[str] | None = None,
    ) -> None:
        """`report` is called at the end of each window that is waited for; only `figures` are read, None for all."""
        self._env = env
        self._plane = plane
        self._meter = live.meter(figures)
        self._ends = _ends(duration_s, window_s)
        self._names: tuple[str, ...] = ()
        self._values = array("d")
        self._report = report
        self._repeats: list[int] = []
        asked = plane.tables.views.params[0].window_times == 1
        self._times = TimesOfPeriods(period_s(duration_s)) if asked else None
        env.process(self._watch())

    def table(self) -> WindowTable:
        """One value a window in each column; NaN where nothing was observed."""
        start = np.concatenate([[0.0], self._ends])[: sum(self._repeats)]
        return WindowTable.of(start, self._names, np.array(self._values, dtype=np.float64), self._repeats)

    def times(self) -> WindowTimes | None:
        """How many of what took how long, period by period; None where that was not asked for."""
        return None if self._times is None else self._times.all()

    def _watch(self) -> Generator[simpy.Event, Any, None]:
        start, done = 0.0, 0
        while done < len(self._ends):
            # Of windows in which nothing happens only the last is waited for: all of them are equal.
            last = done + self._quiet(done)
            end = float(self._ends[last])
            yield self._env.timeout(end - self._env.now)
            period = self._meter.read(end - start)
            if self._times is not None:
                self._times.add(start, self._plane.tables.views.window_times, period.latencies, period.times)
            if self._report is not None:
                self._report()
            row = period.figures
            self._names = tuple(row)
            self._values.extend(row.values())
            self._repeats.append(last - done + 1)
            start, done = end, last + 1

    def _quiet(self, first: int) -> int:
        """How many windows after number `first` end, as it does, before anything happens."""
        next_s = min(self._env.peek(), self._plane.next_event_s())
        return max(0, int(np.searchsorted(self._ends[:-1], next_s, side="left")) - first - 1)


def _ends(duration_s: float, window_s: float) -> Floats:
    """Where each window ends, seconds; the last with the run."""
    ends = np.cumsum(np.full(int(duration_s / window_s) + 2, window_s))
    ends = ends[: int(np.searchsorted(ends, duration_s, side="left")) + 1]
    ends[-1] = duration_s
    return ends
