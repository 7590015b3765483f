"""Autoscaling as a process: when metrics are read and policies are asked, and which change waits for which."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from functools import partial
from math import nan
from typing import Any

import simpy

from mmesim.engine.control.journal import Journal
from mmesim.engine.control.task import Task
from mmesim.engine.environment import Environment
from mmesim.engine.measure.live import LiveMetrics
from mmesim.engine.scaling.decide import Cooldowns, Decision, decide
from mmesim.engine.scaling.own import checked
from mmesim.engine.scaling.resizing import Resizing, Scalable
from mmesim.engine.scaling.series import Group, Measured, groups
from mmesim.policies.scaling import Policy, Seen, policy
from mmesim.scenario.endpoint.autoscaling.autoscaling import Autoscaling
from mmesim.scenario.endpoint.autoscaling.policies import ScalingPolicy
from mmesim.scenario.values.function import Function


@dataclass
class _Alarm:
    """What a policy asks for, and since when."""

    wants: str = ""
    since_s: float = nan

    def asks(self, wants: str, now: float) -> None:
        if wants != self.wants:
            self.wants, self.since_s = wants, now


@dataclass(frozen=True)
class _Wanted:
    """What the policies of a group want together, and the number of hosts that the endpoint was set to then."""

    decision: Decision
    group: Group
    capacity: int


class Scaler:
    """Scales a fleet until the run is over."""

    def __init__(
        self,
        env: Environment,
        live: LiveMetrics,
        fleet: Scalable,
        journal: Journal,
        scaling: Autoscaling,
        duration_s: float,
        serial: bool,
    ) -> None:
        self._env = env
        self._live = live
        self._fleet = fleet
        self._scaling = scaling
        self._duration_s = duration_s
        self._serial = serial
        self._policies: list[Policy] = [_policy(one) for one in scaling.policies]
        self._answers: list[int | None] = [None] * len(self._policies)
        self._alarms = [_Alarm() for _ in self._policies]
        self._cooldowns = Cooldowns(scaling.policies)
        self._resizing = Resizing(env, live, fleet, journal, self._cooldowns, scaling.scale_in)
        self._least, self._most = scaling.min, scaling.max
        self._wanted: _Wanted | None = None
        """What the policies want now; it waits while the endpoint is updating."""
        self._scheduled: int | None = None
        """Number of the scheduled action whose limits the fleet has to come to."""
        self._is_changing = False
        for group in groups(scaling):
            env.process(self._watch(group))
        if scaling.scheduled:
            env.process(self._keep_the_schedule())

    def _watch(self, group: Group) -> Generator[simpy.Event, Any, None]:
        """Read the metrics of a group at the end of each period; its policies are asked once CloudWatch knows them."""
        env, meter, periods = self._env, self._live.meter(group.metrics), 1
        unknown: Measured | None = None
        while periods * group.period_s <= self._duration_s:
            yield simpy.Timeout(env, periods * group.period_s - env.now)
            measured = group.measured(meter.read(group.period_s))
            if group.delay_s == group.period_s:  # the default: what was read before becomes known now, without an event
                if unknown is not None:
                    self._ask(group, unknown)
                unknown = measured
            elif group.delay_s > 0.0:
                simpy.Timeout(env, group.delay_s).callbacks.append(partial(self._known, group, measured))
            else:
                self._ask(group, measured)
            periods += 1

    def _known(self, group: Group, measured: Measured, _: simpy.Event) -> None:
        """CloudWatch has the values of a period."""
        if self._env.now <= self._duration_s:
            self._ask(group, measured)

    def _ask(self, group: Group, measured: Measured) -> None:
        """A period's values are known: the policies are asked, and what they want together begins."""
        group.learn(measured)
        self._ask_with(group)
        self._begin()

    def _ask_with(self, group: Group) -> None:
        """What the policies want as things stand now, with the values that are known."""
        now, capacity, columns = self._env.now, self._fleet.desired, group.columns()
        in_service = len(self._fleet.in_service)
        for k in group.policies:
            seen = Seen(
                now_s=now,
                capacity=capacity,
                in_service=in_service,
                min=self._least,
                max=self._most,
                base=self._cooldowns.base(k, capacity, now),
                measured=group.hosts,
                columns=columns,
            )
            self._answered(k, self._policies[k](seen), capacity)
        decision = decide(self._scaling.policies, self._answers, group.policies, capacity, self._cooldowns, now)
        self._wanted = None if decision is None else _Wanted(decision, group, capacity)

    def _answered(self, k: int, answer: int | None, capacity: int) -> None:
        self._answers[k] = None if answer is None else self._within(answer)
        self._alarms[k].asks("" if answer is None else "out" if answer > capacity else "in", self._env.now)

    def _value(self, k: int, group: Group) -> float:
        """The last value of the metric of a policy; a function of the user has none."""
        rule = self._scaling.policies[k]
        return nan if isinstance(rule, Function) else group.last(rule.metric)

    def _keep_the_schedule(self) -> Generator[simpy.Event, Any, None]:
        for at_s, number, least, most in self._scaling.limits(self._duration_s):
            yield self._env.timeout(at_s - self._env.now)
            self._least, self._most = least, most
            self._scheduled = number
            self._begin()

    def _within(self, hosts: int) -> int:
        return max(self._least, min(self._most, hosts))

    def _begin(self) -> None:
        """Begin what is wanted, unless it waits for a change that is under way."""
        if not self._serial and not self._fleet.updating.count:
            for change in self._next():
                Task(self._env, change)
        elif not self._is_changing and self._is_due():
            self._is_changing = True
            Task(self._env, self._one_after_the_other() if self._serial else self._once_it_is_deployed())

    def _is_due(self) -> bool:
        """Whether something would be changed now."""
        return self._wanted is not None or not self._least <= self._fleet.desired <= self._most

    def _one_after_the_other(self) -> Generator[simpy.Event, Any, None]:
        while self._is_due():
            turn = self._fleet.updating.request()
            yield turn  # others update the endpoint too
            for change in self._next():  # as things stand by now
                yield from change
                break
            self._fleet.updating.release(turn)
        self._is_changing = False

    def _once_it_is_deployed(self) -> Generator[simpy.Event, Any, None]:
        """Changes do not wait for each other, but for a deploy: the hosts that they change would go with it."""
        turn = self._fleet.updating.request()
        yield turn
        self._fleet.updating.release(turn)
        self._is_changing = False
        for change in self._next():
            Task(self._env, change)

    def _next(self) -> Generator[Generator[simpy.Event, Any, None], None, None]:
        """What is due now: first the limits that the schedule sets, then what the policies want."""
        desired = self._fleet.desired
        if (hosts := self._within(desired)) != desired:
            yield self._resizing.to(hosts, None, self._name(None), {})
        if self._wanted is not None and self._wanted.capacity != self._fleet.desired:
            self._ask_with(self._wanted.group)  # it waited for another change, and may not be wanted any more
        wanted, self._wanted = self._wanted, None
        if wanted is not None:
            hosts, by = self._within(wanted.decision.hosts), wanted.decision.policy
            figures = {"metric": self._value(by, wanted.group), "alarm_s": self._alarms[by].since_s}
            yield self._resizing.to(hosts, by, self._name(by), figures)

    def _name(self, by: int | None) -> str:
        """A policy as the journal calls it, or a scheduled action by its place; before the first: the limits."""
        if by is None:
            return "limits" if self._scheduled is None else f"scheduled {self._scheduled}"
        rule = self._scaling.policies[by]
        return rule.function if isinstance(rule, Function) else f"{rule.form} {rule.metric}"


def _policy(rule: ScalingPolicy) -> Policy:
    return checked(rule) if isinstance(rule, Function) else policy(rule)
