"""Processor sharing of a host against the plainest possible one, with work that comes, ends and is taken back."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st

from mmesim.engine.kernel.codes import CPU_DONE
from mmesim.engine.simulation import Simulation
from mmesim.scenario import HostType, Poisson, RunSettings, Scenario, Traffic
from tests.laws.scenarios import instant_endpoint, instant_model, instant_server, patient_clients


@dataclass(frozen=True)
class Piece:
    """CPU work of `cpu_s` on each of `threads` threads from `start_s` on, taken back after `patience_s`."""

    start_s: float
    cpu_s: float
    threads: int
    patience_s: float
    first_share: float
    """Part of the work that is done as the first of two."""

    @property
    def first_s(self) -> float:
        return self.cpu_s * self.first_share


pieces = st.lists(
    st.builds(
        Piece,
        start_s=st.integers(0, 40).map(lambda k: k / 10),
        cpu_s=st.integers(1, 30).map(lambda k: k / 7),
        threads=st.integers(1, 3),
        patience_s=st.sampled_from([0.3, 1.7, 1e9]),
        first_share=st.sampled_from([0.25, 1.0]),
    ),
    min_size=1,
    max_size=25,
)
hosts = st.builds(
    lambda **figures: HostType(memory_bytes=2**36, smt_yield=1.3, **figures),
    vcpu=st.sampled_from([2, 4]),
    threads_per_core=st.sampled_from([1, 2]),
    cpu_speed=st.sampled_from([1.0, 0.7]),
)


def engine(host: HostType, work: list[Piece]) -> list[float]:
    """When each piece ends; nan for one that was taken back."""
    sim = Simulation(
        Scenario(
            name="cpu",
            endpoint=instant_endpoint(host=host),
            server=instant_server(),
            models=(instant_model(),),
            traffic=(Traffic(arrivals=Poisson(rate_per_s=1e-9)),),
            clients=patient_clients(),
            run=RunSettings(duration_s=1.0),
        )
    )
    ended = [float("nan")] * len(work)
    running: dict[int, int] = {}

    def done(row: int) -> None:
        k = running.pop(row)
        if k not in running.values():
            ended[k] = sim.env.now

    def one(k: int, piece: Piece) -> Generator[simpy.Event, Any, None]:
        yield sim.env.timeout(piece.start_s)
        rows = [
            sim.plane.start_cpu(sim.env.now, 0, piece.first_s, piece.cpu_s - piece.first_s)
            for _ in range(piece.threads)
        ]
        running.update(dict.fromkeys(rows, k))
        yield sim.env.timeout(piece.patience_s)
        for row in rows:
            if running.get(row) == k:
                del running[row]
                sim.plane.cancel_cpu(sim.env.now, row)

    sim.env.handle(CPU_DONE, done)
    for k, piece in enumerate(work):
        sim.env.process(one(k, piece))
    sim.env.run()
    return ended


def plainly(host: HostType, work: list[Piece]) -> list[float]:
    """The same by small steps from change to change, with nothing clever."""
    cores = host.vcpu / host.threads_per_core
    most = cores * (host.smt_yield if host.threads_per_core == 2 else 1.0)
    left = [piece.cpu_s for piece in work]
    ended = [float("nan")] * len(work)
    state = ["ahead"] * len(work)
    now = 0.0
    while any(s in ("ahead", "running") for s in state):
        runnable = sum(piece.threads for piece, s in zip(work, state, strict=True) if s == "running")
        capacity = min(float(runnable), cores)
        if runnable > cores:
            capacity = min(most, cores + (runnable - cores) * (most - cores) / max(host.vcpu - cores, 1))
        rate = host.cpu_speed * capacity / runnable if runnable else 0.0
        changes = []
        for k, piece in enumerate(work):
            if state[k] == "ahead":
                changes.append((piece.start_s, "running", k))
            elif state[k] == "running":
                changes.append((piece.start_s + piece.patience_s, "taken back", k))
                changes.append((now + left[k] / rate, "done", k))
        then, what, which = min(changes)
        for k in range(len(work)):
            if state[k] == "running":
                left[k] = max(0.0, left[k] - rate * (then - now))
        now = then
        state[which] = what
        if what == "done":
            ended[which] = now
    return ended


@given(hosts, pieces)
@settings(max_examples=50, deadline=None)
def test_threads_share_the_host_equally(host, work):
    np.testing.assert_allclose(engine(host, work), plainly(host, work), rtol=1e-9)
