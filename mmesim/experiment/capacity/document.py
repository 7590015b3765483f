"""What `mmesim capacity` found, as the document that its JSON, table and picture come from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mmesim import __version__
from mmesim.experiment.assumed import assumed
from mmesim.experiment.capacity.curve import RUNS, Curve, Short
from mmesim.experiment.capacity.knee import Knee
from mmesim.experiment.capacity.limit import Decided, Limit
from mmesim.experiment.gate.baseline.unchanged import UNITS
from mmesim.results.answers.capacity import Capacity, Tried
from mmesim.results.answers.capacity import Knee as KneeEntry
from mmesim.results.answers.planned import FleetLine
from mmesim.results.answers.sections import Verdict
from mmesim.scenario.run.expected import HOURS_PER_MONTH
from mmesim.stats.means import CONFIDENCE, mean, mean_interval


@dataclass(frozen=True)
class Found:
    """A search, to its end or to where it was stopped; `simulated` runs were new, `recalled` were in the store."""

    curve: Curve
    limit: Limit
    knee: Knee | None
    finished: bool
    simulated: int
    recalled: int


def document(found: Found, robustness: dict[str, Any] | None) -> Capacity:
    """The document of a search; `robustness` is the answer under what AWS does not publish, if that was asked for."""
    curve, limit, amounts = found.curve, found.limit, found.curve.amounts
    scenario = amounts.scenario
    seems_to_fit, seems_not_to_fit = curve.seen if scenario.expect else (None, None)
    host = scenario.endpoint.host
    price = host.price_usd_per_hour
    usd_per_month = None if price is None else price * scenario.endpoint.instance_count * HOURS_PER_MONTH
    return Capacity(
        mmesim=__version__,
        name=scenario.name,
        of=amounts.of,
        group=amounts.group,
        fleet=scenario.endpoint.fleet,
        usd_per_month=usd_per_month,
        price_estimated=price is not None and host.price_estimated,
        price_source=None if price is None else host.price_source,
        verdict=_verdict(amounts.now, limit) if scenario.expect else None,
        finished=found.finished,
        confidence=CONFIDENCE,
        notes=list(assumed(scenario)),
        expect=[line.text for line in scenario.expect],
        now=amounts.now,
        largest=limit.largest,
        smallest_failing=limit.smallest_failing,
        seems_to_fit=seems_to_fit,
        seems_not_to_fit=seems_not_to_fit,
        tried_from=amounts.least,
        tried_to=amounts.most,
        stopped=curve.stopped,
        monotone=limit.monotone and curve.monotone,
        knee=None if found.knee is None else _knee(found.knee),
        tried=_tried(curve, limit, usd_per_month),
        replications=found.simulated + found.recalled,
        simulated=found.simulated,
        requests=sum(one.requests for one in curve.points) + sum(one.requests for one in limit.found.values()),
        robustness=robustness,
    )


def _knee(knee: Knee) -> KneeEntry:
    return KneeEntry(models=knee.amount, interval=knee.interval, reason=knee.reason)


def _verdict(now: float, limit: Limit) -> Verdict:
    """Of the present amount, which need not have been tried: what fits less fits, too."""
    if limit.largest is not None and now <= limit.largest:
        return "pass"
    return "fail" if limit.smallest_failing is not None and now >= limit.smallest_failing else "undecided"


def _tried(curve: Curve, limit: Limit, usd_per_month: float | None) -> list[Tried]:
    short = {one.amount: one for one in curve.points}
    found = []
    for amount in sorted({*short, *limit.found}):
        decided = limit.found.get(amount)
        calls_per_s = short[amount].calls_per_s if decided is None else decided.calls_per_s
        hits = [1.0 - miss for miss in short[amount].misses] if decided is None else _series(decided)
        models = len(curve.amounts.at(amount).hosted)
        found.append(
            Tried(
                amount=amount,
                verdict=None if decided is None else decided.verdict,
                lines=_of_short(short[amount]) if decided is None else [FleetLine.of(line) for line in decided.lines],
                hit_ratio=_mean(hits),
                hit_ratio_interval=_interval(hits),
                calls_per_s=calls_per_s,
                usd_per_model=None if usd_per_month is None else usd_per_month / models,
                usd_per_million=_per_million(usd_per_month, calls_per_s),
                replications=RUNS if decided is None else decided.replications,
            )
        )
    return found


def _series(decided: Decided) -> list[float]:
    one = decided.figures.get("cache_hit_ratio")
    return [] if one is None else [value for value in one.values if value is not None]


def _per_million(usd_per_month: float | None, calls_per_s: float) -> float | None:
    if usd_per_month is None or not calls_per_s:
        return None
    return 1e6 * usd_per_month / (HOURS_PER_MONTH * 3600.0 * calls_per_s)


def _of_short(short: Short) -> list[FleetLine]:
    """The lines of short runs, which decide none of them."""
    found = []
    for line, values in zip(short.lines, short.values, strict=True):
        figure = line.inside.figure
        known = [value for value in values if not math.isnan(value)]
        finite = bool(known) and all(map(math.isfinite, known))
        single = line.bound != "sequential test"
        found.append(
            FleetLine(
                text=line.expectation.text,
                when=None,
                verdict="undecided",
                figure=line.inside.name,
                unit=UNITS[figure.kind],
                value=figure.scale * line.together(known) if finite else None,
                interval=_interval(known, figure.scale, figure.high) if finite and not single else None,
                limit=figure.scale * line.inside.bound,
                replications=len(known),
            )
        )
    return found


def _mean(values: Sequence[float]) -> float | None:
    known = [value for value in values if not math.isnan(value)]
    return mean(known) if known else None


def _interval(values: Sequence[float], scale: float = 1.0, high: float = 1.0) -> tuple[float, float] | None:
    ends = mean_interval([value for value in values if not math.isnan(value)], low=0.0, high=high)
    return None if ends is None else (scale * ends[0], scale * ends[1])
