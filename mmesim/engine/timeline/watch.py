"""Runs one replication again, up to the end of a window, and says what was seen there."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from math import inf
from typing import Any

import numpy as np
import simpy

from mmesim.arrays import Floats, Ints
from mmesim.engine.kernel.codes import A_BACKOFF, A_FREE
from mmesim.engine.measure.integrals import padded
from mmesim.engine.simulation import Simulation
from mmesim.engine.timeline.watched import Watched
from mmesim.engine.user_processes import UserProcess
from mmesim.results.timeline.seen import Counters, Seen, SeenHost
from mmesim.scenario.scenario import Scenario
from mmesim.workload.trace.notes import collected

PERIODS = 240
"""Periods of the counters, of 0.25 s in a minute; fewer where there are many hosts."""
COUNTED = 12_000
"""Values of each counter, all hosts together, that are not exceeded by more than one period of each host."""
STEP_S = 0.5
"""How far the run goes on at first while calls of the window have no answer."""


def watch(
    scenario: Scenario, replication: int, window_s: tuple[float, float], processes: Sequence[UserProcess] = ()
) -> Seen:
    """Everything that happens in [start, end) of a replication, seconds, with calls that begin in it to their end.

    What is looked at is only read, so that all is as it was in the run. `processes` as for `simulate`.
    """
    watched = Watched(window_s)
    with collected():  # what is said of traces was said in the run
        simulation = Simulation(scenario, replication, processes=processes, watched=watched)
        counted = _Counted(simulation, window_s)
        # A call is known once it has reached the router.
        simulation.run_to(window_s[1] + scenario.fixed_delay_s + STEP_S)
        step_s = STEP_S
        while _waits(simulation, window_s[1]):
            simulation.run_to(simulation.env.now + step_s)
            step_s *= 2.0  # a client may wait for days
        simulation.open_loop.close()
    start_s, end_s = window_s
    hosts = [
        SeenHost(
            type=host.config.endpoint.instance_type or "a host of your own",
            born_s=host.born_s,
            gone_s=inf if host.gone_s is None else host.gone_s,
        )
        for host in simulation.hosts
    ]
    return Seen(
        replication=replication,
        window_s=window_s,
        hosts=hosts,
        calls=watched.recorder.calls(),
        loads=watched.log.loads(),
        unloads=watched.log.unloads([host.gone_s for host in hosts]),
        evicted=watched.log.evictions,
        counters=counted.counters(),
        happened=[one for one in simulation.journal.happened if start_s <= one.at_s < end_s],
    )


def _waits(simulation: Simulation, end_s: float) -> bool:
    """Whether a call that began before `end_s` has no answer yet."""
    attempts = simulation.plane.tables.views.attempts
    waits = (attempts.answered == 0) | (attempts.state == A_BACKOFF)
    return bool(((attempts.state != A_FREE) & (attempts.call_start < end_s) & waits).any())


class _Counted:
    """Reads the endpoint at both ends of each period of the window; changes nothing, not by a rounding either."""

    def __init__(self, simulation: Simulation, window_s: tuple[float, float]) -> None:
        self._simulation = simulation
        self._window_s = window_s
        self._times: list[float] = []
        self._sums: list[tuple[Floats, Floats]] = []
        """At each time: busy vCPU-seconds and byte-seconds of each host."""
        self._areas: list[float] = []
        """At each time: attempt-seconds of the endpoint."""
        self._waiting: list[tuple[Ints, Ints]] = []
        simulation.env.process(self._watch())

    def _watch(self) -> Generator[simpy.Event, Any, None]:
        env, (start_s, end_s) = self._simulation.env, self._window_s
        yield env.timeout(start_s)
        periods = max(12, min(PERIODS, COUNTED // len(self._simulation.hosts)))
        for edge_s in np.linspace(start_s, end_s, periods + 1)[1:].tolist():
            self._read()
            yield env.timeout(edge_s - env.now)
        self._read()

    def _read(self) -> None:
        now, hosts = self._simulation.env.now, self._simulation.hosts
        views, n = self._simulation.plane.tables.views, len(hosts)
        kernel, counts, pools = views.hosts, views.counts[0], views.pools
        # As kernel.cpu.sync and kernel.record.integrate would bring them to now.
        busy = kernel.busy[:n] + (now - kernel.at[:n]) * np.minimum(kernel.threads[:n], kernel.vcpu[:n])
        memory = np.array([host.memory.integral_at(host.until(now)) for host in hosts])
        area = float(counts.area) + float(counts.in_system) * (now - float(counts.area_at))
        self._times.append(now)
        self._sums.append((busy, memory))
        self._areas.append(area)
        waiting = [
            np.bincount(pools.host[column > 0], column[column > 0], n) for column in (pools.queue_n, pools.waiter_n)
        ]
        self._waiting.append((waiting[0].astype(np.int64), waiting[1].astype(np.int64)))

    def counters(self) -> Counters:
        """What was read, as values of periods; hosts that came later had nothing before."""
        edges, n = np.array(self._times), len(self._simulation.hosts)
        lengths = np.diff(edges)
        busy, memory = (np.array([padded(row[k], n) for row in self._sums]) for k in (0, 1))
        queue, load = (np.array([padded(row[k], n) for row in self._waiting[:-1]]) for k in (0, 1))
        return Counters(
            edges_s=edges,
            cpu=np.diff(busy, axis=0) / lengths[:, None],
            memory_bytes=np.diff(memory, axis=0) / lengths[:, None],
            in_queue=queue,
            for_load=load,
            in_system=np.diff(np.array(self._areas)) / lengths,
        )
