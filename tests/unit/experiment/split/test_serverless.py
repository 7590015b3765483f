"""Serverless endpoints by hand: who waits for a set-up, who is throttled, what a month costs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from mmesim.experiment.split import serverless
from mmesim.scenario.run.split import Serverless
from mmesim.scenario.scenario import Scenario
from mmesim.units import bytes_

SETTINGS: dict[str, Any] = {"setup": 4.0, "idle": 100.0, "cpu_speed": 1.0}


def settings(**more: object) -> Serverless:
    return Serverless.model_validate({**SETTINGS, **more})


def served(times: list[float], busy_s: float, **more: object) -> tuple[list[int], list[int]]:
    """Places of the calls that need a new environment, and of those that are throttled."""
    cold, failed = serverless.serve(times, [busy_s] * len(times), settings(**more))
    return cold.nonzero()[0].tolist(), failed.nonzero()[0].tolist()


def test_an_environment_serves_one_call_at_a_time_and_is_kept_for_a_while():
    # 0: new, busy until 5; 1: another one; 10: one is idle; 110.9: idle for less than 100 s; 300: all are given up.
    assert served([0.0, 1.0, 10.0, 110.9, 300.0], 1.0) == ([0, 1, 4], [])


def test_the_environment_that_was_busy_last_goes_first():
    # Two are made. Only the later one is used on, so the first is given up, and two calls at once need a new one.
    assert served([0.0, 1.0, 60.0, 120.0, 120.5], 1.0) == ([0, 1, 4], [])


def test_calls_beyond_the_limit_are_throttled():
    assert served([0.0, 0.1, 0.2, 9.0], 1.0, max_concurrency=2) == ([0, 1], [2])


def scenario(**more: Any) -> Scenario:
    return Scenario.from_dict(
        {
            "name": "one",
            "endpoint": {"vcpu": 2, "memory": "8 GiB", "price_per_hour": "0.1 USD", "base_memory": "0.5 GiB"},
            "server": {"overhead": "none"},
            "models": {
                "name": "m",
                "artifact_size": "1 MB",
                "memory": "100 MiB",
                "process_memory": "100 MiB",
                "service": {"cpu": "200 ms"},
            },
            "traffic": {"arrivals": {"constant": {"rate": "0.5 /s"}}},
            "clients": {"network": "10 ms"},
            "run": {"duration": "110 s", "warmup": "10 s", "replications": 3},
            "expect": ["p99 < 500 ms", "error_rate < 1 %", "mean < 500 ms"],
            **more,
        }
    )


def test_what_a_month_costs_by_hand():
    found = serverless.on_serverless(scenario(), settings(cpu_speed=0.5))
    # 50 calls in 100 s, each 0.2 s of work at half speed = 0.4 s of 1 GiB (container 512 + 200 MiB), all warm.
    assert found.usd_per_month == pytest.approx(50 * 0.4 * 0.00002 / 100 * 730 * 3600)
    assert found.p99_ms == pytest.approx(400 + 10 + 2)
    assert {line.text: line.verdict for line in found.lines} == {
        "p99 < 500 ms": "undecided",  # none of 150 calls is late: too few to tell it from 1 %
        "error_rate < 1 %": "undecided",
        "mean < 500 ms": "pass",
    }


def test_data_is_billed_where_its_amount_is_known():
    plain = serverless.on_serverless(scenario(), settings()).usd_per_month
    with_data = serverless.on_serverless(scenario(), settings(bytes_per_call=2**20)).usd_per_month
    assert with_data - plain == pytest.approx(0.016 / 1024 * 0.5 * 730 * 3600)


def test_a_set_up_is_slow_and_billed():
    found = serverless.on_serverless(scenario(), settings(idle=1.0))  # given up between any two calls
    assert found.usd_per_month == pytest.approx(50 * 4.2 * 0.00002 / 100 * 730 * 3600)
    assert found.p99_ms == pytest.approx(4212)
    assert found.lines[0].verdict == "fail"
    assert found.lines[0].value == 1.0


def test_earlier_traffic_of_the_same_kind_has_left_its_environments():
    run = {"duration": "100 s", "warmup": "0 s", "replications": 2}
    assert serverless.on_serverless(scenario(run=run), settings(idle=90.0)).lines[0].value == 0.0
    planned = {"arrivals": {"schedule": {"rates": {"0 h": "0.5 /s", "1 h": "0.4 /s"}, "shape": "steps"}}}
    begun = serverless.on_serverless(scenario(run=run, traffic=planned), settings(idle=90.0)).lines[0].value
    assert begun is not None
    assert begun > 0.0  # what came before a plan is unknown


@pytest.mark.parametrize(("memory", "size"), [("100 MiB", 1), ("1 GiB", 2), ("5.2 GiB", 6), ("6 GiB", None)])
def test_the_least_memory_that_holds_container_and_model(memory, size):
    of = scenario().with_({"models.m.memory": memory})
    found = serverless.memory_bytes(of, of.hosted[0], settings())
    assert found == (None if size is None else bytes_(f"{size} GiB"))


def test_a_price_is_known_for_one_region_and_can_be_given():
    assert serverless.price_per_gib_second(settings(), "us-east-1") == 0.00002
    assert serverless.price_per_gib_second(settings(), "eu-west-1") is None
    assert serverless.price_per_gib_second(settings(price_per_gb_second=0.00003), "eu-west-1") == 0.00003


def test_the_p99_is_that_of_all_replications_together():
    # 8 of 1,000 calls are cold, so that the p99 is warm; of four replications it is not.
    warm, some = [0.1] * 100, [0.1] * 98 + [8.0, 8.0]
    values = [np.array(one) for one in (warm, some, warm, some, warm, some, warm, some, warm, warm)]
    p99, interval = serverless.pooled_quantile(values, 0.99)
    assert p99 == 0.1
    assert interval == (0.1, 8.0)  # as far as ten replications say, a hundredth and more may be cold
    p95, interval = serverless.pooled_quantile(values, 0.95)
    assert (p95, interval) == (0.1, (0.1, 0.1))
    assert serverless.pooled_quantile([np.empty(0)] * 3, 0.99) == (None, None)


def test_the_interval_of_the_p99_covers_the_truth():
    rng = np.random.default_rng(7)
    ends = [serverless.pooled_quantile([rng.exponential(1.0, 500) for _ in range(10)], 0.99)[1] for _ in range(200)]
    covered = sum(one is not None and one[0] <= -math.log(0.01) <= one[1] for one in ends)
    assert covered >= 180
