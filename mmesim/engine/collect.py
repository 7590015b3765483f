"""From the tables of a finished run to its measurements and its self-check."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mmesim.results.run_data import CAUSES, HostData, RunData, TenantData

if TYPE_CHECKING:
    from mmesim.engine.simulation import Simulation

LEDGER_TOLERANCE_S = 1e-9
LITTLE_TOLERANCE = 1e-9


def collect(sim: Simulation, wall_s: float) -> RunData:
    """Everything that one replication measured."""
    scenario, views = sim.scenario, sim.plane.tables.views
    run, clock = scenario.run, views.clock
    models = scenario.model_table()
    limits = np.array(scenario.latency_limits_s, dtype=np.float64)
    load_s = [ready - asked for asked, ready in sim.loader.finished if run.cut_s <= asked < run.duration_s]
    return RunData(
        scenario=scenario.name,
        seed=run.seed,
        replication=sim.replication,
        duration_s=run.duration_s,
        warmup_s=run.cut_s,
        wall_s=wall_s,
        limits_s=limits,
        edges_s=views.edges.copy(),
        count=views.counts.copy(),
        parts_s=views.parts.copy(),
        latency_sum_s=float(clock.latency_sum[0]),
        latency_max_s=float(clock.latency_max[0]),
        coarse_edges_s=views.coarse_edges.copy(),
        calls=int(clock.measured_calls[0]),
        ok=int(clock.measured_ok[0]),
        errors=views.causes[0].copy(),
        attempts=int(clock.measured_attempts[0]),
        attempt_causes=views.causes[2].copy(),
        hits=int(clock.hits[0]),
        misses=int(clock.misses[0]),
        load_wait_sum_s=float(clock.load_wait[0]),
        calls_all=int(clock.calls[0]),
        ok_all=int(clock.ok_all[0]),
        errors_all=int(views.causes[1].sum()),
        in_flight_at_end=int(clock.calls[0] - clock.calls_done[0]),
        retried_cold_s=views.retried_cold.copy(),
        load_episodes=views.episodes.copy(),
        tenants=TenantData(
            calls=views.model_stats.calls.copy(),
            ok=views.model_stats.ok.copy(),
            misses=views.model_stats.misses.copy(),
            over=views.model_over[:, : limits.size].copy(),
            latency_sum_s=views.model_stats.latency.copy(),
            histogram=views.model_hist.copy(),
        ),
        model_names=tuple(model.name for model in models),
        hosts=_hosts(sim),
        windows=sim.metrics.columns(),
        load_s=np.array(load_s, dtype=np.float64),
        records=sim.recorder.records(),
        checks=_checks(sim),
        control_events=next(sim.env._eid),
        seam_crossings=int(clock.crossings[0]),
    )


def _hosts(sim: Simulation) -> HostData:
    views, endpoint = sim.plane.tables.views, sim.scenario.endpoint
    assert sim.at_warmup is not None  # both times lie within the run
    assert sim.at_end is not None
    n = len(sim.hosts)
    added = sim.at_end.since(sim.at_warmup, n)
    return HostData(
        up_s=added.up_s,
        cpu_busy_s=added.cpu_busy_s,
        vcpu=np.full(n, endpoint.host.vcpu),
        memory_byte_s=added.memory_byte_s,
        memory_bytes=np.full(n, endpoint.host.memory_bytes),
        memory_peak_bytes=np.array([host.memory.peak for host in sim.hosts]),
        disk_byte_s=added.disk_byte_s,
        disk_bytes=np.full(n, endpoint.disk_bytes),
        loaded_s=added.loaded_s,
        loads=added.loads,
        unloads=added.unloads,
        hits=views.hosts.hits[:n].copy(),
        misses=views.hosts.misses[:n].copy(),
        tasks_peak=np.array([host.tasks.peak for host in sim.hosts]),
    )


def _checks(sim: Simulation) -> dict[str, str]:
    """The laws that a run verifies of itself: name -> "ok" or what is wrong."""
    views, endpoint = sim.plane.tables.views, sim.scenario.endpoint
    clock = views.clock
    calls, ended = int(clock.calls[0]), int(clock.ok_all[0]) + int(views.causes[1].sum())
    open_calls, waiting = int(clock.calls[0] - clock.calls_done[0]), int(clock.in_system[0])
    reached, answered = int(clock.reached[0]), int(clock.attempts_all[0])
    area, sojourn = float(clock.area[0]), float(clock.sojourn[0])
    memory = max(host.memory.peak for host in sim.hosts)
    tasks = max(host.tasks.peak for host in sim.hosts)
    disk = max(host.disk.peak for host in sim.hosts)
    wrong = {
        "conservation": ""
        if calls == ended + open_calls
        else f"{calls} calls began, {ended} ended and {open_calls} were in flight",
        "attempts": ""
        if reached == answered + waiting and open_calls == waiting + int(clock.backing_off[0])
        else f"{reached} attempts were made, {answered} ended and {waiting} were in flight, for {open_calls} calls",
        "ledger": ""
        if clock.ledger_error[0] <= LEDGER_TOLERANCE_S
        else f"the parts of a call differ from its latency by {clock.ledger_error[0]:.3g} s",
        "little": ""
        if waiting or abs(area - sojourn) <= LITTLE_TOLERANCE * max(1.0, area)
        else f"integral of attempts in the system {area!r} s, sum of their stays {sojourn!r} s",
        "memory": ""
        if memory <= max(endpoint.usable_memory_bytes, endpoint.base_memory_bytes)
        else f"{memory} bytes used of {endpoint.usable_memory_bytes}",
        "tasks": ""
        if endpoint.pid_limit is None or tasks <= max(endpoint.pid_limit, sim.scenario.server.base_tasks)
        else f"{tasks} processes and threads, limit {endpoint.pid_limit}",
        "disk": "" if disk <= endpoint.disk_bytes else f"{disk} bytes on a disk of {endpoint.disk_bytes}",
        "causes": ""
        if len(CAUSES) == views.causes.shape[1]
        else f"{views.causes.shape[1]} causes counted, {len(CAUSES)} named",
    }
    return {name: text or "ok" for name, text in wrong.items()}
