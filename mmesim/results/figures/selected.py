"""Figures of some of the calls: warm or cold ones, those of a group, those of some time, as a run has counted them.

A window of `in every 5 min` with fewer than 100 calls a replication is joined with the next; a last one, with the one
before it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mmesim.errors import SimulationError
from mmesim.results.figures.figures import Formula, ratio
from mmesim.results.measured.run_data import CellData, RunData
from mmesim.scenario.run.expect import Expectation
from mmesim.scenario.scenario import Scenario

FEWEST_CALLS = 100
"""Calls of a replication, on average, in a window that is judged by itself."""


@dataclass(frozen=True)
class Window:
    """A window that is judged by itself, `joined` of those that were asked for, and the figure in it.

    It has `calls` in all replications together, of which `ok` were answered well.
    """

    start_s: float
    end_s: float
    joined: int
    formula: Formula
    calls: int
    ok: int


def windows(e: Expectation, scenario: Scenario, runs: Sequence[RunData]) -> tuple[Window, ...]:
    """The windows of an expectation about some of the calls, at least one, and the figure that decides in each.

    Of a percentile and of `max` that is the share of calls over the limit, failed ones included.
    """
    counted = e.counted
    if counted is None:
        raise SimulationError(f"{e.text!r} is about all calls: nothing is counted apart for it")
    place = scenario.counted.index(counted)
    first = sum(scenario.windows_of(one).number for one in scenario.counted[:place])
    spans = scenario.windows_of(counted)
    none = e.calls.none if spans.end_s > spans.start_s else "all of this time is warm-up, in which no call is measured"
    calls = np.sum([run.cells.calls[first : first + spans.number] for run in runs], axis=0)
    ok = np.sum([run.cells.ok[first : first + spans.number] for run in runs], axis=0)
    return tuple(
        Window(
            *spans.between(low, high),
            high - low,
            _formula(e, slice(first + low, first + high), none),
            int(calls[low:high].sum()),
            int(ok[low:high].sum()),
        )
        for low, high in joined((calls / len(runs)).tolist())
    )


def joined(calls: Sequence[float]) -> Iterator[tuple[int, int]]:
    """[first, last) of the windows that are judged together, given the calls of a replication in each."""
    ends, held = [], 0.0
    for index, number in enumerate(calls):
        held += number
        if held >= FEWEST_CALLS:
            ends.append(index + 1)
            held = 0.0
    if not ends or ends[-1] < len(calls):
        ends = [*ends[:-1], len(calls)]
    return zip([0, *ends[:-1]], ends, strict=True)


def _formula(e: Expectation, rows: slice, none: str) -> Formula:
    """The figure that decides, over some rows of the cells; `none`: why it can be missing."""

    def total(of: Callable[[CellData], object]) -> Callable[[RunData], int]:
        return lambda run: int(np.sum(of(run.cells)[rows]))  # type: ignore[index]  # each is an array

    calls, ok = total(lambda cells: cells.calls), total(lambda cells: cells.ok)
    if e.metric == "cache_hit_ratio":
        hits, misses = total(lambda cells: cells.hits), total(lambda cells: cells.misses)
        return Formula(
            "share",
            lambda run: ratio(hits(run), hits(run) + misses(run)),
            f"{none} reached a host",
            trials=lambda run: hits(run) + misses(run),
        )
    if e.metric == "error_rate":
        return Formula("share", lambda run: ratio(calls(run) - ok(run), calls(run)), none, trials=calls)
    if e.metric == "mean":
        return Formula("ms", lambda run: _mean(calls(run), ok(run), float(run.cells.latency_sum_s[rows].sum())), none)
    over = total(lambda cells: cells.over)
    return Formula("share", lambda run: ratio(over(run) + calls(run) - ok(run), calls(run)), none, trials=calls)


def _mean(calls: int, ok: int, latency_s: float) -> float:
    """The mean latency of the successful calls; without any, it is beyond every limit."""
    return ratio(latency_s, ok) if ok or not calls else math.inf
