"""What the model server does besides queueing, computed by hand: stalled event loops and workers that die."""

from __future__ import annotations

import pytest

from mmesim.engine.simulation import Simulation, simulate
from mmesim.results.measured.run_data import CAUSES
from mmesim.scenario import CpuWait, Overhead, Scenario
from mmesim.scenario.values.times import Constant
from tests.behaviour.timeline import endpoint, model, play, scenario, timeline

HALF_A_SECOND = CpuWait(cpu=Constant(0.5))


def crash_at(simulation: Simulation, moment: float) -> None:
    """Let the first worker of the first pool die."""

    def fault():
        yield simulation.env.timeout(moment)
        simulation.loader.crew.crash(0)

    simulation.env.process(fault())


def test_a_registration_stalls_the_requests_on_its_event_loop(tmp_path):
    server = {"process_start": HALF_A_SECOND, "event_loops": 1}
    requests = [(0.0, "a", 0.1), (10.0, "b", 0.1), (10.1, "a", 0.1), (10.2, "a", 0.1)]
    run = timeline(tmp_path, requests, [model("a"), model("b")], endpoint(), server=server)
    # b's parent starts from 10 to 10.5, and blocks the only loop meanwhile.
    assert run.calls[2].parts == {"frontend_stall": 0.4, "service": 0.1}
    assert run.calls[3].parts == {"frontend_stall": 0.3, "queue": 0.1, "service": 0.1}
    assert run.latencies == [1.6, 1.6, 0.5, 0.5]


def test_no_loop_is_stalled_when_there_is_none(tmp_path):
    server = {"process_start": HALF_A_SECOND, "event_loops": 0}
    requests = [(0.0, "a", 0.1), (10.0, "b", 0.1), (10.1, "a", 0.1)]
    run = timeline(tmp_path, requests, [model("a"), model("b")], endpoint(), server=server)
    assert run.latencies == [1.6, 1.6, 0.1]


def test_a_stall_hits_one_loop_in_n(tmp_path):
    # 400 requests come while b's parent starts; the share on its loop is binomial around 1/4: 4 standard errors.
    server = {"process_start": HALF_A_SECOND, "event_loops": 4}
    requests = [(0.0, "a", 0.0), (10.0, "b", 0.1), *((10.05 + k / 1000, "a", 0.0) for k in range(400))]
    run = timeline(tmp_path, requests, [model("a"), model("b")], endpoint(), server=server)
    stalled = sum("frontend_stall" in call.parts for call in run.calls)
    assert abs(stalled / 400 - 0.25) < 4 * 0.0217


PRE_A_TENTH = Overhead(pre=CpuWait(cpu=Constant(0.1)))


def test_an_event_loop_works_for_one_request_after_the_other(tmp_path):
    requests = [(0.0, "a", 0.5), (0.0, "a", 0.5), (0.05, "a", 0.5), (1.0, "a", 0.5)]
    server = {"event_loops": 1, "overhead": PRE_A_TENTH}
    run = timeline(tmp_path, requests, [model("a", workers=3)], endpoint(warm=True), server=server)
    # On four vCPUs the one loop is busy from 0 to 0.3 and from 1 to 1.1; each request has a worker at once.
    assert run.latencies == [0.6, 0.7, 0.75, 0.6]
    assert [call.parts for call in run.calls] == [
        {"overhead": 0.1, "service": 0.5},
        {"frontend_stall": 0.1, "overhead": 0.1, "service": 0.5},
        {"frontend_stall": 0.15, "overhead": 0.1, "service": 0.5},
        {"overhead": 0.1, "service": 0.5},
    ]
    assert run.data.hosts.cpu_busy_s.tolist() == pytest.approx([0.4])


def test_without_event_loops_the_front_end_works_for_all_at_once(tmp_path):
    requests = [(0.0, "a", 0.5), (0.0, "a", 0.5), (0.05, "a", 0.5)]
    server = {"event_loops": 0, "overhead": PRE_A_TENTH}
    run = timeline(tmp_path, requests, [model("a", workers=3)], endpoint(warm=True), server=server)
    assert run.latencies == [0.6] * 3


def test_what_waited_for_a_registration_comes_in_one_after_the_other(tmp_path):
    server = {"process_start": HALF_A_SECOND, "event_loops": 1, "overhead": PRE_A_TENTH}
    requests = [(0.0, "a", 0.1), (10.0, "b", 0.1), (10.1, "a", 0.1), (10.2, "a", 0.1), (10.55, "a", 0.1)]
    run = timeline(tmp_path, requests, [model("a", workers=3), model("b")], endpoint(), server=server)
    # b's parent starts from 10 to 10.5, then the loop works until 10.6, 10.7 and 10.8.
    assert run.latencies == [1.7, 1.7, 0.6, 0.6, 0.35]
    assert [call.parts["frontend_stall"] for call in run.calls[2:]] == [0.4, 0.4, 0.15]


def test_the_waiting_part_of_the_front_end_does_not_keep_its_loop(tmp_path):
    requests = [(0.0, "a", 0.5), (0.0, "a", 0.5)]
    server = {"event_loops": 1, "overhead": Overhead(pre=CpuWait(cpu=Constant(0.1), wait=Constant(0.3)))}
    run = timeline(tmp_path, requests, [model("a", workers=3)], endpoint(warm=True), server=server)
    assert run.latencies == [0.9, 1.0]


def test_two_loops_share_one_vcpu(tmp_path):
    # Whatever loops the requests are on, the CPU works without a pause from 0 to 40 x 0.1.
    requests = [(0.0, "a", 0.0)] * 40
    server = {"event_loops": 2, "overhead": PRE_A_TENTH}
    run = timeline(tmp_path, requests, [model("a")], endpoint(warm=True, vcpu=1), server=server)
    assert max(run.latencies) == pytest.approx(4.0)
    assert run.data.hosts.cpu_busy_s.tolist() == pytest.approx([4.0])
    # Two at a time at most: the first to end are those that began.
    assert sorted(run.latencies)[:2] == pytest.approx([0.2, 0.2])


def overloaded(event_loops: int) -> Scenario:
    return Scenario.from_dict(
        {
            "name": "overload",
            "endpoint": {"vcpu": 2, "memory": "16 GiB", "warm": True},
            "server": {"event_loops": event_loops},
            "models": [
                {"name": "m", "artifact_size": "1 MB", "memory": "9 MiB", "workers": 8, "service": {"cpu": "1 ms"}}
            ],
            "traffic": [{"arrivals": {"poisson": {"rate": "2400 /s"}}}],
            "run": {"duration": "20 s", "seed": 1},
        }
    )


def test_beyond_its_capacity_a_front_end_with_event_loops_makes_wait_and_one_without_refuses():
    loops, none = simulate(overloaded(4)), simulate(overloaded(0))
    refused = CAUSES.index("queue_full")
    # Four loops of at most fourteen threads get a third of the CPU: they read what they can, and the rest waits.
    assert loops.errors[refused] < 0.7 * none.errors[refused]
    assert loops.latency_sum_s / loops.ok > 5.0 * none.latency_sum_s / none.ok
    assert loops.ok > none.ok


def test_a_worker_that_dies_answers_500_and_comes_back(tmp_path):
    requests = [(0.0, "a", 2.0), (0.5, "a", 0.1), (1.5, "a", 0.1)]
    simulation = Simulation(scenario(tmp_path, requests, [model("a")], endpoint(warm=True)), records=-1)
    crash_at(simulation, 1.0)
    run = play(simulation)
    # Back-off from 1 to 2, load from 2 to 3; what came meanwhile has queued.
    assert run.causes == ["worker_died", "ok", "ok"]
    assert run.latencies == [1.0, 2.6, 1.7]
    assert run.calls[1].parts == {"queue": 2.5, "service": 0.1}


def test_the_other_worker_goes_on_when_one_dies(tmp_path):
    requests = [(0.0, "a", 2.0), (0.1, "a", 0.5), (0.2, "a", 0.1)]
    simulation = Simulation(scenario(tmp_path, requests, [model("a", workers=2)], endpoint(warm=True)), records=-1)
    crash_at(simulation, 0.4)
    run = play(simulation)
    # The workers have taken one job each; the third request waits for the one that lives.
    assert sorted(run.causes) == ["ok", "ok", "worker_died"]
    died = run.causes.index("worker_died")
    assert run.latencies[died] == [0.4, 0.3][died]
    assert run.latencies[2] == (0.5 if died == 0 else 1.9)


def test_an_idle_worker_dies_without_harm(tmp_path):
    requests = [(0.0, "a", 0.1), (2.0, "a", 0.1)]
    simulation = Simulation(scenario(tmp_path, requests, [model("a")], endpoint(warm=True)), records=-1)
    crash_at(simulation, 1.0)
    # It is back at 3: the request that came at 2 waits for it.
    assert play(simulation).latencies == [0.1, 1.1]


def test_a_worker_of_a_preloaded_model_comes_back_without_a_load(tmp_path):
    requests = [(0.0, "a", 0.1), (1.5, "a", 0.1)]
    place = endpoint(warm=True)
    simulation = Simulation(scenario(tmp_path, requests, [model("a", preload_model=True)], place), records=-1)
    crash_at(simulation, 1.0)
    assert play(simulation).latencies == [0.1, 0.6]
