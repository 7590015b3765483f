"""How many hosts there should be: by the clock, and by a target for the calls of each host."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from math import ceil, inf, nan

import simpy

from mmesim.scenario import Scenario
from mmesim.scenario.endpoint.autoscaling.policies import TargetTracking
from mmesim.scenario.endpoint.autoscaling.schedule import ScheduledAction
from tests.twin.fleet import Fleet
from tests.twin.host import Host
from tests.twin.process import Process


@dataclass(frozen=True)
class Wish:
    """What a policy wants, by which values, and how many hosts there were to be then."""

    hosts: int
    policy: TargetTracking
    values: list[tuple[float, float]]
    desired: int


class Scaler:
    """Application Auto Scaling of one variant."""

    def __init__(self, env: simpy.Environment, scenario: Scenario, fleet: Fleet, ended_s: list[float]) -> None:
        self.env, self.scenario, self.fleet = env, scenario, fleet
        self._ended_s = ended_s  # when calls ended, as their clients saw it
        self._rules = scenario.endpoint.autoscaling
        self._under_way = 0
        self._own = False  # whether that is a change, and not a deploy
        self._turns: list[simpy.Event | None] = []  # who waits for the endpoint: deploys, and scaling (None)
        self._waiting: Wish | None = None  # what is wanted once scaling has its turn
        self._in_done_s = -inf  # the end of the last scale-in; inf while one is under way
        self.desired = scenario.endpoint.instance_count
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
        self._begin()

    def deploy(self) -> Process:
        """A deploy has the endpoint to itself, when it has its turn."""
        if self._under_way or self._turns:
            turn = self.env.event()
            self._turns.append(turn)
            yield turn
        else:
            self._under_way, self._own = 1, False

    def done(self) -> None:
        """A change or a deploy is over: who has waited longest has the endpoint next."""
        self._under_way -= 1
        if self._own and self._is_due and None not in self._turns:
            self._turns.append(None)
        while self._turns and not self._under_way:
            turn = self._turns.pop(0)
            if turn is None:
                self._go_on()
            else:
                self._under_way, self._own = 1, False
                turn.succeed()

    @property
    def _is_due(self) -> bool:
        return self._waiting is not None or self._within(self.desired) != self.desired

    def _within(self, hosts: int) -> int:
        return hosts if self._rules is None else min(max(hosts, self._low), self._high)

    def _begin(self) -> None:
        """Begin what is due, unless the endpoint is updated: then it waits for its turn."""
        if self._is_due and self.env.now < self.scenario.run.duration_s:
            if not self._is_busy:
                self._go_on()
            elif not self._own and None not in self._turns:
                self._turns.append(None)

    @property
    def _is_busy(self) -> bool:
        return self._under_way > 0 and self.scenario.endpoint.serial_scaling

    def _go_on(self) -> None:
        """First the limits, then what a policy wants, if it still does after what has changed."""
        hosts = self._within(self.desired)
        if hosts != self.desired:
            self._start(hosts, False)
        if not self._is_busy:
            wish, self._waiting = self._waiting, None
            if wish is not None and wish.desired != self.desired:
                wish = self._wish(wish.policy, wish.values)
            if wish is not None and self._within(wish.hosts) != self.desired:
                self._start(self._within(wish.hosts), True)

    def _start(self, hosts: int, by_policy: bool) -> None:
        self._under_way, self._own = self._under_way + 1, True
        out, self.desired = hosts > self.desired, hosts
        self.env.process(self._change(out, hosts - self.fleet.capacity, by_policy))

    def _change(self, out: bool, more: int, by_policy: bool) -> Process:
        fleet = self.fleet
        if out:
            self._in_done_s = -inf
            yield self.env.all_of(fleet.add(max(0, more)))
        else:
            self._in_done_s = inf
            for _ in range(min(-more, len(fleet.coming))):
                fleet.drop(fleet.coming[-1])
                more += 1
            yield self.env.all_of([fleet.drain(self._leaving()) for _ in range(-more)])
            self._in_done_s = self.env.now if by_policy else -inf
        self.done()

    def _leaving(self) -> Host:
        """The host that goes next."""
        assert self._rules is not None
        ranks = {"newest": lambda host: -host.number, "oldest": lambda host: host.number}
        rank = ranks.get(str(self._rules.scale_in), lambda host: (host.outstanding, -host.number))
        return min(self.fleet.staying, key=rank)

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
        self._look(policy, values)

    def _look(self, policy: TargetTracking, values: list[tuple[float, float]]) -> None:
        self._waiting = self._wish(policy, values)
        self._begin()

    def _wish(self, policy: TargetTracking, values: list[tuple[float, float]]) -> Wish | None:
        each = [calls / hosts if hosts else nan for calls, hosts in values]  # a missing value is neither high nor low
        wish = Wish(self._within(ceil(values[-1][0] / policy.target)), policy, values, self.desired)
        high, low = each[-policy.out_points :], each[-policy.in_points :]
        if len(high) == policy.out_points and all(one > policy.target for one in high):
            return wish if wish.hosts > self.desired else None
        if len(low) == policy.in_points and all(one < policy.in_threshold * policy.target for one in low):
            may = self.env.now >= self._in_done_s + policy.scale_in_cooldown_s and not policy.disable_scale_in
            return wish if wish.hosts < self.desired and may else None
        return None
