"""The common queue in Cimba's Python package: one arrival process and four servers, compiled by Numba.

No postponed annotations here: Cimba reads those of a model when the class is made.
"""

import cimba as cb
from cimba import inputs

from tests.perf.rivals import Queue

SERVERS = 4


class Servers(cb.Model):  # type: ignore[misc]  # it has no types where it is not installed
    """M/M/4: what arrives stands in a container, from which each server takes one at a time."""

    interarrival: cb.Input[float] = inputs.dist.exponential(mean=1.0)
    service: cb.Input[float] = inputs.dist.exponential(mean=1.0)
    waiting: cb.Container
    mean_waiting: cb.Output[float]

    @cb.process
    def arrivals(self):
        while True:
            cb.hold(self.interarrival.next())
            self.waiting.put(1)

    @cb.process(copies=SERVERS)
    def server(self):
        while True:
            self.waiting.get(1)
            cb.hold(self.service.next())

    @cb.on_end
    def measure(self):
        self.mean_waiting = self.waiting.mean_level()


class CimbaQueue:
    """The queue for the time in which so many customers come; compiled when it is made."""

    def __init__(self, queue: Queue, customers: int, seed: int) -> None:
        assert queue.servers == SERVERS
        self._queue = queue
        self._length_s = customers / queue.rate_per_s
        self._seed = seed
        self._model = Servers()
        self._model.interarrival = inputs.dist.exponential(mean=1.0 / queue.rate_per_s)
        self._model.service = inputs.dist.exponential(mean=queue.service_s)
        self._mean_waiting(1.0)

    def _mean_waiting(self, length_s: float) -> float:
        window = cb.Window(duration=length_s)
        results = cb.Experiment(self._model, replications=1, window=window, seed=1 + self._seed).run()
        return float(results[self._model].mean_waiting.values[0, 0])

    def run(self) -> float:
        """Mean stay, seconds: by Little's law from those who wait, and the service."""
        return self._mean_waiting(self._length_s) / self._queue.rate_per_s + self._queue.service_s
