"""The models one by one: who meets the objective, who is mostly cold."""

from __future__ import annotations

import pytest

from mmesim.errors import SimulationError
from mmesim.results.figures.figures import cold_share
from mmesim.results.figures.tenants import latency_limits, meets, pooled_tenants, tenants
from tests.unit.results.synthetic import Call, replications, run_data, scenario


def fast(model: int, n: int) -> list[Call]:
    return [Call(0.1, model=model)] * n


def slow(model: int, n: int) -> list[Call]:
    return [Call(0.1, model=model, load_wait=1.0, load=model)] * n


def test_each_model_is_held_to_its_own_share_of_slow_calls() -> None:
    of = scenario(["p90 < 500 ms", "error_rate < 1 %"], models=4)
    # model 0: 1 of 20 slow (5 % < 10 %); 1: 2 of 20 (10 % is not less); 2: one call, cold; 3: never called
    calls = fast(0, 19) + slow(0, 1) + fast(1, 18) + slow(1, 2) + slow(2, 1)
    run = run_data(of, calls)
    assert meets(run.tenants, run.limits_s, latency_limits(of.expect)).tolist() == [True, False, False, False]
    found = tenants([run], of.expect)
    assert (found["models"], found["called"]) == (4, 3)
    assert found["meet_slo"] == {"value": pytest.approx(1 / 3), "ci95": None}
    assert cold_share(run).tolist() == pytest.approx([0.05, 0.1, 1.0])
    assert found["cold_share"] == {
        "p50": {"value": pytest.approx(0.1), "ci95": None},
        "p90": {"value": pytest.approx(0.82), "ci95": None},  # 0.8 of the way from 0.1 to 1.0
        "worst": {"value": 1.0, "ci95": None},
    }
    assert found["often_cold"] == {"value": pytest.approx(2 / 3), "ci95": None}  # 5 % is not more than 5 %


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("p90 <= 500 ms", [True, True]),
        ("mean < 200 ms", [True, False]),
        ("max < 500 ms", [False, False]),
        ("max < 2 s", [True, True]),
        ("p50 < 50 ms", [False, False]),
    ],
)
def test_every_kind_of_latency_limit(text: str, met: list[bool]) -> None:
    of = scenario([text])
    run = run_data(of, fast(0, 19) + slow(0, 1) + fast(1, 18) + slow(1, 2))
    assert meets(run.tenants, run.limits_s, latency_limits(of.expect)).tolist() == met


def test_a_model_whose_calls_all_fail_meets_nothing() -> None:
    of = scenario(["p99 < 500 ms"])
    run = run_data(of, [Call(0.1, model=0, cause="queue_full"), *fast(1, 1)])
    assert meets(run.tenants, run.limits_s, latency_limits(of.expect)).tolist() == [False, True]


def test_shares_of_cold_calls_are_those_of_all_replications_and_worst_is_the_worst() -> None:
    of = scenario(["p99 < 500 ms"])
    runs = replications(of, fast(0, 10) + fast(1, 10), fast(0, 10) + slow(1, 1) + fast(1, 1))
    found = tenants(runs, of.expect)
    assert isinstance(found["meet_slo"], dict)
    assert found["meet_slo"]["value"] == 0.75
    assert isinstance(found["cold_share"], dict)
    assert found["cold_share"]["worst"] == {"value": 0.5, "ci95": None}
    # Model 1: one of twelve calls was cold, model 0: none; the replications alone have medians 0 and 0.25.
    assert found["cold_share"]["p50"]["value"] == pytest.approx(1 / 24)
    low, high = found["cold_share"]["p50"]["ci95"]
    assert low == 0.0
    assert high > 0.25


def test_only_upper_limits_of_the_latency_bind_a_model() -> None:
    of = scenario(["p99 > 1 ms", "cache_hit_ratio > 90 %", "p95 < 1 s"])
    assert [e.text for e in latency_limits(of.expect)] == ["p95 < 1 s"]


def test_without_a_limit_there_is_no_objective_to_meet() -> None:
    of = scenario()
    found = tenants([run_data(of, fast(0, 1))], of.expect)
    assert found["meet_slo"] == {"value": None, "ci95": None, "reason": "no limit for the latency in expect"}


def test_nobody_called() -> None:
    of = scenario(["p99 < 1 s"])
    found = tenants([run_data(of, [])], of.expect)
    assert found["called"] == 0
    assert found["often_cold"] == {"value": None, "ci95": None, "reason": "no model was called"}


def test_pooled_counts_are_sums() -> None:
    of = scenario(["p99 < 500 ms"])
    pooled = pooled_tenants(replications(of, fast(0, 3) + slow(1, 2), slow(1, 1)))
    assert pooled.calls.tolist() == [3, 3]
    assert pooled.misses.tolist() == [0, 3]
    assert pooled.over[:, 0].tolist() == [0, 3]
    assert pooled.histogram.sum(axis=1).tolist() == [3, 3]


def test_a_limit_that_was_not_counted_is_our_fault() -> None:
    of = scenario(["p99 < 500 ms"])
    run = run_data(scenario(["p99 < 1 s"]), fast(0, 1))
    with pytest.raises(SimulationError, match="p99 < 500 ms"):
        meets(run.tenants, run.limits_s, latency_limits(of.expect))
