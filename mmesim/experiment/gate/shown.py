"""The percentile that a line names, of all calls of the gate together: it is shown, and decides nothing."""

from __future__ import annotations

import math

from mmesim.arrays import Floats, Ints
from mmesim.results.measured.run_data import RunData
from mmesim.scenario.figures import quantile_shares
from mmesim.scenario.run.expect import Expectation
from mmesim.scenario.run.selection import Selection, State
from mmesim.stats.histogram import quantile, span


class Histograms:
    """The latency of the successful calls of runs together: of all calls, of warm and of cold ones."""

    def __init__(self) -> None:
        self._counts: dict[State | None, Ints] = {}
        self._ends: tuple[Floats, Floats] | None = None

    def add(self, run: RunData) -> None:
        """The calls of one more run."""
        states: tuple[State | None, ...] = (None, "warm", "cold")
        counts: dict[State | None, Ints] = {state: run.of(state).count for state in states}
        if self._ends is None:
            self._counts, self._ends = counts, (run.shortest_s, run.longest_s)
            return
        before = self._counts[None]
        (least, most), (low, high) = self._ends, (run.shortest_s, run.longest_s)
        self._ends = span([before, counts[None]], [least, low], [most, high])
        self._counts = {state: count + self._counts[state] for state, count in counts.items()}

    def percentile_ms(self, e: Expectation) -> float | None:
        """The percentile of an expectation, None where that of its calls is not known, or there is no call."""
        shares, calls = quantile_shares(e.metric), e.calls
        if shares is None or self._ends is None or calls != Selection(calls.state):
            return None
        found_s = quantile(*self._ends, self._counts[calls.state], shares[0])
        return None if math.isnan(found_s) else 1000.0 * found_s
