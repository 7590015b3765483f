"""What scaling policies look at: the metrics of one period, and their last values, as CloudWatch comes to know them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import nan

import numpy as np

from mmesim.arrays import Floats
from mmesim.engine.measure.live import Period
from mmesim.scenario.endpoint.autoscaling.autoscaling import Autoscaling
from mmesim.scenario.endpoint.autoscaling.metrics import METRICS
from mmesim.scenario.endpoint.autoscaling.policies import MINUTE_S, ScalingPolicy
from mmesim.scenario.values.function import Function

KEPT = 1440
"""Values of a metric that a policy of the user can look back on: those of a day."""

Measured = Sequence[tuple[str, float, float]]
"""Metric, its value in a period, and the hosts that it was measured over."""


class Series:
    """The last values of a metric."""

    def __init__(self, most: int) -> None:
        self.most = most
        """How many are kept."""
        self._room: Floats = np.empty(0)
        self._shown = self._room
        self._end = 0

    def append(self, value: float) -> None:
        """One more value; the oldest goes when there are too many."""
        if self._end == self._room.size:
            self._move()
        self._room[self._end] = value
        self._end += 1

    @property
    def values(self) -> Floats:
        """Those that are kept, the latest last; nobody can write there, and it stays as it is when others come."""
        return self._shown[max(0, self._end - self.most) : self._end]

    def _move(self) -> None:
        """Go on elsewhere: whoever has been shown the values so far may have kept them."""
        kept = self._room[max(0, self._end - self.most + 1) : self._end]
        self._room = np.empty(2 * self.most)
        self._room[: kept.size] = kept
        self._shown = self._room.view()
        self._shown.flags.writeable = False
        self._end = kept.size


@dataclass
class Group:
    """The policies that watch metrics of one period."""

    period_s: float
    delay_s: float
    """From the end of a period until its values are known."""
    policies: list[int] = field(default_factory=list)
    """Their places."""
    metrics: dict[str, Series] = field(default_factory=dict)
    hosts: dict[str, float] = field(default_factory=dict)
    """The hosts that the last value of a metric was measured over."""

    def measured(self, period: Period) -> Measured:
        """What a period says of the metrics."""
        return [(name, figure(period, name), period.hosts_of(name)) for name in self.metrics]

    def learn(self, measured: Measured) -> None:
        """What a period says of the metrics is known."""
        for name, value, hosts in measured:
            self.metrics[name].append(value)
            self.hosts[name] = hosts

    def columns(self) -> dict[str, Floats]:
        """The last values of each metric."""
        return {name: series.values for name, series in self.metrics.items()}

    def last(self, name: str) -> float:
        """The last value of a metric."""
        return float(self.metrics[name].values[-1])


def groups(scaling: Autoscaling) -> list[Group]:
    """The policies by the period of their metrics; those of the user see every metric, each minute."""
    found: dict[float, Group] = {}
    for k, rule in enumerate(scaling.policies):
        period_s, looked_at = _looked_at(rule)
        delay_s = period_s if scaling.metric_delay_s is None else scaling.metric_delay_s
        group = found.setdefault(period_s, Group(period_s, delay_s))
        group.policies.append(k)
        for name, most in looked_at.items():
            if name not in group.metrics or group.metrics[name].most < most:
                group.metrics[name] = Series(most)
    return [found[period_s] for period_s in sorted(found)]


def figure(period: Period, name: str) -> float:
    """A metric of a period as a policy sees it: calls in flight are counted for each host (U)."""
    value = period.figures[name]
    if name == "ConcurrentRequestsPerModel":
        return value / period.in_service if period.in_service else nan
    return value


def _looked_at(rule: ScalingPolicy) -> tuple[float, dict[str, int]]:
    """The period of the metrics that a policy looks at, and how many values of each."""
    if isinstance(rule, Function):
        return MINUTE_S, dict.fromkeys(METRICS, KEPT)
    return rule.period_s, {rule.metric: rule.looks_back}
