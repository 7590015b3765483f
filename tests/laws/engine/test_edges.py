"""Corners of the engine that random scenarios seldom meet, each as small as it can be."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from mmesim.engine.simulation import simulate
from mmesim.results.measured.run_data import CAUSES, CallRecords
from mmesim.scenario import CpuWait, Endpoint, Overhead, Poisson, Router, RunSettings, Scenario, Server, Traffic
from mmesim.scenario.models.groups import ModelGroup, Service
from mmesim.scenario.values.times import Constant
from tests.helpers.files import ROOT
from tests.laws.scenarios import (
    instant_endpoint,
    instant_model,
    instant_server,
    patient_clients,
    write_trace,
)


def scenario(
    endpoint: Endpoint, server: Server, models: tuple[ModelGroup, ...], traffic: Traffic, duration_s: float = 100.0
) -> Scenario:
    return Scenario(
        name="edge",
        endpoint=endpoint,
        server=server,
        models=models,
        traffic=(traffic,),
        clients=patient_clients(),
        run=RunSettings(duration_s=duration_s),
    )


def calls_of(scenario: Scenario) -> CallRecords:
    calls = simulate(scenario, records=-1).records
    assert calls is not None
    return calls


def causes_of(calls: CallRecords) -> list[str]:
    return [CAUSES[cause] if cause >= 0 else "ok" for cause in calls.cause]


@pytest.mark.parametrize("hosts", [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 16])
def test_no_host_is_forgotten_whatever_their_number(hosts):
    # The hosts are far from busy: a job takes its CPU time, or a little more when three meet on one host.
    model = instant_model(workers=4, service=Service(cpu=Constant(0.1)))
    endpoint = instant_endpoint(instance_count=hosts, router=Router(policy="random", overhead_s=0.0))
    traffic = Traffic(arrivals=Poisson(rate_per_s=2.0 * hosts))
    calls = calls_of(scenario(endpoint, instant_server(), (model,), traffic))
    assert np.all(calls.cause == -1)
    assert calls.latency_s.max() < 0.3


def test_a_load_of_several_workers_can_be_broken_off(tmp_path):
    endpoint = instant_endpoint(load_timeout_s=1.0, load_limit_s=2.0)
    model = instant_model(workers=2, load=CpuWait(wait=Constant(5.0)))
    traffic = write_trace(tmp_path / "trace.csv", [(0.0, "m", 0.1), (1.5, "m", 0.1)])
    calls = calls_of(scenario(endpoint, instant_server(), (model,), traffic))
    assert causes_of(calls) == ["load_timeout", "load_timeout"]
    np.testing.assert_allclose(calls.latency_s, [1.0, 0.5])


def test_a_worker_that_gets_free_comes_before_an_entry_at_the_same_instant(tmp_path):
    # The first job runs from 0.25 to 1.25; the second waits; the third enters the queue at 1.25 as well.
    server = instant_server(overhead=Overhead(pre=CpuWait(cpu=Constant(0.25))), job_queue_size=1)
    model = instant_model(service=Service(wait=Constant(1.0)))
    traffic = write_trace(tmp_path / "trace.csv", [(0.0, "m", 1.0), (0.5, "m", 1.0), (1.0, "m", 1.0)])
    calls = calls_of(scenario(instant_endpoint(), server, (model,), traffic))
    assert causes_of(calls) == ["ok", "ok", "ok"]
    np.testing.assert_allclose(calls.latency_s, [1.25, 1.75, 2.25])


def test_a_load_gets_disk_room_from_a_model_that_is_ready_but_idle(tmp_path):
    # Memory would hold both models, the disk holds one artefact.
    endpoint = instant_endpoint(disk_bytes=10, load_timeout_s=5.0, load_limit_s=10.0)
    models = tuple(instant_model(name, artifact_bytes=10) for name in "ab")
    traffic = write_trace(tmp_path / "trace.csv", [(0.0, "a", 0.1), (1.0, "b", 0.1), (50.0, "b", 0.1)])
    assert causes_of(calls_of(scenario(endpoint, instant_server(), models, traffic))) == ["ok", "ok", "ok"]


ZERO_JOBS = """
import sys
from pathlib import Path
from mmesim.scenario.file.load import load
from mmesim.engine.simulation import simulate
run = simulate(load(sys.argv[1]), records=-1)
assert run.checks["conservation"] == "ok", run.checks
print(run.ok)
"""

ZERO_JOBS_YAML = """
name: zero-jobs
endpoint: {{vcpu: 4, memory: 16 GiB, network: 1 Gbit/s, warm: true, router: {{overhead: 0 ms}}}}
server: {{overhead: {{pre: 0 ms, hold: 0 ms, post: {post}}}, job_queue_size: 100000}}
models: [{{name: m, artifact_size: 0, memory: 1 MiB, service: {{wait: 1 s}}, load: {{cpu: 0 s}}}}]
traffic: [{{trace: {{file: trace.csv}}}}]
clients: {{network: 0 ms}}
run: {{duration: 20 s}}
"""


@pytest.mark.parametrize(
    "post",
    [
        pytest.param("{wait: 1 s}", id="timers"),
        pytest.param("{cpu: 1 ms}", id="tasks"),
        pytest.param("0 ms", id="records", marks=pytest.mark.slow),
    ],
)
def test_a_queue_of_jobs_that_take_no_time_ends_at_one_instant(tmp_path, post):
    # Uncompiled, so that a write beyond a table is an error and not a broken process.
    jobs = 17_000 if post == "0 ms" else 1_000
    lines = ["time,model,service", "0.0,m,10.0", *(f"{1.0 + k / 1e5!r},m,0.0" for k in range(jobs))]
    (tmp_path / "trace.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "zero.yaml").write_text(ZERO_JOBS_YAML.format(post=post))
    done = subprocess.run(
        [sys.executable, "-c", ZERO_JOBS, str(tmp_path / "zero.yaml")],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) == jobs + 1
