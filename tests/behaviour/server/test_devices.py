"""Timelines of calls with a part on a device, computed by hand."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
import simpy

from mmesim.engine.endpoint_control import EndpointControl
from mmesim.engine.simulation import Simulation, simulate
from mmesim.scenario import (
    CpuWait,
    Endpoint,
    HostType,
    ModelGroup,
    Poisson,
    RunSettings,
    Scenario,
    Server,
    Service,
    Traffic,
    Weights,
)
from mmesim.scenario.clients.retries import FixedRetries
from mmesim.scenario.endpoint.devices import Devices
from mmesim.scenario.models.groups import AffineBatch
from mmesim.scenario.values.times import Constant
from tests.behaviour.timeline import MIB, Outcome, endpoint, play, scenario, timeline

Requests = list[tuple[float, str, float]]
SECOND = 100 * MIB
"""Bytes that are copied to a device in a second."""


def place(room: int = 10, **keys: Any) -> Endpoint:
    """A host whose devices hold `room` models of `SECOND` bytes each, and whose models are ready from the start."""
    given = {name: keys.pop(name) for name in ("count", "at_once") if name in keys}
    devices = Devices(memory_bytes=room * SECOND, base_memory_bytes=0, copy_Bps=SECOND, **given)
    of = endpoint(warm=keys.pop("warm", True), **keys)
    host: HostType = of.host.model_copy(update={"devices": devices})
    changed: Endpoint = of.model_copy(update={"host": host})
    return changed


def on_device(name: str, *, memory: int = SECOND, **keys: Any) -> ModelGroup:
    """A model whose requests bring their time on the device."""
    service = keys.pop("service", Service(device=Constant(1.0)))
    return ModelGroup(
        name=name,
        artifact_bytes=0,
        memory_bytes=97 * MIB,
        process_memory_bytes=0,
        framework_threads=1,
        load=CpuWait(wait=Constant(1.0)),
        service=service,
        device_memory_bytes=memory,
        **keys,
    )


def played(folder: Path, requests: Requests, names: str = "ab", of: Endpoint | None = None, **keys: Any) -> Outcome:
    return timeline(folder, requests, [on_device(name, **keys) for name in names], of or place())


def test_jobs_of_two_models_take_turns_on_one_device(tmp_path):
    run = played(tmp_path, [(0.0, "a", 1.0), (0.2, "b", 0.5), (0.3, "b", 0.5)])
    assert run.latencies == [1.0, 1.3, 1.7]
    # The third waits for the worker of its model first, and then for nothing: the device is free.
    assert [call.parts for call in run.calls] == [
        {"service": 1.0},
        {"device_wait": 0.8, "service": 0.5},
        {"queue": 1.2, "service": 0.5},
    ]


def test_two_at_a_time_or_on_two_devices_do_not_wait_for_each_other(tmp_path):
    requests = [(0.0, "a", 1.0), (0.0, "b", 1.0), (0.1, "c", 1.0)]
    assert played(tmp_path, requests, "abc", place(at_once=2)).latencies == [1.0, 1.0, 1.9]
    # Workers get the devices in turn: a and c have the first.
    assert played(tmp_path, requests, "abc", place(count=2)).latencies == [1.0, 1.0, 1.9]
    assert played(tmp_path, [(0.0, "a", 1.0), (0.1, "b", 1.0)], "abc", place(count=2)).latencies == [1.0, 1.0]


def test_cpu_work_comes_before_the_device_and_the_servers_own_work_after_it(tmp_path):
    service = Service(wait=Constant(0.1), cpu=Constant(0.2), device=Constant(0.4))
    models = [on_device("a", service=service)]
    overhead = {"hold": CpuWait(cpu=Constant(0.05)), "pre": CpuWait(), "post": CpuWait()}
    run = timeline(tmp_path, [(0.0, "a", 0.3), (0.0, "a", 0.3)], models, place(), server={"overhead": overhead})
    # Recorded times replace the CPU part: 0.1 waiting, 0.3 CPU, 0.4 on the device, 0.05 hold.
    assert run.latencies == [0.85, 1.7]
    assert run.calls[0].parts == {"service": 0.8, "overhead": 0.05}


def test_a_model_that_is_not_on_the_device_is_copied_in_its_turn(tmp_path):
    # Room for one model: a is there from the start. b evicts it, and a comes back.
    requests = [(0.0, "a", 0.5), (1.0, "b", 0.5), (4.0, "a", 0.5), (4.1, "a", 0.5)]
    run = played(tmp_path, requests, of=place(room=1))
    assert [call.parts for call in run.calls] == [
        {"service": 0.5},
        {"device_copy": 1.0, "service": 0.5},
        {"device_copy": 1.0, "service": 0.5},
        {"queue": 1.4, "service": 0.5},
    ]
    assert run.data.devices is not None
    assert run.data.devices.copies.tolist() == [2]
    assert run.data.devices.busy_s.tolist() == [4.0]
    assert all(call.hit for call in run.calls)  # the host has the model: ModelCacheHit is 1


def test_the_model_used_longest_ago_leaves_the_device(tmp_path):
    # Room for two: a and c, which are called most, are there. b evicts c, used before a; then c evicts a.
    requests = [(0.0, "a", 0.5), (1.0, "c", 0.5), (3.0, "a", 0.5), (4.0, "b", 0.5), (6.0, "c", 0.5)]
    run = played(tmp_path, requests, "abc", place(room=2))
    assert ["device_copy" in call.parts for call in run.calls] == [False, False, False, True, True]


def test_of_the_models_there_at_the_start_the_least_called_leaves_first(tmp_path):
    # a and b, which are called most, are there; c evicts b, so that a is not copied.
    requests = [(0.0, "c", 0.5), (3.0, "a", 0.5), (5.0, "a", 0.5), (7.0, "a", 0.5), (9.0, "b", 0.5), (12.0, "b", 0.5)]
    run = played(tmp_path, requests, "abc", place(room=2))
    assert ["device_copy" in call.parts for call in run.calls] == [True, False, False, False, True, False]


def test_in_a_stationary_start_the_model_on_the_device_is_the_one_called_last():
    # Room for one: that is a in three of four moments, where three of four calls are for a.
    popular = Traffic(arrivals=Poisson(rate_per_s=1.0), popularity=Weights())
    of = Scenario(
        name="last",
        endpoint=place(room=1, warm="stationary"),
        models=(on_device("a", weight=3.0), on_device("b", weight=1.0)),
        server=Server(),
        traffic=(popular,),
        run=RunSettings(duration_s=1.0),
    )
    began = [Simulation(of, number).plane.tables.views for number in range(80)]
    there = [[int(one.on_device.resident[one.pools.first_worker[pool]]) for pool in (0, 1)] for one in began]
    assert all(sum(one) == 1 for one in there)
    assert 0.6 < sum(one[0] for one in there) / 80 < 0.9


def test_a_model_that_no_device_can_hold_leaves_the_start_of_others_alone(tmp_path):
    models = [on_device("big", memory=11 * SECOND, weight=2.0), on_device("b", workers=2)]
    run = timeline(tmp_path, [(0.0, "big", 0.5), (0.1, "big", 0.5), (1.0, "b", 0.5)], models, place())
    assert [(call.cause, call.hit) for call in run.calls] == [("never_fits", False)] * 2 + [("ok", True)]


def test_the_first_call_after_a_load_copies_to_the_device(tmp_path):
    run = played(tmp_path, [(0.0, "a", 0.5), (3.0, "a", 0.5)], of=place(warm=False))
    assert [call.parts for call in run.calls] == [
        {"load": 1.0, "device_copy": 1.0, "service": 0.5},
        {"service": 0.5},
    ]


def test_no_room_beside_the_models_in_use_is_out_of_memory(tmp_path):
    # a is copied when b wants its memory: 507. The worker of b is free at once, and b fits when a is done.
    requests = [(0.0, "a", 1.0), (0.5, "b", 1.0), (2.0, "b", 1.0)]
    run = played(tmp_path, requests, of=place(room=1, at_once=2))
    assert run.causes == ["ok", "load_failed", "ok"]
    assert run.latencies == [2.0, 0.0, 2.0]


def test_a_model_larger_than_the_device_never_fits(tmp_path):
    models = [on_device("a", memory=2 * SECOND), on_device("b")]
    run = timeline(tmp_path, [(0.0, "a", 1.0), (1.0, "b", 1.0)], models, place(room=1))
    assert run.causes == ["never_fits", "ok"]


def test_each_worker_has_its_own_copy_on_its_device(tmp_path):
    # Two workers of one model, room for one of them: they evict each other.
    run = played(tmp_path, [(0.0, "a", 0.5), (0.1, "a", 0.5)], "a", place(room=1), workers=2)
    assert run.calls[0].parts == {"device_copy": 1.0, "service": 0.5}  # idle longest: not the one that is there
    assert run.calls[1].parts == {"device_wait": 1.4, "device_copy": 1.0, "service": 0.5}


def test_a_batch_is_one_job_of_the_device(tmp_path):
    keys: dict[str, Any] = {"batch_size": 2, "max_batch_delay_s": 1.0}
    requests = [(0.0, "a", 0.5), (0.5, "a", 0.8)]
    assert played(tmp_path, requests, "a", **keys).latencies == [1.3, 0.8]
    summed = Service(device=Constant(1.0), batch="sum")
    assert played(tmp_path, requests, "a", service=summed, **keys).latencies == [1.8, 1.3]
    affine = Service(device=Constant(1.0), batch=AffineBatch(base_s=0.2, per_item_s=0.1))
    run = played(tmp_path, requests, "a", service=affine, **keys)
    assert run.calls[0].parts == {"batch_wait": 0.5, "service": 0.4}


def test_calls_that_are_given_up_say_how_long_they_waited_for_the_device(tmp_path):
    # b gives up at 0.5 + 2: it has waited for the device since 0.5. Its job goes on, from 4.0 to 5.0; nobody waits.
    requests = [(0.0, "a", 4.0), (0.5, "b", 1.0), (5.5, "b", 1.0)]
    models = [on_device("a"), on_device("b")]
    keys = {"clients": {"timeout_s": 5.0}}
    run = timeline(tmp_path, requests, models, place(invocation_timeout_s=4.5), **keys)
    assert run.causes == ["ok", "ok", "ok"]
    run = timeline(tmp_path, requests, models, place(invocation_timeout_s=2.0), **keys)
    assert run.causes == ["invocation_timeout", "invocation_timeout", "ok"]
    failed = run.data.failed_parts_s.sum(axis=0)
    assert failed.tolist() == pytest.approx([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2.0, 0, 2.0, 0, 0, 0])


def watch(action: str, at: float) -> Any:
    def process(env: simpy.Environment, control: EndpointControl) -> Generator[simpy.Event, Any, None]:
        yield env.timeout(at)
        if action == "unload":
            yield control.unload("a", 0, force=True)
        else:
            control._loader.crew.crash(control._pool(0, 0))

    return process


@pytest.mark.parametrize("action", ["unload", "crash"])
def test_a_worker_that_dies_leaves_its_device(tmp_path, action):
    # a dies on the device: b, which has waited since 0.1, begins then.
    models = [on_device("a"), on_device("b")]
    given = scenario(tmp_path, [(0.0, "a", 1.0), (0.1, "b", 1.0)], models, place(room=1))
    run = play(Simulation(given, records=-1, processes=[watch(action, 0.5)]))
    assert run.causes == ["worker_died", "ok"]
    assert run.calls[1].parts == {"device_wait": 0.4, "device_copy": 1.0, "service": 1.0}


@pytest.mark.parametrize("action", ["unload", "crash"])
def test_a_worker_that_dies_leaves_the_line_at_its_device(tmp_path, action):
    # b computes from 0 to 2; a waits from 0.1 and dies at 0.5; c, which came behind it, is next.
    models = [on_device(name) for name in "abc"]
    requests = [(0.0, "b", 2.0), (0.1, "a", 1.0), (0.2, "c", 1.0), (10.0, "a", 1.0)]
    run = play(Simulation(scenario(tmp_path, requests, models, place()), records=-1, processes=[watch(action, 0.5)]))
    assert run.causes == ["ok", "worker_died", "ok", "ok"]
    assert run.latencies[:3] == [2.0, 0.4, 2.8]
    # What it had on the device is gone with it.
    assert run.calls[3].parts["device_copy"] == 1.0


def test_retries_bring_the_same_time_on_the_device(tmp_path):
    retries = FixedRetries(delay_s=1.0, max_attempts=2, causes=("load_failed",))
    requests = [(0.0, "a", 1.5), (0.5, "b", 0.25)]
    models = [on_device("a"), on_device("b")]
    of = place(room=1, at_once=2)
    run = timeline(tmp_path, requests, models, of, clients={"retries": retries})
    assert run.calls[1].parts == {"retry_backoff": 1.0, "device_copy": 1.0, "service": 0.25}


def test_devices_do_nothing_for_models_without_a_part_on_them(tmp_path):
    models = [on_device("a", memory=0, service=Service(wait=Constant(1.0)))]
    run = timeline(tmp_path, [(0.0, "a", 1.0)], models, place())
    assert run.data.devices is None
    assert run.latencies == [1.0]
    assert "GPUUtilization" not in run.data.windows


def test_windows_show_gpus_as_cloudwatch_does(tmp_path):
    of = place(room=2, count=2)
    given = scenario(tmp_path, [(0.0, "a", 30.0), (0.0, "b", 60.0)], [on_device("a"), on_device("b")], of)
    windows = simulate(given).windows
    # Two devices of an instance: 0 to 200. One is busy for half of the minute, the other for all of it.
    assert windows["GPUUtilization"][:2].tolist() == pytest.approx([150.0, 0.0])
    assert windows["GPUMemoryUtilization"][0] == pytest.approx(100.0)  # each holds one of the two that fit


def test_memory_alone_needs_the_device_too(tmp_path):
    requests = [(0.0, "a", 0.0), (5.0, "b", 0.0)]
    run = played(tmp_path, requests, of=place(room=1), service=Service(wait=Constant(0.2)))
    assert [call.parts for call in run.calls] == [{}, {"device_copy": 1.0}]


def test_a_host_that_is_lost_takes_what_is_on_its_devices_with_it(tmp_path):
    """One job computes, one waits: both end with the host. Its memory is that of a host that is gone: none."""

    def lose(env: simpy.Environment, control: EndpointControl) -> Generator[simpy.Event, Any, None]:
        yield env.timeout(0.5)
        control.lose(0)

    requests = [(0.0, "a", 1.0), (0.1, "b", 1.0), (2.0, "a", 1.0)]
    of = place(hosts=2, loss_noticed_after_s=0.0)
    given = scenario(tmp_path, requests, [on_device("a"), on_device("b")], of)
    simulation = Simulation(given, records=-1, processes=[lose])
    run = play(simulation)
    lost = [call for call in run.calls[:2] if call.host == 0]
    assert {call.cause for call in lost} <= {"host_lost"}
    assert run.causes[2] == "ok"
    devices, on = simulation.plane.tables.views.devices, simulation.plane.tables.views.on_device
    assert devices.used[0].tolist() == devices.running[0].tolist() == [0]
    held = simulation.plane.tables.views.devices.used[1].sum()
    assert on.bytes[on.resident == 1].sum() == held > 0
