"""The endpoint: the path of a call from its client to a worker and back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count

import simpy

from mmesim.scenario import Endpoint, RouterPolicy, Scenario
from mmesim.scenario.clients.retries import FixedRetries
from mmesim.scenario.models.groups import AffineBatch, Model
from mmesim.scenario.values.times import always
from mmesim.workload.requests import expected_calls
from tests.twin.deploys import Deploys, Ended
from tests.twin.devices import Worker
from tests.twin.faults import Faults
from tests.twin.fleet import Fleet
from tests.twin.host import Attempt, Call, Copy, Host
from tests.twin.process import Process
from tests.twin.scaler import Scaler
from tests.twin.trouble import Trouble

RESTART_S = 1.0
"""Until a worker that has died begins to load again."""

Order = Callable[[int], Sequence[int]]
"""Hosts in rendezvous order of a model."""


class Twin:
    """One run of a scenario, with the calls given."""

    def __init__(self, scenario: Scenario, calls: Sequence[Call], order: Order) -> None:
        self.scenario, self.calls, self._order = scenario, calls, order
        self.env = simpy.Environment()
        self._steps = count()
        self.ended_s: list[float] = []
        self.trouble = Trouble()
        self.fleet = Fleet(self.env, scenario, self._host, self._lost, self._changed)
        self.scaler = Scaler(self.env, scenario, self.fleet, self.ended_s)
        self.outcomes: Ended = []
        self.deploys = Deploys(self.env, scenario, self.fleet, self.outcomes)
        self.faults = Faults(self.env, scenario, self.fleet, self.trouble, self._crash)
        self._left: dict[int, Host] = {}
        self._placed: dict[tuple[int, int], int] = {}
        self._placements = count()
        self._turn = 0
        self._hopeless: set[int] = set()  # models of which a load failed, until something is unloaded

    def _host(self, number: int, endpoint: Endpoint) -> Host:
        scenario = self.scenario.model_copy(update={"endpoint": endpoint})
        host = Host(self.env, scenario, number, lambda: next(self._steps), self.trouble)
        host.on_ready, host.on_aborted = self._ready, self._aborted
        host.on_unloaded, host.on_deleted = self._unloaded, self._deleted
        return host

    @property
    def hosts(self) -> list[Host]:
        """Those that the router sends to, in order of their numbers."""
        return self.fleet.up

    def _in_order(self, model: Model, hosts: list[Host]) -> list[Host]:
        up = {host.number: host for host in hosts}
        return [up[number] for number in self._order(model.index) if number in up]

    def run(self) -> None:
        """Play the calls of the run to their ends, amid those that come after it for as long as one is not answered."""
        if self.scenario.endpoint.warm:
            self._place_all()
        self.fleet.begin()
        self.scaler.begin()
        self.deploys.begin()
        self.faults.begin()
        self.env.process(self._send())
        self.env.run()

    def _place_all(self) -> None:
        models, expected = self.scenario.model_table(), expected_calls(self.scenario)
        for model in sorted(models, key=lambda model: -expected[model.index]):
            if expected[model.index] > 0:
                for host in self._in_order(model, self.hosts):
                    if host.place(model):
                        self._placed[host.number, model.index] = next(self._placements)
                        break

    def _send(self) -> Process:
        run = [call for call in self.calls if call.sent < self.scenario.run.duration_s]
        for call in self.calls:
            yield self.env.timeout(call.sent - self.env.now)
            while run and run[-1].latency >= 0.0:
                run.pop()
            if not run:
                return
            self.env.process(self._travel(Attempt(call, call.sent)))

    def _travel(self, attempt: Attempt) -> Process:
        call = attempt.call
        call.attempts += 1
        self.env.process(self._patience(attempt))
        yield self.env.timeout(self.scenario.clients.network_s / 2 + self.scenario.endpoint.router.overhead_s)
        call.host, call.hit = -1, False
        if not self.hosts:
            self._answer(attempt, "host_lost")
            return
        host = self._route(call.model, self._side_of(call))
        copy = host.copies.get(call.model.index)
        if copy is not None:
            copy.is_used = True  # it may have been forgotten; whether its host is lost the router need not know
        if not host.alive:
            self._answer(attempt, "host_lost")
            return
        most = self.scenario.endpoint.throttling.in_flight
        if most is not None and host.outstanding >= most:
            self._answer(attempt, "throttled")
            return
        call.host = host.number
        call.hit = copy is not None and copy.state == "ready"
        if copy is None:
            if not host.fits_when_empty(call.model):
                self._load_failed(call.model)
                self._answer(attempt, "never_fits")
                return
            copy = host.start_load(call.model)
            self._placed[host.number, call.model.index] = next(self._placements)
        host.touch(copy)
        host.outstanding += 1
        if call.hit:
            self._hand_over(host, copy, attempt)
        else:
            copy.waiters.append(attempt)
            host.waiting[attempt] = None
            yield self.env.timeout(self.scenario.endpoint.load_timeout_s)
            if attempt in host.waiting:
                self._not_ready(host, copy, attempt, "load_timeout")

    def _patience(self, attempt: Attempt) -> Process:
        """The client gives up; what becomes of the attempt it will not see."""
        yield self.env.timeout(self.scenario.clients.timeout_s)
        if not attempt.settled:
            attempt.given_up = True
            self.ended_s.append(self.env.now)

    def _not_ready(self, host: Host, copy: Copy, attempt: Attempt, cause: str) -> None:
        copy.waiters.remove(attempt)
        host.outstanding -= 1
        del host.waiting[attempt]
        self._answer(attempt, cause)

    # The router.

    def _side_of(self, call: Call) -> list[Host]:
        """While a deploy shifts calls, the hosts of the side of this one."""
        second = call.chance < self.fleet.share
        return [host for host in self.hosts if host.side == second] or self.hosts

    def _route(self, model: Model, hosts: list[Host]) -> Host:
        policy = self.scenario.endpoint.router.policy
        if policy is RouterPolicy.hash:
            return self._in_order(model, hosts)[0]
        if policy is RouterPolicy.round_robin:
            self._turn += 1
            return hosts[(self._turn - 1) % len(hosts)]
        if policy is RouterPolicy.least_outstanding:
            return min(hosts, key=lambda host: host.outstanding)
        return self._sticky(model, hosts)

    def _sticky(self, model: Model, hosts: list[Host]) -> Host:
        having = [host for host in hosts if model.index in host.copies and host.copies[model.index].is_used]
        ready = [host for host in having if host.copies[model.index].state == "ready"]
        if ready:
            best = min(ready, key=lambda h: (h.copies[model.index].in_flight, self._placed[h.number, model.index]))
            without = [host for host in hosts if host not in having]
            spill_at = self.scenario.endpoint.router.spill_at or max(4, 2 * model.workers)
            busy = best.copies[model.index].in_flight >= spill_at
            if busy and without and not self._is_loading(model) and model.index not in self._hopeless:
                return self._place(model, without)
            return best
        return having[0] if having else self._place(model, hosts)

    def _is_loading(self, model: Model) -> bool:
        """Whether a copy is being loaded anywhere, were it on a host that is drained."""
        copies = (host.copies.get(model.index) for host in self.fleet.all if host.alive)
        return any(copy is not None and copy.state == "loading" for copy in copies)

    def _place(self, model: Model, hosts: list[Host]) -> Host:
        in_order = self._in_order(model, hosts)
        last = self._left.get(model.index)
        if last in in_order:
            in_order.remove(last)
            in_order.insert(0, last)
        shortest = min(host.load_queue for host in in_order)
        return next(host for host in in_order if host.load_queue <= shortest + 1)

    def _unloaded(self, host: Host, model: Model) -> None:
        self._left[model.index] = host
        self._hopeless.clear()

    def _deleted(self, host: Host, model: int) -> None:
        if self._left.get(model) is host:
            del self._left[model]

    def _load_failed(self, model: Model) -> None:
        self._hopeless.add(model.index)

    def _aborted(self, host: Host, copy: Copy, cause: str) -> None:
        self._hopeless.clear()
        self._load_failed(copy.model)
        for attempt in list(copy.waiters):
            self._not_ready(host, copy, attempt, cause)

    def _lost(self, host: Host) -> None:
        for attempt in host.die():
            self._answer(attempt, "host_lost")

    def _changed(self, came: bool) -> None:
        """A host came or went."""
        if came:
            self._hopeless.clear()
        if self.scenario.endpoint.router.at_scale == "rehash":
            self._left.clear()
            for host in self.hosts:
                side = [other for other in self.hosts if other.side == host.side]
                for copy in host.copies.values():
                    copy.is_used &= self._in_order(copy.model, side)[0] is host

    # The container.

    def _ready(self, host: Host, copy: Copy) -> None:
        waiters, copy.waiters = copy.waiters, []
        for attempt in waiters:
            self._hand_over(host, copy, attempt)

    def _hand_over(self, host: Host, copy: Copy, attempt: Attempt) -> None:
        copy.in_flight += 1
        host.waiting.pop(attempt, None)
        host.handed[attempt] = None
        self.env.process(self._give_up(host, attempt))
        self.env.process(self._front_end(host, copy, attempt))

    def _give_up(self, host: Host, attempt: Attempt) -> Process:
        yield self.env.timeout(self.scenario.endpoint.invocation_timeout_s)
        if not attempt.settled:
            host.outstanding -= 1
            del host.handed[attempt]
            self._answer(attempt, "invocation_timeout")

    def _front_end(self, host: Host, copy: Copy, attempt: Attempt) -> Process:
        cpu, wait = attempt.call.pre
        yield host.cpu.work(cpu)
        yield self.env.timeout(wait)
        if not host.alive:
            return
        if copy.filling is None and not copy.idle_workers and len(copy.queue) >= self.scenario.server.queue_bound:
            self._finish(host, copy, attempt, "queue_full")
            return
        copy.queue.append(attempt)
        self._dispatch(host, copy)

    def _dispatch(self, host: Host, copy: Copy) -> None:
        """The worker that fills its batch takes what the queue holds; if none does, the next idle worker begins to."""
        while copy.queue and (copy.filling is not None or copy.idle_workers):
            if copy.filling is None:
                copy.filler, copy.filling = copy.idle_workers.popleft(), []
                self.env.process(self._fill(host, copy, copy.filling))
            while copy.queue and len(copy.filling) < copy.model.batch_size:
                copy.filling.append(copy.queue.popleft())
            if len(copy.filling) == copy.model.batch_size:
                self._begin(host, copy, copy.filling)

    def _fill(self, host: Host, copy: Copy, batch: list[Attempt]) -> Process:
        yield self.env.timeout(copy.model.max_batch_delay_s)
        if copy.filling is batch and host.alive:
            self._begin(host, copy, batch)

    def _begin(self, host: Host, copy: Copy, batch: list[Attempt]) -> None:
        assert copy.filler is not None
        copy.filler.job = self.env.process(self._work(host, copy, copy.filler, batch))
        copy.filler = copy.filling = None

    def _work(self, host: Host, copy: Copy, worker: Worker, batch: list[Attempt]) -> Process:
        try:
            cause = yield from self._job(host, copy, worker, batch)
        except simpy.Interrupt:
            cause = "worker_died"
        worker.job = None
        if not host.alive:
            return
        if cause != "worker_died":
            copy.idle_workers.append(worker)
            self._dispatch(host, copy)
        for attempt in batch:
            self._finish(host, copy, attempt, cause)

    def _job(self, host: Host, copy: Copy, worker: Worker, batch: list[Attempt]) -> Process:
        """What a worker does with a batch; the value: why it fails."""
        model, hold = copy.model, batch[0].call.hold
        service = model.service
        wait, cpu, device = self._asked(model, batch)
        if copy.broken:
            wait, cpu = always(model.load.wait) or 0.0, always(model.load.cpu) or 0.0
        yield self.env.timeout(wait)
        if copy.broken or service.threads == 1:
            yield from host.use(host.cpu, cpu)
        else:
            yield from host.use(host.cpu, service.serial * cpu)
            yield from host.use(host.cpu, (1 - service.serial) * cpu, service.threads, model.oversubscription)
        if worker.device is not None and model.uses_device:
            fits = yield from worker.device.work(worker, device)
            if not fits:
                return "load_failed"
        yield from host.use(host.cpu, hold[0])
        yield self.env.timeout(hold[1])
        return "model_error" if copy.broken else None

    def _crash(self, host: Host, copy: Copy, workers: int) -> None:
        """So many workers of a copy die, with what they do."""
        alive = [worker for worker in copy.workers if not worker.dead]
        for worker in alive[::-1][:workers]:
            worker.dead = True
            copy.restarts.append(self.env.process(self._restart(host, copy, worker)))
            if worker.job is not None:
                worker.job.interrupt()
            elif copy.filler is worker:
                batch, copy.filler, copy.filling = copy.filling or [], None, None
                for attempt in batch:
                    self._finish(host, copy, attempt, "worker_died")
            else:
                copy.idle_workers.remove(worker)

    def _restart(self, host: Host, copy: Copy, worker: Worker) -> Process:
        try:
            yield self.env.timeout(RESTART_S)
            yield from host.start_worker(copy.model)
        except simpy.Interrupt:
            return
        if copy.state == "ready" and host.alive:
            worker.dead = False
            copy.idle_workers.append(worker)
            self._dispatch(host, copy)

    def _asked(self, model: Model, batch: list[Attempt]) -> tuple[float, float, float]:
        """What a batch asks for: waiting time, CPU time and time on a device."""
        waits, cpus = [a.call.wait for a in batch], [a.call.cpu for a in batch]
        devices = [a.call.device for a in batch]
        rule = model.service.batch
        if isinstance(rule, AffineBatch):
            time = rule.base_s + rule.per_item_s * len(batch)
            if always(model.service.cpu) != 0.0:
                return 0.0, time, 0.0
            return (0.0, 0.0, time) if always(model.service.device) != 0.0 else (time, 0.0, 0.0)
        if rule == "sum":
            return sum(waits), sum(cpus), sum(devices)
        service = model.service
        alone = service.serial + (1 - service.serial) / service.threads
        alone /= self.scenario.endpoint.host.cpu_speed
        longest = max(range(len(batch)), key=lambda k: waits[k] + cpus[k] * alone + devices[k])
        return waits[longest], cpus[longest], devices[longest]

    def _finish(self, host: Host, copy: Copy, attempt: Attempt, cause: str | None) -> None:
        copy.in_flight -= 1
        if not attempt.settled:
            host.outstanding -= 1
            del host.handed[attempt]
            self._answer(attempt, cause)
        if copy.in_flight == 0:
            host.became_idle()

    # The way back.

    def _answer(self, attempt: Attempt, cause: str | None) -> None:
        clients, call = self.scenario.clients, attempt.call
        attempt.settled = True
        if not attempt.given_up and cause != "throttled":
            self.ended_s.append(self.env.now)
        seen = self.env.now + clients.network_s / 2
        if seen - attempt.sent > clients.timeout_s * (1.0 + 1e-9):  # what rounds to it is in time
            cause, seen = "client_timeout", attempt.sent + clients.timeout_s
        call.cause, call.latency = cause, seen - call.sent
        retries = clients.retries
        if isinstance(retries, FixedRetries) and cause in retries.causes and call.attempts < retries.max_attempts:
            call.latency = -1.0  # it is still under way
            self.env.process(self._again(call, max(0.0, seen - self.env.now) + retries.delay_s))
        else:
            self.outcomes.append((seen, cause is not None))

    def _again(self, call: Call, pause_s: float) -> Process:
        yield self.env.timeout(pause_s)
        yield from self._travel(Attempt(call, self.env.now))
