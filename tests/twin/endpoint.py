"""The endpoint: the path of a call from its client to a worker and back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from math import inf

import simpy

from mmesim.scenario import Endpoint, Scenario
from mmesim.scenario.clients.retries import FixedRetries
from mmesim.workload.requests import expected_calls
from tests.twin.calls import Attempt, Call
from tests.twin.container import Containers
from tests.twin.copies import Copy
from tests.twin.deploys import Deploys, Ended
from tests.twin.draws import Draws
from tests.twin.faults import Faults
from tests.twin.fleet import Fleet
from tests.twin.host import Host
from tests.twin.process import Process
from tests.twin.router import Router
from tests.twin.scaler import Scaler
from tests.twin.trouble import Trouble

Stays = tuple[tuple[float, float], ...]
"""When a user may begin calls."""

ROUNDED = 1.0 + 1e-9
"""Of a client's time-out: an answer that is later by what rounding makes is in time, so that he gives up after it."""


class Twin:
    """One run of a scenario, with the calls given."""

    def __init__(self, scenario: Scenario, calls: Sequence[Call], draws: Draws) -> None:
        self.scenario, self.calls, self.draws = scenario, calls, draws
        self.sent: list[Call] = []
        self.way_s = scenario.clients.network_s / 2 + scenario.endpoint.router.overhead_s
        """From the client to the router's choice."""
        self.env = simpy.Environment()
        self._steps = count()
        self.ended_s: list[float] = []
        self.trouble = Trouble(draws)
        self.containers = Containers(self.env, scenario, self._answer)
        self.fleet = Fleet(self.env, scenario, self._host, self._lost, lambda came: self.router.changed(came))
        self.router = Router(scenario, self.fleet, draws)
        self.fleet.on_placed = self.router.placed
        self.scaler = Scaler(self.env, scenario, self.fleet, self.ended_s)
        self.outcomes: Ended = []
        self.deploys = Deploys(self.env, scenario, self.fleet, self.outcomes, self.scaler)
        self.faults = Faults(self.env, scenario, self.fleet, self.trouble, self.containers)

    def _host(self, number: int, endpoint: Endpoint) -> Host:
        scenario = self.scenario.model_copy(update={"endpoint": endpoint})
        host = Host(self.env, scenario, number, lambda: next(self._steps), self.trouble)
        host.on_ready, host.on_aborted = self.containers.ready, self._aborted
        host.on_unloaded = lambda host, model: self.router.unloaded(host, model)
        host.on_deleted = lambda host, model: self.router.deleted(host, model)
        return host

    def run(self) -> None:
        """Play the calls of the run to their ends, amid those that come after it for as long as one is not answered."""
        if self.scenario.endpoint.warm:
            self._place_all()
        self.scaler.begin()
        self.deploys.begin()
        self.faults.begin()
        for stays, drafts in self.draws.users():
            self.env.process(self._use(stays, drafts))
        self.env.process(self._send())
        self.env.run()

    def _place_all(self) -> None:
        models, expected = self.scenario.model_table(), expected_calls(self.scenario)
        for model in sorted(models, key=lambda model: -expected[model.index]):
            if expected[model.index] > 0:
                for host in self.router.in_order(model, self.fleet.up):
                    if host.place(model):
                        self.router.placed(host, model)
                        break

    def _send(self) -> Process:
        for call in self.calls:
            yield self.env.timeout(call.sent - self.env.now)
            if self._is_in_vain(call):
                break
            self._begin(call)
        yield self.env.timeout(max(0.0, self.scenario.run.duration_s - self.env.now))
        self.trouble.over = True

    def _is_in_vain(self, call: Call) -> bool:
        """Whether a call comes after the run, and no call of the run waits for an answer any more."""
        return call.sent >= self.scenario.run.duration_s and not self._is_open()

    def _is_open(self) -> bool:
        """Whether a call of the run has no answer yet."""
        return any(call.latency < 0.0 for call in self.of_the_run())

    def of_the_run(self) -> list[Call]:
        """The calls that began before its end, in order."""
        return [call for call in self.sent if call.sent < self.scenario.run.duration_s]

    def _begin(self, call: Call) -> None:
        self.sent.append(call)
        self.env.process(self._travel(self.draws.attempt(call, call.sent)))

    def _use(self, stays: Stays, drafts: Iterator[tuple[float, float, Call]]) -> Process:
        """A user calls, waits for the answer, pauses, and calls again while he is there."""
        ((begin_s, end_s),) = stays
        free_s, begun_s = begin_s, -inf
        for gap_s, pace_s, call in drafts:
            call.sent = self._sent_by_now(max(free_s + gap_s, begun_s + pace_s))
            if call.sent >= end_s:
                return
            yield self.env.timeout(max(0.0, call.sent - self.env.now))
            if self._is_in_vain(call):
                return
            call.on_seen = (answer := self.env.event()).succeed
            self._begin(call)
            begun_s, free_s = call.sent, (yield answer)

    def _sent_by_now(self, sent: float) -> float:
        """When a client sends what is to be sent at this time: it does not reach the router in the past."""
        return max(sent, self.env.now - self.way_s)

    def _travel(self, attempt: Attempt) -> Process:
        call = attempt.call
        call.attempts += 1
        self.env.process(self._patience(attempt))
        yield self.env.timeout(max(0.0, attempt.sent + self.way_s - self.env.now))
        call.host, call.hit = -1, False
        if not self.fleet.up:
            self._answer(attempt, "host_lost")
            return
        host = self.router.route(call.model, self.router.side_of(attempt))
        copy = host.copies.get(call.model.index)
        if copy is not None:
            copy.is_used = True  # it may have been forgotten; whether its host is lost the router need not know
        if not host.alive:
            self._answer(attempt, "host_lost")
            return
        if host.refuses():
            self._answer(attempt, "throttled")
            return
        call.host = host.number
        call.hit = copy is not None and copy.state == "ready"
        if copy is None:
            if not host.fits_when_empty(call.model):
                self.router.load_failed(call.model)
                self._answer(attempt, "never_fits")
                return
            copy = host.start_load(call.model, attempt.load)
            self.router.placed(host, call.model)
        host.touch(copy)
        host.outstanding += 1
        if call.hit:
            self.containers.hand_over(host, copy, attempt)
        else:
            copy.waiters.append(attempt)
            host.waiting[attempt] = None
            yield self.env.timeout(self.scenario.endpoint.load_timeout_s)
            if attempt in host.waiting:
                self._not_ready(host, copy, attempt, "load_timeout")

    def _patience(self, attempt: Attempt) -> Process:
        """The client gives up; what becomes of the attempt it will not see."""
        timeout_s = self.scenario.clients.timeout_s
        yield self.env.timeout(timeout_s * ROUNDED)
        if not attempt.settled:
            attempt.given_up = True
            self.ended_s.append(self.env.now)
            self._seen(attempt, "client_timeout", attempt.sent + timeout_s)

    def _not_ready(self, host: Host, copy: Copy, attempt: Attempt, cause: str) -> None:
        copy.waiters.remove(attempt)
        host.outstanding -= 1
        del host.waiting[attempt]
        self._answer(attempt, cause)

    def _aborted(self, host: Host, copy: Copy, cause: str) -> None:
        self.router.aborted(copy.model)
        for attempt in list(copy.waiters):
            self._not_ready(host, copy, attempt, cause)

    def _lost(self, host: Host) -> None:
        for attempt in host.die():
            self._answer(attempt, "host_lost")

    # The way back.

    def _answer(self, attempt: Attempt, cause: str | None) -> None:
        clients = self.scenario.clients
        attempt.settled = True
        if attempt.given_up:
            return
        if cause != "throttled":
            self.ended_s.append(self.env.now)
        seen = self.env.now + clients.network_s / 2
        if seen - attempt.sent > clients.timeout_s * ROUNDED:
            cause, seen = "client_timeout", attempt.sent + clients.timeout_s
        self._seen(attempt, cause, seen)

    def _seen(self, attempt: Attempt, cause: str | None, seen: float) -> None:
        """The client sees an answer, or that there is none, now or soon: it tries again, or is done."""
        clients, call = self.scenario.clients, attempt.call
        call.cause, call.latency = cause, seen - call.sent
        retries = clients.retries
        if isinstance(retries, FixedRetries) and cause in retries.causes and call.attempts < retries.max_attempts:
            call.latency = -1.0  # it is still under way
            pause_s = retries.delay_s * (1.0 - retries.jitter * self.draws.pause(call))
            self.env.process(self._again(call, seen + pause_s))
        else:
            self.outcomes.append((seen, cause is not None))
            if call.on_seen is not None:
                call.on_seen(seen)

    def _again(self, call: Call, sent: float) -> Process:
        sent = self._sent_by_now(sent)
        yield self.env.timeout(max(0.0, sent - self.env.now))
        yield from self._travel(self.draws.attempt(call, sent))
