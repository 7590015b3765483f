"""What is counted: for each way of stopping, how often the interval of a figure holds the truth.

Replications are independent whatever run they are put in, so one long row of them is cut into runs: each run takes the
next replications until it stops, and no replication is in two runs of one design.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import ndtri

from mmesim.arrays import Floats
from mmesim.experiment.until import level, looks
from mmesim.results.expect import interval_of, shown_as
from mmesim.results.figures import over
from mmesim.results.latency import Pooled, pool
from mmesim.results.run_data import RunData
from mmesim.results.until import allowed, relative_half_width
from mmesim.scenario.run.until import FIRST_LOOK, read_precision
from mmesim.stats.histogram import span
from mmesim.stats.means import CONFIDENCE

FIXED = 10
"""Replications of a run whose number is fixed."""
MOST = 34
"""Replications after which `until` gives up; with a scenario's default, 100, the hardest line would use up the pool."""
PASSES_AT = 0.935

_NOTHING: Floats = np.zeros((0, 0))


@dataclass
class Design:
    """One way of stopping, and what its runs came to so far for each figure that is judged.

    `target` is a precision as a scenario writes it; without one a run has FIXED replications.
    """

    figures: tuple[str, ...]
    target: str | None
    limit_s: float
    runs_done: int = 0
    used: int = 0
    reached: int = 0
    intervals: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    """Of each figure: those that were given."""
    _runs: list[RunData] = field(default_factory=list)
    _pooled: Pooled | None = None

    def add(self, run: RunData) -> None:
        """Give the next replication to the run that is being filled."""
        self._pooled = _plus(self._pooled, run)
        # What is pooled is not needed twice: the ledger is most of the memory.
        self._runs.append(replace(run, parts_s=_NOTHING))
        at = (FIXED,) if self.target is None else looks(FIRST_LOOK, MOST)
        if len(self._runs) not in at:
            return
        confidence = CONFIDENCE if self.target is None else level(len(at))
        precise = self.target is None or self._is_precise(self.target, confidence)
        if precise or len(self._runs) == at[-1]:
            self._close(confidence, precise)

    def _is_precise(self, target: str, confidence: float) -> bool:
        assert self._pooled is not None
        precision = read_precision(target)
        half, _ = relative_half_width(precision, self._runs, self._pooled, confidence)
        return half is not None and half <= allowed(precision.within)

    def _close(self, confidence: float, precise: bool) -> None:
        assert self._pooled is not None
        for figure in self.figures:
            found = interval(figure, self._runs, self._pooled, self.limit_s, confidence)
            if found is not None:
                self.intervals.setdefault(figure, []).append(found)
        self.runs_done += 1
        self.reached += precise
        self.used += len(self._runs)
        self._runs, self._pooled = [], None


def interval(
    figure: str, runs: Sequence[RunData], pooled: Pooled, limit_s: float, confidence: float
) -> tuple[float, float] | None:
    """Return the interval of a figure as mmesim gives it: seconds, or a share; None when it gives none."""
    if figure == "share":
        metric = over(limit_s)
        low, high, _ = interval_of(metric, [metric.of(r) for r in runs], runs, confidence)
        return low, high
    ci = shown_as(figure, runs, pooled, confidence).ci95
    return None if ci is None else (ci[0] / 1000.0, ci[1] / 1000.0)


def _plus(pooled: Pooled | None, run: RunData) -> Pooled:
    if pooled is None:
        return pool([run])
    ends = [pooled.shortest_s, run.shortest_s], [pooled.longest_s, run.longest_s]
    pooled.shortest_s[:], pooled.longest_s[:] = span([pooled.count, run.count], *ends)
    pooled.count[:] += run.count
    pooled.load_episodes[:] += run.load_episodes
    pooled.retried_cold_s[:] += run.retried_cold_s
    pooled.parts_s[:] += run.parts_s
    return pooled


def designs(within: Mapping[str, str], limit_s: float) -> tuple[Design, ...]:
    """Return the ways of stopping of a cell: a fixed number, and a precision of each figure that can have a target.

    A share over a limit is no target: it is judged where p99 stops.
    """
    return (
        Design(("mean", "p95", "p99", "share"), None, limit_s),
        Design(("mean",), f"mean within {within['mean']}", limit_s),
        Design(("p95",), f"p95 within {within['p95']}", limit_s),
        Design(("p99", "share"), f"p99 within {within['p99']}", limit_s),
    )


@dataclass(frozen=True)
class Row:
    """One line of the study: a figure under one way of stopping; half-widths as a share of the truth."""

    figure: str
    target: str | None
    truth: float
    runs: int
    given: int
    """Runs that gave an interval."""
    covered: int
    half_width: float | None
    replications: float
    """On average."""
    reached: int

    @property
    def coverage(self) -> float:
        """Share of the intervals that hold the truth; nan without any."""
        return self.covered / self.given if self.given else math.nan

    @property
    def passes(self) -> bool:
        """Whether the intervals hold often enough, as far as so many runs can tell."""
        return self.given > 0 and (wilson(self.covered, self.given)[1] >= CONFIDENCE or self.coverage >= PASSES_AT)


def rows(of: Sequence[Design], truth: Mapping[str, float]) -> list[Row]:
    """Return a row for each figure of each design."""
    return [_row(design, figure, truth[figure]) for design in of for figure in design.figures]


def _row(design: Design, figure: str, truth: float) -> Row:
    given = design.intervals.get(figure, [])
    widths = [(high - low) / 2 / truth for low, high in given]
    return Row(
        figure=figure,
        target=design.target,
        truth=truth,
        runs=design.runs_done,
        given=len(given),
        covered=sum(low <= truth <= high for low, high in given),
        half_width=math.fsum(widths) / len(widths) if widths else None,
        replications=design.used / design.runs_done if design.runs_done else 0.0,
        reached=design.reached,
    )


def wilson(successes: int, trials: int, confidence: float = 0.99) -> tuple[float, float]:
    """Return Wilson's score interval of a share. Source: E. B. Wilson, JASA 22 (1927)."""
    z = float(ndtri(0.5 + confidence / 2))
    share, scale = successes / trials, 1.0 + z * z / trials
    centre = (share + z * z / (2 * trials)) / scale
    half = z * math.sqrt(share * (1.0 - share) / trials + z * z / (4.0 * trials * trials)) / scale
    return max(0.0, centre - half), min(1.0, centre + half)
