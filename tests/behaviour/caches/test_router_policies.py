"""Every row of the table of router policies has its branch in the kernel, and does what the row says of it."""

from __future__ import annotations

import numpy as np
import pytest

from mmesim.engine.simulation import Simulation, simulate
from mmesim.results.measured.run_data import RunData
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


def test_hash_sends_each_model_to_its_first_host_when_hosts_come_and_go():
    home: dict[float, list[int]] = {}

    def change(env, endpoint):
        def note() -> None:
            home[env.now] = [next(simulation.plane.hosts_in_order(model)) for model in range(40)]

        note()
        yield env.timeout(5.0)
        endpoint.add_instance()
        note()
        yield env.timeout(5.0)
        endpoint.drain(0)
        note()

    scenario = Scenario(
        name="moving",
        endpoint=instant_endpoint(instance_count=HOSTS, router=Router(policy=RouterPolicy.hash, overhead_s=0.0)),
        server=instant_server(),
        models=(instant_model(count=40, workers=9, service=Service(wait=Constant(0.01))),),
        traffic=(Traffic(arrivals=Poisson(rate_per_s=100.0), popularity=UniformPopularity()),),
        clients=patient_clients(),
        run=RunSettings(duration_s=15.0),
    )
    simulation = Simulation(scenario, records=-1, processes=[change])
    records = simulation.run().records
    assert records is not None
    times = np.array(list(home))
    for model, arrival, host in zip(records.model, records.arrival_s, records.host, strict=True):
        assert host == home[float(times[times <= arrival][-1])][model]
    assert home[0.0] != home[5.0] != home[10.0]
