"""The same queue in other simulators, the usual way of each, and two loops that tell how fast a machine is."""

from __future__ import annotations

import random
from collections.abc import Generator
from dataclasses import dataclass

import ciw
import simpy

MODULUS = 2**31


@dataclass(frozen=True)
class Queue:
    """M/M/c: calls per second, mean service in seconds, servers."""

    rate_per_s: float
    service_s: float
    servers: int


class SimpyQueue:
    """The queue in SimPy: one process for each customer, one `simpy.Resource`. `run` gives the mean stay, seconds."""

    def __init__(self, queue: Queue, customers: int, seed: int) -> None:
        self._queue = queue
        self._customers = customers
        self._rng = random.Random(seed)
        self._env = simpy.Environment()
        self._servers = simpy.Resource(self._env, queue.servers)
        self._stay_s = 0.0
        self._env.process(self._arrivals())

    def _arrivals(self) -> Generator[simpy.Event, None, None]:
        for _ in range(self._customers):
            yield self._env.timeout(self._rng.expovariate(self._queue.rate_per_s))
            self._env.process(self._customer())

    def _customer(self) -> Generator[simpy.Event, None, None]:
        arrived = self._env.now
        with self._servers.request() as server:
            yield server
            yield self._env.timeout(self._rng.expovariate(1.0 / self._queue.service_s))
        self._stay_s += self._env.now - arrived

    def run(self) -> float:
        self._env.run()
        return self._stay_s / self._customers


class CiwQueue:
    """The queue in Ciw."""

    def __init__(self, queue: Queue, customers: int, seed: int) -> None:
        ciw.seed(seed)
        self._customers = customers
        self._simulation = ciw.Simulation(
            ciw.create_network(
                arrival_distributions=[ciw.dists.Exponential(queue.rate_per_s)],
                service_distributions=[ciw.dists.Exponential(1.0 / queue.service_s)],
                number_of_servers=[queue.servers],
            )
        )

    def run(self) -> None:
        self._simulation.simulate_until_max_customers(self._customers)

    def mean_stay_s(self) -> float:
        """Mean time from arrival to exit, after `run`."""
        stays_s = [float(record.exit_date - record.arrival_date) for record in self._simulation.get_all_records()]
        return sum(stays_s) / len(stays_s)


def python_loop(rounds: int) -> int:
    """A fixed piece of plain Python arithmetic."""
    x = 1
    for i in range(rounds):
        x = (x * 1103515245 + i) % MODULUS
    return x


def simpy_timeouts(events: int) -> float:
    """One SimPy process that waits again and again: what an event of SimPy costs at the least."""
    env = simpy.Environment()

    def clock() -> Generator[simpy.Event, None, None]:
        for _ in range(events):
            yield env.timeout(1.0)

    env.process(clock())
    env.run()
    return float(env.now)
