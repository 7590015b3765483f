"""The scenarios that are timed, sized by the number of requests that a run should have."""

from __future__ import annotations

from pathlib import Path

from mmesim.scenario import (
    Clients,
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
    UniformPopularity,
    Zipf,
)
from mmesim.scenario.clients.retries import FixedRetries
from mmesim.scenario.endpoint.endpoint import Throttling
from mmesim.scenario.server.overhead import OVERHEADS
from mmesim.scenario.traffic.closed_loop import ClosedLoop
from mmesim.scenario.values.times import Constant, Exponential, Lognormal

MIB = 2**20
MEAN_SERVICE_S = 0.012
BUSY = 0.6
QUEUE_FILE = Path(__file__).parents[2] / "scenarios" / "mmc.yaml"


def queue(requests: int) -> Scenario:
    """The textbook queue M/M/4 of `scenarios/mmc.yaml`: one loaded model, no overhead, service that only waits."""
    rate_per_s = queue_rate(Scenario.from_yaml(QUEUE_FILE))
    return Scenario.from_yaml(QUEUE_FILE, [f"run.duration={requests / rate_per_s!r} s", "run.warmup=0 s"])


def queue_rate(scenario: Scenario) -> float:
    """Calls per second of a scenario with one Poisson stream."""
    (traffic,) = scenario.traffic
    assert isinstance(traffic.arrivals, Poisson)
    return traffic.arrivals.rate_per_s


def everything_fits(hosts: int, models: int, requests: int) -> Scenario:
    """The full model with every model loaded from the start: hosts of 4 vCPUs, 60 % busy, popularity Zipf 0.9.

    CPU work of 12 ms in the mean (lognormal), the front end's overhead, CPU sharing, default time-outs and network. The
    most popular models need more copies than the one that they begin with, which are loaded quickly during the run.
    """
    vcpu = 4
    overhead = OVERHEADS["sagemaker"]
    work_s = MEAN_SERVICE_S + sum(
        part.cpu.value for part in (overhead.pre, overhead.hold, overhead.post) if isinstance(part.cpu, Constant)
    )
    rate_per_s = BUSY * hosts * vcpu / work_s
    return Scenario(
        name=f"everything-fits-{hosts}",
        endpoint=Endpoint(host=HostType(vcpu=vcpu, memory_bytes=256 * 1024 * MIB), instance_count=hosts, warm=True),
        server=Server(overhead=overhead),
        models=(
            ModelGroup(
                name="m",
                count=models,
                artifact_bytes=1_000_000,
                memory_bytes=25 * MIB,
                load=CpuWait(cpu=Constant(0.05)),
                service=Service(cpu=Lognormal(MEAN_SERVICE_S, 0.8)),
            ),
        ),
        traffic=(Traffic(arrivals=Poisson(rate_per_s=rate_per_s), popularity=Zipf(0.9)),),
        clients=Clients(),
        run=RunSettings(duration_s=requests / rate_per_s),
    )


def closed_loop(scenario: Scenario, users: int) -> Scenario:
    """The same scenario with users in a closed loop, who call about as often as its Poisson stream does."""
    (traffic,) = scenario.traffic
    answer_s = 2.0 * MEAN_SERVICE_S
    loop = ClosedLoop(users=users, think_time=Exponential(users / queue_rate(scenario) - answer_s))
    closed: Scenario = scenario.model_copy(update={"traffic": (traffic.model_copy(update={"arrivals": loop}),)})
    return closed


def refused_and_back(scenario: Scenario) -> Scenario:
    """The same scenario with hosts that take 90 % of the calls, and clients who come back up to twice."""
    each_per_s = 0.9 * queue_rate(scenario) / scenario.endpoint.instance_count
    endpoint = scenario.endpoint.model_copy(update={"throttling": Throttling(rate_per_s=each_per_s)})
    clients = scenario.clients.model_copy(update={"retries": FixedRetries(delay_s=0.1, jitter=0.5)})
    again: Scenario = scenario.model_copy(update={"endpoint": endpoint, "clients": clients})
    return again


def thrashing(requests: int) -> Scenario:
    """Four hosts that hold a fifth of 250 models, all called equally often, with loads of 10 ms: most calls load.

    The artefacts stay on disk, so that only the first load of a model on a host downloads.
    """
    models, per_host, hosts = 250, 12, 4
    copy_bytes = 50 * MIB
    base_bytes = 100 * MIB
    rate_per_s = 200.0
    return Scenario(
        name="thrashing",
        endpoint=Endpoint(
            host=HostType(vcpu=4, memory_bytes=16 * 1024 * MIB),
            instance_count=hosts,
            base_memory_bytes=base_bytes,
            usable_memory_given_bytes=base_bytes + per_host * copy_bytes,
        ),
        server=Server(process_start=CpuWait()),
        models=(
            ModelGroup(
                name="m",
                count=models,
                artifact_bytes=4_000_000,
                memory_bytes=47 * MIB,  # with the 3 MiB of the pool's parent process one copy
                process_memory_bytes=0,
                load=CpuWait(cpu=Constant(0.01)),
                service=Service(cpu=Lognormal(MEAN_SERVICE_S, 0.8)),
            ),
        ),
        traffic=(Traffic(arrivals=Poisson(rate_per_s=rate_per_s), popularity=UniformPopularity()),),
        clients=Clients(),
        run=RunSettings(duration_s=requests / rate_per_s),
    )
