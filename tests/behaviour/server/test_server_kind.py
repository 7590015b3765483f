"""The seam of a server kind, shown by a toy with one queue for the whole server and a second worker under load."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mmesim.engine.kernel.codes import SERVES
from mmesim.engine.simulation import Simulation
from tests.behaviour.timeline import MIB, endpoint, model, play, scenario
from tests.helpers.files import ROOT
from tests.helpers.one_queue import TASKS, one_queue

MODELS = [model("a"), model("b")]


def bench(tmp_path: Path, requests: Any, **server: Any) -> Simulation:
    """One host with both models ready, and the toy's one worker."""
    given = scenario(tmp_path, requests, MODELS, endpoint(warm=True), server=server)
    return Simulation(given.model_copy(update={"server": one_queue(given.server)}), records=-1)


def station(sim: Simulation) -> int:
    """The row with the shared queue of the first host."""
    return int(sim.plane.tables.views.stations[0])


def test_a_second_worker_comes_under_load_and_takes_what_waits_whatever_its_model(tmp_path):
    sim = bench(tmp_path, [(0.0, "a", 4.5), (1.0, "b", 1.0), (2.0, "a", 1.0), (10.0, "b", 1.0)])
    workers = sim.plane.tables.views.pools.workers
    assert int(workers[station(sim)]) == 1
    run = play(sim)
    # The third makes two that wait: a second worker is asked for and is there at 3. It takes b until 4, then a until 5.
    assert run.causes == ["ok"] * 4
    assert run.latencies == [4.5, 3.0, 3.0, 1.0]
    assert [call.parts.get("queue", 0.0) for call in run.calls] == [0.0, 2.0, 2.0, 0.0]
    views = sim.plane.tables.views
    assert int(views.pools.workers[station(sim)]) == 2
    assert int(views.pools.state[station(sim)]) == SERVES


def test_the_bound_and_the_refusal_are_the_kinds(tmp_path):
    requests = [(0.0, "a", 3.0), (0.5, "b", 6.0), (0.6, "a", 6.0)]  # the second worker is there at 1.6
    requests += [(2.0, "a", 1.0), (2.1, "b", 1.0), (2.2, "a", 1.0)]
    run = play(bench(tmp_path, requests, job_queue_size=3))
    # At 2.2 three wait, a since 0.6, a since 2.0 and b since 2.1: full. Worker 1 is free at 3 and serves
    # the first of them until 9; worker 2, which took b at 1.6, is free at 7.6 and serves the others until 8.6 and 9.6.
    assert run.causes == ["ok", "ok", "ok", "ok", "ok", "model_error"]
    assert run.latencies == [3.0, 7.1, 8.4, 6.6, 7.5, 0.0]


def test_a_worker_that_dies_is_back_after_the_back_off_of_its_kind(tmp_path):
    requests = [(0.0, "a", 2.0), (0.1, "a", 0.5), (0.2, "b", 0.5)]  # the second worker is there at 1.2
    requests += [(20.0, "a", 5.0), (20.5, "b", 3.0), (21.5, "a", 1.0)]
    sim = bench(tmp_path, requests)

    def kill():
        yield sim.env.timeout(21.0)
        sim.loader.crew.crash(station(sim), 0)  # the youngest: idle since 2.2, or rather longer than the other

    sim.env.process(kill())
    run = play(sim)
    # Worker 2 serves two from 1.2 to 1.7 and three from 1.7 to 2.2; worker 1 is idle from 2 on, so it takes the call at
    # 20, and worker 2 that at 20.5, with which it dies at 21. It is back at 23 and takes what has waited since 21.5.
    assert run.causes == ["ok", "ok", "ok", "ok", "worker_died", "ok"]
    assert run.latencies == [2.0, 1.6, 2.0, 5.0, 0.5, 2.5]


def test_what_is_unregistered_leaves_the_shared_queue_and_the_rest_goes_on(tmp_path):
    requests = [(0.0, "a", 4.0), (0.1, "b", 1.0), (5.0, "a", 4.0), (5.1, "a", 9.0), (5.2, "b", 1.0), (5.3, "a", 1.0)]
    requests += [(5.4, "b", 1.0)]
    given = scenario(tmp_path, requests, MODELS, endpoint(warm=True, invocation_timeout_s=30.0))
    sim = Simulation(given.model_copy(update={"server": one_queue(given.server)}), records=-1)

    def unregister():
        yield sim.env.timeout(5.8)
        views = sim.plane.tables.views
        pool = next(p for p in range(views.pools.state.size) if views.pools.host[p] == 0 and views.pools.model[p] == 0)
        yield sim.loader.unload(sim.hosts[0], pool)

    sim.env.process(unregister())
    run = play(sim)
    # The call at 0.1 waits until 4. At 5 the worker takes a; the next two that wait make a second one, which comes at
    # 6.2. At 5.8 both a that wait are dropped: only their time-outs answer them. What is in service is served. So at
    # 6.2 the second worker takes the b of 5.2, then at 7.2 that of 5.4.
    assert run.causes == ["ok", "ok", "ok", "invocation_timeout", "ok", "invocation_timeout", "ok"]
    assert run.latencies == [4.0, 4.9, 4.0, 30.0, 2.0, 30.0, 2.8]


def test_memory_and_tasks_are_those_of_the_kind(tmp_path):
    sim = bench(tmp_path, [(0.0, "a", 1.0)])
    models = sim.scenario.model_table()
    assert [m.pool_memory_bytes for m in models] == [97 * MIB] * 2
    assert sim.hosts[0].memory.value == 2 * 97 * MIB
    assert sim.hosts[0].tasks.value == sim.scenario.server.base_tasks + 2 * TASKS


def test_the_engine_never_asks_for_the_name_of_a_kind():
    code = {path: path.read_text() for path in (ROOT / "mmesim" / "engine").rglob("*.py")}
    name = re.compile(r"server\.kind\b(?! import)|[\"']mms[\"']|\bMms\b|server\.mms\b|server\.kinds\b")
    assert name.search("scenario.server.kind == 'mms'")
    assert [path.name for path, text in code.items() if name.search(text)] == []
