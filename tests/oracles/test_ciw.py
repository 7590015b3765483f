"""The same queue in Ciw, a simulator of queueing networks: two servers, five places to wait, lognormal service."""

from __future__ import annotations

import math

import ciw
import numpy as np
import pytest
from numpy.typing import NDArray

from mmesim.engine.simulation import simulate
from mmesim.results.measured.run_data import CAUSES
from mmesim.scenario import Poisson, RunSettings, Scenario, Traffic
from mmesim.scenario.figures import PARTS
from mmesim.scenario.models.groups import Service
from mmesim.scenario.values.times import Lognormal
from tests.laws.scenarios import instant_endpoint, instant_model, instant_server, patient_clients

RATE, SERVICE_S, CV, SERVERS, PLACES = 1.8, 1.0, 1.2, 2, 5
CIW_CALLS, OUR_CALLS = 60_000, 400_000
WAITS_S = (0.0, 0.5, 1.0, 2.0, 4.0)

TOLERANCE = 0.016
"""Of a share: between 2.6 and 9 standard errors of Ciw's run, by the share.

A share p of n calls has sqrt(p (1 - p) c / n), at most 0.006 here; batch means of our own, longer run give c = 5 to 8,
because neighbours wait alike.
"""


def ciw_waits() -> tuple[NDArray[np.float64], float]:
    sigma2 = math.log(1.0 + CV * CV)
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(RATE)],
        service_distributions=[ciw.dists.Lognormal(math.log(SERVICE_S) - sigma2 / 2.0, math.sqrt(sigma2))],
        number_of_servers=[SERVERS],
        queue_capacities=[PLACES],
    )
    ciw.seed(1)
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time(CIW_CALLS / RATE)
    records = simulation.get_all_records()
    waits = np.array([record.waiting_time for record in records if record.record_type == "service"])
    refused = sum(record.record_type == "rejection" for record in records)
    return waits, refused / len(records)


def our_waits() -> tuple[NDArray[np.float64], float]:
    scenario = Scenario(
        name="ciw",
        endpoint=instant_endpoint(warm=True),
        server=instant_server(job_queue_size=PLACES),
        models=(instant_model(workers=SERVERS, service=Service(wait=Lognormal(SERVICE_S, CV))),),
        traffic=(Traffic(arrivals=Poisson(rate_per_s=RATE)),),
        clients=patient_clients(),
        run=RunSettings(duration_s=OUR_CALLS / RATE),
    )
    run = simulate(scenario, records=-1)
    assert run.records is not None
    waits = run.records.parts_s[run.records.cause == -1, PARTS.index("queue")]
    return waits, float(run.errors[CAUSES.index("queue_full")]) / run.calls


@pytest.mark.slow
def test_waits_and_refusals_are_those_of_ciw():
    ours, our_refusals = our_waits()
    theirs, their_refusals = ciw_waits()
    assert 0.05 < their_refusals < 0.3
    assert abs(our_refusals - their_refusals) <= TOLERANCE
    for wait_s in WAITS_S:
        assert abs((ours > wait_s).mean() - (theirs > wait_s).mean()) <= TOLERANCE
