"""What the model server does besides queueing, computed by hand: stalled event loops and workers that die."""

from __future__ import annotations

from mmesim.engine.simulation import Simulation
from mmesim.scenario import CpuWait
from mmesim.scenario.values.times import Constant
from tests.behaviour.timeline import endpoint, model, play, scenario, timeline

HALF_A_SECOND = CpuWait(cpu=Constant(0.5))


def crash_at(simulation: Simulation, moment: float) -> None:
    """Let the first worker of the first pool die."""

    def fault():
        yield simulation.env.timeout(moment)
        simulation.loader.crash(0)

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
