"""Stack distances against a cache that is simulated plainly, and the figures of a trace against their definitions."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmesim.analytic import stack
from mmesim.errors import TraceError
from mmesim.workload.block import Arrivals
from mmesim.workload.trace.describe.describe import describe
from mmesim.workload.trace.describe.figures import Bins, zipf_fit
from mmesim.workload.trace.describe.stack import StackDistances


def plain_misses(models: list[int], size: int) -> int:
    """Misses of an LRU cache, by its definition."""
    cache: OrderedDict[int, None] = OrderedDict()
    misses = 0
    for model in models:
        if model in cache:
            cache.move_to_end(model)
            continue
        misses += 1
        cache[model] = None
        if len(cache) > size:
            cache.popitem(last=False)
    return misses


@given(st.lists(st.lists(st.integers(0, 20), max_size=30), max_size=8), st.integers(1, 40))
@settings(max_examples=200, deadline=None)
def test_every_size_of_a_cache_is_as_if_it_were_simulated(parts: list[list[int]], batch: int) -> None:
    whole = [model for part in parts for model in part]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stack, "BATCH", batch)
        distances = StackDistances()
        for part in parts:
            distances.add(np.array(part, dtype=np.int64))
        ratios = distances.miss_ratios()
    assert len(ratios) == len(set(whole)) + 1
    for size in range(1, len(ratios)):
        assert ratios[size] * len(whole) == pytest.approx(plain_misses(whole, size))


def test_a_long_trace_in_batches() -> None:
    models = np.random.default_rng(5).zipf(1.2, 200_000) % 500
    distances = StackDistances()
    for part in np.array_split(models, 13):
        distances.add(part)
    ratios = distances.miss_ratios()
    for size in (1, 20, 100, 400):
        assert ratios[size] == plain_misses(models.tolist(), size) / len(models)


@given(st.lists(st.integers(0, 300), min_size=1, max_size=60).map(sorted), st.integers(1, 7), st.integers(1, 20))
@settings(max_examples=100, deadline=None)
def test_dispersion_is_that_of_counts(tenths: list[int], chunk: int, width: int) -> None:
    time = np.array(tenths) / 10.0
    bins = Bins(float(width))
    for start in range(0, len(time), chunk):
        bins.add(time[start : start + chunk])
    span_s = 31.0
    whole = int(span_s // width)
    counts = np.bincount((time // width).astype(int), minlength=whole)[:whole]
    found = bins.dispersion(span_s)
    if whole < 10 or not counts.sum():
        assert found is None
    else:
        assert found == pytest.approx(counts.var() / counts.mean())


@pytest.mark.parametrize("exponent", [0.0, 0.6, 1.0, 1.8])
def test_the_zipf_fit_finds_the_law_it_was_drawn_from(exponent: float) -> None:
    weight = np.arange(1, 301, dtype=np.float64) ** -exponent
    fit = zipf_fit(np.round(1e7 * weight / weight.sum()).astype(np.int64))
    assert fit is not None
    assert fit.exponent == pytest.approx(exponent, abs=0.005)
    assert fit.ks < 0.001


def test_a_trace_that_is_no_zipf_law_has_a_bad_fit() -> None:
    fit = zipf_fit(np.array([1000] * 10 + [1] * 200))
    assert fit is not None
    assert fit.ks > 0.2
    assert zipf_fit(np.array([5])) is None


def test_poisson_traffic_has_no_bursts() -> None:
    rng = np.random.default_rng(2)
    time = np.cumsum(rng.exponential(0.01, 400_000))
    model = rng.integers(0, 10, len(time))
    found = describe(Path("x"), iter([Arrivals(time, model, None)]), None)
    # 4,000 s: the variance over the mean of 4,000 counts has a standard error of sqrt(2 / 4000)
    assert found.dispersion["1 s"] == pytest.approx(1.0, abs=4.5 * (2 / 4000) ** 0.5)
    assert found.dispersion["1 h"] is None
    assert found.gap_cv == pytest.approx(1.0, abs=0.01)
    assert found.mean_per_min == pytest.approx(6000, rel=0.01)
    assert (found.requests, found.models) == (400_000, 10)
    assert found.resident == pytest.approx({size: 1 - size / 10 for size in (1, 2, 5, 8, 9)}, abs=0.01)


def test_figures_of_a_trace_by_hand() -> None:
    time, model = np.array([1.0, 2.0, 2.0, 100.0, 170.0]), np.array([2, 0, 2, 2, 0])
    found = describe(Path("x"), iter([Arrivals(time[:2], model[:2], None), Arrivals(time[2:], model[2:], None)]), 180.0)
    assert (found.requests, found.models, found.first_s, found.span_s) == (5, 2, 1.0, 180.0)
    assert found.peak_per_min == 3
    assert found.mean_per_min == pytest.approx(5 / 3)
    assert found.by_rank.tolist() == [3, 2]
    assert found.top_model_share == 0.6
    assert found.per_minute.tolist() == [3, 1, 1]
    assert found.resident == {1: 0.8, 2: 0.4}


def test_a_trace_without_calls_is_refused() -> None:
    with pytest.raises(TraceError, match="x: no request"):
        describe(Path("x"), iter([]), 10.0)
