"""How much work a request and a load are, in counts, which are the same on every machine; times are only recorded.

A limit is what is needed today. Whoever needs less lowers it; whoever needs more says why.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
from numba import types

from mmesim.engine import setup
from mmesim.engine.control.ranking import Ranking
from mmesim.engine.kernel import step, verbs
from mmesim.engine.simulation import Simulation
from mmesim.policies.eviction import Key
from mmesim.results.measured.run_data import RunData
from mmesim.scenario import Scenario
from tests.helpers.files import ROOT
from tests.perf import workloads

Record = Callable[[str, object], None]
compiled = pytest.mark.skipif(not hasattr(step.advance, "overloads"), reason="only the compiled kernel has them")


def measured(scenario: Scenario, record: Record) -> tuple[Simulation, RunData]:
    """A run that is over; its CPU time is written down, and not judged."""
    simulation = Simulation(scenario)
    begun = time.process_time()
    data = simulation.run()
    record("cpu_s", time.process_time() - begun)
    return simulation, data


def test_events_a_request() -> None:
    words = [sys.executable, "-m", "tests.perf.events", "1500"]
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(words, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    facts = json.loads(done.stdout)
    # Arrival, end of the front end's work, end of the job; of a textbook queue arrival and end of service.
    assert 3.0 <= facts["fits-8"]["turns"] < 3.1
    assert 2.0 <= facts["queue"]["turns"] < 2.05
    assert facts["fits-8"]["refreshes"] < 4.1
    assert facts["queue"]["refreshes"] < 2.05


def test_crossings_a_request_where_everything_fits(record_property: Record) -> None:
    _, data = measured(workloads.everything_fits(8, 400, 100_000), record_property)
    assert data.seam_crossings / data.calls_all < 0.0015


def test_crossings_and_events_a_load(record_property: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = workloads.thrashing(20_000)
    calls = 0
    simulation = Simulation(scenario)
    act = simulation.plane._act

    def counted(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        return act(*arguments)

    monkeypatch.setattr(simulation.plane, "_act", counted)
    begun = time.process_time()
    data = simulation.run()
    record_property("cpu_s", time.process_time() - begun)
    loads = len(simulation.loader.finished)
    assert loads > 15_000
    assert data.seam_crossings / loads < 3.7  # the kernel runs up to something
    assert calls / loads < 4.2  # verbs: pool_ready, drain_pool, drop_pool, start_cpu
    assert data.control_events / loads < 1.6  # of SimPy


@pytest.mark.parametrize(("metric", "most"), [("ConcurrentRequestsPerModel", 62), ("CPUUtilization", 70)])
def test_calls_of_functions_and_events_a_period_of_a_policy(metric: str, most: float) -> None:
    periods = 300  # of ten seconds, in which little else happens
    quiet = {"endpoint.warm": True, "models.tenant.count": 20, "traffic.traffic-0.arrivals.poisson.rate": "1 /s"}
    run = {"run.duration": f"{10 * periods} s", "run.warmup": "0 s"}
    without = Scenario.from_yaml(ROOT / "scenarios" / "quickstart.yaml").with_({**quiet, **run})
    policy = {"target_tracking": {"metric": metric, "target": 99, "period": "10 s"}}  # low: it looks at 90 values
    scaled = without.with_({"endpoint.autoscaling": {"min": 4, "max": 4, "policies": [policy]}})

    def work(scenario: Scenario) -> tuple[int, int]:
        simulation, calls = Simulation(scenario), 0

        def counted(_: Any, event: str, __: Any) -> None:
            nonlocal calls
            calls += event == "call"

        sys.setprofile(counted)
        try:
            data = simulation.run()
        finally:
            sys.setprofile(None)
        return calls, data.control_events

    (calls, events), (calls_scaled, events_scaled) = work(without), work(scaled)
    assert (events_scaled - events) / periods < 1.05  # of SimPy
    assert (calls_scaled - calls) / periods < most  # of functions of Python


def test_a_victim_costs_few_looks_on_a_host_with_thousands_of_models(monkeypatch: pytest.MonkeyPatch) -> None:
    simulation = Simulation(workloads.everything_fits(hosts=2, models=5000, requests=20_000))
    looks, searches = 0, 0
    key, lowest = Ranking.key, Ranking.lowest

    def counted_key(self: Ranking, pool: int) -> Key:
        nonlocal looks
        looks += 1
        return key(self, pool)

    def counted_search(self: Ranking) -> int | None:
        nonlocal searches
        searches += 1
        return lowest(self)

    monkeypatch.setattr(Ranking, "key", counted_key)
    monkeypatch.setattr(Ranking, "lowest", counted_search)
    simulation.run()
    at_first = sum(host.loaded.value for host in simulation.hosts)
    assert at_first > 3500
    assert searches > 1000
    assert (looks - at_first) / searches < 10.0


@compiled
@pytest.mark.parametrize(("entry", "besides"), [(step.advance, 1), (verbs.act, 7)], ids=["advance", "act"])
def test_arguments_of_a_crossing(entry: Any, besides: int) -> None:
    Simulation(workloads.queue(1))
    ((tables, *others),) = entry.overloads
    assert len(others) == besides
    assert _values(tables) <= 382


def _values(kind: Any) -> int:
    """Numbers and addresses that Python hands over for an argument of this type."""
    if hasattr(kind, "types"):  # a tuple
        return sum(_values(one) for one in kind.types)
    return 5 + 2 * kind.ndim if isinstance(kind, types.Array) else 1


def test_bytes_of_the_tables_for_each_host_and_model() -> None:
    def size(hosts: int, models: int) -> int:
        tables, *_ = setup.build(workloads.everything_fits(hosts, models, 1000), 0, None)
        return sum(array.nbytes for array in tables.arrays)

    assert (size(8, 800) - size(8, 400)) / 400 < 3000  # most of it the histogram of its tenant
    assert (size(16, 400) - size(8, 400)) / 8 < 3728  # most of it room for what it computes at a time; 128: its rates


def test_a_run_leaves_neither_objects_nor_circles_behind() -> None:
    """The kernel cannot allocate (tests/laws); what Python keeps grows with windows and loads, not with calls."""

    def kept(requests: int) -> int:
        simulation = Simulation(workloads.everything_fits(8, 400, requests))
        while gc.collect():  # what other tests have left, such as Numba's objects, goes in several turns
            pass
        before = sys.getallocatedblocks()
        simulation.run()
        blocks = sys.getallocatedblocks() - before
        assert gc.collect() == 0  # else Python's collector must not stand still in a run (engine.collector)
        return blocks

    kept(10_000)
    assert kept(100_000) - kept(50_000) < 0.01 * 50_000


def test_loads_make_no_circles() -> None:
    simulation = Simulation(workloads.thrashing(2000))
    gc.collect()
    simulation.run()
    assert gc.collect() == 0
