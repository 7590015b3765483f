"""Lines that more traffic may mend are refused: of them there is no largest amount."""

from __future__ import annotations

import re

import pytest

from mmesim.errors import UserError
from mmesim.experiment.capacity.capacity import capacity
from mmesim.experiment.capacity.direction import FALLING, refuse_improving
from mmesim.scenario.run.expected import EXPECTED
from tests.helpers.texts import load_text

SCENARIO = """
name: quiet
endpoint: {instance_type: ml.m5.large}
models: {name: m, count: 3, artifact_size: 1 MB, memory: 1 MiB, service: {wait: 10 ms}}
traffic: {arrivals: {poisson: {rate: 4 /s}}}
run: {duration: 1 min}
"""


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("cost.million_requests < 5 USD", "the price of the fleet is spread over more calls"),
        ("cpu_utilization > 20 %", "cpu_utilization rises with more calls"),
        ("memory_utilization >= 20 %", "memory_utilization rises with more calls"),
        ("workers.busiest > 1 %", "workers.busiest rises with more calls"),
        ("throughput > 10 /s", "throughput rises with more calls"),
        ("loaded_models >= 3", "loaded_models rises with more calls"),
        ("loads > 1 /min", "loads rises with more calls"),
        ("p95 > 10 ms", "p95 rises with more calls"),
        ("cache_hit_ratio < 99 %", "cache_hit_ratio falls with more calls"),
        ("ledger.p99.service > 80 %", "limit the time itself: ledger.p99.service < 100 ms"),
        ("ledger.all.network < 20 %", "a share of the latency can fall while the latency rises"),
    ],
)
def test_a_line_that_more_may_mend_is_refused_with_why(line: str, why: str):
    scenario = load_text(f"{SCENARIO}expect: ['{line}', p99 < 2 s]")
    with pytest.raises(UserError, match=re.escape(why)) as refused:
        refuse_improving(scenario, "traffic")
    said = str(refused.value)
    assert said.startswith(f"quiet: {line!r}: ")
    assert "leave this line out (--set 'expect=[p99 < 2 s]')" in said
    assert "over the traffic with `mmesim sweep`" in said


def test_all_such_lines_are_said_together():
    scenario = load_text(f"{SCENARIO}expect: [throughput > 1 /s, cost.million_requests < 5 USD]")
    with pytest.raises(UserError, match=r"leave these lines out \(--set 'expect=\[\]'\) and look at them over"):
        refuse_improving(scenario, "models")


def test_limits_that_more_traffic_uses_up_are_searched():
    lines = [
        "p99 < 2 s", "error_rate < 1 %", "cache_hit_ratio >= 95 %", "cpu_utilization < 70 %", "cost.month < 900 USD",
        "cost.million_requests >= 1 USD", "tenants.often_cold < 5 %", "ledger.p99.load < 200 ms", "loads < 1 /s",
        "pids.peak < 80 % of limit",
    ]  # fmt: skip
    scenario = load_text(SCENARIO + "expect:\n" + "".join(f"  - {line}\n" for line in lines))
    refuse_improving(scenario, "traffic")


def test_nothing_is_simulated_before_a_line_is_refused():
    with pytest.raises(UserError, match="no largest amount"):
        capacity(load_text(f"{SCENARIO}expect: [throughput > 1 /s]"), of="traffic", executor=None)


def test_the_figures_that_fall_exist():
    assert set(EXPECTED) >= FALLING


COLD = """
name: cold
endpoint: {instance_type: ml.m5.large}
models: {name: m, count: 20, artifact_size: 1 MB, memory: 1 MiB, service: {wait: 10 ms}}
traffic: {arrivals: {poisson: {rate: 2 /s}}}
run: {duration: 2 min, warmup: 0 s}
expect: [cache_hit_ratio >= 94 %]
"""


def test_first_loads_that_more_traffic_makes_rarer_are_no_limit():
    # 20 first loads among 240 calls are 8 %, among 480 they are 4 %.
    with pytest.raises(UserError) as refused:
        capacity(load_text(COLD), of="traffic")
    said = str(refused.value)
    assert said.startswith("cold: 'cache_hit_ratio >= 94 %' failed at 1 x the traffic and below")
    assert "everything held at 2 x the traffic, in short runs" in said
    assert "`endpoint.warm: stationary`" in said


def test_first_loads_that_are_left_out_are_no_reason_to_refuse():
    warm = load_text(COLD, overrides=["endpoint.warm=stationary"])
    assert capacity(warm, of="traffic", up_to=2.0).largest == 2.0
