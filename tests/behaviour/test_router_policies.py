"""Every row of the table of router policies has its branch in the kernel, and does what the row says of it."""

from __future__ import annotations

import numpy as np
import pytest

from mmesim.engine.simulation import simulate
from mmesim.results.run_data import RunData
from mmesim.scenario import Poisson, Router, RouterPolicy, RunSettings, Scenario, Service, Traffic, UniformPopularity
from mmesim.scenario.values.times import Constant
from tests.laws.scenarios import instant_endpoint, instant_model, instant_server, patient_clients

HOSTS = 3


def run(policy: RouterPolicy) -> RunData:
    """Six models on three hosts, with about five calls in flight."""
    endpoint = instant_endpoint(instance_count=HOSTS, router=Router(policy=policy, overhead_s=0.0, spill_at=10**9))
    scenario = Scenario(
        name="routed",
        endpoint=endpoint,
        server=instant_server(),
        models=(instant_model(count=6, workers=20, service=Service(wait=Constant(0.1))),),
        traffic=(Traffic(arrivals=Poisson(rate_per_s=50.0), popularity=UniformPopularity()),),
        clients=patient_clients(),
        run=RunSettings(duration_s=20.0),
    )
    return simulate(scenario, records=-1)


@pytest.mark.parametrize("policy", RouterPolicy)
def test_every_policy_of_the_table_routes_every_call(policy):
    data = run(policy)
    assert data.records is not None
    assert (data.errors_all, data.ok_all) == (0, data.calls_all)
    assert data.calls_all > 500
    homes = [np.unique(data.records.host[data.records.model == model]).size for model in range(6)]
    assert homes == [HOSTS if policy.spreads else 1] * 6
