"""How many hosts there should be: by the clock, and by a target for the calls of each host."""

from __future__ import annotations

from bisect import bisect_left
from math import ceil, inf, nan

import simpy

from mmesim.scenario import Scenario
from mmesim.scenario.endpoint.autoscaling.policies import TargetTracking
from mmesim.scenario.endpoint.autoscaling.schedule import ScheduledAction
from tests.twin.fleet import Fleet
from tests.twin.process import Process


class Scaler:
    """Application Auto Scaling of one variant."""

    def __init__(self, env: simpy.Environment, scenario: Scenario, fleet: Fleet, ended_s: list[float]) -> None:
        self.env, self.scenario, self.fleet = env, scenario, fleet
        self._ended_s = ended_s  # when calls ended, as their clients saw it
        self._rules = scenario.endpoint.autoscaling
        self._under_way = 0
        self._waiting: tuple[int, TargetTracking] | None = None  # what is wanted once the change under way is done
        self._in_done_s = -inf  # the end of the last scale-in; inf while one is under way
        self._set = scenario.endpoint.instance_count
        if self._rules is not None:
            self._low, self._high = self._rules.min, self._rules.max

    def begin(self) -> None:
        """Actions come at their times, and the metric is looked at."""
        if self._rules is not None:
            for action in self._rules.scheduled:
                self.env.process(self._scheduled(action))
            for policy in self._rules.policies:
                assert isinstance(policy, TargetTracking)
                self.env.process(self._track(policy))

    def _scheduled(self, action: ScheduledAction) -> Process:
        yield self.env.timeout(action.at_s)
        self._low = self._low if action.min is None else action.min
        self._high = self._high if action.max is None else action.max
        self._keep_within()

    def _keep_within(self) -> None:
        self._ask(min(max(self._set, self._low), self._high), None)

    def _ask(self, wanted: int, policy: TargetTracking | None) -> None:
        """Begin this change, unless another is under way: then it waits until that is done."""
        if self.env.now >= self.scenario.run.duration_s:
            return
        if self._under_way and self.scenario.endpoint.serial_scaling:
            self._waiting = None if policy is None else (wanted, policy)
        elif wanted != self._set:
            self.env.process(self._change(wanted, policy))

    def _change(self, wanted: int, policy: TargetTracking | None) -> Process:
        fleet, out = self.fleet, wanted > self._set
        self._set = wanted
        more = wanted - fleet.capacity
        self._under_way += 1
        if out:
            self._in_done_s = -inf
            yield self.env.all_of(fleet.add(max(0, more)))
        else:
            self._in_done_s = inf
            for _ in range(min(-more, len(fleet.coming))):
                fleet.drop(fleet.coming[-1])
                more += 1
            yield self.env.all_of([fleet.drain(fleet.staying[-1]) for _ in range(-more)])
            self._in_done_s = self.env.now if policy is not None else -inf
        self._under_way -= 1
        waiting, self._waiting = self._waiting, None
        self._keep_within()
        if waiting is not None:
            self._ask(*waiting)

    # Target tracking of InvocationsPerInstance.

    def _track(self, policy: TargetTracking) -> Process:
        assert self._rules is not None
        period_s = policy.period_s
        delay_s = period_s if self._rules.metric_delay_s is None else self._rules.metric_delay_s
        values: list[tuple[float, float]] = []
        while self.env.now + period_s < self.scenario.run.duration_s:
            yield self.env.timeout(period_s)
            start_s = self.env.now - period_s
            values.append((self._calls(start_s, self.env.now), self.fleet.mean(start_s, self.env.now)))
            self.env.process(self._later(policy, delay_s, list(values)))

    def _calls(self, start_s: float, end_s: float) -> float:
        ended = sorted(self._ended_s)
        return bisect_left(ended, end_s) - bisect_left(ended, start_s)

    def _later(self, policy: TargetTracking, delay_s: float, values: list[tuple[float, float]]) -> Process:
        yield self.env.timeout(delay_s)
        each = [calls / hosts if hosts else nan for calls, hosts in values]  # a missing value is neither high nor low
        wanted = min(max(ceil(values[-1][0] / policy.target), self._low), self._high)
        high, low = each[-policy.out_points :], each[-policy.in_points :]
        self._waiting = None  # unless it is still wanted
        if len(high) == policy.out_points and all(one > policy.target for one in high):
            if wanted > self._set:
                self._ask(wanted, policy)
        elif len(low) == policy.in_points and all(one < policy.in_threshold * policy.target for one in low):
            may = self.env.now >= self._in_done_s + policy.scale_in_cooldown_s and not policy.disable_scale_in
            if wanted < self._set and may:
                self._ask(wanted, policy)
