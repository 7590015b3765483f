"""The calls that are to be expected of a scenario, and the work that each of them brings."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from operator import attrgetter

import numpy as np

from mmesim.arrays import Floats, Ints
from mmesim.scenario.models.groups import AffineBatch, Model, Service
from mmesim.scenario.scenario import Scenario
from mmesim.scenario.server.overhead import CpuWait
from mmesim.scenario.traffic.closed_loop import ClosedLoop
from mmesim.scenario.traffic.planned import ModelSweep
from mmesim.scenario.traffic.stream import Traffic
from mmesim.scenario.values.times import Time
from mmesim.workload.arrivals.rates import arrivals_in, calls_in
from mmesim.workload.block import rows_of
from mmesim.workload.draws.popularity import Mix
from mmesim.workload.hosted import hosted

WINDOWS = 96
"""Pieces of the run of which the busiest is looked for: a quarter of an hour of a day."""
MOST_RATES = 10_000_000
"""Rates of models in windows, 80 MB: with more than 100,000 models there are fewer windows."""

_OWN = ("index", "name", "group", "weight", "rate_per_s", "load", "service", "first_call")
_SIZES = attrgetter(*(field.name for field in fields(Model) if field.name not in _OWN))
"""Of a model all that can be compared at once, but what is its own."""


@dataclass(frozen=True)
class Demand:
    """What one call for a model brings on average: at least, when every batch is full."""

    cpu_s: float
    """CPU work on a CPU of speed 1, the server's own included."""
    worker_s: float
    """How long it keeps a worker of an otherwise idle host busy."""
    device_s: float
    """How long it keeps a device, its model there."""


class Offered:
    """Offered calls of a scenario. Recorded streams have no rate and count as nothing."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.models = scenario.model_table()
        self.kind = scenario.server_kind
        self.windows = max(1, min(WINDOWS, MOST_RATES // len(self.models)))

    @cached_property
    def alike(self) -> tuple[list[Model], Ints]:
        """A model of each sort, and the sort of each model: those of one differ in name, group and traffic alone."""
        sorts: dict[tuple[object, ...], int] = {}
        firsts: list[Model] = []
        sort_of = np.empty(len(self.models), dtype=np.int64)
        for row, model in enumerate(self.models):
            # Frozen, and alive as long as their models: one object has one value.
            key = (*_SIZES(model), id(model.load), id(model.service), id(model.first_call))
            sort = sorts.setdefault(key, len(firsts))
            if sort == len(firsts):
                firsts.append(model)
            sort_of[row] = sort
        return firsts, sort_of

    def each(self, figure: Callable[[Model], float]) -> Floats:
        """A figure of each model [models] that its name, its group and its traffic have no part in."""
        firsts, sort_of = self.alike
        values: Floats = np.array([float(figure(model)) for model in firsts])[sort_of]
        return values

    def slowest_first(self, took_s: Floats, above_s: float, to_s: float = math.inf) -> list[int]:
        """The rows of the models hosted here that take longer than one time and no longer than another."""
        rows = np.flatnonzero((took_s > above_s) & (took_s <= to_s))
        here = hosted(self.scenario)
        rows = rows if here is None else rows[here[rows]]
        ordered: list[int] = rows[np.argsort(-took_s[rows], kind="stable")].tolist()
        return ordered

    @cached_property
    def cpu_s(self) -> Floats:
        """`Demand.cpu_s` [models]."""
        return self.each(lambda model: _demand(self.scenario, model).cpu_s)

    @cached_property
    def worker_s(self) -> Floats:
        """`Demand.worker_s` [models]."""
        return self.each(lambda model: _demand(self.scenario, model).worker_s)

    @cached_property
    def device_s(self) -> Floats:
        """`Demand.device_s` [models]."""
        return self.each(lambda model: _demand(self.scenario, model).device_s)

    @cached_property
    def open_per_s(self) -> Floats:
        """[windows, models]: calls a second that come whether or not earlier ones are answered."""
        length_s = self.scenario.run.duration_s
        rates = np.zeros((self.windows, len(self.models)))
        for stream in self.scenario.traffic:
            if stream.arrivals is not None and not isinstance(stream.arrivals, ClosedLoop):
                self._add(rates, stream)
        rates /= length_s / self.windows
        return self._here(rates)

    def _here(self, rates: Floats) -> Floats:
        """Rates [..., models] without the calls that go to models hosted elsewhere."""
        here = hosted(self.scenario)
        return rates if here is None else rates * here

    def _add(self, calls: Floats, stream: Traffic) -> None:
        scenario, chosen, seed = self.scenario, self.scenario.models_of(stream), self.scenario.run.seed
        rows = rows_of(chosen)
        ends_s = np.linspace(0.0, scenario.run.duration_s, self.windows + 1)
        inside_s = np.clip(ends_s - stream.start_s, 0.0, max(0.0, scenario.end_of(stream) - stream.start_s))
        if stream.drift is not None:
            total = calls_in(stream, chosen, seed, float(inside_s[-1]))
            calls[:, rows] += np.outer(np.diff(inside_s) / max(float(inside_s[-1]), 1e-9), total)
            return
        assert stream.arrivals is not None
        if isinstance(stream.arrivals, ModelSweep):
            until = np.array([calls_in(stream, chosen, seed, at) for at in inside_s.tolist()])
            calls[:, rows] += np.diff(until, axis=0)
            return
        share = Mix.of(stream, chosen, seed).share
        each = 1.0 if stream.sessions is None else stream.sessions.mean_calls
        arrivals = np.array([arrivals_in(stream.arrivals, at) for at in inside_s.tolist()])
        begun = np.minimum(arrivals * each, stream.most_calls)
        calls[:, rows] += np.outer(np.diff(begun), share)

    @cached_property
    def closed_per_s(self) -> Floats:
        """[models]: calls a second of users who are answered as fast as an idle endpoint can."""
        rates = np.zeros(len(self.models))
        for stream in self.scenario.traffic:
            if isinstance(stream.arrivals, ClosedLoop):
                chosen = self.scenario.models_of(stream)
                rows, loop = rows_of(chosen), stream.arrivals
                share = Mix.of(stream, chosen, self.scenario.run.seed).share
                answer_s = float(share @ self.worker_s[rows]) + self.scenario.fixed_delay_s
                length_s = max(1e-9, self.scenario.end_of(stream) - stream.start_s)
                users = loop.user_s(length_s) / length_s
                rates[rows] += share * (users / loop.call_s(answer_s))
        return self._here(rates)

    @cached_property
    def mean_per_s(self) -> Floats:
        """[models]: calls a second over the whole run, of users too."""
        rates: Floats = self.open_per_s.mean(axis=0) + self.closed_per_s
        return rates


def _demand(scenario: Scenario, model: Model) -> Demand:
    service, speed, batch = model.service, scenario.endpoint.host.cpu_speed, model.batch_size
    overhead = scenario.server.overhead
    cpu_s, wait_s, device_s = parts_s(service, batch)
    hold = overhead.hold
    alone_s = cpu_s / speed * (service.serial + (1.0 - service.serial) / service.threads)
    return Demand(
        cpu_s=cpu_s + overhead.pre.cpu.mean + hold.cpu.mean / batch + overhead.post.cpu.mean,
        worker_s=alone_s + wait_s + device_s + work_s(hold, speed) / batch,
        device_s=device_s,
    )


def parts_s(service: Service, batch: int) -> tuple[float, float, float]:
    """Mean CPU work, waiting and time on a device of a call in full batches of this size, seconds."""
    cpu_s, wait_s, device_s = service.cpu.mean, service.wait.mean, service.device.mean
    if isinstance(service.batch, AffineBatch):
        each = service.batch.base_s / batch + service.batch.per_item_s
        if cpu_s > 0.0:
            return each, 0.0, 0.0
        return (0.0, 0.0, each) if device_s > 0.0 else (0.0, each, 0.0)
    share = batch if service.batch == "max" else 1
    return cpu_s / share, wait_s / share, device_s / share


def mean(time: Time) -> float:
    """The mean of a time, seconds."""
    return time.mean


def work_s(work: CpuWait, speed: float, figure: Callable[[Time], float] = mean) -> float:
    """The mean time of a piece of work on an idle host, seconds; `figure`: what else is taken of times that vary."""
    return figure(work.cpu) / speed + figure(work.wait)


def named(names: Sequence[str]) -> str:
    """Some names in words: the first, and how many others there are."""
    if len(names) == 1:
        return names[0]
    return f"{names[0]} and {len(names) - 1:,} other{'s' if len(names) > 2 else ''}"
