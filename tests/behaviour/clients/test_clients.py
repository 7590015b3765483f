"""Clients who give up, try again, are refused, or wait for their answers before they go on: computed by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mmesim.engine.simulation import Simulation, simulate
from mmesim.experiment.warmup import settled
from mmesim.results.measured.run_data import CAUSES
from mmesim.results.summary.steady import steady_state
from mmesim.scenario import Clients, ConstantRate, CpuWait, RunSettings, Scenario, Traffic
from mmesim.scenario.clients.causes import Cause
from mmesim.scenario.clients.retries import BotoLegacy, BotoStandard, ExponentialRetries, FixedRetries
from mmesim.scenario.endpoint.endpoint import Throttling
from mmesim.scenario.models.groups import Service
from mmesim.scenario.traffic.arrivals import ArrivalProcess
from mmesim.scenario.traffic.closed_loop import ClosedLoop
from mmesim.scenario.values.times import ZERO, Constant
from tests.behaviour.timeline import Outcome, endpoint, model, play, timeline
from tests.laws.scenarios import instant_endpoint, instant_model, instant_server


def test_a_client_who_gave_up_tries_again_and_finds_the_model_loaded(tmp_path):
    clients = {"timeout_s": 0.5, "retries": FixedRetries(delay_s=1.0)}
    run = timeline(tmp_path, [(0.0, "a", 0.1)], [model("a")], endpoint(), clients=clients)
    # Gives up at 0.5; the load ends at 1 and serves the abandoned job until 1.1; the second attempt begins at 1.5.
    assert run.latencies == [1.6]
    assert run.calls[0].parts == {"retry_backoff": 1.0, "failed_attempts": 0.5, "service": 0.1}
    assert (run.data.calls, run.data.attempts, run.data.hits, run.data.misses) == (1, 2, 1, 1)
    assert run.data.attempt_causes[CAUSES.index("client_timeout")] == 1
    assert run.data.errors.sum() == 0


def test_an_abandoned_job_keeps_the_worker_from_its_own_retry(tmp_path):
    clients = {"timeout_s": 1.5, "retries": FixedRetries(delay_s=0.5, max_attempts=2)}
    run = timeline(tmp_path, [(0.0, "a", 0.1), (10.0, "a", 4.0)], [model("a")], endpoint(), clients=clients)
    # First attempt: 10 to 11.5. The second, at 12, waits behind the job of the first until 14, beyond its 13.5.
    assert run.causes == ["ok", "client_timeout"]
    assert run.latencies == [1.1, 3.5]
    assert run.data.attempts == 3


def test_pauses_grow_up_to_their_cap(tmp_path):
    retries = ExponentialRetries(
        base_s=1.0, factor=2.0, cap_s=3.0, jitter=0.0, max_attempts=4, causes=(Cause.never_fits,)
    )
    large = model("a", memory_bytes=10**15)
    run = timeline(tmp_path, [(0.0, "a", 0.1)], [large], endpoint(), clients={"retries": retries})
    assert run.causes == ["never_fits"]
    assert run.latencies == [1.0 + 2.0 + 3.0]
    assert (run.data.attempts, run.data.attempt_causes[CAUSES.index("never_fits")]) == (4, 4)


@pytest.mark.parametrize(("causes", "attempts"), [((Cause.load_timeout,), 1), ((Cause.queue_full,), 3)])
def test_only_the_named_failures_are_tried_again(tmp_path, causes, attempts):
    requests = [(0.0, "a", 50.0), (2.0, "a", 50.0), (3.0, "a", 1.0)]
    clients = {"retries": FixedRetries(delay_s=1.0, causes=causes)}
    server = {"job_queue_size": 1}
    run = timeline(tmp_path, requests, [model("a")], endpoint(), clients=clients, server=server)
    assert run.causes == ["ok", "invocation_timeout", "queue_full"]
    assert run.latencies[2] == attempts - 1.0
    assert run.data.attempt_causes[CAUSES.index("queue_full")] == attempts


@pytest.mark.parametrize(("retries", "again"), [(BotoLegacy(max_attempts=2), 1), (BotoStandard(), 0)])
def test_only_the_legacy_mode_of_boto3_tries_again_when_a_model_is_not_ready(tmp_path, retries, again):
    place = endpoint(load_timeout_s=1.0)
    run = timeline(tmp_path, [(0.0, "a", 0.1)], [model("a", load_s=1.5)], place, clients={"retries": retries})
    assert run.data.attempt_causes[CAUSES.index("load_timeout")] == 1
    assert run.data.attempts == 1 + again
    assert run.causes == ["ok" if again else "load_timeout"]


@pytest.mark.parametrize(("processes", "attempts"), [(1, 150), (2, 200)])
def test_the_retry_quota_of_boto3_runs_out(tmp_path, processes, attempts):
    # 500 tokens for each process, 10 for each retry after a read time-out: 50 retries, and no success gives any back.
    clients = {"timeout_s": 2.0, "retries": BotoStandard(processes=processes)}
    requests = [(k * 1e-3, "a", 0.1) for k in range(100)]
    run = timeline(tmp_path, requests, [model("a", load_s=100.0)], endpoint(), clients=clients)
    assert set(run.causes) == {"client_timeout"}
    assert run.data.attempts == attempts


def test_a_success_gives_tokens_back(tmp_path):
    clients = {"timeout_s": 2.0, "retries": BotoStandard(max_attempts=2)}
    lost = [(k * 1e-3, "a", 0.1) for k in range(50)]
    good = [(10.0 + k * 0.1, "b", 0.01) for k in range(20)]
    late = [(20.0 + k * 1e-3, "a", 0.1) for k in range(10)]
    models = [model("a", load_s=100.0), model("b")]
    run = timeline(tmp_path, lost + good + late, models, endpoint(), clients=clients)
    # All tokens are gone after the first 50; 20 successes give 20 back: two more retries.
    assert run.causes == ["client_timeout"] * 50 + ["ok"] * 20 + ["client_timeout"] * 10
    assert run.data.attempts == 80 + 50 + 2


def test_jitter_takes_a_random_share_of_the_pause(tmp_path):
    retries = FixedRetries(delay_s=1.0, jitter=0.5, max_attempts=2, causes=(Cause.never_fits,))
    requests = [(float(k), "a", 0.1) for k in range(200)]
    run = timeline(tmp_path, requests, [model("a", memory_bytes=10**15)], endpoint(), clients={"retries": retries})
    pauses = np.array(run.latencies)
    assert pauses.min() >= 0.5
    assert pauses.max() <= 1.0
    assert abs(pauses.mean() - 0.75) < 4 * 0.5 / np.sqrt(12 * 200)


def test_a_host_refuses_what_is_above_its_limit_in_flight(tmp_path):
    place = endpoint(throttling=Throttling(in_flight=2))
    run = timeline(tmp_path, [(0.0, "a", 0.5), (0.1, "b", 0.5), (0.2, "a", 0.5), (2.0, "a", 0.5)], MODELS, place)
    assert run.causes == ["ok", "ok", "throttled", "ok"]
    assert run.latencies[2] == 0.0
    assert run.data.hits + run.data.misses == 3
    assert run.data.windows["Invocations"].sum() == 3


def test_a_host_takes_so_many_attempts_a_second(tmp_path):
    place = endpoint(throttling=Throttling(rate_per_s=1.0, burst=2))
    times = [0.0, 0.1, 0.2, 0.95, 1.05, 10.0, 10.0, 10.0]
    run = timeline(tmp_path, [(t, "a", 0.01) for t in times], MODELS, place)
    # Two at once, one more with each second, never more than two saved.
    assert run.causes == ["ok", "ok", "throttled", "throttled", "ok", "ok", "ok", "throttled"]


def test_a_throttled_client_comes_back(tmp_path):
    place = endpoint(throttling=Throttling(in_flight=1))
    clients = {"retries": FixedRetries(delay_s=1.0)}
    run = timeline(tmp_path, [(0.0, "a", 0.5), (0.2, "a", 0.5)], MODELS, place, clients=clients)
    # Refused at 0.2 and at 1.2 (the first is served until 1.5), served from 2.2.
    assert run.latencies == [1.5, 2.5]
    assert run.calls[1].parts == {"retry_backoff": 2.0, "service": 0.5}


MODELS = [model("a"), model("b")]


def closed(process: ArrivalProcess, duration_s: float = 10.0, **keys: Any) -> Outcome:
    """One model that is loaded in no time and serves one call a second."""
    place = Scenario(
        name="closed",
        endpoint=instant_endpoint(),
        server=instant_server(),
        models=(instant_model(service=Service(wait=Constant(1.0))),),
        traffic=(Traffic(arrivals=process, **keys),),
        clients=Clients(network_s=0.0),
        run=RunSettings(duration_s=duration_s),
    )
    return play(Simulation(place, records=-1))


def arrivals(run: Outcome) -> list[float]:
    records = run.data.records
    assert records is not None
    return [round(float(time), 9) for time in records.arrival_s]


def test_users_wait_for_their_answers():
    run = closed(ClosedLoop(users=2, think_time=Constant(1.0)), duration_s=7.0)
    # Both call at 0, one waits for the other; from then on they take turns.
    assert arrivals(run) == [0.0, 0.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    assert run.latencies == [1.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0]


def test_a_cycle_is_time_of_the_client_and_no_latency():
    run = closed(ClosedLoop(users=1, think_time=Constant(0.5), cycle=Constant(0.25)), duration_s=4.0)
    assert arrivals(run) == [0.0, 1.75, 3.5]
    assert run.latencies == [1.0, 1.0, 1.0]


def test_users_are_spawned_at_a_rate_and_stop_with_their_stream():
    loop = ClosedLoop(users=3, cycle=Constant(10.0), spawn_rate_per_s=0.5)
    run = closed(loop, duration_s=20.0, start_s=1.0, end_s=14.5)
    assert arrivals(run) == [1.0, 3.0, 5.0, 12.0, 14.0]


def test_a_user_goes_on_for_more_calls_than_are_drawn_together():
    run = closed(ClosedLoop(users=2, cycle=Constant(1.0)), duration_s=2000.0)
    assert len(run.calls) == 2000
    assert arrivals(run)[-3:] == [1997.0, 1998.0, 1999.0]


def test_a_call_that_was_tried_again_for_one_load_is_one_cold_call(tmp_path):
    place = endpoint(load_timeout_s=1.0)
    clients = {"retries": FixedRetries(delay_s=0.5, max_attempts=4)}
    run = timeline(tmp_path, [(0.0, "a", 0.1), (10.0, "a", 0.1)], MODELS_SLOW, place, clients=clients)
    # Attempts at 0 and 1.5 are given up at 1 and 2.5; the third, at 3, waits until the load ends at 3.5.
    assert run.latencies == [3.6, 0.1]
    assert (run.data.hits, run.data.misses) == (1, 3)
    assert run.data.tenants.misses.tolist() == [1]
    assert run.data.load_episodes.sum() == 1
    assert run.data.retried_cold_s.sum() == pytest.approx(3.0)


MODELS_SLOW = [model("a", load_s=3.5)]


def test_calls_at_just_the_rate_of_a_host_are_not_refused():
    place = instant_endpoint(throttling=Throttling(rate_per_s=10.0, burst=1))
    scenario = Scenario(
        name="rate",
        endpoint=place,
        server=instant_server(),
        models=(instant_model(),),
        traffic=(Traffic(arrivals=ConstantRate(rate_per_s=10.0)),),
        run=RunSettings(duration_s=600.0),
    )
    data = simulate(scenario)
    assert data.calls == pytest.approx(6000, abs=1)
    assert data.errors.sum() == 0


def test_many_users_of_one_cold_model_in_batches_without_any_service():
    model_ = instant_model(
        load=CpuWait(wait=Constant(1.0)), service=Service(wait=ZERO), batch_size=2, max_batch_delay_s=0.05
    )
    scenario = Scenario(
        name="crowd",
        endpoint=instant_endpoint(),
        server=instant_server(job_queue_size=10_000),
        models=(model_,),
        traffic=(Traffic(arrivals=ClosedLoop(users=900, cycle=Constant(0.5))),),
        clients=Clients(network_s=0.0),
        run=RunSettings(duration_s=3.0),
    )
    data = simulate(scenario)
    assert set(data.checks.values()) == {"ok"}
    assert data.calls > 3 * 900


def test_users_who_are_still_coming_are_no_steady_state():
    ramp = ClosedLoop(users=100, think_time=Constant(10.0), spawn_rate_per_s=0.1)
    scenario = Scenario(
        name="ramp",
        endpoint=instant_endpoint(warm=True),
        server=instant_server(),
        models=(instant_model(),),
        traffic=(Traffic(arrivals=ramp),),
        run=RunSettings(duration_s=1800.0, warmup_s="auto"),
    )
    found = settled(scenario, lambda place, numbers, window_s: [simulate(place, k, window_s=window_s) for k in numbers])
    run = found.run
    assert run.warmup_found is not None
    assert run.warmup_found.run_at_least_s is not None  # 990 s of spawning are more than half of half an hour
    assert steady_state(found, [simulate(found)]).verdict == "warming up"


def test_a_run_without_a_call_is_not_judged():
    loop = ClosedLoop(users=1, think_time=Constant(3600.0))
    scenario = Scenario(
        name="none",
        endpoint=instant_endpoint(),
        server=instant_server(),
        models=(instant_model(),),
        traffic=(Traffic(arrivals=loop),),
        run=RunSettings(duration_s=1800.0, warmup_s=60.0),
    )
    assert steady_state(scenario, [simulate(scenario)]).verdict is None
