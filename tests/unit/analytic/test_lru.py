"""Che's approximation against the cases that have an exact answer, and against an LRU list that is simply run."""

import itertools
import math
from collections import OrderedDict

import numpy as np
import pytest

from mmesim.analytic.lru import characteristic_time, che, filling_time


def _zipf(models: int, exponent: float) -> np.ndarray:
    weight = np.arange(1, models + 1) ** -exponent
    return np.asarray(weight / weight.sum())


def test_equal_rates_miss_the_share_that_does_not_fit() -> None:
    cache = che(np.full(500, 0.3), 400)
    np.testing.assert_allclose(cache.miss_ratio, 0.2, rtol=1e-10)
    assert cache.total_miss_ratio == pytest.approx(0.2)
    assert cache.characteristic_time_s == pytest.approx(-math.log(0.2) / 0.3)


def test_the_characteristic_time_fills_the_cache() -> None:
    rates = 120 * _zipf(500, 0.9)
    cache = che(rates, 450)
    assert (1 - np.exp(-rates * cache.characteristic_time_s)).sum() == pytest.approx(450, rel=1e-10)
    assert np.all(np.diff(cache.miss_ratio) > 0)


def test_everything_fits_or_nothing() -> None:
    rates = np.array([1.0, 2.0, 0.0])
    assert che(rates, 2).miss_ratio.tolist() == [0, 0, 1]
    assert che(rates, 2).total_miss_ratio == 0
    assert che(rates, 0).total_miss_ratio == 1


def test_faster_requests_only_shrink_the_time() -> None:
    slow, fast = che(_zipf(50, 1.1), 10), che(1000 * _zipf(50, 1.1), 10)
    np.testing.assert_allclose(slow.miss_ratio, fast.miss_ratio, rtol=1e-9)
    assert slow.characteristic_time_s == pytest.approx(1000 * fast.characteristic_time_s)


def test_near_the_exact_stationary_lru() -> None:
    # King (1971): the stack holds the models in order of last use; enumerate all of it for eight models.
    share, capacity = _zipf(8, 0.8), 4
    hit = 0.0
    for stack in itertools.permutations(range(8), capacity):
        chance, left = 1.0, 1.0
        for model in stack:
            chance *= share[model] / left
            left -= share[model]
        hit += chance * sum(share[model] for model in stack)
    assert che(share, capacity).total_miss_ratio == pytest.approx(1 - hit, abs=0.01)


def test_near_an_lru_list_that_is_run() -> None:
    share, capacity, n = _zipf(200, 0.9), 120, 200_000
    requests = np.random.default_rng(7).choice(200, size=n, p=share)
    stack: OrderedDict[int, None] = OrderedDict()
    misses = 0
    for i, model in enumerate(requests.tolist()):
        if model in stack:
            stack.move_to_end(model)
        else:
            misses += i >= n // 10
            stack[model] = None
            if len(stack) > capacity:
                stack.popitem(last=False)
    assert misses / (0.9 * n) == pytest.approx(che(share, capacity).total_miss_ratio, abs=0.005)


@pytest.mark.parametrize(
    ("rates", "capacity"), [([-1.0, 2.0], 1), ([0.0, 0.0], 1), ([1.0, math.nan], 1), ([1.0], -1), ([1.0], math.nan)]
)
def test_arguments_without_sense_are_refused(rates: list[float], capacity: float) -> None:
    with pytest.raises(ValueError, match="che needs"):
        che(np.array(rates), capacity)


def test_models_of_different_sizes_fill_the_cache_by_their_bytes() -> None:
    rates, sizes = 3 * _zipf(300, 0.8), np.where(np.arange(300) % 3 == 0, 500, 40)
    time_s = characteristic_time(rates, sizes, 20_000)
    assert (sizes * (1 - np.exp(-rates * time_s))).sum() == pytest.approx(20_000, rel=1e-10)


def test_equal_sizes_are_counted() -> None:
    rates = 120 * _zipf(500, 0.9)
    time_s = che(rates, 450).characteristic_time_s
    assert characteristic_time(rates, np.full(500, 7), 3150) == pytest.approx(time_s, rel=1e-12)


def test_an_empty_cache_is_full_after_the_characteristic_time() -> None:
    share, sizes = _zipf(400, 0.7), np.random.default_rng(3).integers(1, 9, 400)
    capacity, rng = 1000, np.random.default_rng(4)
    filled = []
    for _ in range(60):
        requests = rng.choice(400, size=20_000, p=share)
        _, first = np.unique(requests, return_index=True)
        held = np.cumsum(sizes[requests[np.sort(first)]])
        filled.append(np.sort(first)[np.searchsorted(held, capacity)])
    assert np.mean(filled) == pytest.approx(characteristic_time(share, sizes, capacity), rel=0.02)


def test_a_model_that_is_never_called_takes_no_room() -> None:
    assert characteristic_time(np.array([1.0, 0.0]), np.array([5, 100]), 5) == math.inf


@pytest.mark.parametrize("sizes", [[1.0], [1.0, -1.0], [1.0, math.nan]])
def test_sizes_without_sense_are_refused(sizes: list[float]) -> None:
    with pytest.raises(ValueError, match="che needs a finite size"):
        characteristic_time(np.array([1.0, 2.0]), np.array(sizes), 1)


def test_first_requests_become_rare() -> None:
    assert filling_time(np.full(7, 0.5), 0.01) == pytest.approx(math.log(100.0) / 0.5)
    rates = np.append(3 * _zipf(300, 1.1), 0.0)
    time_s = filling_time(rates, 0.02)
    assert (rates * np.exp(-rates * time_s)).sum() == pytest.approx(0.02 * rates.sum(), rel=1e-9)


@pytest.mark.parametrize(("rates", "share"), [([0.0], 0.1), ([-1.0, 2.0], 0.1), ([1.0], 0.0), ([1.0], 1.0)])
def test_filling_needs_requests_and_a_share(rates: list[float], share: float) -> None:
    with pytest.raises(ValueError, match="filling_time needs"):
        filling_time(np.array(rates), share)
