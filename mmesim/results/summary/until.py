"""Where a run stopped that repeated until a figure was precise enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mmesim.results.expect.expect import shown_as
from mmesim.results.figures.latency import Pooled
from mmesim.results.measured.run_data import RunData
from mmesim.scenario.run.until import Precision


@dataclass(frozen=True)
class Until:
    """A precision that was asked for, and where the replications stopped.

    `looks`: numbers of replications after which the interval was looked at; `confidence`: level of each of these
    intervals, such that all that could have been looked at hold together with 95 %. `half_width` is that of
    the last look as a share of the value, None with `reason` when there was none; `allowed` is the largest that stops.
    `replications` is how many were wanted at the last look: more than there are when the run was interrupted.
    """

    target: str
    reached: bool
    looks: tuple[int, ...]
    half_width: float | None
    allowed: float
    confidence: float
    replications: int
    reason: str | None = None

    def as_dict(self) -> dict[str, object]:
        """The shape used in summary.json."""
        shown: dict[str, object] = {
            "target": self.target,
            "reached": self.reached,
            "looks": list(self.looks),
            "half_width": self.half_width,
            "allowed": self.allowed,
            "confidence": self.confidence,
        }
        return shown if self.reason is None else shown | {"reason": self.reason}


def allowed(within: float) -> float:
    """The half-width, as a share of the estimate, at which the estimate is within a share of the true value.

    |estimate - truth| <= h and h <= estimate x e / (1 + e) give |estimate - truth| <= e x truth. Source: A. M. Law,
    Simulation Modeling and Analysis, 5th edition 2015, section 9.4.1.
    """
    return within / (1.0 + within)


def relative_half_width(
    precision: Precision, runs: Sequence[RunData], pooled: Pooled, confidence: float
) -> tuple[float | None, str | None]:
    """The half-width of a figure's interval as a share of its value, or None and the reason why there is none.

    `pooled` are the histograms of these runs together.
    """
    estimated = shown_as(precision.metric, runs, pooled, confidence)
    if estimated.value is None:
        return None, estimated.reason
    half, value = estimated.half_width, estimated.value
    if half is None:
        return None, "one replication has no interval"
    return (half / value, None) if value > 0.0 else (None, f"{precision.metric} is 0, which has no share")
