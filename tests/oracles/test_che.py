"""Hit ratios of LRU under independent requests against Che's approximation."""

from __future__ import annotations

import numpy as np

from mmesim.analytic.lru import che
from mmesim.scenario import EvictionPolicy, Poisson, Traffic, Zipf
from mmesim.workload.draws.popularity import probabilities
from tests.laws.scenarios import instant_model
from tests.oracles.caches import cache, replay

MODELS, COPIES, CALLS, WARMUP = 400, 120, 150_000, 10_000


def test_lru_misses_as_che_says():
    """The approximation is good to some tenths of a percent at this size (Fricker, Robert and Roberts 2012).

    Batch means of the run: 140,000 calls at a miss ratio of 0.33 have a standard error of 0.46 % of it. The tolerance
    is 1 %, a little more than two of them.
    """
    traffic = Traffic(arrivals=Poisson(rate_per_s=100.0), popularity=Zipf(0.9))
    scenario = cache(COPIES, EvictionPolicy.lru, instant_model(count=MODELS), traffic, CALLS / 100.0)
    shares = probabilities(Zipf(0.9), scenario.model_table())
    theory = che(100.0 * shares, COPIES)
    models, hits = replay(scenario)
    miss, model = ~hits[WARMUP:], models[WARMUP:]
    assert abs(miss.mean() / theory.total_miss_ratio - 1.0) <= 0.01
    # Each fifth of the models by itself, the popular ones first: theirs are few misses, so a little wider.
    for group in np.array_split(np.arange(MODELS), 5):
        mine = np.isin(model, group)
        expected = (shares * theory.miss_ratio)[group].sum() / shares[group].sum()
        assert abs(miss[mine].mean() / expected - 1.0) <= 0.025


def test_fifo_misses_as_its_own_approximation_says():
    """Of FIFO: a model stays T after its load, so it misses with 1 / (1 + r T), where sum r T / (1 + r T) = capacity.

    Source: V. Martina, M. Garetto, E. Leonardi, A unified approach to the performance analysis of caching systems,
    INFOCOM 2014 (FIFO and RANDOM hit alike under independent requests).
    """
    traffic = Traffic(arrivals=Poisson(rate_per_s=100.0), popularity=Zipf(0.9))
    shares = probabilities(
        Zipf(0.9), cache(1, EvictionPolicy.fifo, instant_model(count=MODELS), traffic, 1.0).model_table()
    )
    low, high = 0.0, 1e9
    for _ in range(200):
        middle = (low + high) / 2
        held = (100.0 * shares * middle / (1.0 + 100.0 * shares * middle)).sum()
        low, high = (middle, high) if held < COPIES else (low, middle)
    theory = (shares / (1.0 + 100.0 * shares * low)).sum()
    _, hits = replay(cache(COPIES, EvictionPolicy.fifo, instant_model(count=MODELS), traffic, CALLS / 100.0))
    assert abs((~hits[WARMUP:]).mean() / theory - 1.0) <= 0.01
