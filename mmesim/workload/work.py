"""What each request brings besides its time and its model: the work it asks for, and the router's chance."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mmesim.arrays import Floats
from mmesim.errors import Problem, ScenarioError
from mmesim.scenario.scenario import Scenario
from mmesim.scenario.values.times import always
from mmesim.workload.block import OVERHEAD_COLUMNS, Arrivals, Block, first_key
from mmesim.workload.draws.generators import generator
from mmesim.workload.draws.sampler import Sampler


class Work:
    """The distributions of a scenario's requests, for all models and all streams."""

    def __init__(self, scenario: Scenario) -> None:
        """Raises ScenarioError in the rare case that the names of two streams have one key."""
        keys = {first_key(traffic.name): traffic.name for traffic in scenario.traffic}
        if len(keys) < len(scenario.traffic):
            other = next(traffic.name for traffic in scenario.traffic if traffic.name not in keys.values())
            message = "this name has the same hash as that of another stream: give it another one"
            raise ScenarioError([Problem(scenario.name, None, "traffic", other, message, None)])
        models = scenario.model_table()
        self.cpu = Sampler([model.service.cpu for model in models])
        self.wait = Sampler([model.service.wait for model in models])
        self.device = Sampler([model.service.device for model in models]) if scenario.uses_devices else None
        self.has_device = np.array([always(model.service.device) != 0.0 for model in models])
        self.has_cpu = np.array([always(model.service.cpu) != 0.0 for model in models])
        overhead = scenario.server.overhead
        times = [time for part in (overhead.pre, overhead.hold, overhead.post) for time in (part.cpu, part.wait)]
        constant = all(time.is_constant for time in times)
        self.overhead: tuple[Sampler, ...] | None = None if constant else tuple(Sampler([time]) for time in times)


class StreamWork:
    """The draws of one stream of traffic: draw k of each kind belongs to request k, whatever the requests before it."""

    def __init__(self, work: Work, seed: int, replication: int, name: str, index: int) -> None:
        def named(purpose: str) -> Callable[[str], np.random.Generator]:
            return lambda family: generator(seed, replication, purpose, name, family)

        self._work = work
        self._index = index
        self._next_key = first_key(name)
        self._route = generator(seed, replication, "route", name)
        self._cpu = work.cpu.generators(named("service_cpu"))
        self._wait = work.wait.generators(named("service_wait"))
        self._device = {} if work.device is None else work.device.generators(named("service_device"))
        self._overhead = [
            sampler.generators(named(f"overhead_{column}"))
            for column, sampler in zip(OVERHEAD_COLUMNS, work.overhead or (), strict=False)
        ]

    def block(self, arrivals: Arrivals) -> Block:
        """The next requests of the stream, complete."""
        n = len(arrivals)
        cpu = self._work.cpu.draw(self._cpu, arrivals.model)
        wait = self._work.wait.draw(self._wait, arrivals.model)
        device = None if self._work.device is None else self._work.device.draw(self._device, arrivals.model)
        if arrivals.service is not None:
            # The drawn values are thrown away, not left undrawn: request k keeps draw k, with or without the column.
            has_cpu = self._work.has_cpu[arrivals.model]
            known = ~np.isnan(arrivals.service)
            on_device = ~has_cpu & self._work.has_device[arrivals.model]
            cpu = np.where(has_cpu & known, arrivals.service, cpu)
            wait = np.where(~has_cpu & ~on_device & known, arrivals.service, wait)
            device = None if device is None else np.where(on_device & known, arrivals.service, device)
        first = self._next_key
        self._next_key += n
        return Block(
            time=arrivals.time,
            model=arrivals.model,
            cpu=cpu,
            wait=wait,
            device=device,
            route=self._route.random(n),
            overhead=self._draw_overhead(n),
            stream=np.full(n, self._index, dtype=np.int64),
            key=np.arange(first, first + n, dtype=np.int64),
        )

    def _draw_overhead(self, n: int) -> Floats | None:
        if self._work.overhead is None:
            return None
        only = np.zeros(n, dtype=np.int64)
        columns = [s.draw(rngs, only) for s, rngs in zip(self._work.overhead, self._overhead, strict=True)]
        return np.stack(columns, axis=1)
