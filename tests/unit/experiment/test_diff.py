"""Two scenarios on the same requests: differences by hand, exact zero, pairs that pay, the first call that parts."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from mmesim import Scenario, capacity, diff, explain, plan, robustness, run, split, sweep
from mmesim.errors import UserError
from mmesim.experiment.diff.divergence import first_divergence
from mmesim.report.content.diff import diff_report
from mmesim.report.text import text
from mmesim.results.comparison.compare import deltas
from mmesim.results.result import Result
from mmesim.stats.means import mean_interval
from tests.coverage_study.pairs import PIN
from tests.helpers.texts import load_text

TEXT = """
name: base
endpoint: {vcpu: 4, memory: 16 GiB, instance_count: 2, warm: true, price_per_hour: 0.3 USD}
models:
  - {name: m, count: 20, framework: xgboost, artifact_size: 10 MB, memory: 20 MiB, workers: 2,
     service: {cpu: {lognormal: {mean: 12 ms, cv: 1.0}}}}
traffic:
  - {arrivals: {poisson: {rate: 200 /s}}, popularity: {zipf: 0.6}}
run: {duration: 40 s, warmup: 10 s, seed: 7}
expect: [p99 < 80 ms]
"""


@pytest.fixture(scope="module")
def base() -> Scenario:
    return load_text(TEXT)


@pytest.fixture(scope="module")
def slower(base):
    return diff(base, base.with_({"models.m.service.cpu.lognormal.mean": "12.12 ms"}))


def test_a_change_of_nothing_is_exactly_zero(base):
    found = diff(base, base.with_(name="again"), replications=3)
    for delta in found.deltas:
        assert (delta.difference.value, delta.difference.ci95) == (0.0, (0.0, 0.0)), delta.name
        assert (delta.direction, delta.variance_ratio) == ("same", None)
    assert found.first is None
    assert found.same_calls
    assert found.all_recorded


def test_what_the_clock_rounds_is_no_difference_of_a_call_and_no_part_of_it(base):
    found = diff(base, base.with_(name="again"), replications=2)
    run = found.b.runs[0]
    assert run.records is not None
    noise = np.full_like(run.records.parts_s, 9e-18)
    rounded = replace(run.records, latency_s=run.records.latency_s + 1e-16, parts_s=run.records.parts_s + noise)
    b = replace(found.b, runs=(replace(run, records=rounded), *found.b.runs[1:]))
    assert first_divergence(found.a, b) is None
    later = rounded.latency_s.copy()
    later[5] += 1e-3
    b = replace(found.b, runs=(replace(run, records=replace(rounded, latency_s=later)), *found.b.runs[1:]))
    first = first_divergence(found.a, b)
    assert first is not None
    assert first.call == run.records.call[5]
    assert first.b is not None
    assert min(first.b.parts_s.values()) > 1e-9


def test_latencies_that_differ_by_the_rounding_of_the_clock_alone_are_the_same(base):
    alone = {
        "models.m.count": 1,
        "models.m.service": {"cpu": "5 ms"},
        "traffic.0.arrivals.poisson.rate": "0.1 /s",
        "traffic.0.popularity": "uniform",
    }
    of = base.with_(alone | {"run.duration": "500 s"})
    found = diff(of, of.with_({"traffic.0.arrivals.poisson.rate": "0.12 /s"}), replications=3)
    for name in ("p50", "p90", "p95", "p99"):
        assert found[name].difference.ci95 == (0.0, 0.0)
        assert found[name].direction == "same"


def test_one_percent_more_service_time_is_seen_where_independent_runs_see_nothing(base, slower):
    mean = slower["mean"]
    assert len(slower.a.runs) == 10
    assert slower["cache_hit_ratio"].a.value > 0.995
    assert mean.direction == "higher"
    assert mean.variance_ratio > 10.0
    # The same with other random numbers for b, which is what plain runs would compare: of five seeds most see nothing.
    undecided = 0
    for seed in range(91, 96):
        other = run(slower.b.scenario.with_({"run.seed": seed}), records=None)
        values = [[r.latency_sum_s / r.ok for r in result.runs] for result in (slower.a, other)]
        interval = mean_interval([y - x for x, y in zip(*values, strict=True)])
        assert interval is not None
        undecided += interval[0] < 0.0 < interval[1]
    assert undecided >= 3


def test_a_change_smaller_than_a_bucket_is_not_called_the_same():
    text = """
name: small
endpoint: {vcpu: 4, memory: 16 GiB, warm: true}
models: [{name: m, artifact_size: 1 MB, memory: 1 MB, service: {cpu: 12 ms}}]
traffic: [{arrivals: {poisson: {rate: 5 /s}}}]
run: {duration: 60 s, replications: 3}
"""
    scenario = load_text(text)
    found = diff(scenario, scenario.with_({"models.m.service.cpu": "12.01 ms"}))
    assert found["mean"].direction == "higher"
    p50 = found["p50"]
    assert p50.direction == "higher"
    assert p50.difference.ci95 == pytest.approx((0.01, 0.01))


def test_both_run_on_the_seed_of_the_first(base):
    found = diff(base, base.with_({"run.seed": 99, "endpoint.instance_count": 1}), replications=2)
    assert found.a.scenario.run.seed == found.b.scenario.run.seed == 7
    assert found.same_calls


def test_differences_are_those_of_the_pairs(slower):
    a, b = slower.a.runs, slower.b.runs
    by_hand = [1000.0 * (y.latency_sum_s / y.ok - x.latency_sum_s / x.ok) for x, y in zip(a, b, strict=True)]
    mean = slower["mean"]
    assert mean.difference.value == pytest.approx(np.mean(by_hand), rel=1e-9)
    assert mean.difference.ci95 == pytest.approx(mean_interval(by_hand), rel=1e-6)
    assert mean.relative == pytest.approx(np.mean(by_hand) / mean.a.value, rel=1e-6)


def test_the_variance_ratio_is_shown_also_where_pairing_does_harm(slower):
    a, b = slower.a, slower.b
    reversed_pairs = Result(b.scenario, tuple(reversed(b.runs)))
    crossed = {delta.name: delta for delta in deltas(a, reversed_pairs)}
    right, wrong = slower["mean"].variance_ratio, crossed["mean"].variance_ratio
    assert right is not None
    assert wrong is not None
    assert wrong < 3.0 < right


def test_the_first_call_that_parts_is_named(base, slower):
    first = slower.first
    assert first is not None
    assert (first.replication, first.call) == (0, 0)
    assert first.a.cause == first.b.cause == "ok"
    assert first.b.parts_s["service"] == pytest.approx(1.01 * first.a.parts_s["service"])
    assert sum(first.a.parts_s.values()) == pytest.approx(first.a.latency_s)


def test_only_the_call_that_is_hit_by_the_change_is_the_first(base):
    # The last model of the table gets slower: calls of others before it fare alike.
    text = TEXT.replace(
        "traffic:",
        "  - {name: last, framework: xgboost, artifact_size: 10 MB, memory: 20 MiB,\n"
        "     service: {cpu: 10 ms}}\ntraffic:",
    )
    scenario = load_text(text)
    found = diff(scenario, scenario.with_({"models.last.service.cpu": "20 ms"}), replications=2)
    assert found.first is not None
    assert found.first.model == "last"
    assert found.first.call > 0
    calls = found.a.requests
    before = calls[(calls.replication == 0) & (calls.call < found.first.call)]
    assert "last" not in set(before.model)


def test_another_fleet_sees_the_same_calls_and_another_rate_does_not(base):
    fewer = diff(base, base.with_({"endpoint.instance_count": 1}), replications=2)
    assert fewer.same_calls
    assert fewer["usd_per_hour"].difference.value == pytest.approx(-0.3)
    assert fewer["cpu_utilization"].direction == "higher"
    more = diff(base, base.with_({"traffic.0.arrivals.poisson.rate": "220 /s"}), replications=2)
    assert not more.same_calls
    assert more["throughput_rps"].direction == "higher"


def test_one_pair_has_values_and_no_verdict(base):
    found = diff(base, base.with_({"endpoint.instance_count": 1}), replications=1)
    assert found["mean"].difference.ci95 is None
    assert found["mean"].direction == "undecided"
    assert found["mean"].variance_ratio is None


def test_two_scenarios_must_measure_the_same_time(base):
    with pytest.raises(UserError, match=r"run\.warmup is 10 s in 'base' and 5 s in 'base'"):
        diff(base, base.with_({"run.warmup": "5 s"}))


def test_a_figure_that_has_no_value_has_no_difference(slower):
    host = slower.b.scenario.endpoint.host.model_copy(update={"price_usd_per_hour": None})
    endpoint = slower.b.scenario.endpoint.model_copy(update={"host": host})
    free = slower.b.scenario.model_copy(update={"endpoint": endpoint})
    runs = tuple(
        replace(run, hosts=replace(run.hosts, usd_per_hour=np.full_like(run.hosts.usd_per_hour, np.nan)))
        for run in slower.b.runs
    )
    cost = {delta.name: delta for delta in deltas(slower.a, replace(slower.b, scenario=free, runs=runs))}[
        "usd_per_hour"
    ]
    assert cost.difference.value is None
    assert cost.difference.reason == "no price is known"


def test_a_difference_can_be_read_as_a_table_as_json_and_as_a_picture(slower, tmp_path):
    frame = slower.frame
    assert frame.loc["mean", "difference"] == slower["mean"].difference.value
    assert list(frame.columns) == ["unit", "a", "b", "difference", "low", "high", "direction", "variance_ratio"]
    data = json.loads(slower.to_json())
    assert data["figures"]["mean"]["direction"] == "higher"
    assert data["first_divergence"]["call"] == 0
    assert "<table" in slower._repr_html_()
    slower.plot().savefig(tmp_path / "diff.png")
    assert (tmp_path / "diff.png").stat().st_size > 10_000
    with pytest.raises(KeyError, match="one of mean"):
        slower["p98"]


def test_the_difference_of_a_percentile_that_jumps_is_held() -> None:
    # 1.010 % of the calls miss against 0.975 %: the p99 of long runs differs by -602.6 ms, of short ones often by 0.
    scenario = load_text(PIN)
    for seed in (1, 2, 6):
        a = scenario.with_run(seed=seed)
        found = diff(a, a.with_({"models.x.pinned": "true"}), replications=5)["p99"].difference
        assert found.ci95 is not None
        assert found.ci95[0] <= -602.6 <= found.ci95[1]


def test_a_fleet_that_was_not_all_there_is_compared_by_its_own_price_too(base):
    """Without a limit of latency nobody judges slow calls, and an instance that is lost costs nothing."""
    lost = {"faults": [{"name": "loss", "at": "20 s", "instance_loss": {"replace": False}}]}
    quiet = base.with_(expect=[])
    said = text(diff_report(diff(quiet, quiet.with_(**lost), replications=1)), width=140)
    own = "the instances that the scenarios begin with: a $0.60, b $0.60"
    assert f"(usd_per_hour: mean during the run; {own})" in " ".join(said.split())
    (row,) = [" ".join(line.split()) for line in said.splitlines() if "fault loss" in line]
    assert row.startswith("fault loss - ")
    assert row.endswith(" failed (host_lost)")
    assert "(slow calls are not known: expect names no limit of latency or errors)" in said


@pytest.mark.parametrize("one", [run, diff, sweep, plan, explain, robustness, capacity, split])
def test_a_result_in_place_of_a_scenario_says_what_to_give(slower, one):
    given = (slower.a, slower.b) if one is diff else (slower.a,)
    with pytest.raises(UserError, match=r"expected a scenario, not a Result: give its \.scenario"):
        one(*given)
