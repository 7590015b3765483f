"""More work than there is time for: of CPUs, workers and single calls, on both sides of the edge."""

from __future__ import annotations

import math

import pytest

from mmesim.preflight.proof.proof import proof
from tests.helpers.one_queue import one_queue
from tests.helpers.proofs import EXPONENTIAL, MODEL, at_rate, binds, scenario


def test_twice_the_work_that_the_cpus_do():
    found = proof(scenario("p99 < 1 s"))
    assert found is not None
    # 240,000 calls bring 2,400 s, of which 2 x 601 s can be good: 119,800 calls, 49.9 %, less the margin.
    margin = 6 * math.sqrt(240_000) * 0.5 / 240_000
    assert found.least_share == pytest.approx(119_800 / 240_000 - margin, abs=1e-3)
    assert (found.binds, found.allowed) == ("cpu", 0.01)
    assert found.text == (
        "calls bring 4 s of CPU work a second, 1 instance does at most 2 s (2 vCPUs each): at least 49.3 % of the "
        "calls are slower or fail, `p99 < 1 s` allows 1 %"
    )


WORK = {
    "just enough": ("p99 < 1 s", 200, [], None),
    "too much by 0.5 % does not prove that a percentile is missed": ("p99 < 1 s", 201, [], None),
    # 1,212 s of work, 1,202 s of time: 1,000 of 121,200 calls, 0.8 %
    "too much by 1 %": ("p99 < 1 s", 202, [], None),
    # 88 s of 10 ms: 8,800 of 129,000 calls, 6.8 %
    "too much by 7 %": ("p99 < 1 s", 215, [], "cpu"),
    "of which a p90 allows more": ("p90 < 1 s", 215, [], None),
    # The dearest 3.2 % of exponential calls make 14 % of the work.
    "exponential: a few calls are dear": (
        "p99 < 1 s",
        232,
        [EXPONENTIAL],
        "cpu",
    ),
    "exponential: few": ("p95 < 1 s", 232, [EXPONENTIAL], None),
    # SMT: two threads of one core do 1.3 s, then 2 s.
    "threads of one core": ("p99 < 1 s", 150, ["endpoint.threads_per_core=2", "endpoint.smt_yield=1.3"], "cpu"),
    "threads as good as cores": ("p99 < 1 s", 150, ["endpoint.threads_per_core=2", "endpoint.smt_yield=2"], None),
    "slow": ("p99 < 1 s", 150, ["endpoint.cpu_speed=0.7"], "cpu"),
    "fast": ("p99 < 1 s", 215, ["endpoint.cpu_speed=1.2"], None),
    "two instances": ("p99 < 1 s", 215, ["endpoint.instance_count=2"], None),
    # An error is certain only beyond the time that clients wait: 600 + 70 s.
    "not answered at all": ("error_rate < 1 %", 230, [], "cpu"),
    "answered late": ("error_rate < 1 %", 224, [], None),
    "not even one": ("max < 1 s", 205, [], "cpu"),
    "perhaps none, by chance": ("max < 1 s", 202, [], None),
    "a limit that no call meets": ("p99 < 9 ms", 1, [], "service"),
    "and one that it does": ("p99 < 11 ms", 1, [], None),
    # exp(-4) = 1.8 %, exp(-5) = 0.7 %
    "long by chance": ("p99 < 40 ms", 20, [EXPONENTIAL], "service"),
    "seldom long": ("p99 < 50 ms", 20, [EXPONENTIAL], None),
    "batches of four take as long as one call": ("p99 < 1 s", 700, ["models.m.batch_size=4"], None),
    "or too many of them": ("p99 < 1 s", 900, ["models.m.batch_size=4"], "cpu"),
    "batches that add up": ("p99 < 1 s", 215, ["models.m.batch_size=4", "models.m.service.batch=sum"], "cpu"),
    "batches of two, without a delay": (
        "p99 < 1 s",
        450,
        ["models.m.batch_size=4", "models.m.max_batch_delay=0 s"],
        "cpu",
    ),
    "a base and a time for each": (
        "p99 < 1 s",
        700,
        ["models.m.batch_size=4", "models.m.service.batch={affine: {base: 4 ms, per_item: 2 ms}}"],
        "cpu",
    ),
    "a lower limit": ("p99 > 1 s", 400, [], None),
    "a mean": ("mean < 1 s", 400, [], None),
    "warm calls, of which nothing is known": ("p99 warm < 1 s", 400, [], None),
    "a window": ("p99 in 1 min..2 min < 1 s", 400, [], "cpu"),
    "each window": ("p99 in every 1 min < 1 s", 400, [], "cpu"),
    "a window with few calls may be joined": ("p99 in every 1 s < 100 ms", 390, [], None),
}


@pytest.mark.parametrize("case", WORK)
def test_work_against_capacity(case):
    expect, rate, overrides, expected = WORK[case]
    assert binds(scenario(expect, *overrides, traffic=at_rate(rate))) == expected


WORKERS = {
    "enough": (90, [], None),
    "too few": (130, [], "workers"),
    "two of them": (130, ["models.m.workers=2"], None),
    "a copy on each of two instances": (130, ["endpoint.instance_count=2"], None),
    "one home": (130, ["endpoint.instance_count=2", "endpoint.router.policy=hash"], "workers"),
    "calls that go astray find another one": (
        130,
        ["endpoint.instance_count=2", "endpoint.router.policy=hash", "endpoint.router.misroute=1 %"],
        None,
    ),
    "batches": (130, ["models.m.batch_size=2"], None),
    "two threads for each": (260, ["models.m.service.threads=2"], "workers"),
    "two threads are faster": (190, ["models.m.service.threads=2"], None),
}


@pytest.mark.parametrize("case", WORKERS)
def test_time_of_workers(case):
    rate, overrides, expected = WORKERS[case]
    more = ["endpoint.vcpu=4", "models.m.workers=1", *overrides]
    assert binds(scenario("p99 < 1 s", *more, traffic=at_rate(rate))) == expected


DEVICES = {
    "too many": (130, [], "device"),
    "two instances": (130, ["endpoint.instance_count=2"], None),
    "two at a time": (130, ["endpoint.devices.at_once=2"], None),
    "two devices": (130, ["endpoint.devices.count=2"], None),
    "in batches": (130, ["models.m.batch_size=2"], None),
    "batches that take as long as all their calls": (
        130,
        ["models.m.batch_size=2", "models.m.service.batch=sum"],
        "device",
    ),
    "enough": (90, [], None),
}


@pytest.mark.parametrize("case", DEVICES)
def test_time_of_devices(case):
    rate, overrides, found = DEVICES[case]
    more = ["endpoint.devices={count: 1, memory: 16 GiB}", "models.m.service={device: 10 ms}", *overrides]
    assert binds(scenario("p90 < 1 s", *more, traffic=at_rate(rate))) == found


def test_a_model_larger_than_a_device_is_never_loaded():
    more = ["endpoint.devices={count: 1, memory: 16 GiB}", "models.m.device_memory=20 GiB"]
    assert binds(scenario("p90 < 1 s", *more, traffic=at_rate(1))) == "device_memory"


def test_only_the_models_without_enough_workers_count():
    models = [MODEL | {"name": name, "workers": 1, "service": {"wait": "100 ms"}} for name in ("a", "b")]
    traffic = [at_rate(rate) | {"models": [name]} for rate, name in ((20, "a"), (5, "b"))]
    found = proof(scenario("p90 < 1 s", models=models, traffic=traffic))
    assert found is not None
    assert "a: calls keep 2 workers busy, there are 1 at most" in found.text
    # 12,000 calls of a, of which 6,010 can be good; all 3,000 of b can.
    assert found.least_share == pytest.approx(5_990 / 15_000, abs=0.03)
    assert found.least_share < 5_990 / 15_000
    assert binds(scenario("p90 of b < 1 s", models=models, traffic=traffic)) is None
    assert binds(scenario("p90 of a < 1 s", models=models, traffic=traffic)) == "workers"


def test_workers_that_all_models_share():
    given = scenario("p99 < 1 s", "endpoint.vcpu=4", "models.m.workers=1", traffic=at_rate(190))
    shared = given.model_copy(update={"server": one_queue(given.server)})
    assert binds(shared) is None  # two workers, at most
    more = given.with_({"traffic.traffic-0.arrivals.poisson.rate": "260 /s"})
    found = proof(more.model_copy(update={"server": one_queue(more.server)}))
    assert found is not None
    assert found.binds == "workers"
    assert found.text.startswith("calls keep 2.6 workers busy, there are 2 at most")
