"""The kinds of model server besides MMS: timelines computed by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mmesim.engine.simulation import Simulation
from mmesim.scenario import CpuWait, ModelGroup
from mmesim.scenario.server.overhead import OVERHEADS
from mmesim.scenario.values.times import Constant
from tests.behaviour.timeline import MIB, Outcome, endpoint, model, play, scenario, timeline

COPY = 97 * MIB
BASE: dict[str, Any] = {"overhead": OVERHEADS["none"], "base_tasks": 50}
DJL: dict[str, Any] = {**BASE, "kind": "djl", "max_workers": 3, "max_idle_s": 10.0, "reserved_memory_bytes": 0}
TRITON: dict[str, Any] = {**BASE, "kind": "triton"}
CUSTOM: dict[str, Any] = {**BASE, "kind": "custom", "event_loops": 0}
BURST = [(0.0, "a", 4.0), (0.1, "a", 4.0), (0.2, "a", 4.0), (0.3, "a", 4.0)]


def simulation(
    folder: Path, requests: Any, models: list[ModelGroup], server: dict[str, Any], **place: Any
) -> Simulation:
    """A timeline before it runs; nothing starts but what the server starts."""
    own = {"process_start": CpuWait()} if server["kind"] in ("djl", "torchserve") else {}
    given = scenario(folder, requests, models, endpoint(**place), server={**own, **server})
    return Simulation(given, records=-1)


def run(folder: Path, requests: Any, models: list[ModelGroup], server: dict[str, Any], **place: Any) -> Outcome:
    return play(simulation(folder, requests, models, server, **place))


# DJL Serving


def test_djl_adds_a_worker_when_more_than_two_batches_wait_and_stops_it_when_it_has_idled(tmp_path):
    later = [(30.0, "a", 4.0), (30.1, "a", 4.0), (30.2, "a", 4.0)]
    sim = simulation(tmp_path, BURST + later, [model("a")], DJL, warm=True)
    seen = {}

    def look():
        for at_s in (0.2, 0.4, 19.2, 19.4):
            yield sim.env.timeout(at_s - sim.env.now)
            seen[at_s] = sim.hosts[0].memory.value, sim.hosts[0].tasks.value

    sim.env.process(look())
    outcome = play(sim)
    # At 0.3 three wait: a second worker is asked for, and has loaded at 1.3. It serves the call of 0.1 until 5.3, the
    # first one that of 0.2 from 4 to 8; the second that of 0.3 from 5.3 to 9.3. It stops at 19.3, so that at 30 one
    # worker serves all three: two waiting calls add none.
    assert outcome.latencies == [4.0, 5.2, 7.8, 9.0, 4.0, 7.9, 11.8]
    one, two = (COPY, 54), (2 * COPY, 58)  # a worker has a thread of its own and three in the JVM
    assert seen == {0.2: one, 0.4: two, 19.2: two, 19.4: one}


def test_the_workers_of_djl_start_one_after_the_other_up_to_the_most(tmp_path):
    requests = [(0.0, "a", 9.0), *((0.1, "a", 9.0) for _ in range(6))]
    outcome = run(tmp_path, requests, [model("a")], DJL, warm=True)
    # The third call that waits asks for a worker at 0.1, the fourth for one more: there at 1.1 and 2.1; a fourth
    # worker is not allowed.
    assert outcome.latencies == [9.0, 10.0, 11.0, 17.9, 19.0, 20.0, 26.9]


def test_a_worker_of_djl_that_works_now_and_then_stays(tmp_path):
    # Both are idle at 9.3, the first since 8. So it takes the call at 12 and the second that at 13: both stay beyond
    # 19.3. The second is looked at again when it has ended its call, and has idled ten seconds at 24.
    later = [(12.0, "a", 1.0), (13.0, "a", 1.0), (23.0, "a", 4.0), (23.9, "a", 4.0), (30.0, "a", 4.0), (30.1, "a", 1.0)]
    outcome = run(tmp_path, BURST + later, [model("a")], DJL, warm=True)
    # At 23 and 23.9 there are two; the second, taken at 23.9 until 27.9, is there at 30 too.
    assert outcome.latencies[4:] == [1.0, 1.0, 4.0, 4.0, 4.0, 1.0]


def test_djl_starts_no_worker_for_which_there_is_no_room(tmp_path):
    sim = simulation(tmp_path, BURST, [model("a")], DJL, warm=True, copies=1)
    outcome = play(sim)
    assert outcome.latencies == [4.0, 7.9, 11.8, 15.7]
    assert sim.hosts[0].memory.value == COPY


def test_an_unload_takes_the_added_workers_with_it_starting_ones_too(tmp_path):
    sim = simulation(tmp_path, BURST, [model("a", load_s=6.0)], DJL, warm=True)

    def unload():
        yield sim.env.timeout(1.0)  # the second worker is starting
        pool = sim.plane.pools_of(0)[0]
        yield sim.loader.unload(sim.hosts[0], pool)

    sim.env.process(unload())
    sim.run()
    assert (sim.hosts[0].memory.value, sim.hosts[0].tasks.value) == (0, 50)
    assert sim.hosts[0].holding == 0


def test_the_last_place_of_the_queue_of_djl_is_never_used(tmp_path):
    outcome = run(tmp_path, BURST, [model("a")], {**DJL, "job_queue_size": 3, "max_workers": 1}, warm=True)
    assert outcome.causes == ["ok", "ok", "ok", "queue_full"]


def test_djl_loads_a_model_if_its_estimate_leaves_the_reserve_free(tmp_path):
    # 1,000 MiB. Each model holds 97 and is expected to need 1.2 x 200: the fourth would leave 1000 - 291 - 240 = 469.
    models = [model(name, artifact_bytes=200 * MIB) for name in "abcd"]
    server = {**DJL, "reserved_memory_bytes": 500 * MIB}
    sim = simulation(
        tmp_path, [(float(10 * k), name, 1.0) for k, name in enumerate("abcda")], models, server, copies=10
    )
    outcome = play(sim)
    assert [call.hit for call in outcome.calls] == [False] * 5
    assert (sim.hosts[0].loads, sim.hosts[0].unloads, sim.hosts[0].holding) == (5, 2, 3)
    assert sim.hosts[0].lacked == {"memory": 2, "tasks": 0, "disk": 0, "models": 0}


def test_a_model_whose_estimate_no_empty_host_has_never_fits(tmp_path):
    server = {**DJL, "reserved_memory_bytes": 500 * MIB}
    outcome = run(tmp_path, [(0.0, "a", 1.0)], [model("a", artifact_bytes=500 * MIB)], server, copies=10)
    assert outcome.causes == ["never_fits"]


def test_a_batch_of_djl_takes_all_that_waits_without_a_delay(tmp_path):
    requests = [(0.0, "a", 4.0), *((0.1, "a", 1.0) for _ in range(3))]
    outcome = run(tmp_path, requests, [model("a")], {**DJL, "batch_size": 3, "max_batch_delay_s": 0.0}, warm=True)
    assert outcome.latencies == [4.0, 4.9, 4.9, 4.9]


# TorchServe


def test_torchserve_starts_each_worker_by_itself_and_blocks_no_loop(tmp_path):
    start = CpuWait(cpu=Constant(0.5))
    server = {**BASE, "kind": "torchserve", "process_start": start, "event_loops": 1}
    sim = simulation(
        tmp_path,
        [(0.0, "b", 1.0), (10.0, "a", 1.0), (10.2, "b", 1.0)],
        [model("a", workers=4), model("b")],
        server,
        vcpu=2,
    )
    outcome = play(sim)
    # b: half a second of work, a second of waiting. a: four processes start on two vCPUs, which takes a second; a call
    # for b at 10.2 is served meanwhile.
    assert outcome.latencies == [2.5, 3.0, 1.0]
    assert sim.hosts[0].memory.value == 5 * COPY
    assert sim.hosts[0].tasks.value == 50 + 5 * 4


# Triton


def test_no_call_of_triton_is_delayed_longer_for_the_sake_of_its_batch(tmp_path):
    server = {**TRITON, "batch_size": 2, "max_batch_delay_s": 1.0}
    requests = [
        (0.0, "a", 3.0),
        (2.0, "a", 1.0),
        (20.0, "a", 3.0),
        (22.5, "a", 1.0),
        (30.0, "a", 1.0),
        (30.5, "a", 1.0),
    ]
    outcome = run(tmp_path, requests, [model("a")], server, warm=True)
    # The first waits a second for a second call. At 4 the next has waited 2 s: it is sent at once. That of 22.5 has
    # waited 1.5 s at 24. The last two fill a batch at 30.5.
    assert outcome.latencies == [4.0, 3.0, 4.0, 2.5, 1.5, 1.0]


def test_a_batch_of_triton_waits_for_what_is_left_of_the_delay_of_its_first_call(tmp_path):
    server = {**TRITON, "batch_size": 2, "max_batch_delay_s": 1.0}
    outcome = run(tmp_path, [(0.0, "a", 3.0), (3.5, "a", 1.0), (4.4, "a", 1.0)], [model("a")], server, warm=True)
    # Taken at 4, the second may wait until 4.5: the third comes at 4.4.
    assert outcome.latencies == [4.0, 1.9, 1.0]


def test_an_unload_of_triton_keeps_every_call_of_the_host_waiting(tmp_path):
    models = [model(name, memory_bytes=100 * MIB) for name in "abc"]
    requests = [(0.0, "a", 1.0), (3.0, "c", 1.0), (10.0, "b", 1.0), (10.25, "c", 1.0)]
    outcome = run(tmp_path, requests, models, TRITON, copies=2, unload_s=0.02)
    # a goes for b: it is seen to be gone at 10.5, and the unload ends at 11. The call for c waits until then.
    assert outcome.latencies == [2.0, 2.0, 3.0, 1.75]
    assert outcome.calls[3].parts == {"frontend_stall": 0.75, "service": 1.0}


def test_a_load_of_triton_keeps_one_of_its_threads(tmp_path):
    server = {**TRITON, "event_loops": 1}
    outcome = run(tmp_path, [(0.0, "a", 1.0), (5.0, "b", 1.0), (5.25, "a", 1.0)], [model("a"), model("b")], server)
    assert outcome.latencies == [2.0, 2.0, 1.75]


def test_triton_has_its_instances_on_each_device_and_no_bound(tmp_path):
    sim = simulation(tmp_path, [(0.0, "a", 1.0)] * 6, [model("a", workers=2)], TRITON, warm=True)
    kind = sim.scenario.server_kind
    more = type(kind)(kind.server, 8, gpus=4)
    row = sim.scenario.model_table()[0]
    assert (kind.model_workers(row).at_most, more.model_workers(row).at_most) == (2, 8)
    assert (kind.pool_memory_bytes(row), more.pool_memory_bytes(row)) == (2 * COPY, 8 * COPY)
    assert play(sim).latencies == [1.0, 1.0, 2.0, 2.0, 3.0, 3.0]
    refusing = run(tmp_path, [(0.0, "a", 1.0)] * 3, [model("a")], {**TRITON, "job_queue_size": 1}, warm=True)
    assert refusing.causes == ["ok", "ok", "queue_full"]


# Your own


def test_the_workers_of_a_custom_server_may_serve_all_models(tmp_path):
    server = {**CUSTOM, "queue": "server", "server_workers": 2, "job_queue_size": 1}
    requests = [(0.0, "a", 4.0), (0.1, "b", 4.0), (0.2, "a", 1.0), (0.3, "b", 1.0)]
    sim = simulation(tmp_path, requests, [model("a"), model("b")], server, warm=True)
    outcome = play(sim)
    assert outcome.causes == ["ok", "ok", "ok", "queue_full"]
    assert outcome.latencies[:3] == [4.0, 4.0, 4.8]
    assert sim.hosts[0].tasks.value == 50


@pytest.mark.parametrize("warm", [False, True])
def test_a_custom_server_with_the_most_models_unloads_one_before_it_loads_another(tmp_path, warm):
    server = {**CUSTOM, "queue": "model", "job_queue_size": 9, "max_models": 2}
    requests = [(0.0, "a", 1.0), (5.0, "b", 1.0), (10.0, "c", 1.0), (15.0, "b", 1.0), (20.0, "a", 1.0)]
    sim = simulation(tmp_path, requests, [model(name) for name in "abc"], server, warm=warm)
    outcome = play(sim)
    # c comes for a, which is used least recently; a comes back for c.
    assert [call.hit for call in outcome.calls] == [warm, warm, False, True, False]
    assert (sim.hosts[0].holding, sim.hosts[0].lacked["models"]) == (2, 2)


@pytest.mark.parametrize("server", [TRITON, {**CUSTOM, "queue": "model", "job_queue_size": 9}])
def test_a_worker_does_not_die_alone_where_that_is_not_known(tmp_path, server):
    sim = simulation(tmp_path, [(0.0, "a", 1.0)], [model("a")], server, warm=True)
    with pytest.raises(ValueError, match="is not known, or none dies alone"):
        sim.loader.crew.crash(0)


def test_a_worker_of_djl_that_dies_is_back_at_once_but_for_its_load(tmp_path):
    sim = simulation(tmp_path, [(0.0, "a", 4.0), (0.5, "a", 1.0)], [model("a")], DJL, warm=True)

    def kill():
        yield sim.env.timeout(2.0)
        sim.loader.crew.crash(sim.plane.pools_of(0)[0])

    sim.env.process(kill())
    outcome = play(sim)
    assert (outcome.causes, outcome.latencies) == (["worker_died", "ok"], [2.0, 3.5])


def test_mms_is_what_runs_where_no_kind_is_named(tmp_path):
    outcome = timeline(tmp_path, BURST, [model("a")], endpoint(warm=True))
    assert outcome.latencies == [4.0, 7.9, 11.8, 15.7]
