"""Plans whose answer theory knows: every host is an M/M/c queue, whose share of calls over a limit has a closed form.

The router sends each call to any host, so that n hosts are n queues with an n-th of the calls each.
"""

from __future__ import annotations

import math

import pytest

from mmesim.analytic.erlang import mmc_sojourn_exceeds
from mmesim.experiment.plan.plan import plan
from mmesim.experiment.plan.result import PlanResult
from mmesim.scenario import HostType, Plan, Poisson, Router, RunSettings, Scenario, Traffic
from mmesim.scenario.models.groups import Service
from mmesim.scenario.values.times import Exponential
from tests.laws.scenarios import instant_endpoint, instant_model, instant_server, patient_clients

SERVICE_S = 0.02
MOST = 8
HOST = HostType(vcpu=64, memory_bytes=2**36, price_usd_per_hour=1.0)
ROUTER = Router(policy="random", overhead_s=0.0, spill_at=10**9)


def scenario(rate_per_s: float, workers: int, percentile: str, limit_s: float, seed: int) -> Scenario:
    return Scenario(
        name="queues",
        endpoint=instant_endpoint(warm=True, host=HOST, router=ROUTER, instance_count=1),
        server=instant_server(job_queue_size=10**6),
        models=(instant_model(workers=workers, service=Service(wait=Exponential(SERVICE_S))),),
        traffic=(Traffic(arrivals=Poisson(rate_per_s=rate_per_s)),),
        clients=patient_clients(),
        run=RunSettings(duration_s=140.0, warmup_s=20.0, seed=seed),
        expect=(f"{percentile} < {limit_s!r} s",),
        plan=Plan(grid={"endpoint.instance_count": (f"1..{MOST}",)}),
    )


def shares(rate_per_s: float, workers: int, limit_s: float) -> list[float]:
    """The share of calls over the limit with one host, two and so on; 1 where they cannot keep up."""
    found = []
    for hosts in range(1, MOST + 1):
        each = rate_per_s / hosts
        busy = each * SERVICE_S / workers
        found.append(1.0 if busy >= 1.0 else mmc_sojourn_exceeds(each, SERVICE_S, workers, limit_s))
    return found


def cheapest(true: list[float], allowed: float) -> int:
    """The number of hosts of the cheapest fleet inside."""
    return next(hosts for hosts, share in enumerate(true, 1) if share < allowed)


CASES = [
    # rate, workers, percentile, allowed share, limit, the fewest hosts inside
    (120.0, 2, "p90", 0.1, 0.06, 3),
    pytest.param(300.0, 2, "p99", 0.01, 0.12, 6, marks=pytest.mark.slow),
    pytest.param(130.0, 1, "p95", 0.05, 0.15, 5, marks=pytest.mark.slow),
    pytest.param(250.0, 1, "p90", 0.1, 0.2, 7, marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("rate", "workers", "percentile", "allowed", "limit_s", "hosts"), CASES)
def test_the_cheapest_fleet_of_queues_is_found(rate, workers, percentile, allowed, limit_s, hosts):
    true = shares(rate, workers, limit_s)
    assert cheapest(true, allowed) == hosts
    assert all(abs(share / allowed - 1.0) > 0.2 for share in true), "none is too near to tell"
    found = plan(scenario(rate, workers, percentile, limit_s, seed=11))
    assert found.document.verdict == "pass"
    assert found.answer is not None
    assert found.answer.instance_count == hosts
    for estimate in found.document.estimates:
        _holds(found, estimate.fleet, true)


def _holds(found: PlanResult, row: int, true: list[float]) -> None:
    """The estimate of a fleet is near its truth, where it has one."""
    estimated = next(one for one in found.document.estimates if one.fleet == row).lines[0]
    share = true[found.document.fleets[row].instance_count - 1]
    assert estimated.value is not None
    assert estimated.interval is not None
    half = 0.5 * (estimated.interval[1] - estimated.interval[0])
    if share < 1.0:
        assert math.isclose(estimated.value, share, abs_tol=3.0 * half)


def test_nothing_inside_is_said_and_the_nearest_is_the_largest():
    true = shares(250.0, 1, 0.03)
    assert min(true) > 0.012
    found = plan(scenario(250.0, 1, "p99", 0.03, seed=3)).document
    assert (found.verdict, found.answer) == ("fail", None)
    assert found.fleets[found.why_not[0].nearest].instance_count == MOST
