"""The engine and a plain SimPy implementation of docs/assumptions.md agree on every call of random scenarios."""

from __future__ import annotations

import pytest

from tests.twin.changing import changing
from tests.twin.compare import agree_on
from tests.twin.random_deploys import with_steps
from tests.twin.random_devices import with_devices
from tests.twin.random_faults import with_faults

LATER = 2000
"""Scenarios of `make twin`; a tenth as many, from other seeds, are among the slow tests."""


def test_engine_and_twin_agree_on_every_call():
    assert agree_on(range(60, 100)).differences == []


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
def test_engine_and_twin_agree_on_deploys_in_steps():
    assert agree_on(range(100), with_steps).differences == []


def test_engine_and_twin_agree_on_some_deploys_in_steps():
    assert agree_on((0, 9, 11, 32), with_steps).differences == []


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


def test_the_scenarios_reach_every_kind_of_outcome():
    seen = agree_on(range(60))
    assert set(seen.outcomes) == {
        "ok",
        "queue_full",
        "never_fits",
        "load_timeout",
        "invocation_timeout",
        "client_timeout",
        "throttled",
    }
    assert min(seen.outcomes.values()) > 20
    assert seen.retried > 100
