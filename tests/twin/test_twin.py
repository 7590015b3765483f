"""The engine and a plain SimPy implementation of docs/assumptions.md agree on every call of random scenarios."""

from __future__ import annotations

import pytest

from mmesim.scenario import Download, Scenario
from mmesim.scenario.values.times import Constant
from tests.behaviour.timeline import endpoint, model, scenario
from tests.twin.changing import changing
from tests.twin.compare import Comparison, agree_on, by_engine, by_twin
from tests.twin.random_deploys import with_steps
from tests.twin.random_devices import with_devices
from tests.twin.random_faults import with_bad_models, with_faults, with_leaks, with_outages, with_restarts
from tests.twin.random_together import together

LATER = 2000
"""Scenarios of `make twin`; a tenth as many, from other seeds, are among the slow tests."""


@pytest.fixture(scope="module")
def compared() -> Comparison:
    """Random scenarios, by both."""
    return agree_on(range(60, 100))


def test_engine_and_twin_agree_on_every_call(compared: Comparison):
    assert compared.differences == []


def test_engine_and_twin_agree_on_fleets_that_change():
    found = agree_on(range(20), changing)
    assert found.differences == []
    assert found.outcomes["host_lost"] > 50


def test_engine_and_twin_agree_on_devices():
    found = agree_on([*range(4), 22], with_devices)
    assert found.differences == []
    assert found.outcomes["load_failed"] > 0


def test_engine_and_twin_agree_on_some_faults():
    assert agree_on((8, 17, 21, 41), with_faults).differences == []


@pytest.mark.slow
def test_engine_and_twin_agree_on_faults():
    found = agree_on(range(150), with_faults)
    assert found.differences == []
    assert min(found.outcomes[cause] for cause in ("load_failed", "model_error", "worker_died")) > 20


@pytest.mark.slow
@pytest.mark.parametrize(
    ("of", "cause", "least"),
    [
        (with_outages, "load_failed", 100),
        (with_bad_models, "load_failed", 1000),
        (with_restarts, "worker_died", 50),
        (with_leaks, "worker_died", 50),
    ],
)
def test_engine_and_twin_agree_on_faults_of_one_kind(of, cause, least):
    found = agree_on(range(150), of)
    assert found.differences == []
    assert found.outcomes[cause] > least


@pytest.mark.slow
def test_engine_and_twin_agree_on_deploys_in_steps():
    assert agree_on(range(100), with_steps).differences == []


def test_engine_and_twin_agree_on_some_deploys_in_steps():
    assert agree_on((0, 9, 11, 32), with_steps).differences == []


def test_engine_and_twin_agree_on_some_faults_during_deploys_and_scaling():
    assert agree_on((9, 14, 44, 54), together).differences == []


@pytest.mark.slow
def test_engine_and_twin_agree_on_faults_during_deploys_and_scaling():
    found = agree_on(range(10_000, 10_000 + LATER // 20), together)
    assert found.differences == []
    assert min(found.outcomes[cause] for cause in ("host_lost", "load_failed", "throttled")) > 300


@pytest.mark.long
def test_engine_and_twin_agree_on_two_thousand_scenarios_of_faults_during_deploys_and_scaling():
    assert agree_on(range(LATER), together).differences == []


@pytest.mark.slow
def test_engine_and_twin_agree_on_more_devices():
    assert agree_on(range(100, 200), with_devices).differences == []


@pytest.mark.slow
def test_engine_and_twin_agree_on_more_fleets_that_change():
    assert agree_on(range(10_000, 10_000 + LATER // 5), changing).differences == []


@pytest.mark.long
def test_engine_and_twin_agree_on_two_thousand_fleets_that_change():
    assert agree_on(range(LATER), changing).differences == []


@pytest.mark.slow
def test_engine_and_twin_agree_on_more_scenarios():
    assert agree_on(range(10_000, 10_000 + LATER // 10)).differences == []


@pytest.mark.long
def test_engine_and_twin_agree_on_two_thousand_scenarios():
    assert agree_on(range(LATER)).differences == []


def test_loads_that_are_broken_off_at_one_moment_leave_no_memory_taken(tmp_path):
    # a has the memory, b waits for it, and both are broken off at 3; c is ready at 5.
    requests = [(0.0, "a", 0.1), (0.0, "b", 0.1), (4.0, "c", 0.1)]
    place = endpoint(copies=1, load_slots=2, load_timeout_s=2.0, load_limit_s=3.0)
    case = scenario(tmp_path, requests, [model("a", load_s=5.0), model("b"), model("c")], place)
    assert seen_by_both(case) == [("load_timeout", 2.0), ("load_timeout", 2.0), (None, 1.1)]


def test_loads_that_are_broken_off_at_one_moment_leave_no_file(tmp_path):
    # a has the disk until 3, and b waits for it. Then b is asked for again: it is on the disk at 6 and ready at 6.5.
    requests = [(0.0, "a", 0.1), (0.0, "b", 0.1), (4.0, "b", 0.1)]
    models = [model("a", artifact_bytes=50_000_000), model("b", artifact_bytes=20_000_000, load_s=0.5)]
    download = Download(first_byte=Constant(0.0), stream_Bps=10e6, unpack_Bps_per_vcpu=None)
    place = endpoint(disk_bytes=50_000_000, load_slots=2, download=download, load_timeout_s=3.0, load_limit_s=3.0)
    case = scenario(tmp_path, requests, models, place)
    assert seen_by_both(case) == [("load_timeout", 3.0), ("load_timeout", 3.0), (None, 2.6)]


def seen_by_both(case: Scenario) -> list[tuple[str | None, float]]:
    """Cause and latency of each call, on which the two agree."""
    engine, twin = by_engine(case), by_twin(case)
    assert all(one.like(other) for one, other in zip(engine, twin, strict=True))
    return [(one.cause, round(one.latency_s, 9)) for one in twin]


def test_the_scenarios_reach_every_kind_of_outcome(compared: Comparison):
    assert set(compared.outcomes) == {
        "ok",
        "queue_full",
        "never_fits",
        "load_timeout",
        "invocation_timeout",
        "client_timeout",
        "throttled",
    }
    assert min(compared.outcomes.values()) > 20
    assert compared.retried > 100
