"""What the lines of `expect` say together: which can never all hold, and which say nothing more than another.

Each line bounds a figure, and a limit of a percentile bounds the share of calls over it, as verdicts do. Two lines
clash, or one says what the other says, where the one figure is at most the other whatever is simulated: the share of
calls over 2 s is at most that over 1 s, a mean at most the maximum. Only what follows strictly counts: warm calls say
nothing about all calls, one window nothing about another.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations

from mmesim import units
from mmesim.errors import UserError
from mmesim.scenario.figures import quantile_shares
from mmesim.scenario.models.resolve import called
from mmesim.scenario.run.expect import Expectation
from mmesim.scenario.run.expected import HOURS_PER_MONTH, OF_LIMIT, ledger_path
from mmesim.scenario.run.selection import Selection
from mmesim.scenario.run.settings import AUTO
from mmesim.scenario.scenario import Scenario

OVER = "calls over a limit"
"""The figure that is bounded by limits of percentiles, of `max` and of the error rate."""

AT_MOST: tuple[tuple[str, str], ...] = (
    ("mean", "max"),
    ("tenants.cold_share.p50", "tenants.cold_share.p90"),
    ("tenants.cold_share.p90", "tenants.cold_share.worst"),
    ("tenants.cold_share.p50", "tenants.cold_share.worst"),
)
"""Figures of which the first is at most the second, whatever is simulated."""


@dataclass(frozen=True)
class Clash:
    """Two lines, by their places in `expect`, that cannot both hold, or of which the second says nothing more."""

    first: int
    second: int
    why: str


def without_calls(scenario: Scenario) -> Iterator[Expectation]:
    """The lines about calls of models that no stream may call: they have no value, whatever is simulated."""
    models = scenario.model_table()
    reached = {model.index for stream in scenario.traffic for model in scenario.models_of(stream)}
    for e in scenario.expect:
        group = e.calls.group
        if group is not None and reached.isdisjoint(model.index for model in called((group,), models)):
            yield e


def refuse_without_calls(scenario: Scenario, judged: str) -> None:
    """UserError where a line of `expect` has no value whatever is simulated; `judged`: what it would have to decide."""
    for e in without_calls(scenario):
        group = e.calls.group
        raise UserError(
            f"{scenario.name}: `{e.text}` decides nothing: no traffic calls {group}, so no {judged} can be judged by "
            f"it: give {group} traffic, or leave the line out"
        )


@dataclass(frozen=True)
class _Bound:
    """`figure < value`, or `>` when not `upper`; with equality unless `strict`. `over_s` is the limit of OVER."""

    figure: str
    upper: bool
    value: float
    strict: bool
    over_s: float = math.nan


@dataclass(frozen=True)
class _Line:
    """A line with the calls that it is really about, and its bounds."""

    e: Expectation
    calls: Selection
    bounds: tuple[_Bound, ...]


def never(e: Expectation) -> str | None:
    """Why a line alone can never hold; None when it can."""
    strict = e.comparison in ("<", ">")
    if e.is_upper and strict and e.limit == 0.0:
        return "nothing is below 0"
    if not e.is_upper and strict and e.kind == "share" and e.limit >= 1.0:
        return "no share is above 100 %"
    return None


def always(e: Expectation) -> str | None:
    """Why a line holds whatever is simulated; None when it need not."""
    if not e.is_upper and e.comparison == ">=" and e.limit == 0.0:
        return "nothing is below 0"
    if e.is_upper and e.comparison == "<=" and e.kind == "share" and e.limit >= 1.0:
        return "no share is above 100 %"
    return None


def contradictions(scenario: Scenario) -> Iterator[Clash]:
    """Pairs of lines that cannot both hold, each later line with the first that it contradicts."""
    lines = _lines(scenario)
    for second, line in enumerate(lines):
        for first in range(second):
            why = _contradiction(lines[first], line) or _contradiction(line, lines[first])
            if why is not None:
                yield Clash(first, second, why)
                break


def repetitions(scenario: Scenario) -> Iterator[Clash]:
    """Lines (`second`) that hold wherever another one does, each with one such line."""
    lines = _lines(scenario)
    said: dict[int, tuple[int, str]] = {}
    for first, second in combinations(range(len(lines)), 2):
        for strong, weak in ((first, second), (second, first)):
            why = _follows(lines[weak], lines[strong])
            if why is not None:
                # Of two that say the same, the later one is too much.
                said.setdefault(weak, (strong, why))
                break
    yield from (Clash(strong, weak, why) for weak, (strong, why) in sorted(said.items()))


def _lines(scenario: Scenario) -> list[_Line]:
    return [_Line(e, _really(e.calls, scenario), tuple(_bounds(e, scenario))) for e in scenario.expect]


def _really(calls: Selection, scenario: Scenario) -> Selection:
    """The same calls without the words that leave none out."""
    run = scenario.run
    if calls.group is not None and len(called((calls.group,), scenario.model_table())) == len(scenario.model_table()):
        calls = replace(calls, group=None)
    if run.warmup_s == AUTO:
        return calls
    cut_s, end_s = run.cut_s, run.duration_s
    if calls.between_s is not None and calls.between_s[0] <= cut_s and calls.between_s[1] >= end_s:
        calls = replace(calls, between_s=None)
    if calls.every_s is not None and calls.windows(cut_s, end_s).number == 1:
        calls = replace(calls, every_s=None)
    return calls


def _bounds(e: Expectation, scenario: Scenario) -> Iterator[_Bound]:
    """The bounds that a line sets: of its own figure, and of the share of calls over a limit where it sets one."""
    strict, shares = e.comparison in ("<", ">"), quantile_shares(e.metric)
    figure, value = e.metric, e.limit
    if e.metric == "cost.month":
        figure, value = "cost.hour", e.limit / HOURS_PER_MONTH
    elif e.metric == OF_LIMIT and e.kind == "share":
        value = e.limit * (scenario.endpoint.pid_limit or math.inf)
    elif ledger_path(e.metric) is not None:
        figure = f"{e.metric} {e.kind}"
    if shares is None:
        yield _Bound(figure, e.is_upper, value, strict)
    else:
        yield _Bound(OVER, e.is_upper, shares[1], strict, e.limit)
    if e.metric == "error_rate":
        yield _Bound(OVER, e.is_upper, e.limit, strict, math.inf)
    elif e.metric == "max":
        # The maximum is below a limit when no call reaches it, and at least a limit when one does.
        reached = e.comparison in ("<", ">=")
        yield _Bound(OVER, e.is_upper, 0.0, not e.is_upper, math.nextafter(e.limit, 0.0) if reached else e.limit)


def _contradiction(upper: _Line, lower: _Line) -> str | None:
    """Why an upper and a lower limit cannot both hold; None when they can."""
    for high in upper.bounds:
        for low in lower.bounds:
            if not high.upper or low.upper or not _same_calls(high, upper.calls, lower.calls):
                continue
            why = _at_most(low, high)
            closed = high.value == low.value and not high.strict and not low.strict
            if why is None or high.value > low.value or closed:
                continue
            same = upper.e.metric == lower.e.metric and upper.calls == lower.calls
            return f"no {lower.e.metric} is {lower.e.compared} and {upper.e.compared}" if same else why
    return None


def _follows(weak: _Line, strong: _Line) -> str | None:
    """Why a line holds wherever another one does; None when it need not."""
    for one in strong.bounds:
        for other in weak.bounds:
            if one.upper != other.upper or not _same_calls(one, strong.calls, weak.calls):
                continue
            why = _at_most(other, one) if one.upper else _at_most(one, other)
            tighter = one.value < other.value if one.upper else one.value > other.value
            if why is not None and (tighter or (one.value == other.value and (one.strict or not other.strict))):
                return why
    return None


def _same_calls(bound: _Bound, its: Selection, others: Selection) -> bool:
    """Whether a bound of some calls says something of others: where no call at all may be over, none of a part may."""
    if its == others:
        return True
    none_at_all = bound.figure == OVER and bound.upper and bound.value == 0.0
    return none_at_all and all(
        (
            its.state in (None, others.state),
            its.group in (None, others.group),
            its.between_s is None or _within(others.between_s, its.between_s),
        )
    )


def _within(inner: tuple[float, float] | None, outer: tuple[float, float]) -> bool:
    return inner is not None and outer[0] <= inner[0] and inner[1] <= outer[1]


def _at_most(small: _Bound, large: _Bound) -> str | None:
    """Why the one figure is never above the other; None when it can be."""
    if small.figure == OVER == large.figure:
        if small.over_s < large.over_s:
            return None
        if math.isinf(small.over_s):
            return "a failed call is slower than every limit"
        longer, shorter = (units.show_seconds(float(f"{one.over_s:.12g}"), 12) for one in (small, large))
        same = longer == shorter
        return f"both count the calls over {longer}" if same else f"a call over {longer} is over {shorter} too"
    if small.figure == large.figure:
        return "they are one figure"
    if (small.figure, large.figure) in AT_MOST or _is_part(small.figure, large.figure):
        return f"{small.figure.split()[0]} is at most {large.figure.split()[0]}"
    return None


def _is_part(small: str, large: str) -> bool:
    """Whether the one counts or times a part of what the other does."""
    root, _, rest = large.partition(".")
    if large in ("requests.total", "attempts.total"):
        return small.startswith(f"{root}.")
    of_band = root == "ledger" and rest.endswith(".mean ms") and small.endswith(" ms")
    return of_band and small.rpartition(".")[0] == large.rpartition(".")[0]
