"""The share of the inputs in the variance, as `uncertain` gives it: how often its interval holds the truth.

A queue M/M/1 at 50 calls/s for 35 s, whose mean service time is believed to lie between 8 and 12 ms; the answer is the
mean latency of the calls after 5 s. Lindley's recursion in place of the engine, which is not what is studied.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from mmesim.arrays import Floats
from mmesim.stats.sampling import sobol
from mmesim.stats.variance import inputs_interval, split

RATE, CALLS, FIRST = 50.0, 1_750, 250
LOW_S, HIGH_S = 0.008, 0.012
DRAWS = 32
RESAMPLED = 500
TRUTH_TABLES, TRUTH_REPLICATIONS = 40, 400
MOST_RUNS = 400


@dataclass(frozen=True)
class Shares:
    """One study: how many replications each draw has."""

    replications: int

    @property
    def name(self) -> str:
        """What the study is called."""
        return f"inputs_share, {self.replications} replications"


def shares() -> tuple[Shares, ...]:
    """All of them."""
    return (Shares(3), Shares(10), Shares(20))


def answers(rng: np.random.Generator, draws: int, replications: int) -> Floats:
    """The mean latency of each draw in each replication, [draws, replications]: all draws have the same calls."""
    means = LOW_S + (HIGH_S - LOW_S) * sobol(draws, 1, rng)[:, 0]
    gaps = rng.exponential(1.0 / RATE, (replications, CALLS))
    work = rng.exponential(1.0, (replications, CALLS))
    table = np.empty((draws, replications))
    for draw, service_s in enumerate(means.tolist()):
        services = service_s * work
        steps = np.concatenate([np.zeros((replications, 1)), services[:, :-1] - gaps[:, 1:]], axis=1)
        walk = np.cumsum(steps, axis=1)
        waits = walk - np.minimum.accumulate(np.minimum(walk, 0.0), axis=1)
        table[draw] = (waits + services)[:, FIRST:].mean(axis=1)
    return table


@cache
def truth() -> float:
    """The share, from tables of many replications that are judged by nothing."""
    found = [
        split(answers(np.random.default_rng([3, number]), 64, TRUTH_REPLICATIONS)) for number in range(TRUTH_TABLES)
    ]
    inputs, noise = (float(np.mean([getattr(one, name) for one in found])) for name in ("inputs", "noise"))
    return inputs / (inputs + noise)


def intervals(of: Shares, number: int) -> tuple[tuple[float, float], tuple[float, float]]:
    """The interval of run `number` now, and before, when the draws alone were resampled."""
    rng = np.random.default_rng([4, number, of.replications])
    table = answers(rng, DRAWS, of.replications)
    resampled = rng.integers(0, DRAWS, (RESAMPLED, DRAWS))
    now = inputs_interval(table, resampled, rng)
    assert now is not None
    plain = [share for rows in resampled if (share := split(table[rows]).share) is not None]
    low, high = np.quantile(plain, (0.025, 0.975))
    return now, (float(low), float(high))
