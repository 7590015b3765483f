"""The calls of users of closed loops: drawn beforehand, in blocks.

Draw k of each kind belongs to (user, k-th call), whatever happens in the run and however many other users there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from mmesim.arrays import Floats, Ints
from mmesim.errors import Problem, ScenarioError
from mmesim.scenario.scenario import Scenario
from mmesim.scenario.traffic.closed_loop import ClosedLoop
from mmesim.workload.block import OVERHEAD_COLUMNS, Columns, first_key, rows_of
from mmesim.workload.draws.generators import KeyedGenerators
from mmesim.workload.draws.popularity import Mix
from mmesim.workload.draws.sampler import Sampler
from mmesim.workload.work import Work

CALLS = 128
"""Calls of one user that are drawn together. It is the same everywhere: draws depend on it."""
BLOCKS = 2
"""Blocks of a user that the engine has at a time: the next comes when the first user of his group needs it."""
GROUP = 16
"""Users whose calls are drawn together, in one call of each sampler; always all of them, whatever users there are."""
USER_KEYS = 2**22
"""Keys of one user: more than he has calls."""


@dataclass(frozen=True)
class Drafts(Columns):
    """The next calls of one user; one entry a call in each column, times in seconds."""

    gap: Floats
    """Pause between the end of the user's call before (or his beginning) and the start of this one."""
    pace: Floats
    """Least time between the start of the user's call before and the start of this one."""
    model: Ints
    cpu: Floats
    wait: Floats
    device: Floats | None
    """None when no model uses a device."""
    route: Floats
    overhead: Floats | None
    """[calls, 6], columns as in `block.OVERHEAD_COLUMNS`; None when all six are constants."""
    key: Ints


@dataclass(frozen=True)
class User:
    """One user of a closed loop."""

    stream: int
    number: int
    stays: tuple[tuple[float, float], ...]
    """(begin, end) of each time in which he may begin calls, seconds; at least one."""


class Users:
    """All users of a scenario's closed loops, in order of the streams."""

    def __init__(self, scenario: Scenario, replication: int) -> None:
        self._streams: dict[int, _Stream] = {}
        self.all: list[User] = []
        self.limits: dict[int, tuple[int | None, int | None]] = {}
        """Stream -> calls of all its users together, and of each; None: no limit."""
        work = Work(scenario)
        for index, traffic in enumerate(scenario.traffic):
            if not isinstance(traffic.arrivals, ClosedLoop):
                continue
            loop, start_s, end_s = traffic.arrivals, traffic.start_s, scenario.goes_on_until(traffic)
            self._streams[index] = _Stream(scenario, replication, index, loop, work)
            for number in range(loop.most_users):
                stays = ((start_s + begin, min(start_s + end, end_s)) for begin, end in loop.stays(number))
                self.all.append(User(index, number, tuple(stays)))
            self.limits[index] = traffic.calls, loop.calls_each

    def drafts(self, user: int, block: int) -> Drafts:
        """The calls `block * CALLS` to `(block + 1) * CALLS` of a user, by his place in `all`."""
        one = self.all[user]
        group, place = divmod(one.number, GROUP)
        return self.of_group(one.stream, group, block)[place * CALLS : (place + 1) * CALLS]

    def of_group(self, stream: int, group: int, block: int) -> Drafts:
        """The same of all `GROUP` users from number `group * GROUP` on, one user after the other."""
        return self._streams[stream].drafts(group, block)

    def __iter__(self) -> Iterator[User]:
        return iter(self.all)

    def __len__(self) -> int:
        return len(self.all)


class _Stream:
    """What the users of one stream draw from."""

    def __init__(self, scenario: Scenario, replication: int, index: int, loop: ClosedLoop, work: Work) -> None:
        traffic = scenario.traffic[index]
        models = scenario.models_of(traffic)
        self._first_key = first_key(traffic.name)
        self._rows = rows_of(models)
        self._mix = Mix.of(traffic, models, scenario.run.seed).alias
        self._only = np.zeros(GROUP * CALLS, dtype=np.int64)

        def keyed(purpose: str) -> KeyedGenerators:
            return KeyedGenerators(scenario.run.seed, replication, f"users/{traffic.name}/{purpose}")

        def drawn(purpose: str, sampler: Sampler) -> _Times:
            return _Times(sampler, {family: keyed(f"{purpose}/{family}") for family in sampler.families})

        self._model, self._route = keyed("model"), keyed("route")
        self._cpu, self._wait = drawn("service_cpu", work.cpu), drawn("service_wait", work.wait)
        self._device = None if work.device is None else drawn("service_device", work.device)
        self._think = drawn("think", Sampler((loop.think_time,)))
        self._cycle = drawn("cycle", Sampler((loop.cycle,)))
        self._pacing = drawn("pacing", Sampler((loop.pacing,)))
        self._overhead = [
            drawn(f"overhead_{column}", sampler)
            for column, sampler in zip(OVERHEAD_COLUMNS, work.overhead or (), strict=False)
        ]

    def drafts(self, group: int, block: int) -> Drafts:
        if (block + 1) * CALLS > USER_KEYS:
            message = f"a user makes more than {USER_KEYS:,} calls"
            raise ScenarioError([Problem("scenario", None, "run.duration", None, message, "write a shorter time")])
        name = str(group)
        model = self._rows[self._mix.draw(self._model.at(name, block), GROUP * CALLS)]
        gap = self._think.draw(name, block, self._only) + self._cycle.draw(name, block, self._only)
        pace = self._pacing.draw(name, block, self._only)
        if block == 0:
            gap[::CALLS] = pace[::CALLS] = 0.0  # the first call comes with the user, as in Locust and k6
        overhead = [times.draw(name, block, self._only) for times in self._overhead]
        users = group * GROUP + np.arange(GROUP, dtype=np.int64)
        first = self._first_key + users * USER_KEYS + block * CALLS
        return Drafts(
            gap=gap,
            pace=pace,
            model=model,
            cpu=self._cpu.draw(name, block, model),
            wait=self._wait.draw(name, block, model),
            device=None if self._device is None else self._device.draw(name, block, model),
            route=self._route.at(name, block).random(GROUP * CALLS),
            overhead=np.stack(overhead, axis=1) if overhead else None,
            key=(first[:, None] + np.arange(CALLS, dtype=np.int64)).ravel(),
        )


@dataclass(frozen=True)
class _Times:
    """Draws of one kind of time, each family of distributions from its own generator."""

    sampler: Sampler
    generators: Mapping[str, KeyedGenerators]

    def draw(self, name: str, block: int, which: Ints) -> Floats:
        if not self.generators:  # constants
            return self.sampler.draw({}, which)
        return self.sampler.draw({family: keyed.at(name, block) for family, keyed in self.generators.items()}, which)
