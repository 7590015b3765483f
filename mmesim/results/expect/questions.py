"""What decides an expectation: a figure of one replication under its name, and the bound that it is compared with.

A limit on a quantile is decided on the share of calls beyond it: `p99 < x` passes when less than 1 % of the calls are
slower than x. That share has a sound interval even where the quantile itself jumps between warm and cold calls, and it
counts a call that failed, or had no answer when the run stopped, as slower than every limit. So does `max`. The mean
and the ledger remain those of the successful calls; without any, they are beyond every limit too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mmesim.results.expect.expected import LARGEST, expected
from mmesim.results.figures.figures import Formula, over
from mmesim.results.figures.latency import limit_text
from mmesim.results.figures.selected import Window, windows
from mmesim.results.measured.run_data import RunData
from mmesim.scenario.figures import quantile_shares
from mmesim.scenario.run.expect import Comparison, Expectation
from mmesim.scenario.run.expected import ledger_path
from mmesim.scenario.scenario import Scenario

OVER = "share_over"
"""With a limit of the latency, the name of the share of calls over it: what decides a limit of a percentile."""


@dataclass(frozen=True)
class Question:
    """What decides: a figure under its name, compared with its bound; `largest`: of what, where no mean decides.

    `window`: the calls that it is about, where those are not all.
    """

    name: str
    figure: Formula
    comparison: Comparison
    bound: float
    of_latency: bool
    largest: str | None = None
    window: Window | None = None

    def of(self, run: RunData) -> float:
        """The value in one replication; infinite where failed calls, slower than every limit, make it so."""
        value = self.figure.of(run)
        if self.window is not None or not self.of_successful or not run.calls:
            return value
        return math.inf if not run.ok or (self.name == "max" and run.ok < run.calls) else value

    @property
    def of_successful(self) -> bool:
        """Whether the figure leaves out failed calls, and without a successful one is beyond every limit."""
        return self.figure.kind == "ms" and (self.name in ("mean", "max") or ledger_path(self.name) is not None)

    @property
    def skips(self) -> bool:
        """Whether a replication without a value says nothing about the figure, and is left out."""
        return self.figure.skip_missing or self.window is not None


def questions(e: Expectation, scenario: Scenario, runs: Sequence[RunData]) -> tuple[Question, ...]:
    """What decides an expectation: one question, or one for each window that is judged by itself.

    `runs` say which windows have too few calls (see `mmesim.results.figures.selected`), and are not asked for anything
    else.
    """
    if e.calls.is_all:
        return (_of_all_calls(e, scenario),)
    return tuple(_selected(e, window) for window in windows(e, scenario, runs))


def _of_all_calls(e: Expectation, scenario: Scenario) -> Question:
    shares = quantile_shares(e.metric)
    if shares is not None:
        return Question(f"{OVER} {limit_text(e.limit)}", over(e.limit), e.comparison, shares[1], True)
    figure = expected(e, scenario)
    name = e.metric if e.event is None else f"{e.metric} after {e.event}"
    return Question(name, figure, e.comparison, e.limit, e.is_latency, LARGEST.get(e.metric))


def _selected(e: Expectation, window: Window) -> Question:
    shares, over_limit = quantile_shares(e.metric), f"{OVER} {limit_text(e.limit)}"
    if shares is not None:
        return Question(over_limit, window.formula, e.comparison, shares[1], True, window=window)
    if e.metric == "max":  # it holds when no call is over the limit
        at_all: Comparison = "<=" if e.is_upper else ">"
        largest = "share of all of these calls: one over it is too many"
        return Question(over_limit, window.formula, at_all, 0.0, True, largest, window)
    return Question(e.metric, window.formula, e.comparison, e.limit, e.is_latency, window=window)
