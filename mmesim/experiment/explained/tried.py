"""What-ifs that were simulated: what each did to the figures that decide, and to what findings look at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mmesim.experiment.explained.candidates import Candidate, advised
from mmesim.experiment.explained.deciding import Compared
from mmesim.preflight.finding import Finding
from mmesim.results.answers.explained import Effect, Outcome, WhatIf
from mmesim.results.figures.figures import FORMULAS
from mmesim.results.miss_ratio.curve import Curve
from mmesim.results.result import Result
from mmesim.scenario.endpoint.endpoint import Endpoint
from mmesim.scenario.endpoint.host_type import GIVEN
from mmesim.scenario.run.expected import HOURS_PER_MONTH
from mmesim.stats.means import mean, mean_interval

PER_USD = 100.0
"""Shadow prices are for this many dollars a month."""


@dataclass(frozen=True)
class Tried:
    """A what-if in the document, and what is not shown of it: the error rate, paired, and how much it helps."""

    entry: WhatIf
    error_rate: float
    fewer_errors: bool
    """the interval of the difference of the error rates lies below zero"""
    more_errors: bool
    good: float
    """how much better the first deciding figure is; negative: worse; 0 inside the interval"""

    @property
    def worse(self) -> bool:
        """Whether any deciding figure is worse."""
        return any(effect.outcome == "worse" for effect in self.entry.effects)


def price(endpoint: Endpoint) -> float | None:
    """USD a month of all instances; None without a price."""
    hourly = endpoint.host.price_usd_per_hour
    return None if hourly is None else hourly * endpoint.instance_count * HOURS_PER_MONTH


def tried(
    candidate: Candidate, base: Result, other: Result, of: Sequence[Compared], confidence: float, curve: Curve
) -> Tried:
    """A what-if beside the scenario as it is."""
    costs = _dearer(base, other) if candidate.yours else 0.0
    verdicts = {str(entry["text"]): entry["verdict"] for entry in other.summary["expect"]}
    effects = [_effect(one, base, other, confidence, costs, verdicts) for one in of]
    missed = curve.misses(other.scenario)
    differences = [y - x for x, y in zip(_errors(base), _errors(other), strict=True)]
    interval = mean_interval(differences, confidence) if len(differences) > 1 else None
    first = effects[0]
    entry = WhatIf(
        id=candidate.id,
        text=candidate.text,
        sets=dict(candidate.sets),
        yours=candidate.yours,
        usd_per_month=costs,
        price_estimated=base.scenario.endpoint.host.price_estimated or other.scenario.endpoint.host.price_estimated,
        effects=effects,
        verdict=other.verdict if verdicts else None,
        cpu_utilization=_figure("cpu_utilization", other),
        cache_hit_ratio=_figure("cache_hit_ratio", other),
        predicted_cache_hit_ratio=None if missed is None else 1.0 - missed,
        steady_state=other.steady_state,
    )
    counts = first.outcome in ("better", "worse") and first.difference is not None
    return Tried(
        entry,
        error_rate=mean(_errors(other)),
        fewer_errors=interval is not None and interval[1] < 0.0,
        more_errors=interval is not None and interval[0] > 0.0,
        good=of[0].good(first.difference or 0.0) if counts else 0.0,
    )


def _dearer(base: Result, other: Result) -> float | None:
    """What the other costs more; the same hosts cost the same, whatever that is.

    None for another type where the scenario gives the price, which is that of its own type.
    """
    now, then = base.scenario.endpoint, other.scenario.endpoint
    if now.instance_type != then.instance_type and then.host.price_source == GIVEN:
        return None
    if (now.instance_count, now.host) == (then.instance_count, then.host):
        return 0.0
    before, after = price(now), price(then)
    return None if before is None or after is None else after - before


def _effect(
    one: Compared, base: Result, other: Result, confidence: float, costs: float | None, verdicts: dict[str, object]
) -> Effect:
    difference, interval = one.against(other, confidence)
    outcome = _outcome(one, difference, interval)
    dearer = outcome == "better" and costs is not None and costs > 0.0 and difference is not None
    return Effect(
        text=one.entry.text,
        difference=difference,
        interval=interval,
        outcome=outcome,
        per_100_usd=PER_USD * difference / costs if dearer and difference is not None and costs else None,
        verdict=verdicts.get(one.entry.text),
    )


def _outcome(one: Compared, difference: float | None, interval: tuple[float, float] | None) -> Outcome:
    if difference is None:
        return "no value"
    if interval is None or interval[0] <= 0.0 <= interval[1]:
        return "no effect seen"
    return "better" if one.good(difference) > 0.0 else "worse"


def _errors(of: Result) -> list[float]:
    """The error rate of each replication; 0 without calls."""
    values = [FORMULAS["error_rate"].of(run) for run in of.runs]
    return [0.0 if math.isnan(value) else value for value in values]


def _figure(name: str, of: Result) -> float | None:
    value = of.summary[name]["value"]
    return None if value is None else float(value)


def with_outcome(finding: Finding, of: Sequence[Tried]) -> Finding:
    """The finding, with what became of its advice where that was simulated: `tried` in its evidence."""
    sets = advised(finding)
    one = next((one for one in of if sets is not None and one.entry.sets == sets), None)
    if one is None:
        return finding
    outcome = one.entry.effects[0].outcome
    if outcome != "better" and one.fewer_errors:
        outcome = "better"
    return finding.model_copy(update={"evidence": {**finding.evidence, "tried": outcome}})


def best_first(of: Sequence[Tried]) -> list[Tried]:
    """Ranked: what can be chosen before sensitivities; of each what helps for nothing, then what helps most for a
    dollar, then what saves money without an effect, then what has no effect, last what makes it worse.
    """
    return sorted(of, key=_place)


def _place(one: Tried) -> tuple[bool, int, float]:
    entry, costs = one.entry, one.entry.usd_per_month
    if one.good > 0.0 and (costs is None or costs <= 0.0):
        # Without a price it cannot be ranked by the dollar: after what costs nothing.
        return not entry.yours, 0 if costs is not None else 2, -one.good
    if one.good > 0.0:
        return not entry.yours, 1, -one.good / (costs or 1.0)
    if one.good < 0.0:
        return not entry.yours, 5, -one.good
    saves = costs is not None and costs < 0.0 and not one.worse
    return not entry.yours, 3 if saves else 4, costs or 0.0
