"""Means over replications and their confidence intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.special import stdtrit

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Estimate:
    """A mean over replications: `value`, its 95 % interval, or the reason why there is no value.

    `ci95` is None with one replication; `reason` is set exactly when `value` is None.
    """

    value: float | None
    ci95: tuple[float, float] | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        if (self.value is None) != (self.reason is not None):
            raise ValueError("an estimate has either a value or a reason why it has none")

    def as_dict(self) -> dict[str, object]:
        """Return the shape used in summary.json: value, ci95 and, when value is null, reason."""
        shown: dict[str, object] = {"value": self.value, "ci95": None if self.ci95 is None else list(self.ci95)}
        if self.reason is not None:
            shown["reason"] = self.reason
        return shown


def mean(values: Sequence[float]) -> float:
    """Return the mean, correctly rounded, so that the order of the replications does not matter."""
    return math.fsum(values) / len(values)


def student_t(
    values: Sequence[float], confidence: float = CONFIDENCE, low: float = -math.inf, high: float = math.inf
) -> tuple[float, float] | None:
    """Return Student's t interval of the mean of independent values, cut to the range [low, high].

    None for fewer than two values: one replication says nothing about its own error.
    """
    n = len(values)
    if n < 2:
        return None
    centre = mean(values)
    variance = math.fsum((v - centre) ** 2 for v in values) / (n - 1)
    half = float(stdtrit(n - 1, 0.5 + confidence / 2)) * math.sqrt(variance / n)
    return max(centre - half, low), min(centre + half, high)


def never_seen(trials: int, confidence: float = CONFIDENCE) -> float:
    """Return the upper end of the exact (Clopper-Pearson) interval of a share of which 0 in `trials` were seen."""
    return 1.0 - math.pow((1.0 - confidence) / 2, 1.0 / trials)


def estimate(
    values: Sequence[float],
    missing: str,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    scale: float = 1.0,
    skip_missing: bool = False,
) -> Estimate:
    """Return the mean over replications, times `scale`, with its t interval cut to [low, high].

    A replication that cannot give the value gives nan; `missing` says why ("no successful call"). One such replication
    leaves the whole without a value, since the others alone would flatter; with `skip_missing` the others are used.
    """
    known = [v * scale for v in values if not math.isnan(v)]
    if not known:
        return Estimate(None, reason=missing)
    if len(known) < len(values) and not skip_missing:
        return Estimate(None, reason=f"{missing} in {len(values) - len(known)} of {len(values)} replications")
    return Estimate(mean(known), student_t(known, low=low, high=high))
