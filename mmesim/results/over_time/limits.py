"""In which minutes of a replication the limits of latency and errors that a scenario expects were broken for sure.

A minute has few calls, and a share of a few calls over a limit is not proof: a minute counts as broken when so many bad
calls, or more, would come in less than one of a thousand minutes whose calls just keep the limit (exact binomial test).
The mean latency has no such test; it counts as it is.

A share near its limit is over it by chance to the end of some runs. From which minutes on a limit is kept again, as far
as chance can tell, is said by `kept_again`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from mmesim.arrays import Flags, Floats, Ints
from mmesim.errors import SimulationError
from mmesim.results.measured.run_data import CellData, RunData
from mmesim.results.over_time.kept_again import BY_CHANCE, at_least, from_each_on, long_enough, not_broken
from mmesim.scenario.figures import quantile_shares
from mmesim.scenario.run.expect import Expectation
from mmesim.scenario.run.selection import Counted
from mmesim.scenario.scenario import Scenario


@dataclass(frozen=True)
class Minutes:
    """The calls of one replication, minute by minute of the measured time, by when they began."""

    start_s: float
    end_s: float
    length_s: float
    """Of each but the last, which ends with the measured time."""
    cells: CellData
    """All calls; those over the highest latency limit."""
    limits: tuple[tuple[Expectation, CellData], ...]
    """Each limit that a whole minute lies in, and the calls that it is about; those over it."""

    def __len__(self) -> int:
        return len(self.cells.calls)

    def limited_after(self, event: str | None) -> Minutes:
        """The same calls with the limits that count after a fault or deploy; None: after what no line can name."""
        return replace(self, limits=tuple(one for one in self.limits if one[0].limits_calls_after(event)))

    def broken(self, rows: slice) -> Flags:
        """Whether a limit is broken for sure, in each of these minutes."""
        found = np.zeros(len(self.cells.calls[rows]), dtype=bool)
        for e, cells in self.limits:
            found |= _broken(e, cells.calls[rows], cells.ok[rows], cells.over[rows], cells.latency_sum_s[rows])
        return found

    def again(self, rows: slice) -> tuple[Flags, bool]:
        """From which of these minutes on no limit is broken for good, and whether some limit is never kept again.

        A chance of BY_CHANCE at most, shared by the limits, for each of both to be said wrongly of calls that keep
        them, and were as long or good enough to show it (`kept_again`).
        """
        found, never = np.ones(len(self.cells.calls[rows]), dtype=bool), False
        for e, cells in self.limits:
            kept, shown = self._again(e, cells, rows)
            found &= kept
            never |= len(found) > 0 and not bool((kept & shown).any())
        return found, never

    def _again(self, e: Expectation, cells: CellData, rows: slice) -> tuple[Flags, Flags]:
        """Of each minute: whether a limit is not broken from it on; whether enough follows to tell."""
        columns = (cells.calls[rows], cells.ok[rows], cells.over[rows])
        bad = _bad(e, *columns)
        if e.metric == "mean":
            latency_s = cells.latency_sum_s[rows]
            calls, ok, over = map(from_each_on, columns)
            later = from_each_on(_broken(e, *columns, latency_s).astype(np.int64)) > 0
            return ~later & ~_broken(e, calls, ok, over, from_each_on(latency_s)), np.ones(len(later), dtype=bool)
        allowed = _allowed(e)
        gone = from_each_on(_held(e, *self.ends_s)[rows].astype(np.int64)) == 0
        kept = not_broken(columns[0], bad, allowed, BY_CHANCE / len(self.limits))
        return kept, long_enough(columns[0], bad, allowed) | gone

    @property
    def ends_s(self) -> tuple[Floats, Floats]:
        """Begin and end of each minute."""
        starts_s = self.start_s + self.length_s * np.arange(len(self), dtype=np.float64)
        return starts_s, np.minimum(starts_s + self.length_s, self.end_s)

    def kept_since(self, rows: slice) -> Flags:
        """Whether every limit is kept by all calls from each of these minutes to the last of them, together."""
        found = np.ones(len(self.cells.calls[rows]), dtype=bool)
        for e, cells in self.limits:
            calls, ok, over = (from_each_on(column[rows]) for column in (cells.calls, cells.ok, cells.over))
            if e.metric == "mean":
                found &= ~_broken(e, calls, ok, over, from_each_on(cells.latency_sum_s[rows]))
            else:
                found &= _bad(e, calls, ok, over) <= _allowed(e) * calls
        return found


def minutes(scenario: Scenario, run: RunData) -> Minutes:
    """The calls of a replication, minute by minute; SimulationError for a scenario in which nothing happens."""
    if not scenario.is_watched:
        raise SimulationError("nothing happens in this scenario: its calls are not counted minute by minute")
    windows = scenario.windows_of(scenario.minutes)
    found = Minutes(windows.start_s, windows.end_s, windows.length_s, cells_of(scenario, scenario.minutes, run), ())
    held = {e: _held(e, *found.ends_s) for e in scenario.kept_limits}
    kept = tuple(
        (e, _within(held[e], cells_of(scenario, counted, run)))
        for e, counted in scenario.kept_limits.items()
        if held[e].any()
    )
    return replace(found, limits=kept)


def _held(e: Expectation, starts_s: Floats, ends_s: Floats) -> Flags:
    """Which minutes lie wholly in the time of a limit."""
    first_s, last_s = e.calls.between_s or (-math.inf, math.inf)
    return (starts_s >= first_s) & (ends_s <= last_s)


def _within(held: Flags, cells: CellData) -> CellData:
    """The cells of the minutes that a limit holds in; the others as if without calls."""
    if held.all():
        return cells
    calls, ok, over, hits, misses = (
        np.where(held, one, 0) for one in (cells.calls, cells.ok, cells.over, cells.hits, cells.misses)
    )
    latency_s, causes = np.where(held, cells.latency_sum_s, 0.0), np.where(held[:, None], cells.causes, 0)
    return CellData(calls, ok, over, hits, misses, latency_s, causes)


def cells_of(scenario: Scenario, counted: Counted, run: RunData) -> CellData:
    """The cells of one selection of calls."""
    place = scenario.counted.index(counted)
    first = sum(scenario.windows_of(one).number for one in scenario.counted[:place])
    rows = slice(first, first + scenario.windows_of(counted).number)
    cells = run.cells
    return CellData(
        cells.calls[rows],
        cells.ok[rows],
        cells.over[rows],
        cells.hits[rows],
        cells.misses[rows],
        cells.latency_sum_s[rows],
        cells.causes[rows],
    )


def _broken(e: Expectation, calls: Ints, ok: Ints, over: Ints, latency_s: Floats) -> Flags:
    if e.metric == "mean":
        # Without a successful call the mean is beyond every limit.
        return (calls > 0) & (latency_s > e.limit * ok)
    bad = _bad(e, calls, ok, over)
    return (bad > 0) & (at_least(bad, calls, _allowed(e)) < BY_CHANCE)


def _bad(e: Expectation, calls: Ints, ok: Ints, over: Ints) -> Ints:
    """The calls that a limit is about: failed ones, and slow ones if it is one of the latency."""
    return calls - ok if e.metric == "error_rate" else calls - ok + over


def _allowed(e: Expectation) -> float:
    """The share of the calls that may be bad."""
    if e.metric == "error_rate":
        return e.limit
    shares = quantile_shares(e.metric)
    return 0.0 if shares is None else shares[1]
