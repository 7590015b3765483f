"""How long a block is: longer than all that makes calls slow together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mmesim.experiment.gate.blocks import block_s, blocks_in
from mmesim.results.measured.run_data import RunData
from tests.unit.results.synthetic import Call, hosts, run_data, scenario

OF = scenario(["p99 < 500 ms"])


def run(calls: int = 100, cpu: float = 0.0, **changes: Any) -> RunData:
    found = run_data(OF, [Call(0.1)] * calls, hosts=hosts(cpu_busy_s=200.0 * cpu))
    return replace(found, **changes)


def test_a_block_is_as_long_as_the_longest_load():
    assert block_s(OF, run(load_s=np.array([3.0, 40.0]))) == 40.0


def test_or_as_the_longest_call():
    assert block_s(OF, run(latency_max_s=25.0)) == 25.0


def test_where_calls_failed_as_the_longest_chain_of_retries():
    assert block_s(OF, run(ok=99)) == OF.clients.longest_call_s == 70.0
    retrying = scenario(["p99 < 500 ms"], clients={"retries": "boto3-legacy"})
    assert block_s(retrying, run(ok=99)) == retrying.clients.longest_call_s > 300.0


def test_or_as_the_longest_busy_period_in_theory():
    # 100 calls of 0.1 s on two workers for 100 s: each model's worker is busy for a tenth or less; the CPU for 0.64
    found = block_s(OF, run(cpu=0.64))
    assert found == pytest.approx(0.1 / (1.0 - 0.8) ** 2 * math.log(100))


def test_a_queue_that_never_becomes_empty_leaves_one_block():
    assert block_s(OF, run(cpu=1.0)) == math.inf
    assert blocks_in(300.0, math.inf) == 1


def test_a_run_without_calls_is_one_block():
    assert block_s(OF, run(calls=0)) == 0.0
    assert blocks_in(300.0, 0.0) == 1


def lasting(windows: dict[str, Any], **changes: Any) -> RunData:
    """A run of whole minutes, whose longest call takes 10 s."""
    return run(latency_max_s=10.0, windows=windows, duration_s=60.0 * len(windows["start_s"]), **changes)


def minutes(*calls: float, hits: Sequence[float] = ()) -> dict[str, np.ndarray[Any, Any]]:
    """Windows with these calls, of which these shares are hits."""
    number = np.array(calls)
    return {
        "start_s": 60.0 * np.arange(len(calls)),
        "Invocations": number,
        "ModelCacheHit_SampleCount": number,
        "ModelCacheHit": np.array(hits) if hits else np.ones(len(calls)),
    }


def test_time_without_calls_is_no_evidence():
    quiet = minutes(0.0, 1e6, 0.0, 0.0, 1e6)
    assert block_s(OF, lasting(quiet)) == pytest.approx(25.0)
    # the warm-up is not looked at
    warmed = lasting(quiet, warmup_s=60.0)
    assert block_s(OF, warmed) == pytest.approx(20.0)


def test_nor_is_time_with_few_where_most_come_in_a_peak():
    # 90 % of the calls come in a tenth of the time: 1 / (0.9^2 / 0.1 + 0.1^2 / 0.9) of the minutes count.
    peak = minutes(8100.0, *[100.0] * 9)
    assert block_s(OF, lasting(peak)) == pytest.approx(10.0 * (0.9**2 / 0.1 + 0.1**2 / 0.9), 1e-3)


def test_chance_alone_makes_minutes_no_less_even():
    rare = np.random.default_rng(1).poisson(3.0, 1000).astype(float).tolist()
    with_any = sum(calls > 0 for calls in rare) / 1000
    assert block_s(OF, lasting(minutes(*rare))) == pytest.approx(10.0 / with_any, rel=0.03)


def test_of_cold_calls_those_minutes_count_that_have_them():
    start = minutes(*[600.0] * 5, hits=[0.5, 1.0, 1.0, 1.0, 1.0])
    started = lasting(start)
    assert block_s(OF, started) == pytest.approx(10.0)
    assert block_s(OF, started, cold=True) == pytest.approx(50.0)


def test_a_replication_is_a_block_even_where_it_is_shorter():
    assert blocks_in(300.0, 400.0) == 1
    assert blocks_in(300.0, 100.0) == 3


@pytest.mark.parametrize(
    ("arrivals", "cycle_s"),
    [
        ({"mmpp": {"states": {"calm": {"rate": 1.0, "stay": 300.0}, "busy": {"rate": 20.0, "stay": 30.0}}}}, 330.0),
        ({"on_off": {"rate": 1.0, "on": "60 s", "off": {"exponential": {"mean": "240 s"}}}}, 300.0),
    ],
)
def test_a_burst_of_calls_is_one_block(arrivals, cycle_s):
    bursts = scenario(["p99 < 500 ms"], traffic=[{"arrivals": arrivals}])
    assert block_s(bursts, run(latency_max_s=2.0)) == cycle_s


CONSTANT = {"constant": {"rate": 0.1}}
PLAIN = {"on_off": {"rate": 1.0, "on": "60 s", "off": "240 s"}}
OF_STREAM = {"on_off": {"rate": 1.0, "on": "60 s", "off": "240 s", "each": "stream"}}


@pytest.mark.parametrize(
    ("arrivals", "one_block"),
    [([CONSTANT], False), ([CONSTANT, CONSTANT], True), ([PLAIN], True), ([OF_STREAM], False)],
)
def test_what_repeats_at_equal_times_meets_all_through_a_run_or_never(arrivals, one_block):
    streams = [{"name": f"s{index}", "arrivals": one} for index, one in enumerate(arrivals)]
    assert math.isinf(block_s(scenario(["p99 < 500 ms"], traffic=streams), run())) == one_block


@pytest.mark.slow
def test_busy_periods_of_a_queue_are_hardly_ever_longer():
    # M/M/1 by Lindley's recursion, 20 runs of 20,000 calls: the longest busy period of each against the formula.
    rng, service_s, calls = np.random.default_rng(3), 0.1, 20_000
    for load in (0.3, 0.6, 0.9):
        longer = 0
        for _ in range(20):
            gaps = rng.exponential(service_s / load, calls)
            served = rng.exponential(service_s, calls)
            arrival = np.cumsum(gaps)
            end = begun = longest = 0.0
            for at, takes in zip(arrival.tolist(), served.tolist(), strict=True):
                if at >= end:
                    begun = at
                end = max(at, end) + takes
                longest = max(longest, end - begun)
            bound = service_s / (1.0 - math.sqrt(load)) ** 2 * math.log(calls)
            longer += longest > bound
        assert longer <= 2
