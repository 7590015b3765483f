"""Runs of the engine, whose calls wait for the same loads and in the same queues."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mmesim.arrays import Ints
from mmesim.engine.simulation import simulate
from mmesim.results.over_time.limits import minutes
from mmesim.scenario import Scenario
from mmesim.stats.histogram import merge, quantile
from tests.helpers.texts import load_text

LEVELS = (0.5, 1.0, 1.5, 2.0, 3.0)
FAULT_MINUTE = 10

FLEETS = {
    "cold tail": """
endpoint: {instance_type: ml.m5.xlarge, instance_count: 2}
models:
  - {name: m, count: 300, framework: xgboost, artifact_size: 20 MB, memory: 25 MiB, service: {cpu: {lognormal:
      {mean: 12 ms, cv: 0.8}}}}
traffic: [{arrivals: {poisson: {rate: 10 /s}}, popularity: {zipf: 1.0}}]
""",
    "queues": """
endpoint: {instance_type: ml.m5.xlarge, instance_count: 2, warm: true}
models:
  - {name: m, count: 8, framework: xgboost, artifact_size: 20 MB, memory: 25 MiB, service: {cpu: {lognormal:
      {mean: 150 ms, cv: 0.8}}}}
traffic: [{arrivals: {poisson: {rate: 20 /s}}}]
""",
}
"""Of both one instance is 20 times slower for five minutes from the tenth on; what that leaves behind is over soon."""
FAULT = "faults: [{name: slow, slow_instance: {instance: 0, factor: 20, for: 5 min}, at: 10 min}]\n"
RUN = "name: study\nrun: {duration: 70 min, warmup: 0 s, seed: 11}\n"
STEADY = "name: study\nrun: {duration: 70 min, warmup: 10 min, seed: 12}\n"


@dataclass(frozen=True)
class Found:
    """One limit of a fleet: the truth, and how often it is said that it is not kept again."""

    fleet: str
    share: float
    """Of the calls over the limit, long after the fault."""
    dispersion: float
    """Variance of the bad calls of a minute over that of independent ones, long after the fault."""
    never: int
    runs: int


def limits_ms(text: str, runs: int) -> list[float]:
    """The latencies that a share of LEVELS percent of the calls exceeds, without the fault."""
    of = load_text(f"{text}{STEADY}")
    found = [simulate(of, r) for r in range(runs)]
    count = merge([run.count for run in found])
    first = found[0]
    return [1e3 * quantile(first.shortest_s, first.longest_s, count, 1.0 - 0.01 * level) for level in LEVELS]


def study(fleet: str, runs: int) -> list[Found]:
    """What is said of a fleet with limits below, at and above its p99."""
    text = FLEETS[fleet]
    lines = [f"p99 < {limit:.6f} ms" for limit in limits_ms(text, max(2, runs // 4))]
    of = load_text(f"{text}{FAULT}{RUN}expect: {lines}\n")
    never, bad, calls = np.zeros(len(lines), np.int64), [], []
    for r in range(runs):
        said, slow, called = _said(of, r)
        never += said
        bad.append(slow)
        calls.append(called)
    slow, called = np.array(bad), np.array(calls)
    shares = slow.sum(axis=(0, 2)) / called.sum(axis=(0, 2))
    expected = called * shares[None, :, None]
    dispersion = ((slow - expected) ** 2).sum(axis=(0, 2)) / (expected * (1.0 - shares[None, :, None])).sum(axis=(0, 2))
    return [
        Found(fleet, float(share), float(spread), int(n), runs)
        for share, spread, n in zip(shares, dispersion, never, strict=True)
    ]


def _said(of: Scenario, replication: int) -> tuple[Ints, np.ndarray, np.ndarray]:
    """Of each limit: whether it is said not to be kept again; its bad calls and calls in the minutes long after."""
    found = minutes(of, simulate(of, replication))
    after, settled = slice(FAULT_MINUTE, len(found)), slice(FAULT_MINUTE + 20, len(found))
    alone = [replace(found, limits=(one,)).again(after)[1] for one in found.limits]
    cells = [cells for _, cells in found.limits]
    slow = np.array([(one.calls - one.ok + one.over)[settled] for one in cells])
    return np.array(alone, np.int64), slow, np.array([one.calls[settled] for one in cells])
