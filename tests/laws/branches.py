"""Scenarios that together reach every line of the kernel. `python -m tests.laws.branches` prints their digests."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Callable, Generator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import simpy

from mmesim.engine import kernel
from mmesim.engine.endpoint_control import EndpointControl
from mmesim.engine.kernel.codes import REACHED, READY
from mmesim.engine.simulation import Simulation
from mmesim.engine.timeline.watch import watch
from mmesim.results.timeline.trace import trace
from mmesim.scenario import (
    Clients,
    CpuWait,
    Download,
    Endpoint,
    HostType,
    Overhead,
    Poisson,
    Router,
    RunSettings,
    Scenario,
    Server,
    Traffic,
    Zipf,
)
from mmesim.scenario.clients.causes import Cause
from mmesim.scenario.clients.retries import BotoStandard, ExponentialRetries
from mmesim.scenario.deploys.deploy import Deploy
from mmesim.scenario.deploys.strategy import Canary, Linear, Rolling
from mmesim.scenario.endpoint.devices import Devices
from mmesim.scenario.endpoint.endpoint import Throttling
from mmesim.scenario.faults.fault import Fault, named
from mmesim.scenario.models.groups import AffineBatch, ModelGroup, Service
from mmesim.scenario.run.condition import read_condition
from mmesim.scenario.traffic.closed_loop import ClosedLoop
from mmesim.scenario.traffic.stages import UserStage
from mmesim.scenario.values.times import Constant, Empirical, Exponential, Lognormal
from tests.helpers.one_queue import one_queue
from tests.laws.digest import digest
from tests.laws.scenarios import MIB, instant_endpoint, instant_model, instant_server, patient_clients

KERNEL = Path(next(iter(kernel.__path__)))
AROUND = ("cache", "codes", "columns", "jit", "linking", "plain", "pointers", "prefetch", "rows", "scalars", "tables")
"""Modules of Python around the kernel, which is never compiled, or that generates code."""


def _drawn(mean_s: float) -> CpuWait:
    return CpuWait(cpu=Exponential(mean_s), wait=Exponential(mean_s))


def _models(count: int, workers: int = 1, service: Service | None = None, load: CpuWait | None = None) -> ModelGroup:
    return ModelGroup(
        name=f"m{workers}",
        count=count,
        artifact_bytes=20 * 10**6,
        memory_bytes=30 * MIB,
        process_memory_bytes=0,
        workers=workers,
        oversubscription=0.1,
        load=load or CpuWait(cpu=Lognormal(0.2, 1.0), wait=Exponential(0.1)),
        service=service or Service(cpu=Exponential(0.02), wait=Empirical((0.0, 0.05))),
    )


AFFINE = AffineBatch(base_s=0.02, per_item_s=0.005)


def _batched(name: str, service: Service, **keys: Any) -> ModelGroup:
    keys = {"batch_size": 4, "max_batch_delay_s": 0.05, "first_call": CpuWait(cpu=Constant(0.1))} | keys
    batched: ModelGroup = _models(2, 2, service).model_copy(update={"name": name} | keys)
    return batched


SOME_CALLS = ("p99 warm < 250 ms", "p99 cold in every 2 s < 250 ms")


def _scenario(
    endpoint: Endpoint,
    models: tuple[ModelGroup, ...],
    rate_per_s: float,
    duration_s: float = 10.0,
    server: Server | None = None,
    clients: Clients | None = None,
) -> Scenario:
    return Scenario(
        name="branches",
        endpoint=endpoint,
        server=server or Server(job_queue_size=4),
        models=models,
        traffic=(Traffic(arrivals=Poisson(rate_per_s=rate_per_s), popularity=Zipf(0.8)),),
        clients=clients or Clients(),
        run=RunSettings(duration_s=duration_s, warmup_s=duration_s / 10, seed=3),
        expect=("p99 < 250 ms", "p50 < 0.5 us", *SOME_CALLS, f"p99 of {models[0].name} in 2 s..5 s < 250 ms"),
    )


def _endpoint(hosts: int, policy: str, eviction: str, **given: Any) -> Endpoint:
    router = {"policy": policy, "misroute": given.pop("misroute", 0.0), "spill_at": given.pop("spill_at", None)}
    router["placement"] = given.pop("placement", "rendezvous")
    router["at_scale"] = given.pop("at_scale", "stay")
    router["split_by"] = given.pop("split_by", "calls")
    plain: dict[str, Any] = {
        "host": HostType(vcpu=2, memory_bytes=8 * 2**30, network_Bps=100e6, threads_per_core=2),
        "instance_count": hosts,
        "usable_memory_given_bytes": 400 * MIB,
        "base_memory_bytes": 100 * MIB,
        "eviction": eviction,
        "router": Router(**router),
    }
    return Endpoint(**{**plain, **given})


def _broken_off() -> Endpoint:
    return _endpoint(
        2,
        "hash",
        "fifo",
        slot_covers="load",
        load_slots=2,
        load_timeout_s=0.4,
        load_limit_s=1.2,
        download=Download(first_byte=Exponential(0.05)),
    )


def _clients() -> Scenario:
    """Users in closed loops beside an open stream, who try again after every failure."""
    whole = _scenario(
        _endpoint(2, "random", "lru", throttling=Throttling(in_flight=4), warm=True),
        (_models(6, 3, service=Service(wait=Exponential(0.002))),),
        rate_per_s=20.0,
        server=Server(job_queue_size=2, overhead=Overhead(pre=_drawn(1e-3))),
        clients=Clients(
            timeout_s=0.5,
            retries=ExponentialRetries(base_s=0.05, factor=3.0, cap_s=0.2, max_attempts=4, causes=tuple(Cause)),
        ),
    )
    loop = ClosedLoop(users=8, think_time=Exponential(0.001), cycle=Constant(0.001), spawn_rate_per_s=2.0)
    closed = Traffic(name="users", arrivals=loop, popularity=Zipf(0.8), end_s=9.0)
    both: Scenario = whole.model_copy(update={"traffic": (*whole.traffic, closed)})
    return both


def _stages() -> Scenario:
    """Users who leave and come back, in two loops: one is held to a number of calls, which are used up."""
    stages = tuple(UserStage(duration_s=duration_s, target=target) for duration_s, target in ((1, 6), (1, 1), (1, 6)))
    loop = ClosedLoop(stages=stages, cycle=Constant(0.01))
    fast = instant_model("fast", count=2, workers=2, service=Service(cpu=Empirical((0.0, 0.02))))
    whole = _scenario(instant_endpoint(), (fast,), rate_per_s=1.0, duration_s=4.0)
    both: Scenario = whole.model_copy(
        update={"traffic": (Traffic(name="held", arrivals=loop, calls=100), Traffic(name="free", arrivals=loop))}
    )
    return both


def _many_workers() -> Scenario:
    """Loads of many workers at once, which are broken off while they compute."""
    models = _models(6, 60, load=CpuWait(cpu=Exponential(0.05)), service=Service(cpu=Exponential(0.01)))
    endpoint = _endpoint(
        1, "sticky", "lru", load_slots=6, load_timeout_s=0.5, load_limit_s=2.0, usable_memory_given_bytes=8 * 2**30
    )
    return _scenario(endpoint, (models,), rate_per_s=20.0, duration_s=4.0)


def _by_demand() -> Scenario:
    """Workers that are added, idle and stop, die and come back, and go with their pool; some find no room."""
    server = Server(
        kind="djl",
        overhead="none",
        job_queue_size=20,
        max_workers=7,
        max_idle_s=0.3,
        reserved_memory_bytes=0,
        process_start=CpuWait(cpu=Constant(0.01)),
    )
    models = _models(8, 2, Service(wait=Exponential(0.1)), load=CpuWait(wait=Constant(0.1)))
    endpoint = _endpoint(
        1, "hash", "lru", model_cache="disabled", usable_memory_given_bytes=700 * MIB, unload_s=0.3, load_slots=8
    )
    return _scenario(endpoint, (models,), rate_per_s=90.0, server=server)


def _delayed_from_arrival() -> Scenario:
    """Batches whose delay may be over when they are taken; unloads keep all event loops, loads one each."""
    server = Server(kind="triton", overhead="none", base_tasks=20, event_loops=2)
    batched = _batched("batched", Service(wait=Exponential(0.1)))
    endpoint = _endpoint(1, "hash", "lru", usable_memory_given_bytes=250 * MIB)
    return _scenario(endpoint, (batched, _models(4)), rate_per_s=40.0, server=server)


def _one_loop() -> Scenario:
    """Loads one after the other on the only event loop, where calls wait meanwhile."""
    model = instant_model("m", count=8, service=Service(wait=Constant(0.01)))
    return _scenario(
        instant_endpoint(usable_memory_given_bytes=4 * 4 * MIB, load_slots=1),
        (model,),
        rate_per_s=60.0,
        duration_s=4.0,
        server=Server(job_queue_size=20, event_loops=1, process_start=CpuWait(cpu=Constant(0.02))),
        clients=patient_clients(),
    )


def _devices() -> Scenario:
    """Models that do not all fit on their devices, in copies that are unregistered while they work."""
    endpoint = _endpoint(2, "hash", "gdsf", warm=True, invocation_timeout_s=0.5, usable_memory_given_bytes=2**30)
    on_device = Service(cpu=Exponential(0.005), device=Exponential(0.04), batch=AFFINE)
    both = (
        _models(8, 3, service=Service(device=Empirical((0.0, 0.05)), batch="sum")),
        _batched("max", Service(cpu=Constant(0.01), device=Exponential(0.02))),
        _batched("affine", on_device),
    )
    sizes = (30 * MIB, 60 * MIB, 60 * MIB)  # of which two are too much
    models = tuple(
        model.model_copy(update={"device_memory_bytes": size}) for model, size in zip(both, sizes, strict=True)
    )
    return _scenario(_with_devices(endpoint), models, rate_per_s=120.0)


def _by_demand_on_devices() -> Scenario:
    """Workers that stop when they are idle, and leave their models' copies on a device."""
    whole = _by_demand()
    models = tuple(
        model.model_copy(
            update={
                "device_memory_bytes": 5 * MIB,
                "service": Service(wait=Exponential(0.1), device=Exponential(0.005)),
            }
        )
        for model in whole.models
    )
    on_devices: Scenario = whole.model_copy(update={"endpoint": _with_devices(whole.endpoint), "models": models})
    return on_devices


def _seeded(scenario: Scenario, seed: int) -> Scenario:
    """The same with a seed at which it comes to what is rare: a worker gone from between others, say."""
    other: Scenario = scenario.model_copy(update={"run": scenario.run.model_copy(update={"seed": seed})})
    return other


def _with_devices(endpoint: Endpoint) -> Endpoint:
    devices = Devices(count=2, memory_bytes=100 * MIB, base_memory_bytes=0, at_once=2, copy_Bps=1e9)
    changed: Endpoint = endpoint.model_copy(update={"host": endpoint.host.model_copy(update={"devices": devices})})
    return changed


def _lost_devices() -> Scenario:
    """The same with models on devices."""
    whole = _lost(Server(job_queue_size=4))
    service = Service(device=Exponential(0.05))
    models = tuple(
        model.model_copy(update={"service": service, "device_memory_bytes": 40 * MIB}) for model in whole.models
    )
    lost: Scenario = whole.model_copy(update={"endpoint": _with_devices(whole.endpoint), "models": models})
    return lost


LOST = "lost"
"""Name of scenarios in which hosts come and go as in `_come_and_go`."""


def _lost(server: Server) -> Scenario:
    """Full hosts that come and go, with calls in every state, and routers that learn of it late."""
    endpoint = _endpoint(
        4,
        "sticky",
        "lru",
        spill_at=1,
        at_scale="rehash",
        usable_memory_given_bytes=260 * MIB,
        invocation_timeout_s=0.3,
        load_timeout_s=0.6,
        loss_noticed_after_s=0.3,
        provisioning=Constant(0.2),
        preload=("m2",),
        drain_s=0.2,
        download=Download(first_byte=Constant(0.02)),
    )
    models = (
        _models(12, 2, Service(cpu=Exponential(0.05), threads=2)),
        _batched("batched", Service(cpu=Constant(0.1))),
    )
    clients = Clients(timeout_s=0.5, retries=ExponentialRetries(base_s=0.02, max_attempts=3, causes=tuple(Cause)))
    whole = _scenario(endpoint, models, rate_per_s=60.0, server=server, clients=clients)
    lost: Scenario = whole.model_copy(update={"name": LOST})
    return lost


def _faulty(server: Server) -> Scenario:
    """Bad models, workers that crash, and containers that die at all times, with calls in every state."""
    models = (
        _models(6, 2, Service(cpu=Exponential(0.03), threads=2)),
        _batched("batched", Service(cpu=Constant(0.05))),
        _models(2, 1),
    )
    endpoint = _endpoint(2, "sticky", "lru", spill_at=1, usable_memory_given_bytes=400 * MIB, invocation_timeout_s=0.3)
    whole = _scenario(endpoint, models, rate_per_s=60.0, server=server)
    given = (
        {"container_restart": {"instance": "random", "takes": 0.2}, "rate": 3.0},
        {"worker_crash": {"models": ["m2", "batched"], "workers": "all"}, "rate": 1.0},
        {"poison_model": {"models": ["m1"], "load_failure": "507", "for": 2.0}, "at": 0.0},
        {"poison_model": {"models": ["batched"], "for": 1.0}, "at": 1.0},
    )
    faults = named([Fault.model_validate(one) for one in given])
    faulty: Scenario = whole.model_copy(update={"faults": faults})
    return faulty


SLOW = read_condition("mean in every 1 s > 0 s")


def _deploys(policy: str, split_by: str) -> Scenario:
    """Traffic is shifted to new hosts, then to others, and back; the last one of a side is lost meanwhile."""
    endpoint = _endpoint(2, policy, "lru", warm=True, split_by=split_by, misroute=0.1, spill_at=1)
    endpoint = endpoint.model_copy(update={"provisioning": Constant(0.5), "drain_s": 0.1, "loss_noticed_after_s": 0.2})
    whole = _scenario(endpoint, (_models(8),), rate_per_s=40.0)
    deploys = (
        Deploy(name="linear", at_s=0.5, strategy=Linear(step=0.5, wait_s=1.5)),
        Deploy(name="rolling", at_s=3.0, strategy=Rolling(batch=0.5, wait_s=0.5)),
        Deploy(name="canary", at_s=6.0, strategy=Canary(share=0.5, wait_s=2.0), rollback_when=SLOW),
    )
    with_deploys: Scenario = whole.model_copy(update={"deploys": deploys})
    return with_deploys


def scenarios() -> dict[str, Scenario]:
    """Name -> scenario; each is small enough to run uncompiled."""
    parallel = Service(cpu=Exponential(0.04), threads=2, serial=0.2)
    drawn = Server(job_queue_size=4, overhead=Overhead(pre=_drawn(1e-3), hold=_drawn(1e-3), post=_drawn(1e-3)))
    slow = instant_model("slow", count=300, workers=2, service=Service(wait=Constant(2.0)))
    times = Empirical((0.0, 0.002))
    fast = instant_model("fast", count=2, workers=2, service=Service(cpu=times))
    return {
        "sticky": _scenario(
            _endpoint(3, "sticky", "lfu", spill_at=1, misroute=0.1, warm=True),
            (_models(8, 2, parallel), _models(8)),
            rate_per_s=40.0,
            server=drawn,
        ),
        "most_free": _scenario(_endpoint(3, "sticky", "lru", placement="most_free"), (_models(12),), rate_per_s=20.0),
        "least_loaded": _scenario(
            _endpoint(3, "sticky", "lru", placement="least_loaded"), (_models(12),), rate_per_s=20.0
        ),
        "hash": _scenario(_broken_off(), (_models(12, load=_drawn(0.5)),), rate_per_s=20.0),
        "least_outstanding": _scenario(
            _endpoint(4, "least_outstanding", "random", invocation_timeout_s=0.1),
            (_models(6, 3),),
            rate_per_s=60.0,
            clients=Clients(timeout_s=0.3, network_s=0.2),
            server=Server(job_queue_size=1, overhead="measured-vm"),
        ),
        "round_robin": _scenario(
            _endpoint(2, "round_robin", "lru", disk_bytes=100 * 10**6, load_limit_s=60.0),
            (_models(6), _models(2, 20)),
            rate_per_s=20.0,
        ),
        "random": _scenario(_endpoint(7, "random", "lru", warm=True), (_models(20),), rate_per_s=30.0),
        "stationary": _scenario(
            _endpoint(2, "round_robin", "gdsf", warm="stationary", misroute=0.1), (_models(12),), rate_per_s=20.0
        ),
        "memory": _scenario(
            instant_endpoint(usable_memory_given_bytes=2 * 4 * MIB),
            (instant_model(count=4, service=Service(wait=Empirical((0.0, 0.3)))),),
            rate_per_s=12.0,
            server=instant_server(job_queue_size=20, overhead=Overhead(post=CpuWait(wait=Constant(0.1)))),
            clients=patient_clients(),
        ),
        "growth": _scenario(
            instant_endpoint(warm=True),
            (slow,),
            rate_per_s=1200.0,
            duration_s=2.0,
            server=Server(job_queue_size=100, overhead=Overhead(pre=CpuWait(cpu=Constant(0.01)))),
        ),
        "batches": _scenario(
            _endpoint(2, "sticky", "lru"),
            (
                _batched("max", parallel),
                _batched("sum", Service(wait=Exponential(0.05), batch="sum"), max_batch_delay_s=0.0),
                _batched("affine", Service(cpu=Constant(0.01), batch=AFFINE), preload_model=True),
            ),
            rate_per_s=120.0,
            server=Server(job_queue_size=8, event_loops=1),
        ),
        "no_cache": _scenario(
            _endpoint(2, "hash", "lru", model_cache="disabled"),
            (_models(4, 2, load=CpuWait(cpu=Constant(0.01))),),
            rate_per_s=20.0,
            server=Server(event_loops=2, process_start=CpuWait(cpu=Constant(0.01), wait=Constant(0.01))),
        ),
        "fleet": _scenario(
            _endpoint(2, "hash", "gdsf", warm=True, invocation_timeout_s=0.5),
            (_models(12, service=Service(wait=Constant(0.2))), _batched("batched", Service(wait=Constant(0.2)))),
            rate_per_s=60.0,
            server=Server(job_queue_size=4, overhead=Overhead(pre=CpuWait(wait=Constant(0.1)))),
        ),
        "one_queue": _scenario(
            _endpoint(2, "hash", "gdsf", warm=True, invocation_timeout_s=0.5),
            (_models(6, service=Service(wait=Constant(0.2))), _batched("batched", Service(wait=Constant(0.2)))),
            rate_per_s=60.0,
            server=one_queue(Server(job_queue_size=8, max_batch_delay_s=0.02)),
        ),
        "djl": _by_demand(),
        "triton": _delayed_from_arrival(),
        "lost": _seeded(_lost(Server(job_queue_size=8, event_loops=1, process_start=_drawn(0.05))), 2),
        "faults": _faulty(Server(job_queue_size=8, event_loops=1, overhead=drawn.overhead, process_start=_drawn(0.02))),
        "faults_queue": _faulty(one_queue(Server(job_queue_size=8, overhead=drawn.overhead))),
        "lost_queue": _lost(server=one_queue(Server(job_queue_size=8))),
        "clients": _clients(),
        "users": _scenario(instant_endpoint(), (fast,), rate_per_s=1.0, duration_s=11.0).model_copy(
            update={"traffic": (Traffic(arrivals=ClosedLoop(users=2, cycle=Constant(0.001))),)}
        ),
        "stages": _stages(),
        "many_workers": _many_workers(),
        "one_loop": _one_loop(),
        "deploys": _deploys("sticky", "calls"),
        "deploys_by_model": _deploys("hash", "models"),
        "devices": _seeded(_devices(), 4),
        "users_of_devices": _devices().model_copy(
            update={"traffic": (Traffic(arrivals=ClosedLoop(users=4, cycle=Constant(0.05)), popularity=Zipf(0.8)),)}
        ),
        "djl_devices": _seeded(_by_demand_on_devices(), 7),
        "lost_devices": _seeded(_lost_devices(), 11),
        "quota": _scenario(
            _endpoint(1, "sticky", "lru", throttling=Throttling(rate_per_s=20.0, burst=3), load_timeout_s=0.2),
            (_models(6),),
            rate_per_s=80.0,
            clients=Clients(timeout_s=0.3, retries=BotoStandard(processes=2)),
        ),
        "records": _scenario(
            instant_endpoint(), (fast,), rate_per_s=1700.0, server=instant_server(), clients=patient_clients()
        ),
    }


def run(scenario: Scenario) -> str:
    """Digest of a run with all its records, in which one host slows down, workers die, and hosts come and go.

    For one scenario, also the timeline of a second in which nothing of that happens.
    """
    own = [_change_fleet] if len(scenario.models) >= 2 and scenario.endpoint.eviction == "gdsf" else []
    sim = Simulation(scenario, records=-1, processes=own, window_times=True)
    sim.env.process(_come_and_go(sim) if scenario.name == LOST else _slow_down(sim))
    if scenario.deploys:
        sim.env.process(_lose_a_side(sim))
    found = digest(sim.run())
    return found + trace(scenario, watch(scenario, 0, (2.0, 3.0))).text if scenario.name == LOST else found


def _slow_down(sim: Simulation) -> Generator[simpy.Event, Any, None]:
    if sim.scenario.models[0].name == "max":
        # A load of the one leaves a copy that tries again at each call, of the other one without a worker.
        for model, way in enumerate(("swallowed", "507")):
            poison = {"models": [f"m{model}"], "load_failure": way}
            sim.loader.faults.bad[model] = [Fault.model_validate({"poison_model": poison, "at": 0.0})]
    yield sim.env.timeout(sim.scenario.run.duration_s / 2)
    sim.plane.set_speed(sim.env.now, sim.hosts[0].row, 0.7)
    if sim.scenario.models[0].name in ("max", "m2", "m3"):
        for pool in range(8):
            sim.loader.crew.crash(pool, 0)
            sim.loader.crew.crash(pool, 1)
            sim.loader.crew.crash(pool, 0)  # is dead already


def _come_and_go(sim: Simulation) -> Generator[simpy.Event, Any, None]:
    """A host is lost each second, once in the instant in which a call of it has ended; others come, one is drained."""
    fleet, env = sim.fleet, sim.env
    for turn in range(8):
        yield env.timeout(0.1)
        for _ in range(100):
            if turn % 2 and _idle_signalled(sim):
                break
            yield env.timeout(0.005)
        gone = [host for host in fleet.in_service if sim.plane.tables.views.hosts.wanted[host.row]] or fleet.in_service
        fleet.lose(gone[0])
        yield env.timeout(0.01)
        new = fleet.provision()
        if turn == 4:
            fleet.drain(fleet.in_service[0])
        if turn == 5:
            yield env.timeout(0.21)
            coming = next(host for host in fleet.alive if host not in fleet.in_service)
            sim.plane.drain_host(env.now, coming.row)
            fleet.lose(coming)
        yield new


def _idle_signalled(sim: Simulation) -> bool:
    """Let a worker die whose call is the last of a pool, on a host where a load waits for that."""
    views = sim.plane.tables.views
    for host in sim.fleet.in_service:
        for pool in sim.plane.pools_of(host.row) if views.hosts.wanted[host.row] else ():
            if views.pools.state[pool] == READY and views.pools.in_flight[pool] == 1:
                sim.loader.crew.crash(pool, 0)
                sim.loader.crew.crash(pool, 1)
                if views.clock[0].signal != REACHED:
                    return True
    return False


def _lose_a_side(sim: Simulation) -> Generator[simpy.Event, Any, None]:
    """The new host of a canary is lost: its calls go to the old ones."""
    yield sim.env.timeout(7.0)
    for host in sim.fleet.in_service:
        if host.side != sim.fleet.side:
            sim.fleet.lose(host)


def _change_fleet(env: simpy.Environment, endpoint: EndpointControl) -> Generator[simpy.Event, Any, None]:
    """Models are unregistered while they work, hosts join and leave, until none is left."""
    yield env.timeout(2.5)
    for pool in (pool for host in endpoint.hosts for pool in endpoint.pools(host.row)):
        if pool.state == "ready":
            endpoint.unload(pool.model, pool.host, force=True)
    endpoint.add_instance()
    yield env.timeout(4.0)
    for host in endpoint.hosts:
        endpoint.drain(host.row)
        endpoint.drain(host.row)


def lines_missed(work: Callable[[], object]) -> dict[str, list[int]]:
    """Lines of the kernel's functions that `work` does not run, by file; only for the uncompiled kernel."""
    left = {
        (str(path), code.co_firstlineno): _lines(code)
        for path in sorted(KERNEL.glob("*.py"))
        if path.stem not in AROUND
        for code in _functions(path)
    }

    def call(frame: FrameType, event: str, _: object) -> Any:
        wanted = left.get((frame.f_code.co_filename, frame.f_code.co_firstlineno))
        if not wanted:
            return None  # of no interest, or seen in full

        def line(frame: FrameType, event: str, _: object) -> Any:
            wanted.discard(frame.f_lineno)
            return line

        return line

    sys.settrace(call)
    try:
        work()
    finally:
        sys.settrace(None)
    missed: dict[str, list[int]] = defaultdict(list)
    for (file, _), lines in left.items():
        missed[Path(file).stem] += sorted(lines)
    return dict(missed)


def _lines(code: CodeType) -> set[int]:
    return {line for _, _, line in code.co_lines() if line is not None and line != code.co_firstlineno}


def _functions(path: Path) -> list[CodeType]:
    module = compile(path.read_text(), str(path), "exec")
    return [constant for constant in module.co_consts if isinstance(constant, CodeType)]


if __name__ == "__main__":
    digests: dict[str, str] = {}

    def everything() -> None:
        digests.update({name: run(scenario) for name, scenario in scenarios().items()})

    if "--lines" in sys.argv:
        sys.stdout.write(json.dumps({"lines": lines_missed(everything), "digests": digests}))
    else:
        everything()
        sys.stdout.write(json.dumps({"digests": digests}))
