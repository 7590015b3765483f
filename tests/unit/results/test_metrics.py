"""The figures of one replication by name."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mmesim.results.metrics import METRICS, metric, over, quantile_shares
from mmesim.scenario.run.expect import LATENCY_METRICS, SHARE_METRICS
from tests.unit.results.synthetic import Call, hosts, run_data, scenario


@pytest.mark.parametrize(
    ("name", "shares"),
    [("p50", (0.5, 0.5)), ("p99", (0.99, 0.01)), ("p99.9", (0.999, 0.001)), ("p5", (0.05, 0.95))],
)
def test_quantile_names_are_exact_decimals(name: str, shares: tuple[float, float]) -> None:
    assert quantile_shares(name) == shares


@pytest.mark.parametrize("name", ["mean", "p", "p100", "P99", "p99.", "pids"])
def test_other_names_are_no_quantiles(name: str) -> None:
    assert quantile_shares(name) is None


@pytest.mark.parametrize("name", LATENCY_METRICS + SHARE_METRICS)
def test_every_metric_that_a_scenario_may_expect_exists(name: str) -> None:
    run = run_data(scenario(), [Call(0.01), Call(0.02, load=0, load_wait=1.0)])
    assert math.isfinite(metric(name).of(run))


def test_values_by_hand() -> None:
    of = scenario(["p99 < 100 ms"])
    calls = [Call(0.05)] * 6 + [Call(0.25, load_wait=1.0, load=0)] * 2 + [Call(1.0, cause="queue_full")] * 2
    run = run_data(of, calls, hosts=hosts(2))
    values = {name: m.of(run) for name, m in METRICS.items()}
    assert values == {
        "throughput_rps": 0.08,
        "mean": pytest.approx((6 * 0.05 + 2 * 1.25) / 8),
        "max": 1.25,
        "cache_hit_ratio": 0.8,
        "error_rate": 0.2,
        "model_loading_wait": 1.0,
        "loaded_models": 3.0,  # 1.5 on each of two hosts
        "cpu_utilization": 0.5,
        "memory_utilization": 0.25,
        "disk_utilization": 0.1,
        "hosts": 2.0,
    }
    assert over(0.1).of(run) == 0.25
    assert metric("p50").of(run) == pytest.approx(0.05, rel=0.005)


def test_hosts_of_unlike_size_weigh_by_size_and_time() -> None:
    of = scenario()
    two = hosts(2, up_s=np.array([100.0, 50.0]), vcpu=np.array([2, 4]), cpu_busy_s=np.array([200.0, 0.0]))
    run = run_data(of, [Call(0.01)], hosts=two)
    assert metric("cpu_utilization").of(run) == 200.0 / (2 * 100 + 4 * 50)
    assert metric("hosts").of(run) == 1.5


def test_warmup_is_not_measured_time() -> None:
    of = scenario(run={"warmup": 50.0})
    assert metric("throughput_rps").of(run_data(of, [Call(0.01)] * 5)) == 0.1


def test_nothing_measured_has_no_value() -> None:
    run = run_data(scenario(), [])
    for name in ("mean", "max", "p99", "cache_hit_ratio", "error_rate", "model_loading_wait"):
        assert math.isnan(metric(name).of(run)), name
    assert metric("throughput_rps").of(run) == 0.0


def test_models_that_never_fit_did_not_wait_for_a_load() -> None:
    refused = [Call(load=0, cause="never_fits")] * 3
    run = run_data(scenario(), [*refused, Call(0.01, load_wait=2.0, load=1)])
    assert METRICS["model_loading_wait"].of(run) == 2.0
    assert METRICS["cache_hit_ratio"].of(run) == 0.0
    assert math.isnan(METRICS["model_loading_wait"].of(run_data(scenario(), refused)))


def test_unknown_metric() -> None:
    with pytest.raises(KeyError):
        metric("latency")
