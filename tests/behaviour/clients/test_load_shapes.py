"""What load generators do: pacing, a number of calls, stages; timelines computed by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mmesim.engine.simulation import simulate
from mmesim.results.figures.figures import FORMULAS
from mmesim.results.measured.run_data import RunData
from mmesim.scenario import Clients, Ramp, RateStage, RunSettings, Scenario, Traffic, UserStage
from mmesim.scenario.models.groups import Service
from mmesim.scenario.traffic.arrivals import ArrivalProcess, ConstantRate, Poisson
from mmesim.scenario.traffic.closed_loop import ClosedLoop
from mmesim.scenario.values.times import Constant
from tests.laws.scenarios import instant_endpoint, instant_model, instant_server


def run_of(
    process: ArrivalProcess, duration_s: float, service_s: float = 0.5, workers: int = 100, **keys: Any
) -> RunData:
    """One model, loaded in no time, on enough workers; every call takes `service_s`."""
    network_s = keys.pop("network_s", 0.0)
    scenario = Scenario(
        name="shape",
        endpoint=instant_endpoint(warm=True),
        server=instant_server(),
        models=(instant_model(workers=workers, service=Service(wait=Constant(service_s))),),
        traffic=(Traffic(arrivals=process, **keys),),
        clients=Clients(network_s=network_s),
        run=RunSettings(duration_s=duration_s),
    )
    data = simulate(scenario, records=-1)
    assert set(data.checks.values()) == {"ok"}
    return data


def begins(data: RunData) -> list[float]:
    assert data.records is not None
    return [round(time, 9) for time in data.records.arrival_s.tolist()]


@pytest.mark.parametrize(("pacing_s", "rate_per_s"), [(6.0, 10.0), (3.0, 20.0), (2.0, 20.0)])
def test_sixty_users_whose_calls_take_three_seconds(pacing_s: float, rate_per_s: float) -> None:
    # Locust's constant_pacing: 60 / 6 s, 60 / 3 s, and no faster than the calls themselves.
    data = run_of(ClosedLoop(users=60, pacing=Constant(pacing_s)), 600.0, service_s=3.0)
    assert data.calls / 600.0 == rate_per_s
    assert FORMULAS["throughput"].of(data) == pytest.approx(rate_per_s, rel=0.01)


def test_a_pause_is_what_the_call_leaves_of_the_pacing() -> None:
    # One worker, 0.5 s a call. First user: 0 to 0.5, 0.8 to 1.5 (waits), 1.6 to 2.5 (waits), 2.5.
    # Second user: 0 to 1 (waits), 1 to 2 (waits), 2 to 3 (waits).
    data = run_of(ClosedLoop(users=2, pacing=Constant(0.8)), 3.0, workers=1)
    assert begins(data) == [0.0, 0.0, 0.8, 1.0, 1.6, 2.0, 2.5]


def test_the_own_time_of_a_client_comes_after_a_call_that_used_up_the_pacing() -> None:
    data = run_of(ClosedLoop(users=1, pacing=Constant(0.4), cycle=Constant(0.1)), 2.0)
    assert begins(data) == [0.0, 0.6, 1.2, 1.8]


def test_users_who_do_not_pause_call_again_when_the_answer_has_come() -> None:
    data = run_of(ClosedLoop(users=1), 2.0, network_s=0.1)
    assert begins(data) == [0.0, 0.6, 1.2, 1.8]
    refused = run_of(ClosedLoop(users=3), 30.0, service_s=1.0, workers=1, network_s=0.1)
    assert refused.calls == pytest.approx(30, abs=4)


def test_users_together_make_a_fixed_number_of_calls() -> None:
    # ab -n 7 -c 3: the seventh call is the first user's, and nobody follows.
    data = run_of(ClosedLoop(users=3), 60.0, network_s=0.1, calls=7)
    assert begins(data) == [0.0, 0.0, 0.0, 0.6, 0.6, 0.6, 1.2]
    assert data.calls == data.ok == 7


def test_who_is_free_first_makes_the_last_calls() -> None:
    # The second user waits for the first at the only worker; after 0.5 s pause the first calls again, and that was it.
    data = run_of(ClosedLoop(users=2, think_time=Constant(0.5)), 60.0, workers=1, calls=3)
    assert begins(data) == [0.0, 0.0, 1.0]


def test_each_user_makes_a_fixed_number_of_calls() -> None:
    data = run_of(ClosedLoop(users=2, cycle=Constant(0.5), calls_each=2, spawn_rate_per_s=1.0), 60.0)
    assert begins(data) == [0.0, 1.0, 1.0, 2.0]


@pytest.mark.parametrize("process", [Poisson(rate_per_s=10.0), ConstantRate(rate_per_s=10.0)])
def test_an_open_stream_ends_after_its_calls(process: ArrivalProcess) -> None:
    few, all_ = run_of(process, 60.0, calls=25), run_of(process, 60.0)
    assert len(begins(few)) == few.calls == 25
    assert begins(few) == begins(all_)[:25]


def test_users_come_and_go_with_the_stages() -> None:
    stages = (
        UserStage(duration_s=2.0, target=2),  # the first user comes at 1 s, the second at 2 s
        UserStage(duration_s=3.0, target=2),
        UserStage(duration_s=2.0, target=0),  # the second goes at 6 s, the first at 7 s
    )
    data = run_of(ClosedLoop(stages=stages, cycle=Constant(0.5)), 60.0)
    assert begins(data) == [1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0, 5.0, 5.0, 6.0]


def test_a_user_who_comes_back_calls_at_once() -> None:
    stages = tuple(
        UserStage(duration_s=seconds, target=users) for seconds, users in [(1, 1), (0, 0), (3, 0), (0, 1), (2, 1)]
    )
    data = run_of(ClosedLoop(users=1, stages=stages, cycle=Constant(0.1)), 60.0)
    # He leaves at 1 s in the middle of a call, is back at 4 s, and the stages end at 6 s.
    assert begins(data) == [0.0, 0.6, 4.0, 4.6, 5.2, 5.8]


def test_a_rate_in_stages_has_the_area_below_its_lines() -> None:
    stages = (RateStage(duration_s=100.0, target_per_s=10.0), RateStage(duration_s=50.0, target_per_s=10.0))
    data = run_of(Ramp(stages=stages, gaps="even"), 300.0)
    times = np.array(begins(data))
    assert data.calls == pytest.approx(100.0 * 10.0 / 2 + 50.0 * 10.0, abs=1)
    # Call k when t * t / 20 = k + phase, one phase for all; then every 0.1 s.
    ramp = times[times < 100.0]
    area = ramp * ramp / 20.0
    np.testing.assert_allclose(area - area[0], np.arange(len(ramp)), atol=1e-6)
    np.testing.assert_allclose(np.diff(times[times > 100.2]), 0.1, atol=1e-9)
    assert times[-1] < 150.0
    random = run_of(Ramp(stages=stages), 300.0)
    assert random.calls == pytest.approx(1000, abs=4 * 1000**0.5)
    assert max(begins(random)) < 150.0
