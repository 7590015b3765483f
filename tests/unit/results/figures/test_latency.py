"""Quantiles over replications, and when they rest on too few loads to be given."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mmesim.results.figures.latency import latency, latency_ms, limit_text, pool, share_over_limits
from mmesim.stats.histogram import quantile
from tests.unit.results.synthetic import Call, replications, scenario

WARM = Call(0.020)


def cold(load: int) -> Call:
    return Call(0.020, load_wait=1.5, load=load)


def test_the_mean_is_that_of_the_replications_and_max_is_the_largest() -> None:
    of = scenario(["p99 < 30 ms"])
    runs = replications(of, [Call(0.010)] * 4, [Call(0.020)] * 3 + [Call(0.040)])
    found = latency_ms(runs, pool(runs))
    # means 10 and 25 ms: t(0.975, 1) = 12.706, half-width 12.706 * 7.5, cut at 0
    assert found["mean"].value == pytest.approx(17.5)
    assert found["mean"].ci95 == pytest.approx((0.0, 17.5 + 12.7062047 * 7.5))
    assert found["max"].value == 40.0
    assert found["max"].ci95 is None
    assert list(found) == ["mean", "p50", "p90", "p95", "p99", "p99.9", "max"]
    assert share_over_limits(runs, of.latency_limits_s)["30 ms"]["value"] == 0.125


def test_a_quantile_is_that_of_all_calls_together() -> None:
    # medians 10 and 40 ms, but 3 of 4 calls are fast
    runs = replications(scenario(), [Call(0.010)] * 9, [Call(0.010)], [Call(0.040)] * 2)
    found = latency(runs, pool(runs), "p50")
    assert found.value == pytest.approx(10.0, rel=1e-12)
    half = 4.3026527 * math.sqrt((40.0 - 10.0) ** 2 / 6)
    assert found.ci95 == pytest.approx((0.0, 10.0 + half), rel=1e-7)


def test_between_warm_and_cold_calls_the_interval_reaches_both() -> None:
    # 0.6 to 1.4 % of the calls are cold: every replication has a p99 of its own side, and few calls lie between
    runs = replications(
        scenario(),
        *[
            [WARM] * (1000 - n) + [Call(0.020, load_wait=1.0 + 0.1 * i, load=i) for i in range(n)]
            for n in (6, 10, 9, 14)
        ],
    )
    shares = [0.006, 0.010, 0.009, 0.014]
    found = latency(runs, pool(runs), "p99")
    assert found.value is not None
    assert found.ci95 is not None
    assert found.value == pytest.approx(20.0, rel=0.005)
    assert found.ci95[1] > 1000.0
    # of each place the share of slower calls is tested: that slower than the upper end can be 1 %, a bit further not
    upper = found.ci95[1] / 1000.0
    for at, possible in ((0.999 * upper, True), (1.11 * upper, False)):
        over = [sum(1.02 + 0.1 * i >= at for i in range(round(1000 * s))) / 1000 for s in shares]
        error = float(np.std(over, ddof=1)) / 2
        assert (float(np.mean(over)) + 3.1824463 * error >= 0.01) == possible
    assert found.half_width == pytest.approx(found.ci95[1] - found.value, rel=1e-9)


def test_equal_replications_leave_half_of_what_the_bucket_spans() -> None:
    # 10.01 and 10.02 ms are in one bucket, whose observations are known by its least and largest
    runs = replications(scenario(), *[[Call(0.01001), Call(0.01002)] * 4] * 2)
    assert np.flatnonzero(runs[0].count).size == 1
    found = latency(runs, pool(runs), "p90")
    assert found.half_width is not None
    assert 0.005 < found.half_width < 0.006  # ms; the percentiles of the replications lie a little lower


def test_percentiles_of_a_constant_are_the_constant() -> None:
    runs = replications(scenario(), [Call(0.010)] * 4, [Call(0.010)] * 4)
    found = latency_ms(runs, pool(runs))
    for name in ("p50", "p90", "p99", "max"):
        assert found[name].value == 10.0
    assert found["p50"].ci95 == found["p99"].ci95 == (10.0, 10.0)


def test_the_end_of_an_interval_has_the_resolution_of_its_own_bucket() -> None:
    # two values: 10 ms, and 1,000 ms, which about 1 % of the calls take, so that either can be the p99
    runs = replications(scenario(), *[[Call(0.010)] * (1000 - n) + [Call(1.0)] * n for n in (6, 10, 9, 14)])
    found = latency(runs, pool(runs), "p99")
    assert found.ci95 is not None
    assert found.ci95[0] <= 10.0
    assert found.ci95[1] >= 1000.0


def test_one_replication_has_its_own_quantile_and_no_interval() -> None:
    runs = replications(scenario(), [Call(0.001 * i) for i in range(1, 50)])
    found = latency(runs, pool(runs), "p90")
    assert found.value == 1000 * quantile(runs[0].shortest_s, runs[0].longest_s, runs[0].count, 0.9)
    assert (found.ci95, found.half_width) == (None, None)


def test_order_of_replications_does_not_matter() -> None:
    runs = replications(scenario(), *[[Call(0.001 * (i + k)) for i in range(1, 50)] for k in range(5)])
    assert latency_ms(runs, pool(runs)) == latency_ms(runs[::-1], pool(runs[::-1]))


def test_a_queue_without_loads_has_all_quantiles() -> None:
    runs = replications(scenario(), [Call(0.01, queue=0.001 * i) for i in range(200)])
    found = latency_ms(runs, pool(runs))
    assert all(e.value is not None for e in found.values())
    assert found["p99"].value == pytest.approx(10 + 197, rel=0.01)


def test_p99_in_the_cold_mode_needs_twenty_loads() -> None:
    # 3 % of the calls are cold and wait for 8 loads in all: p99 is a cold call, and above it lie less than 8 loads
    calls = [WARM] * 970 + [cold(i % 8) for i in range(30)]
    runs = replications(scenario(), calls)
    found = latency_ms(runs, pool(runs))
    assert found["p99"].value is None
    assert found["p99"].reason is not None
    assert found["p99"].reason.startswith("too few loads beyond it (")
    assert found["p99"].reason.endswith(", 20 are needed): simulate longer")
    assert found["p99.9"].value is None
    assert found["p90"].value == pytest.approx(20.0, rel=0.005)
    assert found["mean"].value is not None


def test_p99_in_the_cold_mode_with_enough_loads() -> None:
    # every cold call has its own load, and they differ: 40 of them, half beyond p98
    calls = [WARM] * 960 + [Call(0.020, load_wait=1.0 + 0.1 * i, load=i) for i in range(40)]
    runs = replications(scenario(), calls)
    assert latency(runs, pool(runs), "p95").value == pytest.approx(20.0, rel=0.005)
    assert latency(runs, pool(runs), "p99").value is None  # 10 loads lie beyond it
    thrice = replications(scenario(), calls, calls, calls)
    assert latency(thrice, pool(thrice), "p99").value == pytest.approx(1000 * (0.020 + 1.0 + 2.9), rel=0.005)


@pytest.mark.parametrize(("beyond", "given"), [(19, False), (20, True)])
def test_twenty_loads_beyond_a_percentile_are_enough(beyond: int, given: bool) -> None:
    # every cold call has its own load; half of them lie beyond p99, which is one call in a hundred
    calls = [WARM] * (98 * beyond) + [Call(0.020, load_wait=1.0 + 0.1 * i, load=i) for i in range(2 * beyond)]
    runs = replications(scenario(), calls)
    assert (latency(runs, pool(runs), "p99").value is not None) == given


def test_p99_just_below_the_jump_needs_loads_too() -> None:
    # 0.8 % cold: p99 is warm, but a little more traffic to cold models would move it by 1.5 s
    runs = replications(scenario(), [WARM] * 992 + [cold(i) for i in range(8)])
    assert latency(runs, pool(runs), "p99").value is None


def test_p99_far_from_the_cold_mode_needs_none() -> None:
    # 0.1 % cold: the slowest calls beyond p99 are warm ones
    runs = replications(scenario(), [Call(0.02, queue=1e-5 * i) for i in range(1998)] + [cold(0), cold(0)])
    found = latency_ms(runs, pool(runs))
    assert found["p99"].value == pytest.approx(39.8, rel=0.01)
    assert found["p99.9"].value is None


def test_no_successful_call_has_no_latency() -> None:
    runs = replications(scenario(), [Call(0.1, cause="queue_full")])
    found = latency_ms(runs, pool(runs))
    assert {e.reason for e in found.values()} == {"no successful call"}


def test_a_replication_without_success_is_not_left_out() -> None:
    runs = replications(scenario(), [Call(0.1)], [Call(0.1, cause="queue_full")])
    found = latency_ms(runs, pool(runs))
    assert found["mean"].reason == found["p50"].reason == "no successful call in 1 of 2 replications"
    assert found["max"].value == 100.0


@pytest.mark.parametrize(("limit", "text"), [(0.5, "500 ms"), (0.0015, "1.5 ms"), (60.0, "60000 ms"), (0.1, "100 ms")])
def test_names_of_limits(limit: float, text: str) -> None:
    assert limit_text(limit) == text
