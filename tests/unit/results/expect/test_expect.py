"""Verdicts: what decides, and when nothing can."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from mmesim.results.expect.expect import compare, judge, overall
from mmesim.results.figures.latency import pool
from mmesim.scenario.figures import LATENCIES, quantile_shares
from tests.unit.results.synthetic import Call, hosts, replications, scenario

FAST, SLOW = Call(0.1), Call(0.9)


def verdicts(text: str, *calls: list[Call]) -> dict[str, Any]:
    of = scenario([text])
    runs = replications(of, *calls)
    (entry,) = judge(of, runs, pool(runs))
    return entry


def mix(slow: int, of: int = 1000) -> list[Call]:
    return [FAST] * (of - slow) + [SLOW] * slow


def test_quantile_passes_when_the_share_over_is_surely_below() -> None:
    entry = verdicts("p99 < 500 ms", mix(4), mix(5), mix(6))
    # 0.4, 0.5, 0.6 %: mean 0.5 %, t(0.975, 2) = 4.302653, half-width 4.302653 * 0.1 / sqrt(3) = 0.248 %; 15 calls of
    # 3,000, were they independent, leave more open above.
    assert entry["verdict"] == "pass"
    assert entry["limit"] == 500.0
    assert entry["value"] == pytest.approx(100.0, rel=0.01)
    assert entry["decided_on"] == {
        "metric": "share_over 500 ms",
        "limit": 0.01,
        "unit": "1",
        "value": pytest.approx(0.005),
        "ci95": pytest.approx([0.005 - 0.002484, binomtest(15, 3000).proportion_ci().high], abs=1e-6),
        "by": "exact binomial interval over 3 replications",
        "between_s": None,
    }


def test_quantile_fails_when_the_share_over_is_surely_above() -> None:
    assert verdicts("p99 < 500 ms", mix(20), mix(21), mix(22))["verdict"] == "fail"


def test_quantile_is_undecided_when_the_interval_covers_the_limit() -> None:
    assert verdicts("p99 < 500 ms", mix(8), mix(9), mix(13))["verdict"] == "undecided"


def test_one_replication_decides_on_its_value_and_says_so() -> None:
    entry = verdicts("p99 < 500 ms", mix(9))
    assert entry["verdict"] == "pass"
    assert entry["decided_on"] == {
        "metric": "share_over 500 ms",
        "limit": 0.01,
        "unit": "1",
        "value": pytest.approx(0.009),
        "ci95": None,
        "by": "value of one replication, no interval",
        "between_s": None,
    }
    assert verdicts("p99 < 500 ms", mix(10))["verdict"] == "fail"  # 1 % is not less than 1 %
    assert verdicts("p99 <= 500 ms", mix(10))["verdict"] == "pass"


def test_a_few_calls_without_a_slow_one_prove_nothing() -> None:
    # 0 of 60 slow: the exact 95 % bound is 1 - 0.025 ** (1 / 60) = 6 %
    entry = verdicts("p99 < 500 ms", mix(0, of=30), mix(0, of=30))
    assert entry["verdict"] == "undecided"
    decided_on = entry["decided_on"]
    assert isinstance(decided_on, dict)
    assert decided_on["ci95"] == pytest.approx([0.0, 1 - 0.025 ** (1 / 60)])
    assert decided_on["by"] == "exact binomial interval over 2 replications"
    assert verdicts("p99 < 500 ms", mix(0), mix(0))["verdict"] == "pass"


def test_all_hits_are_judged_the_same_way() -> None:
    assert verdicts("cache_hit_ratio >= 95 %", mix(0, of=10), mix(0, of=10))["verdict"] == "undecided"
    entry = verdicts("cache_hit_ratio >= 95 %", mix(0), mix(0))
    assert entry["verdict"] == "pass"
    assert (entry["value"], entry["limit"]) == (1.0, 0.95)
    assert entry["ci95"] == pytest.approx([0.025 ** (1 / 2000), 1.0])


def test_mean_is_judged_in_milliseconds() -> None:
    entry = verdicts("mean < 200 ms", [FAST] * 10, [FAST] * 9 + [SLOW])
    # means 100 and 180 ms: 140 +- 12.706 * 40
    assert entry["verdict"] == "undecided"
    assert entry["value"] == pytest.approx(140.0)
    assert entry["ci95"] == pytest.approx([0.0, 140 + 12.7062047 * 40])
    decided_on = entry["decided_on"]
    assert isinstance(decided_on, dict)
    assert (decided_on["limit"], decided_on["unit"]) == (200.0, "ms")
    assert decided_on["value"] == pytest.approx(140.0)


def test_maximum_is_judged_on_the_largest_call() -> None:
    entry = verdicts("max < 500 ms", mix(0), mix(1))
    assert (entry["verdict"], entry["value"], entry["ci95"]) == ("fail", 900.0, None)
    assert verdicts("max < 1 s", mix(0), mix(1))["verdict"] == "pass"


def test_share_that_is_no_count_has_the_t_interval() -> None:
    of = scenario(["cpu_utilization < 60 %"])
    runs = replications(of, [FAST], [FAST], hosts=hosts(cpu_busy_s=100.0))
    (entry,) = judge(of, runs, pool(runs))
    assert (entry["verdict"], entry["value"], entry["ci95"]) == ("pass", 0.5, [0.5, 0.5])


FAILED = Call(0.1, cause="queue_full")


@pytest.mark.parametrize("name", LATENCIES)
@pytest.mark.parametrize("replications", [1, 2])
def test_without_a_successful_call_every_latency_is_too_slow(name: str, replications: int) -> None:
    entry = verdicts(f"{name} < 500 ms", *[[FAILED]] * replications)
    assert (entry["verdict"], entry["value"], entry["reason"]) == ("fail", None, "no successful call")
    assert isinstance(entry["decided_on"], dict)
    calls = f"{replications} of {replications}"
    assert entry["decided_on"]["by"] == f"{calls} calls failed: each is slower than every limit"
    assert verdicts(f"{name} > 500 ms", *[[FAILED]] * replications)["verdict"] == "pass"
    assert verdicts("error_rate < 1 %", *[[FAILED]] * replications)["verdict"] == "fail"


@pytest.mark.parametrize("text", ["ledger.p99.load < 500 ms", "ledger.all.mean < 500 ms"])
def test_without_a_successful_call_what_latency_is_made_of_is_too_slow(text: str) -> None:
    assert verdicts(text, [Call(cause="queue_full")] * 3)["verdict"] == "fail"
    share = verdicts("ledger.p99.load < 30 %", [Call(cause="queue_full")] * 3)
    assert (share["verdict"], share["decided_on"]["by"]) == ("undecided", "nothing: no successful calls near p99")


def test_without_a_call_nothing_can_be_decided() -> None:
    entry = verdicts("p99 < 500 ms", [])
    assert (entry["verdict"], entry["decided_on"]["by"]) == ("undecided", "nothing: no call")


def test_a_failed_call_is_slower_than_every_limit() -> None:
    # 5 slow of 1,000 answered, 20 failed: 25 of 1,020 are slower than the limit.
    entry = verdicts("p99 < 500 ms", [*mix(5), *[FAILED] * 20])
    assert (entry["verdict"], entry["value"]) == ("fail", pytest.approx(100.0, rel=0.01))
    assert entry["decided_on"]["value"] == pytest.approx(25 / 1020)
    assert verdicts("max < 500 ms", [FAST, FAILED])["verdict"] == "fail"
    assert verdicts("mean < 500 ms", [FAST, FAILED])["verdict"] == "pass"
    assert verdicts("mean < 500 ms", [FAST], [FAILED])["verdict"] == "fail"


def test_more_failures_never_help() -> None:
    order = ["pass", "undecided", "fail"]
    found = [verdicts("p99 < 500 ms", *[[*mix(5), *[FAILED] * n]] * 3)["verdict"] for n in range(12)]
    assert found == sorted(found, key=order.index)
    assert (found[0], found[-1]) == ("pass", "fail")


def test_verdict_does_not_need_the_quantile_itself() -> None:
    cold = [Call(0.1, load_wait=2.0, load=0)] * 30
    entry = verdicts("p99 < 500 ms", [FAST] * 970 + cold)
    assert (entry["verdict"], entry["value"]) == ("fail", None)


@pytest.mark.parametrize(
    ("comparison", "low", "high", "verdict"),
    [
        ("<", 0.8, 0.99, "pass"),
        ("<", 0.8, 1.0, "undecided"),
        ("<", 1.0, 1.2, "fail"),
        ("<=", 0.8, 1.0, "pass"),
        ("<=", 1.0, 1.2, "undecided"),
        ("<=", 1.01, 1.2, "fail"),
        (">", 1.01, 1.2, "pass"),
        (">", 1.0, 1.2, "undecided"),
        (">", 0.9, 1.0, "fail"),
        (">=", 1.0, 1.2, "pass"),
        (">=", 0.9, 1.0, "undecided"),
        (">=", 0.9, 0.99, "fail"),
    ],
)
def test_interval_against_the_limit_1(comparison: str, low: float, high: float, verdict: str) -> None:
    assert compare(comparison, low, high, 1.0) == verdict


def test_overall_verdict() -> None:
    assert overall([]) == overall(["pass", "pass"]) == "pass"
    assert overall(["pass", "undecided"]) == "undecided"
    assert overall(["undecided", "fail"]) == "fail"


EVERY = [
    # 2 replications of 100 s with 20 calls each: 1 failed, 1 cold of 1.1 s, 18 of 0.1 s.
    ("throughput > 0.1 /s", 0.19, "1/s", "pass"),
    ("loads < 200 /h", 0.03, "1/s", "pass"),
    ("loads < 100 /h", 0.03, "1/s", "fail"),
    ("requests.total >= 0.2 /s", 0.2, "1/s", "pass"),
    ("requests.errors.queue_full < 1 /h", 0.01, "1/s", "fail"),
    ("attempts.retries <= 0 /s", 0.0, "1/s", "pass"),
    ("attempts.causes.queue_full < 2 /min", 0.01, "1/s", "pass"),
    ("requests.in_flight_at_end <= 0 /s", 0.0, "1/s", "pass"),
    ("pids.peak < 80", 77.0, "1", "pass"),
    ("pids.peak < 7 % of limit", 0.077, "1", "fail"),
    ("cost.hour < 1 USD", 0.36, "USD", "pass"),
    ("cost.month < 200 USD", 262.8, "USD", "fail"),
    ("cost.million_requests < 501 USD", 500.0, "USD", "pass"),
    ("loaded_models < 2", 1.5, "1", "pass"),
    ("model_loading_wait < 2 s", 1000.0, "ms", "pass"),
    ("disk_utilization < 11 %", 0.1, "1", "pass"),
    ("tenants.often_cold < 60 %", 0.5, "1", "pass"),
    ("tenants.cold_share.worst <= 10 %", 0.1, "1", "pass"),
    ("ledger.all.load < 10 ms", 1000 / 19, "ms", "fail"),
    ("ledger.all.load < 40 %", 1 / 2.9, "1", "pass"),
]


@pytest.mark.parametrize(("text", "value", "unit", "verdict"), EVERY)
def test_every_figure_of_the_summary_can_be_expected(text: str, value: float, unit: str, verdict: str) -> None:
    calls = [Call(0.1)] * 9 + [Call(0.1, load_wait=1.0, load=0, model=1), *[Call(0.1, model=1)] * 9, FAILED]
    entry = verdicts(text, calls, calls)
    decided_on = entry["decided_on"]
    assert (entry["value"], decided_on["value"]) == (pytest.approx(value), pytest.approx(value))
    assert (decided_on["unit"], entry["verdict"]) == (unit, verdict)


def test_a_model_meets_its_limits_with_the_calls_that_failed() -> None:
    of = scenario(["p50 < 500 ms", "tenants.meet_slo > 90 %"])
    runs = replications(of, [FAST, FAST, Call(0.1, model=1), Call(0.1, model=1, cause="queue_full")])
    entry = judge(of, runs, pool(runs))[1]
    assert (entry["value"], entry["verdict"]) == (0.5, "fail")


ORDER = {"<": 1, "<=": 1, ">": -1, ">=": -1}
calls_of = st.lists(st.sampled_from([FAST, SLOW, FAILED, Call(0.1, load_wait=1.0, load=0)]), min_size=1, max_size=12)


@given(
    st.sampled_from(["p50", "p90", "p99", "mean", "max", "ledger.all.load"]),
    st.sampled_from(sorted(ORDER)),
    st.lists(calls_of, min_size=1, max_size=3),
    st.tuples(st.integers(0, 3000), st.integers(0, 3000)).map(sorted),
)
def test_a_higher_limit_never_turns_a_verdict_the_wrong_way(
    metric: str, comparison: str, calls: list[list[Call]], limits: list[int]
) -> None:
    """One replication, and figures that do not depend on the limit: a looser limit never has a worse verdict.

    A limit on a percentile is decided on the share of calls over it. Over replications that share has an interval of
    its own at each limit, and how much the replications differ in it depends on the limit. So one of two limits may be
    decided and the other left open, whichever is looser; but both intervals hold the mean share, which only falls: they
    never contradict each other. One side decided could decide the other too only if every limit between were looked
    at, and the best of many intervals does not hold with 95 %.
    """
    goodness = ["fail", "undecided", "pass"]
    entries = [verdicts(f"{metric} {comparison} {ms} ms", *calls) for ms in limits]
    low, high = (goodness.index(entry["verdict"]) for entry in entries)
    own_interval = quantile_shares(metric) is not None and len(calls) > 1
    worse_by = (low - high) * ORDER[comparison]
    assert worse_by <= (1 if own_interval else 0)
    if own_interval:
        shares = [entry["decided_on"]["value"] for entry in entries]
        if None not in shares:
            assert shares[1] <= shares[0]


def test_where_replications_differ_a_limit_is_open_though_a_looser_one_fails() -> None:
    calls = [FAST, FAILED], [SLOW, FAILED]
    tight, loose = verdicts("p99 < 100 ms", *calls), verdicts("p99 < 900 ms", *calls)
    # Shares of 1/2 and 1 have a wide interval, cut to 0..100 %; those of 1/2 and 1/2 leave the exact one of 2 in 4.
    assert (tight["verdict"], tight["decided_on"]["ci95"]) == ("undecided", [0.0, 1.0])
    assert (loose["verdict"], loose["decided_on"]["value"]) == ("fail", 0.5)
    assert loose["decided_on"]["ci95"] == pytest.approx(binomtest(2, 4).proportion_ci(), abs=1e-9)
    assert tight["decided_on"]["value"] == 0.75


@given(st.sampled_from(LATENCIES), st.integers(1, 10**6), st.lists(st.integers(1, 5), min_size=1, max_size=3))
def test_a_run_in_which_every_call_fails_never_passes(name: str, ms: int, counts: list[int]) -> None:
    assert verdicts(f"{name} < {ms} ms", *[[FAILED] * n for n in counts])["verdict"] == "fail"
