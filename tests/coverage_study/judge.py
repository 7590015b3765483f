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
from mmesim.results.figures import latency
from mmesim.results.figures.latency import Pooled, pool
from mmesim.results.measured.run_data import RunData
from mmesim.results.summary.until import allowed, relative_half_width
from mmesim.scenario import Scenario
from mmesim.scenario.run.until import FIRST_LOOK, read_precision
from mmesim.stats.means import CONFIDENCE
from tests.coverage_study.judged import FIGURES, WARM, Interval, interval, students

FIXED = 10
"""Replications of a run whose number is fixed."""
MOST = 34
"""Replications after which `until` gives up; with a scenario's default, 100, the hardest line would use up the pool."""
PASSES_AT = 0.935

_NOTHING: Floats = np.zeros((0, 0))


@dataclass
class Design:
    """One way of stopping, and what its runs came to so far for each figure that is judged.

    `target` is a precision as a scenario writes it; without one a run has FIXED replications. `limit_s` is that of
    `share`.
    """

    figures: tuple[str, ...]
    target: str | None
    scenario: Scenario
    limit_s: float
    runs_done: int = 0
    used: int = 0
    reached: int = 0
    intervals: dict[str, list[Interval]] = field(default_factory=dict)
    """Of each figure: those that were given."""
    before: dict[str, list[Interval]] = field(default_factory=dict)
    """Of a mean or a share: Student's, without the correction for skewness."""
    _runs: list[RunData] = field(default_factory=list)
    _pooled: Pooled | None = None

    def add(self, run: RunData) -> None:
        """Give the next replication to the run that is being filled."""
        self._pooled = plus(self._pooled, run)
        self._runs.append(without_ledger(run))
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
            found = interval(figure, self.scenario, self._runs, self._pooled, self.limit_s, confidence)
            plain = students(figure, self.scenario, self._runs, self.limit_s, confidence)
            for given, kept in ((found, self.intervals), (plain, self.before)):
                if given is not None:
                    kept.setdefault(figure, []).append(given)
        self.runs_done += 1
        self.reached += precise
        self.used += len(self._runs)
        self._runs, self._pooled = [], None


def without_ledger(run: RunData) -> RunData:
    """The replication without what is most of its memory and is in the pooled histograms."""
    return replace(run, parts_s=_NOTHING)


def plus(pooled: Pooled | None, run: RunData) -> Pooled:
    """The histograms with another replication."""
    return pool([run]) if pooled is None else latency.plus(pooled, run)


def designs(within: Mapping[str, str], scenario: Scenario, limit_s: float, warm: bool = False) -> tuple[Design, ...]:
    """Return the ways of stopping of a cell: a fixed number, and a precision of each figure that can have a target.

    A share over a limit is no target: it is judged where p99 stops. Nor is a figure of the warm calls: with `warm`
    these are judged after the fixed number.
    """

    def stopped(figure: str) -> str:
        return f"{figure} within {within[figure]}"

    return (
        Design(FIGURES + WARM if warm else FIGURES, None, scenario, limit_s),
        Design(("mean",), stopped("mean"), scenario, limit_s),
        Design(("p95",), stopped("p95"), scenario, limit_s),
        Design(("p99", "share"), stopped("p99"), scenario, limit_s),
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
    half_width_before: float | None = None
    """Of a mean or a share: that of Student's intervals; None where it was not counted."""
    covered_before: int = 0

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
    before = design.before.get(figure, [])
    return Row(
        figure=figure,
        target=design.target,
        truth=truth,
        runs=design.runs_done,
        given=len(given),
        covered=_covered(given, truth),
        half_width=_half_width(given, truth),
        replications=design.used / design.runs_done if design.runs_done else 0.0,
        reached=design.reached,
        half_width_before=_half_width(before, truth),
        covered_before=_covered(before, truth),
    )


def _covered(intervals: Sequence[Interval], truth: float) -> int:
    return sum(low <= truth <= high for low, high in intervals)


def _half_width(intervals: Sequence[Interval], truth: float) -> float | None:
    """The average, as a share of the truth."""
    return math.fsum((high - low) / 2 / truth for low, high in intervals) / len(intervals) if intervals else None


def wilson(successes: int, trials: int, confidence: float = 0.99) -> tuple[float, float]:
    """Return Wilson's score interval of a share. Source: E. B. Wilson, JASA 22 (1927)."""
    z = float(ndtri(0.5 + confidence / 2))
    share, scale = successes / trials, 1.0 + z * z / trials
    centre = (share + z * z / (2 * trials)) / scale
    half = z * math.sqrt(share * (1.0 - share) / trials + z * z / (4.0 * trials * trials)) / scale
    return max(0.0, centre - half), min(1.0, centre + half)
