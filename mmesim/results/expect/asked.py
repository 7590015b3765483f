"""The figures that expectations ask for of some of the calls, `p99 warm` or `error_rate of m`, for comparisons of runs.

A percentile of some calls is decided on their share over the limit, which is a figure of each replication; of the warm
or the cold calls there is the percentile itself, too. What is judged window by window is left to its verdict.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from mmesim.results.expect.expected import recovery
from mmesim.results.figures.figures import Formula, estimated
from mmesim.results.figures.latency import Pooled, latency, limit_text, pool
from mmesim.results.figures.selected import windows
from mmesim.results.measured.run_data import RunData
from mmesim.scenario.figures import Kind, quantile_shares
from mmesim.scenario.run.expect import Expectation
from mmesim.scenario.run.expected import RECOVERY
from mmesim.scenario.run.selection import Selection, State
from mmesim.scenario.scenario import Scenario
from mmesim.stats.histogram import merge, quantile
from mmesim.stats.intervals import Estimate
from mmesim.stats.means import mean


@dataclass(frozen=True)
class Asked:
    """A figure of some of the calls: its name, how it comes from one replication, and of a percentile whose it is."""

    name: str
    kind: Kind
    formula: Formula
    metric: str
    state: State | None = None
    """Of a percentile of the warm or the cold calls; None for any other figure."""

    def estimate(self, runs: Sequence[RunData], pooled: Pooled) -> Estimate:
        """The figure over replications as the summary has it: times in milliseconds."""
        never = sum(math.isinf(self.formula.of(run)) for run in runs) if self.metric == RECOVERY else 0
        if never:
            return Estimate(None, reason=f"not recovered from in {never} of {len(runs)} replications")
        if self.state is not None:
            return latency(runs, pooled, self.metric, state=self.state)
        # A replication without such a call says nothing about them.
        return estimated(self.formula, [run for run in runs if not math.isnan(self.formula.of(run))] or runs)

    def together(self, runs: Sequence[RunData]) -> float:
        """A percentile of the calls of all replications together, any other figure's mean; in the formula's unit."""
        shares = quantile_shares(self.metric)
        if self.state is None or shares is None:
            return mean([value for run in runs if not math.isnan(value := self.formula.of(run))] or [math.nan])
        pooled = pool(runs)
        count = merge(run.of(self.state).count for run in runs)
        return quantile(pooled.shortest_s, pooled.longest_s, count, shares[0])


def asked(scenario: Scenario, runs: Sequence[RunData]) -> tuple[Asked, ...]:
    """The figures of some of the calls that a scenario's expectations ask for, in their order, each once."""
    found: dict[str, Asked] = {}
    for e in scenario.expect:
        if not e.calls.is_all and e.calls.every_s is None:
            for one in _of(e, scenario, runs):
                found.setdefault(one.name, one)
    return tuple(found.values())


def recoveries(scenario: Scenario, all_of_them: bool = False) -> tuple[Asked, ...]:
    """The times to the recovery from faults and deploys that `expect` asks for, or from all that it has a limit for."""
    names = [e.event for e in scenario.expect if e.event is not None]
    if all_of_them:
        every = [*(one.name for one in scenario.faults), *(one.name for one in scenario.deploys)]
        limited = [name for name in every if any(e.limits_calls_after(name) for e in scenario.expect)]
        names = limited or names
    return tuple(
        Asked(f"{RECOVERY} after {name}", "ms", recovery(name, scenario), RECOVERY) for name in dict.fromkeys(names)
    )


def _of(e: Expectation, scenario: Scenario, runs: Sequence[RunData]) -> list[Asked]:
    (window,) = windows(e, scenario, runs)
    left = re.split("[<>]", e.text, maxsplit=1)[0].split()
    which, shares, found = " ".join(left[1:]), quantile_shares(e.metric), []
    if shares is not None and e.calls == Selection(e.calls.state) and e.calls.state is not None:
        found.append(Asked(" ".join(left), "ms", _percentile(e.calls.state, shares[0]), e.metric, e.calls.state))
    over_limit = shares is not None or e.metric == "max"
    name = f"share_over {limit_text(e.limit)} {which}" if over_limit else " ".join(left)
    return [*found, Asked(name, window.formula.kind, window.formula, e.metric)]


def _percentile(state: State, q: float) -> Formula:
    return Formula(
        "ms",
        lambda run: quantile(run.shortest_s, run.longest_s, run.of(state).count, q),
        f"no successful {state} call",
    )
