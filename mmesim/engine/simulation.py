"""Wires a scenario into the two planes, runs it, and hands back what was measured."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Generator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import simpy

from mmesim.engine import collector, setup
from mmesim.engine.closed_loop import ClosedLoops
from mmesim.engine.control.eviction import Eviction
from mmesim.engine.control.fleet import Fleet
from mmesim.engine.control.host import Host
from mmesim.engine.control.initial_caches import InitialCaches
from mmesim.engine.control.journal import Journal
from mmesim.engine.control.loads.loader import Loader
from mmesim.engine.control.loads.log import LoadLog
from mmesim.engine.dataplane import DataPlane
from mmesim.engine.deploys.deploys import Deploys
from mmesim.engine.endpoint_control import EndpointControl
from mmesim.engine.environment import Environment
from mmesim.engine.faults.faults import Faults
from mmesim.engine.faults.world import World
from mmesim.engine.kernel.codes import A_BACKOFF, A_FREE, REFILL, USERS
from mmesim.engine.kernel.hashing import PRIME
from mmesim.engine.measure.collect import collect
from mmesim.engine.measure.condition import Conditions
from mmesim.engine.measure.integrals import Integrals, Peaks
from mmesim.engine.measure.live import LiveMetrics
from mmesim.engine.measure.recorder import ALL, Recorder
from mmesim.engine.measure.windows import Windows
from mmesim.engine.open_loop import OpenLoop
from mmesim.engine.scaling.scaler import Scaler
from mmesim.engine.timeline.watched import Watched
from mmesim.engine.user_processes import UserProcess, at_fault, named, start
from mmesim.errors import MmesimError
from mmesim.results.measured.run_data import RunData
from mmesim.results.measured.window_times import WINDOW_S
from mmesim.scenario.scenario import Scenario
from mmesim.workload.draws.generators import generator
from mmesim.workload.trace.notes import collected

Observer = Callable[[float, int, int, int], None]
"""Called now and then with the simulated seconds, the number of calls begun, and hits and misses of measured calls."""

END_POLL_S = 1.0
"""How often a run with user processes looks whether it is over."""


class Simulation:
    """One replication of a scenario, ready to run. Every part gets its collaborators here and nowhere else.

    `watched`: also keeps what happens in a part of the run, all its calls included; there are no other records then.
    """

    def __init__(
        self,
        scenario: Scenario,
        replication: int = 0,
        records: int | None = None,
        observer: Observer | None = None,
        processes: Sequence[UserProcess] = (),
        window_s: float = WINDOW_S,
        below: int = PRIME,
        watched: Watched | None = None,
        window_times: bool = False,
        figures: Collection[str] | None = None,
    ) -> None:
        self.scenario = scenario
        self.replication = replication
        seed = scenario.run.seed
        if watched is None:
            key = int(generator(seed, replication, "records").integers(PRIME))
            self.recorder = Recorder(records, key, below)
            log: LoadLog | None = None
        else:
            records, self.recorder, log = ALL, watched.recorder, watched.log
        tables, self.grid, self.coarse_grid = setup.build(
            scenario, replication, records, watched is not None, window_times
        )
        self.recorder.attach(tables)
        self.plane = DataPlane(tables, self.recorder.flush)
        self.env = Environment(self.plane)
        self.journal = Journal(self.env)
        report = None if observer is None else partial(_report, self.plane, observer)
        self.open_loop = OpenLoop(scenario, replication, self.plane, report)
        self.env.handle(REFILL, self.open_loop.refill)
        self.closed_loops = ClosedLoops(scenario, replication, self.plane, report)
        self.env.handle(USERS, self.closed_loops.refill)
        self.hosts: list[Host] = []
        eviction = Eviction(self.plane, scenario)
        self.loader = Loader(self.env, self.plane, scenario, self.hosts, eviction, log)
        self.fleet = Fleet(self.env, self.plane, scenario, replication, self.hosts, self.loader, self.journal)
        world = World(self.env, self.plane, self.fleet, self.loader, self.journal, scenario, replication)
        faults = Faults(world)
        InitialCaches(self.plane, self.hosts, scenario, replication, eviction, self.loader.faults).begin()
        self.closed_loops.begin()
        self.at_warmup: Integrals | None = None
        self.at_end: Integrals | None = None
        self.peaks = Peaks.of(self.hosts)
        self.live = LiveMetrics(self.env, self.plane, self.loader, self.fleet)
        self.windows = Windows(self.env, self.plane, self.live, scenario.run.duration_s, window_s, report, figures)
        self.conditions = Conditions(self.env, self.plane, self.live, scenario)
        faults.ask(self.conditions)
        self.env.process(self._measure())
        scaling, serial = scenario.endpoint.autoscaling, scenario.endpoint.serial_scaling
        if scaling is not None:
            Scaler(self.env, self.live, self.fleet, self.journal, scaling, scenario.run.duration_s, serial)
        Deploys(self.env, self.fleet, self.conditions, self.journal, scenario)
        endpoint_control = EndpointControl(self.env, self.plane, self.fleet, self.loader, scenario)
        self._own = named(processes, scenario.processes)
        for name, function in self._own:
            start(self.env, endpoint_control, name, function)

    def run(self) -> RunData:
        """Run until every call is answered; arrivals stop once the duration is over and no measured call is left."""
        begun = time.perf_counter()
        if self._own:
            self._run_with_own()
        else:
            with collector.paused():  # a run without the user's processes makes no circles, which a test counts
                self.env.run()
        return self.measured(time.perf_counter() - begun)

    def measured(self, wall_s: float) -> RunData:
        """Everything that was measured, once the run is over; `wall_s`: how long it took."""
        assert self.at_warmup is not None  # both times lie within the run
        assert self.at_end is not None
        return collect(
            self.scenario,
            self.replication,
            wall_s,
            views=self.plane.tables.views,
            hosts=self.hosts,
            peaks=self.peaks,
            added=self.at_end.since(self.at_warmup, len(self.hosts)),
            loads=self.loader.finished,
            windows=self.windows.table(),
            window_times=self.windows.times(),
            records=self.recorder.records(),
            control_events=next(self.env._eid),
            happened=tuple(one for one in self.journal.happened if one.at_s < self.scenario.run.duration_s),
        )

    def _run_with_own(self) -> None:
        """Run, but do not wait for the user's processes, which may go on for ever."""
        self._run_until(self.env.process(self._until_over()))

    def run_to(self, until_s: float) -> None:
        """Run up to a time after the present, and no further."""
        with collector.paused():
            self._run_until(until_s)

    def _run_until(self, until: float | simpy.Event) -> None:
        try:
            self.env.run(until=until)
        except MmesimError:
            raise
        except Exception as error:
            theirs = at_fault(error)
            if theirs is None:
                raise
            raise theirs from error

    def _until_over(self) -> Generator[simpy.Event, Any, None]:
        yield self.env.timeout(self.scenario.run.duration_s + self.scenario.fixed_delay_s)
        while True:
            yield self.env.timeout(END_POLL_S)
            if self._is_over():
                return

    def _is_over(self) -> bool:
        """Whether no measured call is left, none is on its way, no job is served and no model is loaded any more."""
        views = self.plane.tables.views
        counts, rows = views.counts[0], views.attempts.state.size
        ended = counts.measured_calls == counts.measured_begun
        left = rows - views.space[0].n_free_attempts
        return bool(ended and left == self._frozen() and not views.hosts.load_queue.any())

    def _frozen(self) -> int:
        """Attempts that nobody waits for any more, on hosts that stand still: they may never end."""
        views = self.plane.tables.views
        if views.hosts.speed[: views.clock[0].n_hosts].all():
            return 0
        attempts = views.attempts
        there = (attempts.state != A_FREE) & (attempts.state != A_BACKOFF) & (attempts.answered == 1)
        return int(np.count_nonzero(views.hosts.speed[attempts.host[there]] == 0.0))

    def _measure(self) -> Generator[simpy.Event, Any, None]:
        """Take the integrals at both ends of the measured time."""
        run = self.scenario.run
        if run.cut_s > 0.0:
            yield self.env.timeout(run.cut_s)
        self.at_warmup = self.live.integrals()
        yield self.env.timeout(run.duration_s - self.env.now)
        self.at_end = self.live.integrals()
        self.peaks = Peaks.of(self.hosts)


def _report(plane: DataPlane, observer: Observer) -> None:
    counts = plane.tables.views.counts[0]
    observer(plane.now, int(counts.calls), int(counts.hits), int(counts.misses))


def simulate(
    scenario: Scenario,
    replication: int = 0,
    observer: Observer | None = None,
    records: int | None = None,
    processes: Sequence[UserProcess] = (),
    window_s: float = WINDOW_S,
    below: int = PRIME,
    window_times: bool = False,
    figures: Collection[str] | None = None,
) -> RunData:
    """Run one replication of a scenario.

    `records`: how many calls to record at most (a seeded sample above that), None for none, -1 for all.
    `processes`: your SimPy processes, in addition to those of the scenario. `window_s`: length of the windows.
    `below`: only calls of a rank below it are recorded. `window_times`: also how many calls of each minute took how
    long, and how many were in flight every ten seconds. `figures`: those that the windows have, None for all.
    """
    with collected() as notes:
        simulation = Simulation(
            scenario,
            replication,
            records,
            observer,
            processes,
            window_s,
            below,
            window_times=window_times,
            figures=figures,
        )
        run = simulation.run()
        simulation.open_loop.close()
    # Its parts refer to each other in a circle, which Python collects when it likes: the tables go now.
    for part in (simulation.plane.tables, simulation.plane):
        vars(part).clear()
    return replace(run, trace_notes=tuple(notes))
