"""In which minutes of a replication the limits of latency and errors that a scenario expects were broken for sure.

A minute has few calls, and a share of a few calls over a limit is no proof: a minute counts as broken when so many bad
calls, or more, would come in less than one of a thousand minutes whose calls just keep the limit (exact binomial test).
The mean latency has no such test; it counts as it is.

A share near its limit is over it by chance to the end of some runs. So that a limit is never kept again has to be
proved: see `proved_never`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

from mmesim.arrays import Flags, Floats, Ints
from mmesim.errors import SimulationError
from mmesim.results.run_data import CellData, RunData
from mmesim.scenario.figures import quantile_shares
from mmesim.scenario.run.expect import Expectation
from mmesim.scenario.run.selection import Counted
from mmesim.scenario.scenario import Scenario

Number = TypeVar("Number", np.int64, np.float64)
BY_CHANCE = 0.001
"""Chance at most of a minute that is called broken though its calls keep the limit."""
NEVER_BY_CHANCE = 1e-6
"""Chance at most that calls which just keep every limit from the event on are said never to keep them again."""


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

    def proved_never(self, rows: slice, since: int, settled: bool) -> bool:
        """Whether it is proved that some limit is not kept for good from the minute `since` of these on.

        Beyond doubt (NEVER_BY_CHANCE, half of it for all minutes, half for the calls together), the calls after the
        last minute that breaks the limit break it together; or, where it is not `settled` by kept_since, they are too
        few to tell. And the calls from `since` on are not better for sure (BY_CHANCE) than those between that minute and
        `since`: else the limit was broken by a mild disturbance, of which no minute is beyond doubt.
        """
        level = NEVER_BY_CHANCE / 2.0 / max(1, len(self.limits))
        return any(_goes_on(e, cells, rows, since, settled, level) for e, cells in self.limits)

    def kept_since(self, rows: slice) -> Flags:
        """Whether every limit is kept by all calls from each of these minutes to the last of them, together."""
        found = np.ones(len(self.cells.calls[rows]), dtype=bool)
        for e, cells in self.limits:
            calls, ok, over = (_from_each_on(column[rows]) for column in (cells.calls, cells.ok, cells.over))
            if e.metric == "mean":
                found &= ~_broken(e, calls, ok, over, _from_each_on(cells.latency_sum_s[rows]))
            else:
                found &= _bad(e, calls, ok, over) <= _allowed(e) * calls
        return found


def minutes(scenario: Scenario, run: RunData) -> Minutes:
    """The calls of a replication, minute by minute; SimulationError for a scenario in which nothing happens."""
    if not scenario.is_watched:
        raise SimulationError("nothing happens in this scenario: its calls are not counted minute by minute")
    windows = scenario.windows_of(scenario.minutes)
    starts_s = windows.start_s + windows.length_s * np.arange(windows.number, dtype=np.float64)
    ends_s: Floats = np.minimum(starts_s + windows.length_s, windows.end_s)
    held = {e: _held(e, starts_s, ends_s) for e in scenario.kept_limits}
    kept = tuple(
        (e, _within(held[e], cells_of(scenario, counted, run)))
        for e, counted in scenario.kept_limits.items()
        if held[e].any()
    )
    return Minutes(windows.start_s, windows.end_s, windows.length_s, cells_of(scenario, scenario.minutes, run), kept)


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


def _from_each_on(values: NDArray[Number]) -> NDArray[Number]:
    """The sum of each value and all behind it."""
    found: NDArray[Number] = np.cumsum(values[::-1])[::-1]
    return found


def _goes_on(e: Expectation, cells: CellData, rows: slice, since: int, settled: bool, level: float) -> bool:
    columns = (cells.calls[rows], cells.ok[rows], cells.over[rows], cells.latency_sum_s[rows])
    broken = np.flatnonzero(_broken(e, *columns, level / max(1, len(columns[0]))))
    first = int(broken[-1]) + 1 if broken.size else 0
    calls, ok, over, latency_s = (column[first:].sum(keepdims=True) for column in columns)
    too_few = not settled and broken.size > 0 and _too_few(e, calls)
    if not too_few and not bool(_broken(e, calls, ok, over, latency_s, level)[0]):
        return False
    calls, bad = columns[0], _bad(e, *columns[:3])
    before = slice(first, max(first, since))
    # How the bad calls fall to two stretches that are alike: by their calls (conditional test of two rates).
    bad_before, of, share = bad[before].sum(), bad[first:].sum(), calls[before].sum() / max(1, calls[first:].sum())
    return bool(_at_least(np.array(bad_before), np.array(of), float(share)) >= BY_CHANCE)


def _broken(e: Expectation, calls: Ints, ok: Ints, over: Ints, latency_s: Floats, level: float = BY_CHANCE) -> Flags:
    if e.metric == "mean":
        # Without a successful call the mean is beyond every limit.
        return (calls > 0) & (latency_s > e.limit * ok)
    bad = _bad(e, calls, ok, over)
    return (bad > 0) & (_at_least(bad, calls, _allowed(e)) < level)


def _too_few(e: Expectation, calls: Ints) -> bool:
    """Whether twice the share of bad calls that a limit allows would not be seen for sure in so many calls."""
    if e.metric == "mean":
        return not calls.any()
    twice: Ints = np.minimum(np.ceil(2.0 * _allowed(e) * calls), calls).astype(np.int64)
    return bool(_at_least(twice, calls, _allowed(e))[0] >= BY_CHANCE)


def _bad(e: Expectation, calls: Ints, ok: Ints, over: Ints) -> Ints:
    """The calls that a limit is about: failed ones, and slow ones if it is one of the latency."""
    return calls - ok if e.metric == "error_rate" else calls - ok + over


def _allowed(e: Expectation) -> float:
    """The share of the calls that may be bad."""
    if e.metric == "error_rate":
        return e.limit
    shares = quantile_shares(e.metric)
    return 0.0 if shares is None else shares[1]


def _at_least(bad: Ints, calls: Ints, share: float) -> Floats:
    """The chance of this many bad calls or more, where each is bad with a chance of `share`."""
    found: Floats = np.where(bad > 0, betainc(np.maximum(bad, 1), calls - bad + 1, share), 1.0)
    return found
