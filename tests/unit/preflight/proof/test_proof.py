"""What is proved of a fleet: each cause by a case that is computed by hand, on both sides of its edge."""

from __future__ import annotations

import math
from typing import Any

import pytest

from mmesim.experiment.warmup import LARGEST_SHARE
from mmesim.preflight.proof.asked import LONGEST_CUT
from mmesim.preflight.proof.fleet import Fleet
from mmesim.preflight.proof.order import everything_in_memory
from mmesim.preflight.proof.proof import proof
from mmesim.scenario.scenario import Scenario
from mmesim.scenario.server.mms import Mms
from tests.helpers.one_queue import one_queue

HOST = {"vcpu": 2, "memory": "64 GiB", "network": "unlimited", "base_memory": "0 B", "router": {"overhead": "0 s"}}
MODEL = {
    "name": "m",
    "artifact_size": "1 MB",
    "memory": "57 MiB",
    "process_memory": "40 MiB",  # 100 MiB in all, with the parent
    "workers": 40,
    "service": {"cpu": "10 ms"},
}


def scenario(expect: str, *overrides: str, **sections: Any) -> Scenario:
    """Two vCPUs that calls of 10 ms keep busy at 200 /s; 600 s are measured, and nothing else takes any time."""
    values: dict[str, Any] = {
        "name": "s",
        "endpoint": HOST,
        "server": {"overhead": "none"},
        "models": [MODEL],
        "traffic": {"arrivals": {"poisson": {"rate": "400 /s"}}},
        "clients": {"network": "0 s"},
        "run": {"duration": "10 min"},
        "expect": [expect],
    }
    return Scenario.from_dict(values | sections, overrides)


def at_rate(rate: float) -> dict[str, Any]:
    return {"arrivals": {"poisson": {"rate": f"{rate} /s"}}}


def binds(given: Scenario) -> str | None:
    found = proof(given)
    return None if found is None else found.binds


def test_twice_the_work_that_the_cpus_do():
    found = proof(scenario("p99 < 1 s"))
    assert found is not None
    # 240,000 calls bring 2,400 s, of which 2 x 601 s can be good: 119,800 calls, 49.9 %, less the margin.
    margin = 6 * math.sqrt(240_000) * 0.5 / 240_000
    assert found.least_share == pytest.approx(119_800 / 240_000 - margin, abs=1e-3)
    assert (found.binds, found.allowed) == ("cpu", 0.01)
    assert found.text == (
        "calls bring 4 s of CPU work a second, 1 instance does at most 2 s (2 vCPUs each); at least 49.3 % are slower "
        "than the limit or fail, `p99 < 1 s` allows 1 %"
    )


EXPONENTIAL = "models.m.service.cpu={exponential: {mean: 10 ms}}"
WORK = {
    "just enough": ("p99 < 1 s", 200, [], None),
    "too much by 0.5 % is no proof against a percentile": ("p99 < 1 s", 201, [], None),
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


TEN = [MODEL | {"count": 10, "workers": 1, "load": {"cpu": "0 s", "wait": "2 s"}}]
"""A load takes 0.2 s of CPU for the parent and 2 s."""
FIVE_FIT = ("endpoint.usable_memory=550 MiB",)
CALM = at_rate(10)

COLD = {
    "half of the calls miss": ("cache_hit_ratio >= 60 %", [], "memory"),
    "half of them hit": ("cache_hit_ratio >= 40 %", [], None),
    "two instances hold all": ("cache_hit_ratio >= 60 %", ["endpoint.instance_count=2"], None),
    "calls that go anywhere": (
        "cache_hit_ratio >= 60 %",
        ["endpoint.instance_count=2", "endpoint.router.policy=random"],
        "memory",
    ),
    "a load is longer than the limit": ("p90 < 2 s", [], "memory"),
    "a load is shorter than the limit": ("p90 < 3 s", [], None),
    "more may be late": ("p50 < 2 s", [], None),
    "loads that vary may be short": ("p90 < 2 s", ["models.m.load.wait={exponential: {mean: 2 s}}"], None),
    "full caches at the start": ("p90 < 2 s", ["endpoint.warm=true"], "memory"),
    "caches of earlier traffic": ("p90 < 2 s", ["endpoint.warm=stationary"], "memory"),
    "a wait that ends without an answer": ("p90 < 3 s", ["endpoint.load_timeout=1 s"], "memory"),
    "after which another attempt may hit": (
        "p90 < 2 s",
        ["endpoint.load_timeout=1 s", "clients.retries=boto3-legacy"],
        None,
    ),
    "which counts as an attempt": ("cache_hit_ratio >= 95 %", ["clients.retries=boto3-legacy"], "memory"),
    "at least in part": ("cache_hit_ratio >= 89 %", ["clients.retries=boto3-legacy"], None),
    "attempts that are throttled count as none": ("cache_hit_ratio >= 60 %", ["endpoint.throttling.in_flight=9"], None),
    # 1 + 15 for each copy: nine threads of the parent and the worker of Python
    "processes and threads": (
        "cache_hit_ratio >= 60 %",
        ["endpoint.usable_memory=8 GiB", "endpoint.pid_limit=90", "server.base_tasks=50"],
        "tasks",
    ),
    "artefacts": (
        "cache_hit_ratio >= 60 %",
        ["endpoint.usable_memory=8 GiB", "endpoint.disk_size=5.5 MB"],
        "disk",
    ),
    # 90 MB: 0.05 s, 1 s at 90 MB/s, 0.6 s to unpack; 3.85 s with the load
    "downloads": (
        "p90 < 3.5 s",
        ["models.m.artifact_size=90 MB", "endpoint.disk_size=460 MB"],
        "disk",
    ),
    "no downloads": ("p90 < 3.5 s", ["models.m.artifact_size=90 MB", "endpoint.disk_size=900 MB"], None),
}


@pytest.mark.parametrize("case", COLD)
def test_models_that_do_not_all_fit(case):
    expect, overrides, expected = COLD[case]
    given = scenario(expect, *FIVE_FIT, *overrides, models=TEN, traffic=CALM)
    assert binds(given) == expected


LATE = {
    # 5 calls a second find no copy, 1 comes while its model is loaded in the only slot.
    "nearly all cold calls": ("p50 cold < 2 s", [], "load"),
    "a load is shorter than the limit": ("p50 cold < 3 s", [], None),
    # All 10 a second may find a load that is nearly done: 5 of 15 do not.
    "many loads at once": ("p50 cold < 2 s", ["endpoint.load_slots=40"], None),
    "and a limit for most": ("p90 cold < 2 s", ["endpoint.load_slots=40"], "load"),
    "no cold call at all": ("p90 cold < 2 s", ["endpoint.usable_memory=8 GiB"], None),
    "errors": ("error_rate cold < 50 %", ["endpoint.load_timeout=1 s"], "load"),
    "warm ones": ("p50 warm < 2 s", [], None),
    "of a group": ("p50 cold of m < 2 s", [], "load"),
    "another attempt": ("p50 cold < 2 s", ["clients.retries=boto3-legacy"], None),
    "hits of the cold": ("cache_hit_ratio cold > 50 %", [], None),
}


@pytest.mark.parametrize("case", LATE)
def test_cold_calls(case):
    expect, overrides, expected = LATE[case]
    assert binds(scenario(expect, *FIVE_FIT, *overrides, models=TEN, traffic=CALM)) == expected


MANY = [TEN[0] | {"count": 1000}]
HUNDRED_FIT = ("endpoint.usable_memory=10000 MiB", "endpoint.load_slots=1")

THRASH = {
    # 9 of 10 calls a second find no copy; a load of 2.2 s ends at most 275 times in 603 s.
    "one load at a time": ("p50 < 3 s", [], "memory"),
    # 0.2 s of CPU for each load: 10 a second on two vCPUs
    "forty at a time": ("p50 < 3 s", ["endpoint.load_slots=40"], None),
    "of much work": (
        "p50 < 3 s",
        ["endpoint.load_slots=40", "models.m.load={cpu: 1 s, wait: 1 s}"],
        "memory",
    ),
    "time enough": ("p50 < 3 s", ["models.m.load.wait=10 ms", "server.process_start={wait: 10 ms}"], None),
    "on four instances": ("p50 < 3 s", ["endpoint.instance_count=5"], None),
    "each of which needs all": (
        "p50 < 3 s",
        ["endpoint.instance_count=5", "endpoint.router.policy=random"],
        "memory",
    ),
    "with another attempt": ("p50 < 3 s", ["clients.retries=boto3-legacy"], "memory"),
    "in time": ("p50 < 3 s", ["clients.retries=boto3-legacy", "endpoint.load_timeout=2500 ms"], None),
    "a time-out alone": ("error_rate < 10 %", ["endpoint.load_timeout=3 s", "clients.timeout=4 s"], "memory"),
}


@pytest.mark.parametrize("case", THRASH)
def test_more_loads_than_can_be_done(case):
    expect, overrides, expected = THRASH[case]
    assert binds(scenario(expect, *HUNDRED_FIT, *overrides, models=MANY, traffic=CALM)) == expected


def test_what_is_said_of_loads():
    found = proof(scenario("p50 < 3 s", *HUNDRED_FIT, models=MANY, traffic=CALM))
    assert found is not None
    # 6,000 calls, of which 5,400 find no copy and 97 % of those are lone; 275 of them are saved.
    assert found.least_share == pytest.approx((5_400 * 0.97 - 275) / 6_000, abs=0.14)
    assert found.least_share < (5_400 - 275) / 6_000
    assert found.text.startswith("memory: whatever is unloaded, at least 8.")
    assert "calls a second find no copy, and at most 0.458 loads a second can end in time" in found.text


def test_popular_models_of_which_a_load_saves_many_calls():
    """Five of ten fit; 100 calls a second for each, none of them lone."""
    given = scenario("p90 < 3 s", *FIVE_FIT, "endpoint.load_slots=1", models=TEN, traffic=at_rate(1000))
    fast = given.with_({"models.m.service": "{cpu: 0 s, wait: 1 ms}", "models.m.workers": 1})
    # In 603 s 275 loads save at most some 850 calls each: 230,000 of 300,000.
    assert binds(fast) == "memory"
    assert binds(fast.with_({"endpoint.load_slots": 2})) is None


def test_what_is_said_of_memory():
    found = proof(scenario("p90 < 2 s", *FIVE_FIT, models=TEN, traffic=CALM))
    assert found is not None
    assert found.text == (
        "memory: the instance has 550 MiB for models that take 100 MiB each: whatever is unloaded, at least 50 % of "
        "the calls find no copy, and a load alone takes 2.2 s or more; at least 46.1 % are slower than the limit or "
        "fail, `p90 < 2 s` allows 10 %"
    )


NEVER = [MODEL | {"name": "a", "workers": 1}, MODEL | {"name": "b", "workers": 1, "memory": "2 GiB"}]


def test_models_that_never_fit():
    given = scenario("p90 < 1 s", "endpoint.usable_memory=1 GiB", models=NEVER, traffic=CALM)
    found = proof(given)
    assert found is not None
    assert (found.binds, found.line.text) == ("memory", "p90 < 1 s")
    assert found.text.startswith("b can never be loaded for lack of memory: 50 % of the calls fail; at least 46.")
    assert binds(scenario("p90 of a < 1 s", "endpoint.usable_memory=1 GiB", models=NEVER, traffic=CALM)) is None
    assert binds(scenario("error_rate < 45 %", "endpoint.usable_memory=1 GiB", models=NEVER, traffic=CALM)) == "memory"
    assert binds(scenario("error_rate < 55 %", "endpoint.usable_memory=1 GiB", models=NEVER, traffic=CALM)) is None


def test_a_model_that_cannot_be_loaded_may_be_there_at_the_start():
    peak = ["endpoint.usable_memory=150 MiB", "endpoint.load_peak=2"]
    one = [MODEL | {"workers": 1}]
    assert binds(scenario("p90 < 1 s", *peak, models=one, traffic=CALM)) == "memory"
    assert binds(scenario("p90 < 1 s", *peak, "endpoint.warm=stationary", models=one, traffic=CALM)) == "memory"
    assert binds(scenario("p90 < 1 s", *peak, "endpoint.warm=true", models=one, traffic=CALM)) is None


def test_whoever_calls_a_model_that_never_fits_fails():
    users = {"arrivals": {"closed_loop": {"users": 3, "cycle": "1 ms"}}, "models": ["b"]}
    given = scenario("p90 < 1 s", "endpoint.usable_memory=1 GiB", models=NEVER[1:], traffic=users)
    found = proof(given)
    assert found is not None
    assert (found.binds, found.least_share) == ("memory", 1.0)
    both = scenario("p90 < 1 s", "endpoint.usable_memory=1 GiB", models=NEVER, traffic=users | {"models": ["a", "b"]})
    assert binds(both) is None
    of_b = scenario("p90 of b < 1 s", "endpoint.usable_memory=1 GiB", models=NEVER, traffic=users)
    assert binds(of_b) == "memory"


UNKNOWN: dict[str, dict[str, Any]] = {
    "sessions": {"sessions": {"calls": {"geometric": {"mean": 3}}, "gap": "1 s", "models": "same"}},
    "a number of calls": {"calls": 100_000},
    "bursts": {"arrivals": {"gamma": {"rate": "400 /s", "cv": 3}}},
    "users": {"arrivals": {"closed_loop": {"users": 3000, "cycle": "1 ms"}}},
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_other_traffic_proves_nothing_of_work(case):
    assert binds(scenario("p99 < 1 s", traffic=at_rate(400) | UNKNOWN[case])) is None


def test_calls_beside_other_traffic_are_known():
    models = [MODEL | {"name": name} for name in ("a", "b")]
    users = {"arrivals": {"closed_loop": {"users": 30, "cycle": "1 ms"}}, "models": ["b"]}
    given = scenario("p99 of a < 1 s", models=models, traffic=[at_rate(400) | {"models": ["a"]}, users])
    assert binds(given) == "cpu"
    assert binds(given.with_({"expect": ["p99 < 1 s"]})) is None


KNOWN: dict[str, list[dict[str, Any]]] = {
    "constant": [{"arrivals": {"constant": {"rate": "230 /s"}}}],
    "a plan": [{"arrivals": {"schedule": {"rates": {"0 s": "230 /s", "60 s": "230 /s"}}}}],
    "a plan of too little": [{"arrivals": {"schedule": {"rates": {"0 s": "230 /s", "60 s": "100 /s"}}}}],
    "two streams": [at_rate(115), at_rate(115)],
    "one of them only for a while": [at_rate(115), at_rate(115) | {"end": "100 s"}],
}


@pytest.mark.parametrize(("case", "expected"), list(zip(KNOWN, ("cpu", "cpu", None, "cpu", None), strict=True)))
def test_traffic_that_is_known(case, expected):
    assert binds(scenario("p99 < 1 s", traffic=KNOWN[case])) == expected


def test_two_streams_of_one_cache():
    """Each for half of the models: together 50 % miss, each alone would have room."""
    models = [TEN[0] | {"name": name, "count": 5} for name in ("a", "b")]
    traffic = [at_rate(5) | {"models": [name]} for name in ("a", "b")]
    assert binds(scenario("p90 < 2 s", *FIVE_FIT, models=models, traffic=traffic)) == "memory"
    later = [traffic[0], traffic[1] | {"start": "1 s"}]
    assert binds(scenario("p90 < 2 s", *FIVE_FIT, models=models, traffic=later)) is None


def test_models_that_another_endpoint_hosts_do_not_count():
    """Half of the calls go to models elsewhere, and half of the models need no room here."""
    models = [TEN[0] | {"name": name, "count": 5} for name in ("a", "b")]
    given = scenario("p90 < 2 s", *FIVE_FIT, models=models, traffic=CALM)
    assert binds(given) == "memory"
    assert binds(given.with_({"endpoint.without": ["b"]})) is None
    assert everything_in_memory(given.with_({"endpoint.only": ["a"]}))
    assert not everything_in_memory(given)
    two = [MODEL | {"name": name} for name in ("a", "b")]
    busy = scenario("p99 < 1 s", models=two, traffic=at_rate(300))
    assert binds(busy) == "cpu"
    assert binds(busy.with_({"endpoint.only": ["a"]})) is None
    never = scenario("p90 < 1 s", "endpoint.usable_memory=1 GiB", models=NEVER, traffic=CALM)
    assert binds(never.with_({"endpoint.only": ["a"]})) is None
    assert binds(never.with_({"endpoint.only": ["a"], "expect": ["p90 of b < 1 s"]})) is None


def test_a_warm_up_that_is_not_known_yet():
    assert LONGEST_CUT == LARGEST_SHARE
    assert binds(scenario("p99 < 1 s", "run.warmup=auto")) == "cpu"
    # In 300 s at least are measured: 258 calls a second bring 774 s, and 2 x 301 s can be good.
    assert binds(scenario("p99 in 1 min..2 min < 1 s", "run.warmup=auto")) is None


def test_own_processes_may_do_anything():
    given = scenario("p99 < 1 s")
    assert binds(given.model_copy(update={"processes": ("tests:anything",)})) is None


def test_what_is_admitted_is_asked_of_the_kind(monkeypatch):
    """A server that keeps twice the memory holds all ten models."""
    given = scenario("p90 < 2 s", *FIVE_FIT, models=TEN, traffic=CALM)
    assert binds(given) == "memory"
    monkeypatch.setattr(Mms, "admits", lambda self, memory, usable, tasks, limit: memory <= 2 * usable)
    assert binds(given) is None
    assert Fleet(given).rooms[0].has == 2 * 550 * 2**20
    assert math.isinf(Fleet(given).rooms[1].has)


def test_the_line_that_is_farthest_from_holding_is_named():
    given = scenario("p99 < 1 s", "expect=[p99 < 1 s, p50 < 1 s, error_rate < 5 %]")
    found = proof(given)
    assert found is not None
    assert found.line.text == "p99 < 1 s"
