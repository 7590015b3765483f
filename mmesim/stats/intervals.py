"""Estimates over replications and their confidence intervals: of means, of shares, of quantiles by sectioning."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.special import betaincinv

from mmesim.stats.means import CONFIDENCE, mean, mean_interval, student


@dataclass(frozen=True)
class Estimate:
    """A figure over replications: `value`, its 95 % interval, or the reason why there is no value.

    `ci95` is None with one replication; `reason` is set exactly when `value` is None. `half_width` is the longer side
    of the interval before it is cut to the possible range.
    """

    value: float | None
    ci95: tuple[float, float] | None = None
    reason: str | None = None
    half_width: float | None = None

    def __post_init__(self) -> None:
        if (self.value is None) != (self.reason is not None):
            raise ValueError("an estimate has either a value or a reason why it has none")

    def as_dict(self) -> dict[str, object]:
        """The shape used in summary.json: value, ci95 and, when value is null, reason."""
        shown: dict[str, object] = {"value": self.value, "ci95": None if self.ci95 is None else list(self.ci95)}
        if self.reason is not None:
            shown["reason"] = self.reason
        return shown


def half_width(values: Sequence[float], confidence: float = CONFIDENCE, centre: float | None = None) -> float | None:
    """The half-width of Student's t interval over independent values, None for fewer than two of them.

    Deviations are taken from `centre`, by default the mean of the values.
    """
    n = len(values)
    if n < 2:
        return None
    middle = mean(values) if centre is None else centre
    variance = math.fsum((v - middle) ** 2 for v in values) / (n - 1)
    return student(n, confidence) * math.sqrt(variance / n)


def sectioning(
    pooled: float,
    values: Sequence[float],
    missing: str,
    *,
    at_least: tuple[float, float] | None = None,
    resolution: float = 0.0,
    confidence: float = CONFIDENCE,
    low: float = -math.inf,
    high: float = math.inf,
    scale: float = 1.0,
) -> Estimate:
    """The quantile of all observations together, times `scale`, with its interval cut to [low, high].

    `pooled` is the quantile of all replications' observations pooled, `values` those of each replication: a quantile of
    few observations is biased, one of all of them much less. The half-width is
    t(n - 1) sqrt(sum (value - pooled)^2 / (n (n - 1))), and `resolution` on top: how far the pooled value may be off
    because observations were counted in buckets. The interval is widened to `at_least` where that reaches farther.
    A nan among the values leaves no value; `missing` says why.
    Source: M. K. Nakayama, Confidence intervals for quantiles using sectioning when applying variance-reduction
    techniques, ACM TOMACS 24 (2014), section 3; S. Asmussen, P. W. Glynn, Stochastic Simulation, 2007, III.5a.
    """
    absent = sum(math.isnan(v) for v in values)
    if absent or math.isnan(pooled):
        return Estimate(None, reason=_lacking(missing, absent or len(values), len(values)))
    centre = pooled * scale
    half = half_width([v * scale for v in values], confidence, centre)
    if half is None:
        return Estimate(centre)
    below, above = at_least or (pooled, pooled)
    half += resolution * scale
    down, up = max(half, centre - below * scale), max(half, above * scale - centre)
    return Estimate(centre, (max(centre - down, low), min(centre + up, high)), half_width=max(down, up))


def _lacking(missing: str, absent: int, of: int) -> str:
    return missing if absent == of else f"{missing} in {absent} of {of} replications"


def share_interval(
    values: Sequence[float], trials: Sequence[int], confidence: float = CONFIDENCE
) -> tuple[float, float] | None:
    """The interval of a share (0..1) over replications, given the trials of each; None for fewer than two.

    That of a mean, widened to the exact (Clopper-Pearson) interval of all trials together: the interval of a mean of
    which little was seen is too narrow, and that of one never seen has no width. The exact part counts trials as
    independent; what makes them fail together shows in the spread of the replications.
    """
    interval = mean_interval(values, confidence, low=0.0, high=1.0)
    total = sum(trials)
    if interval is None or not total:
        return interval
    seen = round(math.fsum(value * n for value, n in zip(values, trials, strict=True)))
    tail = (1.0 - confidence) / 2
    low = float(betaincinv(seen, total - seen + 1, tail)) if seen > 0 else 0.0
    high = float(betaincinv(seen + 1, total - seen, 1.0 - tail)) if seen < total else 1.0
    return min(interval[0], low), max(interval[1], high)


def estimate(
    values: Sequence[float],
    missing: str,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    scale: float = 1.0,
    skip_missing: bool = False,
    confidence: float = CONFIDENCE,
    trials: Sequence[int] | None = None,
) -> Estimate:
    """The mean over replications, times `scale`, with its interval cut to [low, high].

    `trials`: of a share of things that were counted, how many in each replication (see `share_interval`).

    A replication that cannot give the value gives nan; `missing` says why ("no successful call"). One such replication
    leaves the whole without a value, since the others alone would flatter; with `skip_missing` the others are used.
    """
    known = [v * scale for v in values if not math.isnan(v)]
    if not known or (len(known) < len(values) and not skip_missing):
        return Estimate(None, reason=_lacking(missing, len(values) - len(known), len(values)))
    middle = mean(known)
    if trials is not None:
        bounds = whole = share_interval(known, trials, confidence)
    else:
        whole = mean_interval(known, confidence)
        bounds = None if whole is None else (max(whole[0], low), min(whole[1], high))
    half = None if whole is None else max(middle - whole[0], whole[1] - middle)
    return Estimate(middle, bounds, half_width=half)
