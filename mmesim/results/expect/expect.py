"""Whether a run meets what the scenario expects: pass, fail, or undecided when the interval leaves it open.

What decides, such as the share of calls over the limit of a percentile, is in `questions`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from mmesim.results.answers.sections import WORST_FIRST, Verdict
from mmesim.results.expect.expected import LARGEST
from mmesim.results.expect.questions import OVER, Question, questions
from mmesim.results.figures.figures import Formula, estimated, formula
from mmesim.results.figures.latency import Pooled, latency
from mmesim.results.measured.run_data import RunData
from mmesim.scenario.figures import LATENCIES, quantile_shares
from mmesim.scenario.run.expect import Expectation
from mmesim.scenario.run.expected import RECOVERY
from mmesim.scenario.run.selection import Selection
from mmesim.scenario.scenario import Scenario
from mmesim.stats.intervals import Estimate, share_interval
from mmesim.stats.means import CONFIDENCE, mean, mean_interval

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
    if not e.calls.is_all:
        return _judge_selected(e, scenario, runs, pooled, confidence)
    (question,) = questions(e, scenario, runs)
    values = [question.of(run) for run in runs]
    if question.skips:
        values = [v for v in values if not math.isnan(v)] or values
    calls, ok = sum(r.calls for r in runs), sum(r.ok for r in runs)
    decided_on, verdict = _decided(question, values, runs, confidence, calls=calls, ok=ok)
    if e.metric in LARGEST and not e.is_latency:
        largest = None if any(math.isnan(v) for v in values) else max(values)
        found = Estimate(largest, reason=question.figure.missing if largest is None else None)
    elif e.is_latency:
        found = shown_as(e.metric, runs, pooled, confidence)
    elif math.inf in values:
        found = Estimate(None, reason=_endless(values))
    else:
        found = estimated(question.figure, runs, confidence)
    return _entry(e, found, 1000.0 if e.kind == "ms" else 1.0, decided_on, verdict)


def _judge_selected(
    e: Expectation, scenario: Scenario, runs: Sequence[RunData], pooled: Pooled, confidence: float
) -> dict[str, object]:
    """An expectation about some of the calls: the worst of its windows decides."""
    judged = []
    # Where no call of any kind was answered well, none of these would have been.
    everyone = sum(r.calls for r in runs), sum(r.ok for r in runs)
    for question in questions(e, scenario, runs):
        window = question.window
        assert window is not None
        # A replication without such a call says nothing about them.
        having = [run for run in runs if not math.isnan(question.of(run))] or list(runs)
        values = [question.of(run) for run in having]
        calls, ok = (window.calls, window.ok) if window.calls else everyone
        decided = _decided(question, values, having, confidence, calls=calls, ok=ok)
        judged.append((window, *decided, having))
    window, decided_on, verdict, having = min(judged, key=lambda one: _badness(e, one[1], one[2]))
    if not e.is_latency or e.metric == "mean":
        found = estimated(window.formula, having, confidence)
        if found.value is not None and not math.isfinite(found.value):
            found = Estimate(None, reason=e.calls.none.replace("no ", "no successful ", 1))
    elif e.calls == Selection(e.calls.state):
        found = latency(runs, pooled, e.metric, confidence, e.calls.state)
    else:
        found = Estimate(None, reason="of these calls only those over the limit are counted")
    each = [
        {
            "start_s": one.start_s,
            "end_s": one.end_s,
            "joined": one.joined,
            "verdict": its_verdict,
            "value": its["value"],
            "ci95": its["ci95"],
        }
        for one, its, its_verdict, _ in judged
    ]
    if e.calls.between_s is not None or e.calls.every_s is not None:
        decided_on["between_s"] = [window.start_s, window.end_s]
    scale = 1000.0 if e.kind == "ms" else 1.0
    return _entry(e, found, scale, decided_on, verdict, each if e.calls.every_s is not None else None)


def _badness(e: Expectation, decided_on: Mapping[str, Any], verdict: Verdict) -> tuple[int, float]:
    """The smaller, the worse: first what fails, then what is open; among equals what is farthest on the wrong side."""
    value = decided_on["value"]
    if value is None:
        return WORST_FIRST.index(verdict), -math.inf
    return WORST_FIRST.index(verdict), -value if e.is_upper else value


def _decided(
    question: Question,
    values: Sequence[float],
    runs: Sequence[RunData],
    confidence: float,
    *,
    calls: int,
    ok: int,
) -> tuple[dict[str, Any], Verdict]:
    """The field `decided_on` and the verdict; of the `calls`, all replications together, `ok` were answered well."""
    figure, bound, comparison = question.figure, question.bound, question.comparison
    scale = figure.scale
    found: dict[str, Any] = {"metric": question.name, "limit": bound * scale, "unit": figure.unit}
    found |= {"value": None, "ci95": None}
    if question.name.startswith(f"{RECOVERY} ") and math.inf in values:
        return found | {"by": _endless(values)}, compare(comparison, math.inf, math.inf, bound)
    none_ok = question.of_latency and calls > 0 and not ok
    if none_ok or any(v == math.inf for v in values):
        found["by"] = f"{calls - ok:,} of {calls:,} calls failed: each is slower than every limit"
        if question.name.startswith(OVER):
            share = estimated(figure, runs, confidence)
            found |= {"value": share.value, "ci95": share.ci95}
        return found, compare(comparison, math.inf, math.inf, bound)
    if any(math.isnan(v) for v in values):
        return found | {"by": f"nothing: {figure.missing}"}, "undecided"
    if question.largest is not None:
        found |= {"value": max(values) * scale, "by": question.largest}
        return found, compare(comparison, max(values), max(values), bound)
    low, high, by = interval_of(figure, values, runs, confidence)
    interval = None if len(values) == 1 else [low * scale, high * scale]
    found |= {"value": mean(values) * scale, "ci95": interval, "by": by}
    return found, compare(comparison, low, high, bound)


def _endless(recoveries: Sequence[float]) -> str:
    """How often a recovery never came, which is slower than every limit."""
    return f"not recovered in {recoveries.count(math.inf)} of {len(recoveries)} replications"


def _entry(
    e: Expectation,
    found: Estimate,
    scale: float,
    decided_on: Mapping[str, Any],
    verdict: Verdict,
    each: list[dict[str, Any]] | None = None,
) -> dict[str, object]:
    return {
        "text": e.text,
        "meaning": e.meaning,
        **found.as_dict(),
        "limit": e.limit * scale,
        "verdict": verdict,
        "decided_on": {"between_s": None, **decided_on},
        "windows": each,
    }


def shown_as(name: str, runs: Sequence[RunData], pooled: Pooled, confidence: float = CONFIDENCE) -> Estimate:
    """The figure of that name as it stands elsewhere in the summary: times in milliseconds."""
    if name in LATENCIES or quantile_shares(name) is not None:
        return latency(runs, pooled, name, confidence)
    return estimated(formula(name), runs, confidence)


def interval_of(
    figure: Formula, values: Sequence[float], runs: Sequence[RunData], confidence: float = CONFIDENCE
) -> tuple[float, float, str]:
    """The interval of the true value of a figure, and how it is known; `values` are those of each replication."""
    interval = mean_interval(values, confidence, low=0.0, high=figure.high)
    if interval is None:
        return values[0], values[0], "value of one replication, no interval"
    if figure.trials is not None:
        wider = share_interval(values, [figure.trials(r) for r in runs], confidence)
        if wider is not None and wider != interval:
            return *wider, f"exact binomial interval over {len(runs)} replications"
    return *interval, f"interval of the mean over {len(runs)} replications"


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
