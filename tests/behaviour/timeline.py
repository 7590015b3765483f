"""A bench for timelines small enough to compute by hand: given requests, no delay but those that the test asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmesim.engine.simulation import Simulation
from mmesim.results.measured.run_data import CAUSES, RunData
from mmesim.scenario import (
    Clients,
    CpuWait,
    Download,
    Endpoint,
    HostType,
    ModelGroup,
    Router,
    RunSettings,
    Scenario,
    Server,
    Service,
    TraceSource,
    Traffic,
)
from mmesim.scenario.figures import PARTS
from mmesim.scenario.server.overhead import OVERHEADS
from mmesim.scenario.values.times import Constant

MIB = 2**20
COPY = 100 * MIB
"""Memory of one copy of a model made by `model`."""


def model(name: str, *, load_s: float = 1.0, threads: int = 1, cpu: bool = False, **keys: Any) -> ModelGroup:
    """A model whose copy needs `COPY` bytes and whose load takes `load_s` seconds of waiting.

    Requests bring their own service time: CPU time if `cpu`, else waiting.
    """
    service = Service(cpu=Constant(1.0), threads=threads) if cpu else Service(wait=Constant(1.0))
    return ModelGroup(
        name=name,
        artifact_bytes=keys.pop("artifact_bytes", 0),
        memory_bytes=keys.pop("memory_bytes", 97 * MIB),
        process_memory_bytes=0,
        framework_threads=1,
        load=CpuWait(wait=Constant(load_s)),
        service=service,
        **keys,
    )


def endpoint(
    *, copies: int = 100, vcpu: int = 4, hosts: int = 1, router: Router | None = None, **keys: Any
) -> Endpoint:
    """Hosts whose memory holds exactly `copies` copies; downloads, routing and unpacking take no time."""
    return Endpoint(
        host=HostType(vcpu=vcpu, memory_bytes=64 * 1024 * MIB),
        instance_count=hosts,
        usable_memory_given_bytes=copies * COPY,
        base_memory_bytes=0,
        download=keys.pop("download", Download(first_byte=Constant(0.0), unpack_Bps_per_vcpu=None, stream_Bps=1e18)),
        router=router or Router(overhead_s=0.0),
        **keys,
    )


def scenario(
    folder: Path,
    requests: Sequence[tuple[float, str, float]],
    models: Sequence[ModelGroup],
    place: Endpoint,
    **keys: Any,
) -> Scenario:
    """A scenario that replays `requests`: (arrival, model, service), seconds.

    The server is an MMS that adds no time of its own, unless `server` names a kind: then it is that map.
    """
    trace = folder / "requests.csv"
    trace.write_text("time,model,service\n" + "".join(f"{t!r},{m},{s!r}\n" for t, m, s in requests))
    server = keys.pop("server", {})
    own = {} if "kind" in server else {"overhead": OVERHEADS["none"], "process_start": CpuWait()}
    return Scenario(
        name="timeline",
        endpoint=place,
        server=Server(**own | server),
        models=tuple(models),
        traffic=(Traffic(trace=TraceSource(file=trace)),),
        clients=Clients(network_s=0.0, **keys.pop("clients", {})),
        run=RunSettings(duration_s=1000.0),
        **keys,
    )


@dataclass(frozen=True)
class Call:
    """What the client saw of one call, and where its time went (parts that are not zero)."""

    latency: float
    cause: str
    hit: bool
    host: int
    parts: dict[str, float]


@dataclass(frozen=True)
class Outcome:
    """A finished timeline."""

    calls: list[Call]
    data: RunData

    @property
    def latencies(self) -> list[float]:
        """Latency of each call in order of arrival, rounded to a nanosecond."""
        return [round(call.latency, 9) for call in self.calls]

    @property
    def causes(self) -> list[str]:
        """Cause of each call, "ok" for success."""
        return [call.cause for call in self.calls]


def play(simulation: Simulation) -> Outcome:
    """Run it and read its records; the self-check must pass."""
    data = simulation.run()
    assert set(data.checks.values()) == {"ok"}, data.checks
    records = data.records
    assert records is not None
    calls = [
        Call(
            latency=float(records.latency_s[k]),
            cause="ok" if records.cause[k] < 0 else CAUSES[records.cause[k]],
            hit=bool(records.hit[k]),
            host=int(records.host[k]),
            parts={
                name: round(float(x), 9) for name, x in zip(PARTS, records.parts_s[k], strict=True) if abs(x) > 1e-12
            },
        )
        for k in range(records.call.size)
    ]
    return Outcome(calls, data)


def timeline(
    folder: Path,
    requests: Sequence[tuple[float, str, float]],
    models: Sequence[ModelGroup],
    place: Endpoint,
    **keys: Any,
) -> Outcome:
    """Replay `requests` and say what happened."""
    return play(Simulation(scenario(folder, requests, models, place, **keys), records=-1))
