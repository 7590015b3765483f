"""Deploys: new hosts take the calls of old ones, in steps, and what a step does is undone when an alarm asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, inf

import simpy

from mmesim.scenario import Scenario
from mmesim.scenario.deploys.deploy import Deploy
from mmesim.scenario.deploys.strategy import Canary, Linear, Rolling
from mmesim.scenario.endpoint.endpoint import Endpoint
from tests.twin.fleet import Fleet
from tests.twin.process import Process
from tests.twin.scaler import Scaler

WINDOW_S = 60.0
CLOSE = 1e-9
"""Three steps of 10 % of ten hosts are three hosts."""

Ended = list[tuple[float, bool]]
"""When calls ended, as their clients saw it, and whether they had failed."""


@dataclass(frozen=True)
class Step:
    """So many new hosts come, so many hosts of each side take calls, some seconds pass, the others go if `ends`."""

    comes: int
    share: float
    new_on: int
    old_on: int
    wait_s: float
    ends: bool


class Deploys:
    """The deploys of a scenario, one after the other."""

    def __init__(self, env: simpy.Environment, scenario: Scenario, fleet: Fleet, ended: Ended, scaler: Scaler) -> None:
        self.env, self.scenario, self.fleet, self._ended, self._scaler = env, scenario, fleet, ended, scaler

    def begin(self) -> None:
        """Each comes at its time, or when the one before it is over."""
        for deploy in self.scenario.deploys:
            self.env.process(self._deploy(deploy))

    def _deploy(self, deploy: Deploy) -> Process:
        yield self.env.timeout(deploy.at_s)
        yield from self._scaler.deploy()
        endpoint, fleet, desired = deploy.endpoint, self.fleet, self._scaler.desired
        assert endpoint is not None
        old, new, gone = fleet.side, 1 - fleet.side, 0
        count = desired if deploy.retain_count else endpoint.instance_count
        fleet.most[new] = 0
        for step in _steps(deploy, desired, count):
            yield from self._provision(step.comes, endpoint, new)
            self._shift(step, new)
            alarm = yield from self._alarmed(deploy, step.wait_s)
            if alarm:
                yield from self._provision(gone, fleet.endpoint, old)
                self._shift(Step(0, 0.0, 0, len(fleet.of(old)), 0.0, True), new)
                fleet.most[old] = inf
                yield from self._end(new, 0)
                self._scaler.done()
                return
            if step.ends:
                gone += yield from self._end(old, step.old_on)
        fleet.most[new] = inf
        fleet.side, fleet.endpoint, self._scaler.desired = new, endpoint, count
        self._scaler.done()

    def _provision(self, hosts: int, endpoint: Endpoint, side: int) -> Process:
        if hosts:
            yield self.env.all_of(self.fleet.rest(hosts, endpoint, side))

    def _shift(self, step: Step, new: int) -> None:
        self.fleet.shift(new, step.new_on, step.old_on, step.share if new else 1.0 - step.share)

    def _alarmed(self, deploy: Deploy, wait_s: float) -> Process:
        left_s, rule = wait_s, deploy.rollback_when
        while rule is not None and left_s >= WINDOW_S and self.env.now + WINDOW_S <= self.scenario.run.duration_s:
            begun_s = self.env.now
            yield self.env.timeout(WINDOW_S)
            left_s -= WINDOW_S
            failed = [failed for at_s, failed in self._ended if begun_s <= at_s < self.env.now]
            if failed and sum(failed) / len(failed) > rule.limit:
                return True
        yield self.env.timeout(left_s)
        return False

    def _end(self, side: int, on: int) -> Process:
        """The hosts of a side that rest are terminated, and nothing comes any more if none is left; how many."""
        for one in list(self.fleet.coming):
            if one.side == side and not on:
                self.fleet.drop(one)
        go = [host for host in self.fleet.of(side) if host not in self.fleet.up]
        yield self.env.all_of([self.fleet.terminate(host) for host in go])
        return len(go)


def _steps(deploy: Deploy, old: int, new: int) -> list[Step]:
    rule = deploy.strategy
    if isinstance(rule, Rolling):
        steps, batch, on = [], max(1, floor(rule.batch * new + CLOSE)), 0
        while on < new:
            more = min(batch, new - on)
            on += more
            steps.append(Step(more, on / new, on, old - floor(old * on / new + CLOSE), rule.wait_s, True))
        return steps
    shares: list[tuple[float, float]] = []
    if isinstance(rule, Canary):
        shares = [(rule.share, rule.wait_s)]
    elif isinstance(rule, Linear):
        shares = [(k * rule.step, rule.wait_s) for k in range(1, ceil(1 / rule.step - CLOSE))]
    shares.append((1.0, deploy.termination_wait_s))
    return [
        Step(
            comes=0 if k else new,
            share=share,
            new_on=ceil(share * new - CLOSE),
            old_on=old - floor(share * old + CLOSE),
            wait_s=wait_s,
            ends=share == 1.0,
        )
        for k, (share, wait_s) in enumerate(shares)
    ]
