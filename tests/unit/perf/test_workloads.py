from __future__ import annotations

from pathlib import Path

import pytest

from mmesim.engine.simulation import Simulation, simulate
from tests.perf import day, workloads
from tests.perf.cases import cases, textbook
from tests.perf.probe import peak_memory_bytes
from tests.perf.rivals import Queue


def test_the_common_queue_is_the_same_for_all():
    assert textbook() == Queue(rate_per_s=80.0, service_s=0.04, servers=4)


@pytest.mark.parametrize(("name", "customers"), [("queue-simpy", 2000), ("queue-mmesim", 20_000), ("queue-ciw", 2000)])
def test_each_simulator_runs_the_common_queue(name: str, customers: int):
    (case,) = [case for case in cases(0.02) if case.name == name]
    prepared = case.prepare(1)
    done = prepared.done(prepared.run())  # compares the mean stay with Erlang C
    assert done.units == pytest.approx(customers, rel=0.1)


def test_cimbas_package_runs_the_common_queue():
    pytest.importorskip("cimba", reason="the extra `bench` alone installs it")
    (case,) = [case for case in cases(0.02) if case.name == "queue-cimba"]
    prepared = case.prepare(1)
    done = prepared.done(prepared.run())
    assert done.units == 20_000
    assert done.facts["compile_s"] > 0.0


def test_the_day_is_the_same_drawn_and_from_its_trace(tmp_path: Path):
    trace = tmp_path / "day.parquet"
    assert day.write_trace(trace, 20.0) == pytest.approx(20_000, rel=0.03)
    drawn, traced = simulate(day.drawn(20.0)), simulate(day.traced(20.0, trace))
    for run in (drawn, traced):
        busy = run.hosts.cpu_busy_s.sum() / (run.hosts.up_s * run.hosts.vcpu).sum()
        assert busy == pytest.approx(0.08, abs=0.01)
        assert run.errors_all == 0
    assert traced.calls_all == pytest.approx(drawn.calls_all, rel=0.03)
    assert traced.latency_sum_s / traced.ok == pytest.approx(drawn.latency_sum_s / drawn.ok, rel=0.1)


def test_everything_fits_where_it_should():
    data = simulate(workloads.everything_fits(hosts=8, models=400, requests=20_000))
    assert data.hits / (data.hits + data.misses) > 0.99
    assert data.errors_all == 0
    busy = data.hosts.cpu_busy_s.sum() / (data.hosts.up_s * data.hosts.vcpu).sum()
    assert busy == pytest.approx(0.6, abs=0.03)


def test_thrashing_loads_for_most_calls_and_seldom_downloads():
    simulation = Simulation(workloads.thrashing(requests=8000))
    data = simulation.run()
    loads = int(data.hosts.loads.sum())
    assert loads > data.calls_all / 2
    assert len(simulation.loader.download_s) < loads / 5
    assert data.errors_all == 0


def test_a_process_knows_its_peak_memory():
    before = peak_memory_bytes()
    assert before > 10 * 2**20
    ballast = bytearray(before + 50 * 2**20)
    assert peak_memory_bytes() >= len(ballast)
