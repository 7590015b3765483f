"""The differences whose intervals are studied: two runs of the same calls, of which the second is a little slower.

Where the engine is not what is studied, calls are drawn by a few lines of NumPy: latencies of two values, and a queue
by Lindley's recursion. `pin` is simulated by the engine.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from mmesim.arrays import Floats
from mmesim.engine.simulation import simulate
from mmesim.results.figures.latency import cells as cells_of_runs
from mmesim.results.figures.latency import pool, pooled_quantile
from mmesim.results.measured.run_data import RunData
from mmesim.scenario import Scenario
from mmesim.stats.histogram import Grid, grid, quantile
from mmesim.stats.intervals import half_width
from mmesim.stats.means import mean, mean_interval
from mmesim.stats.quantiles import Cells, difference_interval
from tests.helpers.buckets import bucket_of, ends
from tests.helpers.texts import load_text

Interval = tuple[float, float]
Sample = Sequence[Floats]
"""The latencies of each replication, seconds."""


@dataclass(frozen=True)
class Found:
    """The interval of a difference as `diff` gives it now, and as it gave it before: seconds."""

    now: Interval
    before: Interval


@dataclass(frozen=True)
class Pair:
    """One difference: its true value in seconds, and what gives the intervals of a run by its number."""

    name: str
    figure: str
    source: str
    replications: int
    truth_s: float
    run: Callable[[int], Found]


def pairs() -> tuple[Pair, ...]:
    """All differences of the study."""
    near = "10 ms / 1 s, 1.02 and 0.98 % slow"
    return (
        *(
            Pair(f"two values, {how}, {n} replications", "p99", f"{near}; 20,000 calls", n, -0.99, _two(n, coupled))
            for n in (3, 5, 10)
            for how, coupled in (("the same calls", True), ("independent", False))
        ),
        Pair("pin", "p99", "engine: 1.010 and 0.975 % misses; 20,000 calls", 5, -0.6026, _pin),
        _queue("p99.9", 0.999, 80.0, 5, 25_200),
        _queue("p99.9", 0.999, 50.0, 10, 12_600),
        _queue("p99", 0.99, 50.0, 5, 25_200),
        _queue("p95", 0.95, 80.0, 10, 8_000),
        _queue("p50", 0.5, 80.0, 10, 8_000),
        _queue("p50", 0.5, 80.0, 3, 8_000),
        _queue("mean", None, 80.0, 10, 8_000),
    )


def found(a: Sample, b: Sample, q: float | None) -> Found:
    """The intervals of b's figure less a's: of the q-quantile, of the mean where it is None."""
    if q is None:
        differences = [float(y.mean() - x.mean()) for x, y in zip(a, b, strict=True)]
        half, now = half_width(differences), mean_interval(differences)
        assert half is not None
        assert now is not None
        return Found(now, (mean(differences) - half, mean(differences) + half))
    of_a, of_b = counted(a), counted(b)
    now = difference_interval(of_a, of_b, q)
    assert now is not None
    single = [[_quantile(of, q, row) for row in range(len(a))] for of in (of_a, of_b)]
    middle = _quantile(of_b, q) - _quantile(of_a, q)
    return Found(now, _before(single[0], single[1], middle))


def _before(a: Sequence[float], b: Sequence[float], middle: float) -> Interval:
    """The spread of the pairs' own percentiles about the pooled difference."""
    half = half_width([y - x for x, y in zip(a, b, strict=True)], centre=middle)
    assert half is not None
    return middle - half, middle + half


@cache
def _grid() -> Grid:
    return grid()


def counted(sample: Sample) -> Cells:
    """Latencies in the buckets that mmesim counts them in."""
    buckets = [bucket_of(_grid(), one) for one in sample]
    count = np.array([np.bincount(one, minlength=_grid().buckets) for one in buckets], dtype=np.float64)
    low, high = ends(np.concatenate(buckets), np.concatenate(sample), _grid().buckets)
    used = np.flatnonzero(count.sum(axis=0))
    return Cells(low[used], high[used], count[:, used])


def _quantile(cells: Cells, q: float, row: int | None = None) -> float:
    count = cells.count.sum(axis=0) if row is None else cells.count[row]
    return quantile(cells.low, cells.high, count.astype(np.int64), q)


def _two(replications: int, coupled: bool) -> Callable[[int], Found]:
    def run(number: int) -> Found:
        rng = np.random.default_rng([1, number, replications, int(coupled)])
        a, b = list[Floats](), list[Floats]()
        for _ in range(replications):
            u = rng.random(20_000)
            v = u if coupled else rng.random(20_000)
            a.append(np.where(u < 0.0102, 1.0, 0.01))
            b.append(np.where(v < 0.0098, 1.0, 0.01))
        return found(a, b, 0.99)

    return run


SERVICES_S = (0.010, 0.0105)
WARMUP = 4_000


def sojourns(gaps: Floats, services: Floats) -> Floats:
    """Sojourn times in a queue with one server, by Lindley's recursion; the first call finds it empty."""
    steps = np.concatenate([[0.0], services[:-1] - gaps[1:]])
    walk = np.cumsum(steps)
    waits: Floats = walk - np.minimum.accumulate(np.minimum(walk, 0.0))
    return waits + services


def _queue(figure: str, q: float | None, rate: float, replications: int, calls: int) -> Pair:
    def run(number: int) -> Found:
        rng = np.random.default_rng([2, number, replications, int(rate), calls])
        a, b = list[Floats](), list[Floats]()
        for _ in range(replications):
            gaps, work = rng.exponential(1.0 / rate, WARMUP + calls), rng.exponential(1.0, WARMUP + calls)
            for sample, service_s in zip((a, b), SERVICES_S, strict=True):
                sample.append(sojourns(gaps, service_s * work)[WARMUP:])
        return found(a, b, q)

    slack = [1.0 / service_s - rate for service_s in SERVICES_S]
    factor = 1.0 if q is None else -math.log(1.0 - q)
    truth_s = factor / slack[1] - factor / slack[0]
    name = f"M/M/1, 10 and 10.5 ms at {rate:g}/s, {figure}, {replications} replications"
    return Pair(name, figure, f"Lindley; {calls:,} calls", replications, truth_s, run)


PIN = """
name: pin
endpoint: {vcpu: 4, memory: 16 GiB, usable_memory: 1300 MiB, base_memory: 650 MiB, warm: true}
models:
 - {name: hot, pinned: true, workers: 8, artifact_size: 20 MB, memory: 20 MiB, process_memory: 20 MiB,
    load: {cpu: 200 ms, wait: 400 ms}, service: {cpu: 10 ms}, weight: 98.98}
 - {name: x, pinned: false, artifact_size: 20 MB, memory: 100 MiB, process_memory: 80 MiB,
    load: {cpu: 200 ms, wait: 400 ms}, service: {cpu: 10 ms}, weight: 0.04}
 - {name: c, count: 2000, artifact_size: 20 MB, memory: 20 MiB, process_memory: 80 MiB,
    load: {cpu: 200 ms, wait: 400 ms}, service: {cpu: 10 ms}, weight: 0.00049}
traffic: [{arrivals: {poisson: {rate: 100 /s}}, popularity: weights}]
clients: {timeout: 70 s, network: 5 ms}
run: {duration: 220 s, warmup: 20 s, seed: 30000}
"""


@cache
def pinned() -> tuple[Scenario, Scenario]:
    """The two scenarios: in the second one more model is pinned."""
    first = load_text(PIN)
    return first, first.with_({"models.x.pinned": "true"})


def _pin(number: int) -> Found:
    numbers = range(5 * number, 5 * number + 5)
    a, b = (tuple(simulate(scenario, replication) for replication in numbers) for scenario in pinned())
    return _of_runs(a, b, 0.99)


def _of_runs(a: Sequence[RunData], b: Sequence[RunData], q: float) -> Found:
    pooled = pool(a), pool(b)
    now = difference_interval(cells_of_runs(a, pooled[0]), cells_of_runs(b, pooled[1]), q)
    assert now is not None
    single = [[quantile(run.shortest_s, run.longest_s, run.count, q) for run in runs] for runs in (a, b)]
    return Found(now, _before(single[0], single[1], pooled_quantile(pooled[1], q) - pooled_quantile(pooled[0], q)))
