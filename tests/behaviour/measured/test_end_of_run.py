"""What comes after the measured time: calls go on, unmeasured, and what is counted per second stops."""

from __future__ import annotations

import numpy as np
import pytest

from mmesim.engine.simulation import simulate
from mmesim.results.figures.figures import FORMULAS
from mmesim.results.summary.cost import cost
from mmesim.scenario import Clients, Poisson, RunSettings, Scenario, Traffic
from mmesim.scenario.clients.retries import BotoLegacy, ExponentialRetries, FixedRetries
from mmesim.scenario.endpoint.host_type import HostType
from mmesim.scenario.models.groups import Service
from mmesim.scenario.traffic.arrivals import ArrivalProcess, ConstantRate
from mmesim.scenario.traffic.closed_loop import ClosedLoop
from mmesim.scenario.values.times import Constant, Exponential, Time
from tests.laws.scenarios import instant_endpoint, instant_model, instant_server, patient_clients

HOUR_USD = 0.23


def one_worker(
    arrivals: ArrivalProcess,
    service: Time,
    clients: Clients,
    duration_s: float,
    warmup_s: float = 0.0,
    end_s: float | None = None,
) -> Scenario:
    host = HostType(vcpu=4, memory_bytes=2**34, price_usd_per_hour=HOUR_USD)
    return Scenario(
        name="end",
        endpoint=instant_endpoint(warm=True, host=host),
        server=instant_server(job_queue_size=10**9),
        models=(instant_model(service=Service(wait=service)),),
        traffic=(Traffic(arrivals=arrivals, end_s=end_s),),
        clients=clients,
        run=RunSettings(duration_s=duration_s, warmup_s=warmup_s),
    )


def test_the_last_calls_of_an_overloaded_server_fare_like_those_before() -> None:
    # M/M/1 at 130 %, clients with boto3's retries: without arrivals after the end, the last retries would find no one.
    clients = Clients(timeout_s=1.0, network_s=0.0, retries=BotoLegacy())
    data = simulate(one_worker(Poisson(rate_per_s=130.0), Exponential(0.01), clients, 300.0), records=-1)
    assert data.records is not None
    failed = data.records.cause >= 0
    windows = [
        failed[(data.records.arrival_s >= s) & (data.records.arrival_s < s + 20.0)].mean() for s in (240, 260, 280)
    ]
    assert min(windows) > 0.99
    assert data.records.arrival_s.max() < 300.0
    assert data.in_flight_at_end == 0


def test_throughput_and_cost_count_what_is_answered_in_the_measured_time() -> None:
    # One worker of 10.4 ms and 190 calls/s: 96 answers a second, whatever is answered after the end.
    scenario = one_worker(Poisson(rate_per_s=190.0), Constant(0.0104), patient_clients(), 600.0, 60.0)
    data = simulate(scenario)
    assert data.ok == data.calls == pytest.approx(190 * 540, rel=0.02)
    assert FORMULAS["throughput"].of(data) == pytest.approx(1 / 0.0104, rel=1e-3)
    assert cost(scenario, [data])["usd_per_million_requests"] == pytest.approx(0.664, abs=0.001)


def test_throughput_follows_the_rate_up_to_its_knee() -> None:
    def throughput(rate_per_s: float) -> float:
        data = simulate(one_worker(ConstantRate(rate_per_s=rate_per_s), Constant(0.01), patient_clients(), 60.0, 10.0))
        return FORMULAS["throughput"].of(data)

    assert [round(throughput(rate)) for rate in (40.0, 80.0, 120.0, 200.0)] == [40, 80, 100, 100]


def test_failed_calls_cost_but_are_no_throughput() -> None:
    clients = Clients(timeout_s=0.5, network_s=0.0)
    scenario = one_worker(ConstantRate(rate_per_s=10.0), Constant(1.0), clients, 100.0, 10.0)
    data = simulate(scenario)
    # 10 calls a second begin and each ends, the most after 0.5 s without an answer.
    assert data.answers == pytest.approx(900, abs=1)
    assert FORMULAS["throughput"].of(data) == 0.0
    assert cost(scenario, [data])["usd_per_million_requests"] == pytest.approx(1e6 * HOUR_USD / 36000, rel=2e-3)


@pytest.mark.parametrize(
    ("clients", "longest_s"),
    [
        (Clients(timeout_s=7.0), 7.0),
        (Clients(timeout_s=7.0, retries=FixedRetries(delay_s=2.0, max_attempts=3)), 25.0),
        (Clients(timeout_s=1.0, retries=BotoLegacy()), 5.0 + 1.0 + 2.0 + 4.0 + 8.0),
        (Clients(timeout_s=1.0, retries=ExponentialRetries(base_s=1.0, cap_s=3.0, max_attempts=4)), 4.0 + 1 + 2 + 3),
    ],
)
def test_the_longest_time_of_a_call_is_all_its_attempts_and_pauses(clients: Clients, longest_s: float) -> None:
    assert clients.longest_call_s == longest_s
    scenario = one_worker(Poisson(rate_per_s=1.0), Constant(0.1), clients, 100.0)
    assert scenario.goes_on_until(scenario.traffic[0]) == 100.0 + longest_s


def calls_after(arrivals: ArrivalProcess, service_s: float, end_s: float | None = None) -> int:
    """Calls that begin after a run of 10 s."""
    clients = Clients(timeout_s=60.0, network_s=0.0)
    data = simulate(one_worker(arrivals, Constant(service_s), clients, 10.0, end_s=end_s))
    return data.calls_all - data.calls


def test_calls_go_on_for_as_long_as_a_measured_one_is_not_answered() -> None:
    steady = ConstantRate(rate_per_s=1.0)
    assert calls_after(steady, 0.001) == 0
    # Ten calls of 3 s: the last is answered about 30 s after the first, 20 s after the run.
    assert calls_after(steady, 3.0) == pytest.approx(20, abs=1)
    assert calls_after(steady, 3.0, end_s=10.0) == 0
    assert calls_after(ClosedLoop(users=2, cycle=Constant(0.5)), 4.0) == pytest.approx(2, abs=1)


def test_peaks_and_windows_are_those_of_the_measured_time() -> None:
    data = simulate(one_worker(ConstantRate(rate_per_s=10.0), Constant(1.0), patient_clients(), 120.0))
    assert len(data.windows["start_s"]) == 2
    assert np.nansum(data.windows["Invocations"]) == pytest.approx(120, abs=1)
    assert data.calls_all > data.calls == pytest.approx(1200, abs=1)
