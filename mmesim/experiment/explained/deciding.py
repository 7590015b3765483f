"""The figures whose change a what-if is judged by: those that decide the lines of `expect`, else three of every run."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from mmesim.experiment.gate.baseline.unchanged import UNITS
from mmesim.results.answers.explained import Deciding
from mmesim.results.expect.questions import Question, questions
from mmesim.results.figures.figures import formula
from mmesim.results.figures.latency import cells, pool
from mmesim.results.measured.run_data import RunData
from mmesim.results.result import Result
from mmesim.scenario.figures import Kind, better, quantile_shares
from mmesim.scenario.run.expect import Expectation
from mmesim.stats.means import mean, mean_interval
from mmesim.stats.quantiles import difference_interval

WITHOUT_EXPECT = ("p99", "error_rate", "cache_hit_ratio")
"""What is compared where nothing is expected."""

MANY_ERRORS = 0.01
"""Share of failed calls above which an endpoint is not in service, where nothing is expected: latencies, which are
those of the others, then say little."""

Difference = tuple[float | None, tuple[float, float] | None]
"""A difference and its interval; None where there is no value, and with one replication."""


@dataclass(frozen=True)
class Compared:
    """A deciding figure of the scenario as it is, and how another result is compared with it."""

    entry: Deciding
    against: Callable[[Result, float], Difference] = field(compare=False)
    """Another result and the confidence -> the difference, replication by replication."""

    @property
    def margin(self) -> float:
        """How far inside its limit it is, relative to the limit; negative beyond, infinite without a value or limit.

        Of a share that has to be large, such as the hit ratio, what counts is what is missed: 99 % are nine tenths
        inside of 90 %.
        """
        value, limit = self.entry.value, self.entry.limit
        if value is None or limit is None:
            return math.inf
        if self.entry.better == "lower":
            inside = limit - value
        else:
            inside, limit = value - limit, 1.0 - limit if self.entry.unit == "share" else limit
        return inside / abs(limit) if limit else inside

    def good(self, difference: float) -> float:
        """How much better a difference makes it; negative: worse."""
        return -difference if self.entry.better == "lower" else difference


def deciding(base: Result) -> list[Compared]:
    """The deciding figures of a result, the one that is nearest to failing, or fails most, first."""
    if not base.scenario.expect:
        return sorted((_named(name, base) for name in WITHOUT_EXPECT), key=_says_little)
    verdicts = {str(entry["text"]): entry["verdict"] for entry in base.summary["expect"]}
    found = [_line(index, e, base, verdicts[e.text]) for index, e in enumerate(base.scenario.expect)]
    return sorted(found, key=lambda one: one.margin)


def _says_little(one: Compared) -> int:
    """Of figures of which nothing is expected: many failures come first, what has no value last."""
    value = one.entry.value
    if value is None:
        return 2
    return 0 if one.entry.figure == "error_rate" and value > MANY_ERRORS else 1


def _line(index: int, e: Expectation, base: Result, verdict: object) -> Compared:
    """A line of `expect`; of one that is judged in windows, the window that is worst as the scenario is."""
    each = questions(e, base.scenario, base.runs)
    place = max(range(len(each)), key=lambda window: _badness(each[window], base.runs))
    worst = each[place]
    scale = worst.figure.scale
    values = [worst.of(run) * scale for run in base.runs]
    entry = Deciding(
        text=e.text,
        figure=worst.name,
        unit=UNITS[worst.figure.kind],
        better="lower" if worst.comparison in ("<", "<=") else "higher",
        value=_mean(values),
        limit=worst.bound * scale,
        verdict=verdict,
    )

    def against(other: Result, confidence: float) -> Difference:
        # Of the other scenario, since a price can be part of the figure; the windows are joined as in the base.
        its = questions(other.scenario.expect[index], other.scenario, base.runs)[place]
        return _paired(values, [its.of(run) * scale for run in other.runs], worst.figure.kind, confidence)

    return Compared(entry, against)


def _badness(question: Question, runs: Sequence[RunData]) -> float:
    value = _mean([question.of(run) for run in runs])
    if value is None:
        return -math.inf
    return value if question.comparison in ("<", "<=") else -value


def _named(name: str, base: Result) -> Compared:
    figure = formula(name)
    shares, scale = quantile_shares(name), figure.scale
    values = [figure.of(run) * scale for run in base.runs]
    entry = Deciding(
        text=name,
        figure=name,
        unit=UNITS[figure.kind],
        better=better(name, figure.kind) or "lower",
        value=_shown(name, base),
        limit=None,
        verdict=None,
    )

    def against(other: Result, confidence: float) -> Difference:
        if shares is None:
            theirs = [figure.of(run) * scale for run in other.runs]
            return _paired(values, theirs, figure.kind, confidence)
        return _of_quantile(name, shares[0], base, other, confidence)

    return Compared(entry, against)


def _of_quantile(name: str, q: float, base: Result, other: Result, confidence: float) -> Difference:
    """Of a quantile: that of all calls together, its interval from the shares of calls up to it in the pairs."""
    before, after = _shown(name, base), _shown(name, other)
    if before is None or after is None:
        return None, None
    if all(map(_same_latencies, base.runs, other.runs)):
        return 0.0, (0.0, 0.0)
    a, b = (cells(one.runs, pool(one.runs), None) for one in (base, other))
    interval = difference_interval(a, b, q, confidence) if len(base.runs) > 1 else None
    return after - before, None if interval is None else (1000.0 * interval[0], 1000.0 * interval[1])


def _same_latencies(x: RunData, y: RunData) -> bool:
    return (
        bool(np.array_equal(x.count, y.count))
        and _stable(y.latency_sum_s - x.latency_sum_s, x.latency_sum_s, 0.0) == 0.0
    )


def _shown(name: str, of: Result) -> float | None:
    """The figure as it stands in the summary."""
    entry = of.summary["latency_ms"].get(name) or of.summary[name]
    value = entry["value"]
    return None if value is None else float(value)


def _paired(a: Sequence[float], b: Sequence[float], kind: Kind, confidence: float) -> Difference:
    """Pairs of which one has no value say nothing, unless failures make it infinite: then there is no mean."""
    pairs = [(x, y) for x, y in zip(a, b, strict=True) if not math.isnan(x) and not math.isnan(y)]
    differences = [_stable(y - x, x, y) for x, y in pairs]
    if not differences or not all(map(math.isfinite, differences)):
        return None, None
    interval = mean_interval(differences, confidence) if len(differences) > 1 else None
    return mean(differences), interval


def _stable(difference: float, x: float, y: float) -> float:
    """The difference, without what another order of the same additions does."""
    return 0.0 if math.isfinite(difference) and abs(difference) <= ROUNDING * max(abs(x), abs(y)) else difference


ROUNDING = 1e-9
"""Relative difference up to which two values are the same."""


def _mean(values: Sequence[float]) -> float | None:
    known = [value for value in values if not math.isnan(value)]
    return mean(known) if known and all(map(math.isfinite, known)) else None
