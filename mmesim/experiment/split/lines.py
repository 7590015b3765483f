"""Which lines of `expect` hold a part of an endpoint, and what its result says of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mmesim.results.answers.sections import WORST_FIRST, Verdict
from mmesim.results.answers.split import SplitLine
from mmesim.results.expect.expect import compare
from mmesim.results.expect.questions import questions
from mmesim.results.result import Result
from mmesim.scenario.models.resolve import called
from mmesim.scenario.run.expect import Comparison, Expectation
from mmesim.scenario.run.expected import COSTS, OF_CALLS, OF_LIMIT
from mmesim.scenario.scenario import Scenario
from mmesim.stats.intervals import share_interval
from mmesim.stats.means import mean

OF_EACH = ("cpu_utilization", "memory_utilization", "disk_utilization", "workers.utilization", "workers.busiest")
"""Figures that hold for each endpoint by itself."""


def holds_parts(e: Expectation) -> bool:
    """Whether a line of the whole is kept when every part keeps it for its own calls, or its own hosts."""
    own = e.metric in OF_CALLS or e.metric in OF_EACH or e.metric == OF_LIMIT
    return own or e.metric.startswith(("ledger.", "tenants."))


def not_judged(expect: Sequence[Expectation]) -> list[str]:
    """The lines that no part can be held to: they are about a sum over all parts. A cost a month can be summed."""
    return [e.text for e in expect if not holds_parts(e) and e.metric not in SUMMED]


SUMMED = ("cost.month", "cost.hour")


def month_limits(expect: Sequence[Expectation]) -> float:
    """The most that everything may cost a month, infinite without a line."""
    hours = {"cost.month": 1.0, "cost.hour": 730.0}
    limits = [e.limit * hours[e.metric] for e in expect if e.metric in SUMMED and e.is_upper]
    return min(limits, default=float("inf"))


def held(scenario: Scenario) -> Scenario:
    """The scenario of a part with the lines that it is held to: those about calls that come here."""
    hosted = scenario.hosted

    def comes(e: Expectation) -> bool:
        return e.calls.group is None or bool(called((e.calls.group,), hosted))

    lines = tuple(e for e in scenario.expect if e.metric not in COSTS and holds_parts(e) and comes(e))
    changed: Scenario = scenario.model_copy(update={"expect": lines})
    return changed


def found(result: Result) -> list[SplitLine]:
    """What a part's result says of its lines; a limit of cold calls is kept where no call was cold."""
    lines = []
    for e, entry in zip(result.scenario.expect, result.summary["expect"], strict=True):
        decided: Any = entry["decided_on"]
        verdict: Verdict = entry["verdict"]
        if e.calls.state == "cold" and decided["value"] is None and not any(run.misses for run in result.runs):
            verdict = "pass"
        interval = None if decided["ci95"] is None else (decided["ci95"][0], decided["ci95"][1])
        lines.append(
            SplitLine(
                text=e.text,
                verdict=verdict,
                figure=decided["metric"],
                unit=decided["unit"],
                value=decided["value"],
                interval=interval,
                limit=decided["limit"],
            )
        )
    return lines


@dataclass(frozen=True)
class Counted:
    """Of one line and one endpoint, by replication: the share that decides, and of how many calls it is."""

    shares: tuple[float, ...]
    calls: tuple[int, ...]
    comparison: Comparison


def counted(result: Result) -> dict[str, Counted]:
    """By line, where it is one about a share of calls."""
    found = {}
    for e in result.scenario.expect:
        asked = questions(e, result.scenario, result.runs)
        trials = asked[0].figure.trials if len(asked) == 1 else None
        if trials is None or e.calls.every_s is not None or math.isinf(sum(map(asked[0].of, result.runs))):
            continue
        calls = tuple(trials(run) for run in result.runs)
        shares = tuple(asked[0].of(run) if number else 0.0 for run, number in zip(result.runs, calls, strict=True))
        found[e.text] = Counted(shares, calls, asked[0].comparison)
    return found


def of_all(one: SplitLine, each: Sequence[Counted]) -> SplitLine:
    """A line on the calls of several endpoints together; `one` is what it shows of one of these."""
    shares, calls = [], []
    for k in range(len(each[0].shares)):
        number = sum(part.calls[k] for part in each)
        if number:
            calls.append(number)
            shares.append(math.fsum(part.shares[k] * part.calls[k] for part in each) / number)
    if not shares:
        return one
    low, high = share_interval(shares, calls) or (mean(shares), mean(shares))
    verdict = compare(each[0].comparison, low, high, one.limit)
    return one.model_copy(update={"verdict": verdict, "value": mean(shares), "interval": (low, high)})


def together(
    expect: Sequence[Expectation], parts: Sequence[tuple[Sequence[SplitLine], Mapping[str, Counted]]]
) -> list[SplitLine]:
    """The lines on the calls of all parts; of one that is not about a share of calls, the worst part's."""
    found = []
    for e in expect:
        having = [(line, by_line.get(e.text)) for lines, by_line in parts for line in lines if line.text == e.text]
        counts = [one for _, one in having if one is not None]
        if not having:
            continue
        if len(counts) == len(having):
            found.append(of_all(having[0][0], counts))
        else:
            found.append(min((line for line, _ in having), key=lambda line: WORST_FIRST.index(line.verdict)))
    return found


def may_pass(line: SplitLine, e: Expectation) -> bool:
    """Whether a line may still be kept by all calls together: it is, or its estimate is inside."""
    if line.verdict != "undecided":
        return line.verdict == "pass"
    return line.value is None or compare(e.comparison, line.value, line.value, line.limit) == "pass"


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """Fail beats undecided beats pass; nothing expected is kept."""
    return min(verdicts, key=WORST_FIRST.index, default="pass")
