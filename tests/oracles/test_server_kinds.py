"""The kinds of server besides MMS against queueing theory, where it has an answer.

The mean of eight replications is held to the truth within four standard errors, which are themselves small.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mmesim.analytic.erlang import mmc_mean_sojourn, mmck
from mmesim.engine.simulation import simulate
from mmesim.results.measured.run_data import CAUSES, RunData
from mmesim.scenario import Poisson, RunSettings, Scenario, Server, Traffic, UniformPopularity
from mmesim.scenario.models.groups import AffineBatch, Service
from mmesim.scenario.values.times import Constant, Exponential, Time
from tests.laws.scenarios import instant_endpoint, instant_model, patient_clients

SERVICE_S = 0.01
REPLICATIONS = 8
OWN: dict[str, Any] = {"overhead": "none", "base_tasks": 10, "event_loops": 0}


def scenario(server: Server, rate_per_s: float, calls: int, models: int, workers: int, service: Service) -> Scenario:
    model = instant_model("m", count=models, workers=workers, service=service)
    return Scenario(
        name="oracle",
        endpoint=instant_endpoint(warm=True),
        server=server,
        models=(model,),
        traffic=(Traffic(arrivals=Poisson(rate_per_s=rate_per_s), popularity=UniformPopularity()),),
        clients=patient_clients(),
        run=RunSettings(duration_s=1.2 * calls / rate_per_s, warmup_s=0.2 * calls / rate_per_s, seed=5),
    )


def held_to(given: Scenario, measure: Callable[[RunData], float], truth: float, precision: float = 0.01) -> None:
    found = np.array([measure(simulate(given, replication)) for replication in range(REPLICATIONS)])
    error = float(found.std(ddof=1)) / math.sqrt(REPLICATIONS)
    assert error < precision * truth
    assert abs(float(found.mean()) - truth) < 4.0 * error


def mean_s(run: RunData) -> float:
    return run.latency_sum_s / run.ok


def refused(run: RunData) -> float:
    return float(run.errors[CAUSES.index("queue_full")]) / run.calls


def waiting(time: Time) -> Service:
    return Service(wait=time)


def test_one_queue_for_all_models_is_one_queue_with_several_servers():
    # Five models that share three workers: it does not matter whose call it is.
    server = Server(kind="custom", queue="server", server_workers=3, job_queue_size=10**6, **OWN)
    given = scenario(server, 0.8 * 3 / SERVICE_S, 250_000, 5, 1, waiting(Exponential(SERVICE_S)))
    held_to(given, mean_s, mmc_mean_sojourn(0.8 * 3 / SERVICE_S, SERVICE_S, 3))


@pytest.mark.parametrize(
    ("kind", "places"),
    [("torchserve", 6), ("djl", 5), ("triton", 6), ("custom", 6)],
)
def test_a_queue_with_a_bound_refuses_as_many_as_theory_says(kind, places):
    # Of the six places that DJL Serving has, the last is never used.
    of_kind: dict[str, Any] = {
        "torchserve": {},
        "djl": {"max_workers": 2, "reserved_memory_bytes": 0},
        "triton": {},
        "custom": {"queue": "model"},
    }
    server = Server(kind=kind, job_queue_size=6, **OWN, **of_kind[kind])
    given = scenario(server, 0.9 * 2 / SERVICE_S, 100_000, 1, 2, waiting(Exponential(SERVICE_S)))
    held_to(given, refused, mmck(0.9 * 2 / SERVICE_S, SERVICE_S, 2, 2 + places).blocking, precision=0.02)


@pytest.mark.parametrize("load", [0.5, 1.0, 3.0])
def test_a_batch_of_all_that_waits_takes_half_a_batch_to_wait_for(load):
    # A batch takes D whatever its size, and takes all that waits. A call that comes during a batch waits D / 2 on
    # average; one that finds the instance idle does not wait. With a = D x rate, a batch is followed by another at once
    # unless nobody came, which has the chance exp(-a): of a + exp(-a) calls a batch, a come during one.
    law = AffineBatch(base_s=SERVICE_S, per_item_s=0.0)
    server = Server(kind="triton", batch_size=1024, **OWN)
    service = Service(wait=Constant(SERVICE_S), batch=law)
    during = load / (load + math.exp(-load))
    given = scenario(server, load / SERVICE_S, 60_000, 1, 1, service)
    held_to(given, mean_s, SERVICE_S * (1.0 + during / 2.0))


def test_a_worker_that_was_added_and_does_not_stop_is_a_second_server():
    # The second worker comes when three wait for the first time, long before the warm-up is over, and then idles less
    # than it may.
    rate = 0.8 * 2 / SERVICE_S
    server = Server(kind="djl", max_workers=2, max_idle_s=1e6, reserved_memory_bytes=0, job_queue_size=10**6, **OWN)
    given = scenario(server, rate, 250_000, 1, 1, waiting(Exponential(SERVICE_S)))
    held_to(given, mean_s, mmc_mean_sojourn(rate, SERVICE_S, 2))
