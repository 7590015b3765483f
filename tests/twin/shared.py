"""Things that are shared equally: the vCPUs of a host, its network, its disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import simpy

from mmesim.scenario import HostType
from tests.twin.process import Process


@dataclass(eq=False)
class Job:
    """Work under way: what is left, in seconds of one thread or in bytes."""

    left: float
    threads: int
    oversubscription: float
    done: simpy.Event = field(repr=False)


INSTANT_S = 1e-11
"""What ends within this time ends at one moment."""

Rate = Callable[[list[Job]], float]
"""What each thread of these jobs gets in a second."""


class Shared:
    """Equal sharing: all threads of all jobs progress at one rate, which depends on who is there."""

    def __init__(self, env: simpy.Environment, rate: Rate) -> None:
        self._env = env
        self._rate = rate
        self._jobs: list[Job] = []
        self._since = 0.0
        self._plan = 0
        self._stopped = False

    def work(self, amount: float, threads: int = 1, oversubscription: float = 0.0) -> simpy.Event:
        """The event at which this much work is done."""
        done = self._env.event()
        if self._stopped:
            return done
        if amount <= 0.0:
            return done.succeed()
        self._advance()
        self._jobs.append(Job(amount, threads, oversubscription, done))
        self._schedule()
        return done

    def use(self, amount: float, threads: int = 1, oversubscription: float = 0.0) -> Process:
        """Do this much work, unless the process is interrupted."""
        done = self.work(amount, threads, oversubscription)
        try:
            yield done
        except simpy.Interrupt:
            self._cancel(done)
            raise

    def _cancel(self, done: simpy.Event) -> None:
        self._advance()
        self._jobs = [job for job in self._jobs if job.done is not done]
        self._schedule()

    def stop(self) -> None:
        """Nothing that is under way, or asked for from now on, ever ends."""
        self._stopped, self._jobs = True, []
        self._plan += 1

    def settle(self) -> None:
        """What was done until now was done at the old rate: it is about to change."""
        self._advance()

    def resume(self) -> None:
        """The rate has changed."""
        self._schedule()

    def _advance(self) -> None:
        elapsed, self._since = self._env.now - self._since, self._env.now
        if self._jobs and elapsed:
            each = self._rate(self._jobs) * elapsed
            for job in self._jobs:
                job.left -= each * job.threads

    def _schedule(self) -> None:
        self._plan += 1
        if self._jobs:
            rate = self._rate(self._jobs)
            first = min(job.left / (rate * job.threads) for job in self._jobs)
            self._env.process(self._finish(self._plan, max(first, 0.0)))

    def _finish(self, plan: int, delay_s: float) -> Process:
        yield self._env.timeout(delay_s)
        if plan != self._plan:
            return
        self._advance()
        rate = self._rate(self._jobs)
        instant_s = max(INSTANT_S, 1e-15 * self._env.now)  # a clock that shows a late time is coarser
        ended = [job for job in self._jobs if job.left <= instant_s * rate * job.threads]
        self._jobs = [job for job in self._jobs if job not in ended]
        self._schedule()
        for job in ended:
            job.done.succeed()


def cpu_rate(host: HostType) -> Rate:
    """Progress of one runnable thread: an equal share of the capacity of the host (docs/assumptions.md, CPU)."""
    cores = host.vcpu / host.threads_per_core
    full = cores * host.smt_yield if host.threads_per_core > 1 else cores

    def rate(jobs: list[Job]) -> float:
        threads = sum(job.threads for job in jobs)
        if threads <= cores:
            capacity = float(threads)
        elif threads < host.vcpu:
            capacity = cores + (threads - cores) * (full - cores) / (host.vcpu - cores)
        else:
            capacity = full
            mean = sum(job.threads * job.oversubscription for job in jobs) / threads
            capacity /= 1 + mean * (threads / host.vcpu - 1)
        return host.cpu_speed * capacity / threads

    return rate


def link_rate(total: float, one: Callable[[], float]) -> Rate:
    """Bytes per second of one transfer: an equal share of `total`, at most `one`."""
    return lambda jobs: min(one(), total / len(jobs))
