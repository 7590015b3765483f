"""Whether a run meets what the scenario expects: pass, fail, or undecided when the interval leaves it open.

A limit on a quantile is decided on the share of calls beyond it: `p99 < x` passes when less than 1 % of the calls are
slower than x. That share has a sound interval even where the quantile itself jumps between warm and cold calls, and it
counts a call that failed, or had no answer when the run stopped, as slower than every limit. So does `max`. The mean
remains that of the successful calls; without any, it is beyond every limit too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from mmesim.results.expected import LARGEST, expected
from mmesim.results.figures import Formula, estimated, formula, over
from mmesim.results.latency import Pooled, latency, limit_text
from mmesim.results.run_data import RunData
from mmesim.results.sections import Verdict
from mmesim.scenario.figures import LATENCIES, quantile_shares
from mmesim.scenario.run.expect import Expectation
from mmesim.scenario.scenario import Scenario
from mmesim.stats.intervals import CONFIDENCE, Estimate, mean, share_interval, student_t

ROUNDING = 1e-9
"""Relative distance at which a value equals a limit, as in the kernel."""


def judge(
    scenario: Scenario, runs: Sequence[RunData], pooled: Pooled, confidence: float = CONFIDENCE
) -> list[dict[str, object]]:
    """One entry for each expectation of the scenario: its text, meaning, value, limit, verdict and what decided it.

    Times are in milliseconds. With two or more replications the interval decides, with one the value itself.
    """
    return [_judge(e, scenario, runs, pooled, confidence) for e in scenario.expect]


def _judge(
    e: Expectation, scenario: Scenario, runs: Sequence[RunData], pooled: Pooled, confidence: float
) -> dict[str, object]:
    shares, named = quantile_shares(e.metric), expected(e, scenario)
    if shares is None:
        name, figure, bound = e.metric, named, e.limit
    else:
        name, figure, bound = f"share_over {limit_text(e.limit)}", over(e.limit), shares[1]
    values = [_counting_failures(e, r, figure.of(r)) for r in runs]
    if figure.skip_missing:
        values = [v for v in values if not math.isnan(v)] or values
    scale = figure.scale
    decided_on: dict[str, object] = {"metric": name, "limit": bound * scale, "unit": figure.unit}
    decided_on |= {"value": None, "ci95": None}
    verdict: Verdict = "undecided"
    if any(math.isnan(v) for v in values):
        decided_on["by"] = f"nothing: {figure.missing}"
    elif any(v == math.inf for v in values) or (shares is not None and not any(r.ok for r in runs)):
        failed = sum(r.calls - r.ok for r in runs)
        decided_on["by"] = f"{failed:,} of {sum(r.calls for r in runs):,} calls failed: each is slower than every limit"
        if shares is not None:
            decided_on |= estimated(figure, runs, confidence).as_dict()
        verdict = compare(e.comparison, math.inf, math.inf, bound)
    elif e.metric in LARGEST:
        decided_on |= {"value": max(values) * scale, "by": LARGEST[e.metric]}
        verdict = compare(e.comparison, max(values), max(values), bound)
    else:
        low, high, by = interval_of(figure, values, runs, confidence)
        interval = None if len(values) == 1 else [low * scale, high * scale]
        decided_on |= {"value": mean(values) * scale, "ci95": interval, "by": by}
        verdict = compare(e.comparison, low, high, bound)
    if e.metric in LARGEST and not e.is_latency:
        largest = None if any(math.isnan(v) for v in values) else max(values)
        found = Estimate(largest, reason=figure.missing if largest is None else None)
    elif e.is_latency:
        found = shown_as(e.metric, runs, pooled, confidence)
    else:
        found = estimated(named, runs, confidence)
    return {
        "text": e.text,
        "meaning": e.meaning,
        **found.as_dict(),
        "limit": e.limit * named.scale,
        "verdict": verdict,
        "decided_on": decided_on,
    }


def _counting_failures(e: Expectation, run: RunData, value: float) -> float:
    """The value in one replication; infinite where failed calls, slower than every limit, make it so."""
    beyond = run.ok < run.calls if e.metric == "max" else e.metric == "mean" and run.calls and not run.ok
    return math.inf if beyond else value


def shown_as(name: str, runs: Sequence[RunData], pooled: Pooled, confidence: float = CONFIDENCE) -> Estimate:
    """The figure of that name as it stands elsewhere in the summary: times in milliseconds."""
    if name in LATENCIES or quantile_shares(name) is not None:
        return latency(runs, pooled, name, confidence)
    return estimated(formula(name), runs, confidence)


def interval_of(
    figure: Formula, values: Sequence[float], runs: Sequence[RunData], confidence: float = CONFIDENCE
) -> tuple[float, float, str]:
    """The interval of the true value of a figure, and how it is known; `values` are those of each replication."""
    interval = student_t(values, confidence, low=0.0, high=figure.high)
    if interval is None:
        return values[0], values[0], "value of one replication, no interval"
    if figure.trials is not None:
        wider = share_interval(values, [figure.trials(r) for r in runs], confidence)
        if wider is not None and wider != interval:
            return *wider, f"exact binomial interval over {len(runs)} replications"
    return *interval, f"t interval over {len(runs)} replications"


def compare(comparison: str, low: float, high: float, limit: float) -> Verdict:
    """Whether a value known to lie in [low, high] satisfies `value comparison limit`; what rounds to it equals it."""
    low, high = (limit if math.isclose(end, limit, rel_tol=ROUNDING) else end for end in (low, high))
    if comparison in (">", ">="):
        mirrored: Mapping[str, str] = {">": "<", ">=": "<="}
        return compare(mirrored[comparison], -high, -low, -limit)
    if comparison == "<":
        return "pass" if high < limit else "fail" if low >= limit else "undecided"
    return "pass" if high <= limit else "fail" if low > limit else "undecided"


def overall(verdicts: Sequence[Verdict]) -> Verdict:
    """The verdict on a whole run: fail when one fails, else undecided when one is undecided."""
    return "fail" if "fail" in verdicts else "undecided" if "undecided" in verdicts else "pass"
