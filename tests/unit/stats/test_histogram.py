"""Histogram grid: where a value falls, how wide buckets are, quantiles and shares against the sorted sample."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmesim.stats.histogram import (
    EMIN,
    Grid,
    clipped_quantile,
    coarse_grid,
    grid,
    log_middles,
    merge,
    quantile,
    share_over,
    span,
)
from tests.helpers.buckets import bucket_of, ends

latencies = st.one_of(
    st.floats(min_value=0.0, max_value=1e6, allow_subnormal=False),
    st.sampled_from([0.0, 2.0**-20, 2.0**-21, 2.0**17, 0.5, 1.0, 0.25, 1e9]),
)
limit_sets = st.lists(st.floats(min_value=0.0, max_value=1e6, allow_subnormal=False), max_size=5)


def walk(g: Grid, x: float) -> int:
    """Find the bucket the way the compiled kernel does."""
    m, e = math.frexp(x)
    cell = (e - EMIN) * g.sub_buckets + int((m - 0.5) * 2 * g.sub_buckets)
    i = int(g.start[min(max(cell, 0), len(g.start) - 1)])
    while i > 0 and x <= g.edges[i]:
        i -= 1
    while x > g.edges[i + 1]:
        i += 1
    return i


def test_shape_of_the_grids() -> None:
    fine, coarse = grid(), coarse_grid()
    assert (len(fine.start), fine.sub_buckets, fine.buckets) == (37 * 256, 256, 37 * 256 + 2)
    assert (len(coarse.start), coarse.sub_buckets, coarse.buckets) == (37 * 16, 16, 37 * 16 + 2)
    assert fine.edges[:2].tolist() == [-1.0, 2.0**-20]
    assert fine.edges[-2:].tolist() == [2.0**17, math.inf]
    assert fine.edges.dtype == np.float64
    assert fine.start.dtype == np.int64


def test_relative_width_is_at_most_half_a_percent() -> None:
    edges = grid((0.5, 0.0601)).edges[1:-1]
    assert np.max(edges[1:] / edges[:-1]) - 1.0 <= 0.005


def test_a_limit_is_an_edge_and_none_is_doubled() -> None:
    g = grid((0.3, 0.5, 0.3))
    assert 0.3 in g.edges
    assert g.buckets == grid().buckets + 1  # 0.5 s is an edge of the plain grid already
    assert np.all(np.diff(g.edges) > 0.0)


@pytest.mark.parametrize("limit", [-0.1, math.nan, math.inf])
def test_senseless_limits_are_refused(limit: float) -> None:
    with pytest.raises(ValueError, match="latency limit"):
        grid((limit,))


@settings(deadline=None)
@given(latencies, limit_sets)
def test_bucket_holds_the_value_and_the_kernel_finds_the_same(x: float, limits: list[float]) -> None:
    g = grid(limits)
    i = int(bucket_of(g, x))
    assert g.edges[i] < x <= g.edges[i + 1]
    assert walk(g, x) == i


@settings(deadline=None)
@given(latencies)
def test_coarse_bucket(x: float) -> None:
    g = coarse_grid()
    assert walk(g, x) == int(bucket_of(g, x))


@settings(deadline=None)
@given(st.lists(latencies, min_size=1, max_size=60), st.floats(min_value=0.0, max_value=1.0), limit_sets)
def test_quantile_is_in_the_bucket_of_the_order_statistic(values: list[float], q: float, limits: list[float]) -> None:
    g = grid(limits)
    count = np.bincount(bucket_of(g, np.array(values)), minlength=g.buckets)
    exact = sorted(values)[max(math.ceil(q * len(values)), 1) - 1]
    bucket = int(bucket_of(g, exact))
    low, high = ends(bucket_of(g, np.array(values)), np.array(values), g.buckets)
    got = quantile(low, high, count, q)
    assert low[bucket] <= got <= high[bucket]
    assert got == exact if count[bucket] == 1 else g.edges[bucket] <= got <= g.edges[bucket + 1]
    clipped = clipped_quantile(g.edges, count, q, min(values), max(values))
    assert max(g.edges[bucket], min(values)) <= clipped <= min(g.edges[bucket + 1], max(values))


@settings(deadline=None)
@given(latencies, st.integers(min_value=1, max_value=1000), st.floats(min_value=0.0, max_value=1.0))
def test_the_quantile_of_a_constant_is_the_constant(x: float, times: int, q: float) -> None:
    g = coarse_grid()
    count = np.bincount([int(bucket_of(g, x))] * times, minlength=g.buckets)
    low, high = ends([int(bucket_of(g, x))], np.array([x]), g.buckets)
    assert quantile(low, high, count, q) == x == clipped_quantile(g.edges, count, q, x, x)


@settings(deadline=None)
@given(st.lists(latencies, min_size=1, max_size=60), st.floats(min_value=0.0, max_value=1e5))
def test_share_over_is_exact_at_a_limit(values: list[float], limit: float) -> None:
    g = grid((limit,))
    count = np.bincount(bucket_of(g, np.array(values)), minlength=g.buckets)
    assert share_over(g.edges, count, limit) == sum(v > limit for v in values) / len(values)


@settings(deadline=None)
@given(st.lists(st.lists(latencies, max_size=20), min_size=1, max_size=4))
def test_merge_is_the_histogram_of_all(parts: list[list[float]]) -> None:
    g = coarse_grid()
    counts = [np.bincount(bucket_of(g, np.array(p)), minlength=g.buckets) for p in parts]
    together = np.bincount(bucket_of(g, np.array([x for p in parts for x in p])), minlength=g.buckets)
    assert np.array_equal(merge(counts), together)


def test_quantile_interpolates_linearly() -> None:
    low, high = np.array([0.5, 0.0, 2.2]), np.array([0.9, 0.0, 3.4])
    count = np.array([2, 0, 5])
    assert quantile(low, high, count, 0.0) == 0.5
    assert quantile(low, high, count, 1 / 7) == 0.5  # the first of two
    assert quantile(low, high, count, 1.5 / 7) == pytest.approx(0.7)
    assert quantile(low, high, count, 2 / 7) == 0.9
    assert quantile(low, high, count, 5 / 7) == pytest.approx(2.8)  # the third of five, evenly from 2.2 to 3.4
    assert quantile(low, high, count, 1.0) == 3.4


def test_a_quantile_is_clipped_to_what_was_seen() -> None:
    edges = np.array([-1.0, 1.0, 2.0, math.inf])
    assert clipped_quantile(edges, np.array([0, 0, 3]), 2 / 3, 2.5, 3.5) == 3.0
    assert clipped_quantile(edges, np.array([3, 0, 0]), 0.0, 0.25, 0.75) == 0.25


def test_spans_are_those_of_all_histograms_together() -> None:
    counts = [np.array([1, 0, 2]), np.array([0, 0, 1])]
    low, high = span(counts, [np.array([0.5, 0.0, 3.0]), np.array([0.0, 0.0, 2.5])], [np.array([0.5, 0.0, 4.0])] * 2)
    assert low.tolist() == [0.5, 0.0, 2.5]
    assert high.tolist() == [0.5, 0.0, 4.0]


def test_share_over_between_edges_splits_the_bucket() -> None:
    edges = np.array([-1.0, 1.0, 2.0, math.inf])
    count = np.array([1, 2, 1])
    assert share_over(edges, count, 1.5) == 0.5
    assert share_over(edges, count, 5.0) == 0.25
    assert share_over(edges, count, -1.0) == 1.0


def test_empty_histogram_has_no_quantile_and_no_share() -> None:
    g = coarse_grid()
    empty = np.zeros(g.buckets, dtype=np.int64)
    assert math.isnan(quantile(g.edges[:-1], g.edges[1:], empty, 0.5))
    assert math.isnan(clipped_quantile(g.edges, empty, 0.5, 0.0, 0.0))
    assert math.isnan(share_over(g.edges, empty, 0.5))


def test_merge_refuses_nothing_and_different_grids() -> None:
    with pytest.raises(ValueError, match="no histogram"):
        merge([])
    with pytest.raises(ValueError, match="different grids"):
        merge([np.zeros(3, dtype=np.int64), np.zeros(4, dtype=np.int64)])


@pytest.mark.parametrize("q", [-0.1, 1.1, math.nan])
def test_quantile_outside_0_to_1_is_refused(q: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        quantile(np.array([0.0]), np.array([1.0]), np.array([1]), q)


@given(st.floats(min_value=1e-5, max_value=1e5))
def test_the_logarithm_of_a_bucket_is_that_of_its_middle(x: float) -> None:
    coarse = coarse_grid()
    assert log_middles(coarse.edges)[bucket_of(coarse, x)] == pytest.approx(math.log(x), abs=0.0304)


def test_the_outer_buckets_have_logarithms_too() -> None:
    edges = np.array([-1.0, 2.0, 8.0, math.inf])
    assert log_middles(edges).tolist() == pytest.approx([0.5 * math.log(2.0), math.log(4.0), math.log(8.0)])
