"""The figures of one replication by name."""

from __future__ import annotations

import math
from typing import get_args

import numpy as np
import pytest

from mmesim.errors import UserError
from mmesim.results.expect.expected import expected
from mmesim.results.figures.figures import FORMULAS, formula, measured, over, over_successful, read
from mmesim.results.result import Result
from mmesim.scenario.figures import FIGURES, Place, figure, quantile_shares, shown_in
from mmesim.scenario.run.expect import read_expectation
from mmesim.scenario.run.expected import EXPECTED
from tests.unit.results.synthetic import Call, devices, hosts, replications, run_data, scenario


@pytest.mark.parametrize(
    ("name", "shares"),
    [("p50", (0.5, 0.5)), ("p99", (0.99, 0.01)), ("p99.9", (0.999, 0.001)), ("p5", (0.05, 0.95))],
)
def test_quantile_names_are_exact_decimals(name: str, shares: tuple[float, float]) -> None:
    assert quantile_shares(name) == shares


@pytest.mark.parametrize("name", ["mean", "p", "p100", "P99", "p99.", "pids"])
def test_other_names_are_no_quantiles(name: str) -> None:
    assert quantile_shares(name) is None


LIMITS = {"ms": "1 s", "share": "1 %", "rate": "1 /s", "count": "1"}


@pytest.mark.parametrize("name", [one.name for one in FIGURES if one.name in EXPECTED])
def test_every_metric_that_a_scenario_may_expect_exists(name: str) -> None:
    run = run_data(scenario(["p99 < 1 s"]), [Call(0.01), Call(0.02, load=0, load_wait=1.0)], devices=devices())
    line = read_expectation(f"{name} < {LIMITS[EXPECTED[name][0]]}")
    assert math.isfinite(expected(line, scenario(["p99 < 1 s"])).of(run))


def test_values_by_hand() -> None:
    of = scenario(["p99 < 100 ms"])
    calls = [Call(0.05)] * 6 + [Call(0.25, load_wait=1.0, load=0)] * 2 + [Call(1.0, cause="queue_full")] * 2
    run = run_data(of, calls, hosts=hosts(2), devices=devices(2))
    values = {name: m.of(run) for name, m in FORMULAS.items()}
    assert values == {
        "throughput": 0.08,
        "mean": pytest.approx((6 * 0.05 + 2 * 1.25) / 8),
        "max": 1.25,
        "cache_hit_ratio": 0.8,
        "error_rate": 0.2,
        "model_loading_wait": 1.0,
        "loaded_models": 3.0,  # 1.5 on each of two hosts
        "cpu_utilization": 0.5,
        "memory_utilization": 0.25,
        "disk_utilization": 0.1,
        "devices.utilization": 0.5,
        "devices.memory_utilization": 0.5,
        "workers.utilization": pytest.approx(2.8 / 200),  # one worker of each of two models, for 100 s
        "workers.busiest": pytest.approx(2.8 / 100),
        "tenants.cold_share.p50": 0.2,
        "tenants.cold_share.p90": 0.2,
        "tenants.often_cold": 1.0,
        "hosts": 2.0,
    }
    assert over(0.1).of(run) == 0.4  # one of four answered is slower, and the fifth call failed
    assert over_successful(0.1).of(run) == 0.25
    assert formula("p50").of(run) == pytest.approx(0.05, rel=0.005)


def test_hosts_of_unlike_size_weigh_by_size_and_time() -> None:
    of = scenario()
    two = hosts(2, up_s=np.array([100.0, 50.0]), vcpu=np.array([2, 4]), cpu_busy_s=np.array([200.0, 0.0]))
    run = run_data(of, [Call(0.01)], hosts=two)
    assert formula("cpu_utilization").of(run) == 200.0 / (2 * 100 + 4 * 50)
    assert formula("hosts").of(run) == 1.5


def test_warmup_is_not_measured_time() -> None:
    of = scenario(run={"warmup": 50.0})
    assert formula("throughput_rps").of(run_data(of, [Call(0.01)] * 5)) == 0.1


def test_nothing_measured_has_no_value() -> None:
    run = run_data(scenario(), [])
    for name in ("mean", "max", "p99", "cache_hit_ratio", "error_rate", "model_loading_wait"):
        assert math.isnan(formula(name).of(run)), name
    assert formula("throughput_rps").of(run) == 0.0


def test_models_that_never_fit_did_not_wait_for_a_load() -> None:
    refused = [Call(load=0, cause="never_fits")] * 3
    run = run_data(scenario(), [*refused, Call(0.01, load_wait=2.0, load=1)])
    assert FORMULAS["model_loading_wait"].of(run) == 2.0
    assert FORMULAS["cache_hit_ratio"].of(run) == 0.0
    assert math.isnan(FORMULAS["model_loading_wait"].of(run_data(scenario(), refused)))


def test_unknown_metric() -> None:
    with pytest.raises(KeyError):
        formula("latency")


def test_every_formula_is_of_a_figure_in_the_table() -> None:
    known = {one.name for one in FIGURES}
    assert len(known) == len(FIGURES)
    assert set(FORMULAS) <= known
    assert {one.name for one in FIGURES} - {one.name for one in measured()} == {
        "tenants.meet_slo",
        "tenants.cold_share.worst",
        "cost",
        "cost_per_month",
        "cost_per_million",
    }


def test_every_estimate_of_a_summary_has_its_row_and_its_row_finds_it() -> None:
    of = scenario(["p99 < 500 ms"])
    result = Result(of, replications(of, [Call(0.1)] * 20, [Call(0.2), Call(0.1, load_wait=1.0, load=0)]))
    # Without models that use devices there is nothing to say of them.
    paths = {one.path for one in FIGURES if not one.name.startswith("devices.")}
    # The same figures of some of the calls have no rows of their own.
    estimated = {path for path in result.figures.index if not path.startswith(("share_over.", "warm.", "cold."))}
    assert estimated <= paths
    assert {path for path in paths - estimated if path is not None and not path.startswith("cost.")} == set()
    for one in FIGURES:
        if one.path in paths and one.path is not None:
            found = read(one, result.summary)
            assert (found.value is None) == (found.reason is not None)
            if one.kind != "usd":
                value = math.nan if found.value is None else found.value
                assert value == pytest.approx(result.figures.loc[one.path, "value"], nan_ok=True)
            if not one.interval:
                assert found.ci95 is None


def test_a_figure_that_is_not_in_the_summary_cannot_be_read_from_it() -> None:
    with pytest.raises(ValueError, match="hosts is not in the summary"):
        read(figure("hosts"), {})


@pytest.mark.parametrize(
    ("word", "name", "column"),
    [
        ("p99.9", "p99.9", "p99.9_ms"),
        ("p99.9_ms", "p99.9", "p99.9_ms"),
        ("throughput_rps", "throughput", "throughput_rps"),
        ("usd_per_hour", "cost", "usd_per_hour"),
        ("model_loading_wait_ms", "model_loading_wait", "model_loading_wait_ms"),
        ("tenants.cold_share.p50", "tenants.cold_share.p50", "p50"),
    ],
)
def test_a_figure_has_one_name_and_is_found_by_its_key_and_column_too(word: str, name: str, column: str) -> None:
    assert (figure(word).name, figure(word).column) == (name, column)


def test_what_is_shown_together_has_different_names() -> None:
    for place in get_args(Place):
        shown = shown_in(place)
        assert shown
        assert len({one.key for one in shown}) == len({one.column for one in shown}) == len(shown)


def test_an_unknown_figure_is_told_with_the_nearest() -> None:
    with pytest.raises(
        UserError, match=r"unknown metric 'cach_hit_ratio': one of mean, .*did you mean cache_hit_ratio"
    ):
        figure("cach_hit_ratio", measured())
