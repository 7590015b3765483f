"""An endpoint as a cache: one host whose memory holds exactly so many models, and nothing takes any time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmesim.engine.simulation import simulate
from mmesim.scenario import EvictionPolicy, RunSettings, Scenario, Traffic
from mmesim.scenario.models.groups import ModelGroup
from mmesim.scenario.models.resolve import expand
from mmesim.scenario.server.kinds import kind_of
from tests.laws.scenarios import instant_endpoint, instant_model, instant_server, patient_clients

POOL_BYTES = expand((instant_model(),), kind_of(instant_server(), 4))[0].pool_memory_bytes


def cache(
    copies: int, eviction: EvictionPolicy, models: ModelGroup, traffic: Traffic, duration_s: float, **run: Any
) -> Scenario:
    """A host for `copies` models of equal size."""
    return Scenario(
        name="cache",
        endpoint=instant_endpoint(
            usable_memory_given_bytes=copies * POOL_BYTES,
            eviction=eviction,
            pid_limit=None,
            load_slots=1,
        ),
        server=instant_server(),
        models=(models,),
        traffic=(traffic,),
        clients=patient_clients(),
        run=RunSettings(duration_s=duration_s, **run),
    )


def replay(scenario: Scenario) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The model of each request, in order, and whether it was found ready."""
    run = simulate(scenario, records=-1)
    calls = run.records
    assert set(run.checks.values()) == {"ok"}
    assert calls is not None
    assert run.ok_all == run.calls_all == len(calls.call)
    return calls.model, calls.hit
