"""One update of the endpoint, step by step: hosts come, traffic shifts, the step bakes, hosts go; or all is undone.

Old and new hosts are the two sides of the fleet, between which the router splits the calls. Sources: developer guide,
deployment-guardrails-blue-green and -rolling; what they do not say is listed in docs/assumptions.md.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import simpy

from mmesim.engine.control.fleet import Fleet
from mmesim.engine.control.host import Host
from mmesim.engine.control.journal import Journal
from mmesim.engine.deploys.overlap import overlap
from mmesim.engine.environment import Environment
from mmesim.engine.measure.condition import Conditions
from mmesim.results.measured.happened import Kind
from mmesim.scenario.deploys.deploy import Deploy
from mmesim.scenario.deploys.steps import Step
from mmesim.scenario.endpoint.endpoint import Endpoint

Process = Generator[simpy.Event, Any, None]


class Update:
    """What a deploy does from its beginning to its end; the endpoint must be the caller's to change."""

    def __init__(
        self,
        env: Environment,
        fleet: Fleet,
        conditions: Conditions,
        journal: Journal,
        deploy: Deploy,
        endpoint: Endpoint,
    ) -> None:
        self._env = env
        self._fleet = fleet
        self._conditions = conditions
        self._journal = journal
        self._deploy = deploy
        self._endpoint = endpoint
        self._old, self._new = fleet.side, 1 - fleet.side
        self._old_count = fleet.desired
        self._new_count = fleet.desired if deploy.retain_count else endpoint.instance_count
        self._begun_s = env.now
        self._terminated = set[Host]()
        fleet.take_on(self._new)
        fleet.taking = {self._new: 0}

    def run(self, duration_s: float) -> Process:
        """All of it; what it costs in hosts is counted up to the end of the run, `duration_s`."""
        deploy, fleet = self._deploy, self._fleet
        self._note(Kind.deploy, old=self._old_count, new=self._new_count)
        for step in deploy.steps(self._old_count, self._new_count):
            if step.provision:
                yield from self._provision(step.provision, self._endpoint, self._new)
            self._shift(step.share, step.new_on, step.old_on)
            if (yield from self._alarmed(step)):
                yield from self._roll_back()
                self._note(Kind.rolled_back, **self._cost(duration_s), **self._missing(self._old, self._old_count))
                return
            if step.terminate:
                if not step.old_on:
                    fleet.give_up(self._old)
                yield from self._terminate([host for host in self._hosts(self._old) if not host.is_open])
        fleet.side, fleet.endpoint, fleet.desired = self._new, self._endpoint, self._new_count
        fleet.taking = {}
        self._note(Kind.deployed, **self._cost(duration_s), **self._missing(self._new, self._new_count))

    def _provision(self, count: int, endpoint: Endpoint | None, side: int) -> Process:
        """New hosts of a side, to which the router does not send yet."""
        yield self._env.all_of([self._fleet.provision(endpoint, side=side, opens=False) for _ in range(count)])
        self._note(Kind.provisioned, hosts=count)

    def _shift(self, share: float, new_on: int, old_on: int) -> None:
        """The first new hosts and the last old ones take the calls, the new ones this share of them."""
        new, old = (self._ready(side) for side in (self._new, self._old))
        stop = max(0, len(old) - old_on)
        for host in new[:new_on] + old[stop:]:
            self._fleet.open(host)
        self._fleet.split_calls(share if self._new == 1 else 1.0 - share)
        for host in new[new_on:] + old[:stop]:
            self._fleet.rest(host)
        self._fleet.taking = {self._new: new_on, self._old: old_on}
        self._note(Kind.shifted, share=share, new_on=new_on, old_on=old_on)

    def _alarmed(self, step: Step) -> Generator[simpy.Event, Any, bool]:
        """Let a step bake; whether `rollback_when` became true, which ends that."""
        line = self._deploy.rollback_when
        if line is None:
            yield self._env.timeout(step.bake_s)
            return False
        until_s = self._env.now + step.bake_s
        alarmed: bool = yield from self._conditions.becomes_true(line, until_s)
        if not alarmed and until_s > self._env.now:
            yield self._env.timeout(until_s - self._env.now)
        return alarmed

    def _roll_back(self) -> Process:
        """All traffic goes back to the old configuration; old hosts that were terminated are provisioned first."""
        self._note(Kind.alarm)
        if self._terminated:
            yield from self._provision(len(self._terminated), self._fleet.endpoint, self._old)
        self._shift(0.0, 0, len(self._hosts(self._old)))
        self._fleet.give_up(self._new)
        self._fleet.taking = {}
        yield from self._terminate(self._hosts(self._new))

    def _terminate(self, hosts: list[Host]) -> Process:
        if hosts:
            self._terminated |= set(hosts)
            yield self._env.all_of([self._fleet.drain(host) for host in hosts])

    def _hosts(self, side: int) -> list[Host]:
        """The hosts of a side that are there to stay, in order of their numbers."""
        return [host for host in self._fleet.alive if host.side == side and not host.leaves]

    def _ready(self, side: int) -> list[Host]:
        """Those of them that have loaded their preloads."""
        return [host for host in self._hosts(side) if not self._fleet.is_on_its_way(host)]

    def _missing(self, side: int, count: int) -> dict[str, float]:
        """Hosts that the side lacks at the end, if any: lost, and nothing is on its way in their places."""
        missing = count - len(self._hosts(side)) - sum(one.host is None for one in self._fleet.coming)
        return {"missing": missing} if missing > 0 else {}

    def _cost(self, duration_s: float) -> dict[str, float]:
        kept = max(self._old_count, self._new_count)
        end_s = min(self._env.now, duration_s)
        most, extra_s = overlap(self._fleet.hosts, kept, self._begun_s, end_s)
        return {"most_hosts": most, "extra_host_s": extra_s}

    def _note(self, kind: Kind, **figures: float) -> None:
        self._journal.note(kind, self._deploy.name, **figures)
