"""What is proved at all: of models that never fit, of which traffic, for which part of the endpoint."""

from __future__ import annotations

import math
from typing import Any

import pytest

from mmesim.experiment.warmup import LARGEST_SHARE
from mmesim.preflight.proof.asked import LONGEST_CUT
from mmesim.preflight.proof.fleet import Fleet
from mmesim.preflight.proof.order import everything_in_memory
from mmesim.preflight.proof.proof import proof
from mmesim.scenario.server.mms import Mms
from tests.helpers.proofs import CALM, FIVE_FIT, MODEL, NEVER, TEN, at_rate, binds, scenario


def test_models_that_never_fit():
    given = scenario("p90 < 1 s", "endpoint.usable_memory=1 GiB", models=NEVER, traffic=CALM)
    found = proof(given)
    assert found is not None
    assert (found.binds, found.line.text) == ("memory", "p90 < 1 s")
    assert found.text.startswith(
        "b can never be loaded for lack of memory: at least 46.1 % of the calls are slower or fail"
    )
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
