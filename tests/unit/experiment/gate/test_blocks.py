"""How long a block is: longer than all that makes calls slow together."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from mmesim.experiment.gate.blocks import block_s, blocks_in
from mmesim.results.run_data import RunData
from tests.unit.results.synthetic import Call, hosts, run_data, scenario

OF = scenario(["p99 < 500 ms"])


def run(calls: int = 100, cpu: float = 0.0, **changes: object) -> RunData:
    found = run_data(OF, [Call(0.1)] * calls, hosts=hosts(cpu_busy_s=200.0 * cpu))
    return replace(found, **changes)  # type: ignore[arg-type]


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


def test_time_without_calls_is_no_evidence():
    minutes = np.array([0.0, 60.0, 120.0, 180.0, 240.0])
    quiet = {"start_s": minutes, "Invocations": np.array([0.0, 9.0, 0.0, 0.0, 3.0])}
    assert block_s(OF, run(latency_max_s=10.0, windows=quiet)) == pytest.approx(25.0)
    # the warm-up is not looked at
    warmed = run(latency_max_s=10.0, windows=quiet, warmup_s=60.0)
    assert block_s(OF, warmed) == pytest.approx(20.0)


def test_a_replication_is_a_block_even_where_it_is_shorter():
    assert blocks_in(300.0, 400.0) == 1
    assert blocks_in(300.0, 100.0) == 3


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
