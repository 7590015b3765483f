"""A user's own process on the simulation's clock: timelines by hand, and how its failures are told."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mmesim.engine.simulation import Simulation, simulate
from mmesim.errors import UserCodeError, UserError
from mmesim.scenario import CpuWait, Function, Overhead, Router
from mmesim.scenario.values.times import Constant
from tests.behaviour.timeline import COPY, endpoint, model, play, scenario
from tests.helpers.files import ROOT


def watched(tmp_path, process, requests, models, place, **keys):
    """Replay `requests` with a custom process."""
    given = scenario(tmp_path, requests, models, place, **keys)
    return play(Simulation(given, records=-1, processes=[process]))


def test_one_slows_a_host_for_a_minute_unloads_a_model_and_adds_an_instance(tmp_path):
    told = []

    def watch(env, endpoint):
        yield env.timeout(10.0)
        endpoint.slow(0, 2.0)
        yield env.timeout(60.0)
        endpoint.restore(0)
        yield env.timeout(30.0)
        yield endpoint.unload("a", 0)
        told.append((env.now, endpoint.hosts[0].models))
        told.append(endpoint.add_instance())
        told.append((yield endpoint.load("a", 1)))
        told.append((env.now, [host.models for host in endpoint.hosts]))
        while True:  # as long as the run lasts
            yield env.timeout(60.0)

    requests = [(5.0, "a", 4.0), (9.0, "a", 4.0), (20.0, "a", 4.0), (68.0, "a", 4.0), (110.0, "a", 4.0)]
    run = watched(tmp_path, watch, requests, [model("a", cpu=True)], endpoint(warm=True))
    # The second has run for 1 s when the host slows down, so 3 s of work take 6 s. The third takes twice its time. The
    # fourth has done 1 s of work when the host gets its speed back. The fifth finds its model on the new host.
    assert run.latencies == [4.0, 7.0, 8.0, 5.0, 4.0]
    assert [call.parts for call in run.calls] == [
        {"service": 4.0},
        {"cpu_wait": 3.0, "service": 4.0},
        {"cpu_wait": 4.0, "service": 4.0},
        {"cpu_wait": 1.0, "service": 4.0},
        {"service": 4.0},
    ]
    assert [call.host for call in run.calls] == [0, 0, 0, 0, 1]
    assert told == [(100.02, ()), 1, True, (101.02, [(), ("a",)])]
    hosts = run.data.hosts
    np.testing.assert_allclose(hosts.up_s, [1000.0, 899.98])
    np.testing.assert_allclose(hosts.loaded_s, [100.0, 898.98])
    np.testing.assert_allclose(hosts.memory_byte_s, [100.02 * COPY, 899.98 * COPY])
    np.testing.assert_allclose(hosts.cpu_busy_s, [24.0, 4.0])
    assert (hosts.loads.tolist(), hosts.unloads.tolist()) == ([0, 1], [1, 0])
    assert (hosts.hits.tolist(), hosts.misses.tolist()) == ([4, 1], [0, 0])
    # Of five answers two fall into the second minute, in which there is a second host for 19.98 s.
    np.testing.assert_allclose(run.data.windows["InvocationsPerInstance"][:2], [3.0, 2 / (1 + 19.98 / 60)])


def test_what_a_process_loads_counts_as_used_when_its_load_begins(tmp_path):
    def ahead(env, endpoint):
        yield env.timeout(20.0)
        yield endpoint.load("c", 0)

    requests = [(0.0, "a", 0.1), (10.0, "b", 0.1), (30.0, "d", 0.1), (40.0, "c", 0.1), (50.0, "b", 0.1)]
    run = watched(tmp_path, ahead, requests, [model(name) for name in "abcd"], endpoint(copies=3))
    # Of a, b and c, d pushes out a: c was loaded after both were called.
    assert [call.hit for call in run.calls] == [0, 0, 0, 1, 1]


def test_a_run_with_a_frozen_host_ends_when_its_calls_have_run_into_their_time_outs(tmp_path):
    def freeze(env, endpoint):
        yield env.timeout(10.0)
        endpoint.slow(0, float("inf"))

    requests = [(5.0, "a", 4.0), (9.0, "a", 4.0), (20.0, "a", 4.0), (999.0, "a", 4.0)]
    run = watched(tmp_path, freeze, requests, [model("a", cpu=True)], endpoint(warm=True), clients={"timeout_s": 30.0})
    assert run.causes == ["ok", *["client_timeout"] * 3]
    assert run.latencies[1:] == [30.0] * 3
    np.testing.assert_allclose(run.data.hosts.cpu_busy_s, [995.0])  # it stands still with a thread that could run


def test_a_host_that_thaws_goes_on_where_it_stood_still(tmp_path):
    def freeze(env, endpoint):
        yield env.timeout(10.0)
        endpoint.slow(0, float("inf"))
        yield env.timeout(10.0)
        endpoint.restore(0)

    run = watched(tmp_path, freeze, [(9.0, "a", 4.0)], [model("a", cpu=True)], endpoint(warm=True))
    assert run.latencies == [14.0]


def test_many_instances_join_while_requests_run(tmp_path):
    def watch(env, endpoint):
        for _ in range(9):
            yield env.timeout(1.0)
            endpoint.add_instance()

    requests = [(0.5 + 0.25 * k, "a", 0.4) for k in range(60)]
    place = endpoint(hosts=1, warm=True, router=Router(policy="round_robin", overhead_s=0.0))
    run = watched(tmp_path, watch, requests, [model("a", cpu=True, workers=2, load_s=0.0)], place)
    assert run.latencies == [0.4] * 60
    assert {call.host for call in run.calls} == set(range(10))
    assert run.data.hosts.up_s.tolist() == [1000.0, *(1000.0 - k for k in range(1, 10))]
    np.testing.assert_allclose(run.data.hosts.cpu_busy_s.sum(), 24.0)


def test_a_forced_unload_fails_jobs_at_once_and_never_answers_the_queue(tmp_path):
    def watch(env, endpoint):
        yield env.timeout(1.0)
        pool = endpoint.pools(0)[0]
        assert (pool.model, pool.state, pool.in_flight, pool.queued) == ("a", "ready", 3, 2)
        with pytest.raises(ValueError, match="'a' has 3 requests in flight on host 0: force=True drops them"):
            endpoint.unload("a", 0)
        yield endpoint.unload("a", 0, force=True)
        assert env.now == 1.02
        assert endpoint.hosts[0].memory_bytes == 0

    requests = [(0.0, "a", 5.0), (0.5, "a", 5.0), (0.6, "a", 5.0), (2.0, "a", 0.5)]
    place = endpoint(warm=True, invocation_timeout_s=20.0)
    run = watched(tmp_path, watch, requests, [model("a")], place, clients={"timeout_s": 20.0})
    # In the queue one waits for the platform's time-out; its answer takes just the client's, so it is in time.
    assert run.causes == ["worker_died", "invocation_timeout", "invocation_timeout", "ok"]
    assert run.latencies == [1.0, 20.0, 20.0, 1.5]
    assert run.data.hosts.loads.tolist() == [1]
    patient = watched(tmp_path, watch, requests, [model("a")], place)
    assert patient.causes == ["worker_died", "invocation_timeout", "invocation_timeout", "ok"]


def test_a_forced_unload_kills_computing_workers_and_finds_what_is_in_the_front_end(tmp_path):
    def watch(env, endpoint):
        yield env.timeout(1.0)
        yield endpoint.unload("a", 0, force=True)

    models = [model("a", cpu=True, workers=2), model("b", cpu=True)]
    requests = [(0.0, "a", 5.0), (0.0, "a", 5.0), (0.0, "b", 4.0), (0.9, "a", 5.0)]
    given = scenario(tmp_path, requests, models, endpoint(vcpu=2, warm=True))
    front_end = Overhead(pre=CpuWait(wait=Constant(0.5)))
    given = given.model_copy(update={"server": given.server.model_copy(update={"overhead": front_end})})
    run = play(Simulation(given, records=-1, processes=[watch]))
    # Three threads share two vCPUs from 0.5 to 1; then b, with 3 2/3 s of its work left, is alone.
    assert run.causes == ["worker_died", "worker_died", "ok", "model_error"]
    assert run.latencies == [1.0, 1.0, 4.666666667, 0.5]
    np.testing.assert_allclose(run.data.hosts.cpu_busy_s, [1.0 + 11 / 3])
    # The unload ends when the front end has let go of the model.
    assert run.data.hosts.unloads.tolist() == [1]


def test_a_draining_host_gets_no_requests_and_finishes_what_it_has(tmp_path):
    told = []

    def watch(env, endpoint):
        yield env.timeout(1.0)
        first = next(host.row for host in endpoint.hosts if host.models)
        yield endpoint.drain(first)
        told.append((env.now, [host.up for host in endpoint.hosts].count(True)))
        with pytest.raises(ValueError, match="draining"):
            endpoint.load("a", first)

    requests = [(0.5, "a", 3.0), (2.0, "a", 0.5)]
    run = watched(tmp_path, watch, requests, [model("a")], endpoint(hosts=2, warm=True))
    assert run.latencies == [3.0, 1.5]
    assert run.calls[0].host != run.calls[1].host
    assert told == [(4.0, 1)]


def test_counters_and_loads_tell_what_happened(tmp_path):
    told = []

    def watch(env, endpoint):
        told.append((yield endpoint.load("large", 0)))
        told.append((yield endpoint.load("slow", 0)))
        told.append(env.now)
        both = [endpoint.load("a", 0), endpoint.load("a", 0)]
        told.append(endpoint.hosts[0].load_queue)
        done = yield both[0] & both[1]
        told.append(list(done.values()))
        yield env.timeout(20.0)
        counters = endpoint.counters
        told.append((counters.calls, counters.ok, counters.errors["client_timeout"], counters.hits, counters.misses))
        told.append(counters.in_flight)

    models = [model("a"), model("slow", load_s=9.0), model("large", memory_bytes=2**40)]
    place = endpoint(load_timeout_s=2.0, load_limit_s=3.0)
    requests = [(10.0, "a", 0.5), (20.0, "a", 30.0), (30.0, "a", 0.5)]
    watched(tmp_path, watch, requests, models, place, clients={"timeout_s": 3.0})
    assert told == [False, False, 3.0, 1, [True, True], (2, 1, 1, 2, 0), 0]


def test_runs_with_processes_repeat_whatever_compiles_them(tmp_path):
    Path(tmp_path, "own.py").write_text(
        "seen = []\n\n\ndef watch(env, endpoint):\n"
        "    while True:\n        yield env.timeout(7.3)\n        seen.append(env.now)\n"
        "        endpoint.slow(0, 1 + len(seen) % 3)\n        host = len(endpoint.hosts) - 1\n"
        "        if len(seen) % 4 == 0:\n            endpoint.add_instance()\n"
        "        for pool in endpoint.pools(host):\n            if pool.state == 'ready':\n"
        "                endpoint.unload(pool.model, host, force=True)\n"
    )
    (tmp_path / "run.py").write_text(
        "import sys\nfrom pathlib import Path\nfrom mmesim.engine.simulation import simulate\n"
        "from mmesim.scenario.file.load import load\n"
        "run = simulate(load(sys.argv[1]), records=-1)\nassert set(run.checks.values()) == {'ok'}, run.checks\n"
        "print(run.records.latency_s.tobytes().hex(), run.records.cause.tobytes().hex(),\n"
        "      [round(float(s), 9) for s in run.hosts.up_s])\n"
    )
    (tmp_path / "s.yaml").write_text(
        "name: own\nendpoint: {vcpu: 2, memory: 4 GiB, memory_reserve: 3 GiB, instance_count: 2}\n"
        "models: [{name: m, count: 9, workers: 2, artifact_size: 9 MB, memory: 50 MiB, service: {cpu: 90 ms}}]\n"
        "traffic: [{arrivals: {poisson: {rate: 12 /s}}}]\nrun: {duration: 90 s, seed: 5}\nprocesses: ['own:watch']\n"
    )
    outputs = []
    for switch in ("0", "1"):
        done = subprocess.run(
            [sys.executable, "run.py", "s.yaml"],
            cwd=tmp_path,
            env={**os.environ, "NUMBA_DISABLE_JIT": switch, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        outputs.append(done.stdout)
    assert outputs[0] == outputs[1]
    # Hosts come at 29.2, 58.4, 87.6; and after the end, while the last requests run into their time-outs.
    assert "[90.0, 90.0, 60.8, 31.6, 2.4, 0.0" in outputs[0]


def broken(body):
    """A process whose body comes before its first yield."""

    def watch(env, endpoint):
        body(env, endpoint)
        yield env.timeout(1.0)

    return watch


@pytest.mark.parametrize(
    ("process", "message"),
    [
        (
            broken(lambda env, endpoint: 1 / 0),
            r"process .*:broken\.<locals>\.watch raised ZeroDivisionError: .*, line ",
        ),
        (broken(lambda env, endpoint: endpoint.load("b", 0)), r"ValueError: there is no model 'b' \(.*own_process\.py"),
        (broken(lambda env, endpoint: endpoint.load("a", 1)), "ValueError: there is no host 1: the rows are 0 to 0"),
        (broken(lambda env, endpoint: endpoint.unload("a", 0)), "ValueError: model 'a' is not ready on host 0"),
        (broken(lambda env, endpoint: endpoint.slow(0, 0.5)), "ValueError: factor 0.5: 1 or more"),
        (lambda env, endpoint: None, "returned None: it must be a generator function"),
        (lambda env: None, "raised TypeError: "),
        (lambda env, endpoint: (one for one in [3]), "yielded 3, which is not an event of SimPy"),
        (broken(lambda env, endpoint: env.process(late(env))), "a process in late raised KeyError: 'gone'"),
    ],
)
def test_a_process_that_fails_ends_the_run_and_is_named(tmp_path, process, message):
    with pytest.raises(UserCodeError, match=message) as error:
        watched(tmp_path, process, [(0.0, "a", 0.1)], [model("a")], endpoint())
    assert error.value.exit_code == 70


def late(env):
    """Started by another process, which does not wait for it."""
    yield env.timeout(0.5)
    raise KeyError("gone")


def test_a_process_that_does_not_exist_is_the_users(tmp_path):
    given = scenario(tmp_path, [(0.0, "a", 0.1)], [model("a")], endpoint())
    given = given.model_copy(update={"processes": (Function(function="nobody:watch", folder=tmp_path),)})
    with pytest.raises(UserError, match="nobody:watch: there is no module nobody in"):
        simulate(given)


def test_a_module_beside_the_scenario_is_new_in_each_run(tmp_path):
    (tmp_path / "json.py").write_text(
        "seen = []\n\n\ndef watch(env, endpoint):\n"
        "    seen.append(env.now)\n    assert len(seen) == 1\n    yield env.timeout(1)\n"
    )
    given = scenario(tmp_path, [(0.0, "a", 0.1)], [model("a")], endpoint())
    given = given.model_copy(update={"processes": (Function(function="json:watch", folder=tmp_path),)})
    before = sys.modules.get("json"), list(sys.path)
    assert simulate(given).ok == simulate(given).ok == 1
    assert (sys.modules.get("json"), sys.path) == before
