"""The containers: front end, queues, workers."""

from __future__ import annotations

from collections.abc import Callable

import simpy

from mmesim.scenario import Scenario
from mmesim.scenario.models.groups import AffineBatch, Model
from mmesim.scenario.values.times import always
from tests.twin.calls import Attempt
from tests.twin.copies import Copy
from tests.twin.devices import Worker
from tests.twin.host import Host
from tests.twin.process import Process

RESTART_S = 1.0
"""Until a worker that has died begins to load again."""


class Containers:
    """What becomes of attempts that are handed to the container of a host."""

    def __init__(
        self, env: simpy.Environment, scenario: Scenario, answer: Callable[[Attempt, str | None], None]
    ) -> None:
        self.env, self.scenario, self._answer = env, scenario, answer

    def restart(self, host: Host, takes_s: float) -> None:
        """The container of a host dies, with all that is in it, and is back after some time."""
        self.env.process(host.loads.go_down(takes_s))
        handed, host.handed = list(host.handed), {}
        for process in host.inside:
            if process.is_alive:
                process.interrupt()
        host.inside.clear()
        host.empty()
        for attempt in handed:
            host.outstanding -= 1
            self._answer(attempt, "worker_died")
        host.became_idle()

    def _inside(self, host: Host, work: Process) -> simpy.Process:
        """What the container of a host does."""
        process = self.env.process(work)
        host.inside[process] = None
        return process

    def ready(self, host: Host, copy: Copy) -> None:
        """A load has ended: its waiters are handed over."""
        waiters, copy.waiters = copy.waiters, []
        for attempt in waiters:
            self.hand_over(host, copy, attempt)

    def hand_over(self, host: Host, copy: Copy, attempt: Attempt) -> None:
        """The container gets an attempt."""
        copy.in_flight += 1
        host.waiting.pop(attempt, None)
        host.handed[attempt] = None
        self.env.process(self._give_up(host, attempt))
        self._inside(host, self._front_end(host, copy, attempt))

    def _give_up(self, host: Host, attempt: Attempt) -> Process:
        yield self.env.timeout(self.scenario.endpoint.invocation_timeout_s)
        if not attempt.settled:
            host.outstanding -= 1
            del host.handed[attempt]
            self._answer(attempt, "invocation_timeout")

    def _front_end(self, host: Host, copy: Copy, attempt: Attempt) -> Process:
        cpu, wait = attempt.call.pre
        try:
            yield from host.cpu.use(cpu)
            yield self.env.timeout(wait)
        except simpy.Interrupt:
            return
        if not host.alive:
            return
        if copy.hollow:
            self._finish(host, copy, attempt, "load_failed")
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
        if copy.filling is batch and host.alive and copy.state != "gone":
            self._begin(host, copy, batch)

    def _begin(self, host: Host, copy: Copy, batch: list[Attempt]) -> None:
        assert copy.filler is not None
        copy.filler.job = self._inside(host, self._work(host, copy, copy.filler, batch))
        copy.filler = copy.filling = None

    def _work(self, host: Host, copy: Copy, worker: Worker, batch: list[Attempt]) -> Process:
        try:
            cause = yield from self._job(host, copy, worker, batch)
        except simpy.Interrupt:
            cause = "worker_died"
        worker.job = None
        if not host.alive or copy.state == "gone":
            return
        if cause in (None, "model_error"):
            copy.served += len(batch)
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
            yield from host.cpu.use(cpu)
        else:
            yield from host.cpu.use(service.serial * cpu)
            yield from host.cpu.use((1 - service.serial) * cpu, service.threads, model.oversubscription)
        if worker.device is not None and model.uses_device:
            fits = yield from worker.device.work(worker, device)
            if not fits:
                return "load_failed"
        yield from host.cpu.use(hold[0])
        yield self.env.timeout(hold[1])
        return "model_error" if copy.broken else None

    def crash(self, host: Host, copy: Copy, workers: int) -> None:
        """So many workers of a copy die, with what they do."""
        for worker in copy.alive[::-1][:workers]:
            copy.leaked -= copy.leaked // len(copy.alive)
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
        host.became_idle()

    def _restart(self, host: Host, copy: Copy, worker: Worker) -> Process:
        try:
            yield self.env.timeout(RESTART_S)
            yield from host.loads.start_worker(copy.model)
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
