"""From the tables of a finished run to its measurements and its self-check."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf, nan
from typing import Any

import numpy as np

from mmesim.arrays import Floats, Ints
from mmesim.engine.control.host import Host
from mmesim.engine.kernel.codes import A_BACKOFF, A_FREE, HOST_LOST
from mmesim.engine.kernel.jit import plain
from mmesim.engine.kernel.record import select
from mmesim.engine.measure.integrals import Integrals, Peaks
from mmesim.results.measured.happened import Happened
from mmesim.results.measured.run_data import (
    CAUSES,
    CallRecords,
    CellData,
    ClassData,
    DeviceData,
    HostData,
    RunData,
    TenantData,
)
from mmesim.results.measured.window_times import InFlight, WindowTimes
from mmesim.scenario.scenario import Scenario

_select: Callable[..., None] = plain(select)
"""As the kernel counts a call that has failed, whatever its cause."""
LEDGER_TOLERANCE_S = 1e-9
LITTLE_TOLERANCE = 1e-9


def collect(
    scenario: Scenario,
    replication: int,
    wall_s: float,
    *,
    views: Any,
    hosts: Sequence[Host],
    peaks: Peaks,
    added: Integrals,
    loads: Sequence[tuple[float, float]],
    windows: Mapping[str, Floats],
    window_times: WindowTimes | None,
    records: CallRecords | None,
    control_events: int,
    happened: tuple[Happened, ...],
) -> RunData:
    """Everything that one replication measured.

    `views`: the tables at the end. `peaks`: the most that each host had used when the measured time ended. `added`:
    what each host added up in it. `loads`: when each load that ended well was asked for and was ready, seconds.
    `control_events`: events of the control plane. `happened`: what happened to the fleet.
    """
    run, counts = scenario.run, views.counts[0]
    models = scenario.model_table()
    limits = np.array(scenario.latency_limits_s, dtype=np.float64)
    load_s = [ready - asked for asked, ready in loads if run.cut_s <= asked < run.duration_s]
    return RunData(
        scenario=scenario.name,
        seed=run.seed,
        replication=replication,
        duration_s=run.duration_s,
        warmup_s=run.cut_s,
        wall_s=wall_s,
        limits_s=limits,
        edges_s=views.edges.copy(),
        count=views.histogram.copy(),
        shortest_s=views.shortest.copy(),
        longest_s=views.longest.copy(),
        parts_s=views.parts.copy(),
        latency_sum_s=float(counts.latency_sum),
        latency_max_s=float(max(counts.warm_max, counts.cold_max)),
        coarse_edges_s=views.coarse_edges.copy(),
        calls=int(counts.measured_begun),
        ok=int(counts.measured_ok),
        errors=views.causes[0].copy(),
        attempts=int(counts.measured_attempts),
        answers=int(counts.answers),
        answers_ok=int(counts.answers_ok),
        attempt_causes=views.causes[2].copy(),
        cold_causes=views.causes[3].copy(),
        failed_parts_s=views.failed_parts.copy(),
        hits=int(counts.hits),
        misses=int(counts.misses),
        load_wait_sum_s=float(counts.load_wait),
        begun=int(counts.begun),
        calls_all=int(counts.calls),
        ok_all=int(counts.ok_all),
        errors_all=int(views.causes[1].sum()),
        in_flight_at_end=int(counts.measured_begun - counts.measured_calls),
        retried_cold_s=views.retried_cold.copy(),
        load_episodes=views.episodes.copy(),
        **_classes(views),
        cells=_cells(views),
        tenants=_tenants(views, added, limits.size),
        shared_worker_s=float(added.workers.there_s[-1]),
        model_names=tuple(model.name for model in models),
        hosts=_hosts(views, hosts, peaks, added),
        devices=_devices(scenario, hosts, added),
        windows=windows,
        window_times=window_times,
        in_flight=_in_flight(views),
        load_s=np.array(load_s, dtype=np.float64),
        records=records,
        checks=_checks(scenario, views, hosts),
        control_events=control_events,
        seam_crossings=int(views.clock[0].crossings),
        happened=happened,
    )


def _tenants(views: Any, added: Integrals, limits: int) -> TenantData:
    """What each model got; the last row of a table, of a queue that all models share, is left out."""
    stats = views.model_stats
    return TenantData(
        calls=stats.calls[:-1].copy(),
        ok=stats.ok[:-1].copy(),
        misses=stats.misses[:-1].copy(),
        over=views.model_over[:, :limits].copy(),
        latency_sum_s=stats.latency[:-1].copy(),
        latency_min_s=stats.latency_min[:-1].copy(),
        latency_max_s=stats.latency_max[:-1].copy(),
        histogram=views.model_hist.copy(),
        worker_busy_s=added.workers.busy_s.astype(np.float32),
        worker_s=added.workers.there_s[:-1].astype(np.float32),
    )


def _in_flight(views: Any) -> InFlight | None:
    """Calls in flight in every ten seconds, where they were kept."""
    n = int(views.params[0].tens)
    return InFlight(views.most_in_system[:n].copy(), views.least_in_system[:n].copy()) if n else None


def _open(views: Any) -> Ints:
    """The attempts whose measured calls have no answer yet: their clients wait, or pause before them."""
    attempts = views.attempts
    waits = (attempts.answered == 0) | (attempts.state == A_BACKOFF)
    return np.flatnonzero((attempts.state != A_FREE) & (attempts.measured == 1) & waits)


def _classes(views: Any) -> dict[str, Any]:
    """Warm and cold calls; those without an answer count too, as they are so far."""
    counts, attempts, rows = views.counts[0], views.attempts, _open(views)
    open_cold = int(attempts.cold[rows].sum())
    seen = attempts.earlier_hits[rows] + attempts.earlier_misses[rows] > 0
    unreached = int(counts.unreached) + int((~seen & (attempts.host[rows] < 0)).sum())
    cold = int(views.model_stats.misses.sum()) + open_cold
    return {
        "cold": ClassData(
            calls=cold + unreached,
            count=views.cold_histogram.copy(),
            latency_sum_s=float(counts.cold_sum),
            latency_max_s=float(counts.cold_max),
        ),
        "unreached": unreached,
        "warm_calls": int(counts.measured_calls) + rows.size - cold,
        "warm_latency_sum_s": float(counts.warm_sum),
        "warm_latency_max_s": float(counts.warm_max),
    }


def _cells(views: Any) -> CellData:
    """The cells of all selections; none when nothing was selected. A call without an answer counts as failed."""
    n = int(views.params[0].n_selections)
    causes = views.cell_causes.copy()  # those that are open have failed for none of them
    for row in _open(views).tolist():
        _select(views.selections, views.members, views.cells, views.cell_causes, views.attempts, n, row, HOST_LOST, 0.0)
    rows = views.selections.windows[:n].sum()
    return CellData(
        calls=views.cells.calls[:rows].copy(),
        ok=views.cells.ok[:rows].copy(),
        over=views.cells.over[:rows].copy(),
        hits=views.cells.hits[:rows].copy(),
        misses=views.cells.misses[:rows].copy(),
        latency_sum_s=views.cells.latency[:rows].copy(),
        causes=causes[:rows],
    )


def _hosts(views: Any, hosts: Sequence[Host], peaks: Peaks, added: Integrals) -> HostData:
    n, endpoints = len(hosts), [host.config.endpoint for host in hosts]
    prices = [endpoint.host.price_usd_per_hour for endpoint in endpoints]
    return HostData(
        asked_s=np.array([host.asked_s for host in hosts]),
        born_s=np.array([host.born_s for host in hosts]),
        gone_s=np.array([inf if host.gone_s is None else host.gone_s for host in hosts]),
        up_s=added.up_s,
        cpu_busy_s=added.cpu_busy_s,
        vcpu=np.array([endpoint.host.vcpu for endpoint in endpoints]),
        usd_per_hour=np.array([nan if price is None else price for price in prices]),
        memory_byte_s=added.memory_byte_s,
        memory_bytes=np.array([endpoint.host.memory_bytes for endpoint in endpoints]),
        memory_peak_bytes=np.pad(peaks.memory_bytes, (0, n - len(peaks.memory_bytes))),
        disk_byte_s=added.disk_byte_s,
        disk_bytes=np.array([endpoint.disk_bytes for endpoint in endpoints]),
        loaded_s=added.loaded_s,
        loads=added.loads,
        unloads=added.unloads,
        downloads=added.downloads,
        download_s=added.download_s,
        spin_lost_s=added.spin_lost_s,
        lacked_memory=added.lacked_memory,
        lacked_tasks=added.lacked_tasks,
        lacked_disk=added.lacked_disk,
        lacked_models=added.lacked_models,
        hits=views.hosts.hits[:n].copy(),
        misses=views.hosts.misses[:n].copy(),
        tasks_peak=np.pad(peaks.tasks, (0, n - len(peaks.tasks))),
    )


def _devices(scenario: Scenario, hosts: Sequence[Host], added: Integrals) -> DeviceData | None:
    of = [host.config.endpoint.host.devices for host in hosts]
    if not scenario.uses_devices:
        return None
    count, base, memory = (
        np.array([0 if one is None else getattr(one, name) for one in of])
        for name in ("count", "base_memory_bytes", "memory_bytes")
    )
    device_s = added.up_s * count
    return DeviceData(
        devices=count,
        device_s=device_s,
        busy_s=added.device_busy_s,
        memory_byte_s=added.device_byte_s + device_s * base,
        memory_bytes=count * memory,
        copies=added.device_copies,
    )


def _checks(scenario: Scenario, views: Any, hosts: Sequence[Host]) -> dict[str, str]:
    """The laws that a run verifies of itself: name -> "ok" or what is wrong."""
    counts = views.counts[0]
    calls, ended = int(counts.calls), int(counts.ok_all) + int(views.causes[1].sum())
    open_calls, waiting = int(counts.calls - counts.calls_done), int(counts.in_system)
    reached, answered = int(counts.reached), int(counts.attempts_all)
    area, sojourn = float(counts.area), float(counts.sojourn)
    wrong = {
        "conservation": ""
        if calls == ended + open_calls
        else f"{calls} calls began, {ended} ended and {open_calls} were in flight",
        "attempts": ""
        if reached == answered + waiting and open_calls == waiting + int(counts.backing_off)
        else f"{reached} attempts were made, {answered} ended and {waiting} were in flight, for {open_calls} calls",
        "ledger": ""
        if counts.ledger_error <= LEDGER_TOLERANCE_S
        else f"the parts of a call differ from its latency by {counts.ledger_error:.3g} s",
        "little": ""
        if waiting or abs(area - sojourn) <= LITTLE_TOLERANCE * max(1.0, area)
        else f"integral of attempts in the system {area!r} s, sum of their stays {sojourn!r} s",
        **_room(scenario, hosts),
        "causes": ""
        if len(CAUSES) == views.causes.shape[1]
        else f"{views.causes.shape[1]} causes counted, {len(CAUSES)} named",
    }
    if scenario.uses_devices:
        most = int((views.devices.used - views.devices.room).max())
        wrong["devices"] = "" if most <= 0 else f"{most} bytes more on a device than it has for models"
    return {name: text or "ok" for name, text in wrong.items()}


def _room(scenario: Scenario, hosts: Sequence[Host]) -> dict[str, str]:
    """No host held more than it has room for, and none that is gone holds anything: what was wrong, by resource."""
    resources = ("memory", "tasks", "disk", *(["gone"] if any(host.is_gone for host in hosts) else []))
    wrong = dict.fromkeys(resources, "")
    for host in hosts:
        endpoint = host.config.endpoint
        usable, limit = endpoint.usable_memory_bytes, endpoint.pid_limit
        if host.memory.peak - host.leaked_bytes > max(usable, endpoint.base_memory_bytes):
            wrong["memory"] = f"{host.memory.peak} bytes used of {usable}"
        if host.tasks.peak > (inf if limit is None else max(limit, scenario.server.base_tasks)):
            wrong["tasks"] = f"{host.tasks.peak} processes and threads, limit {limit}"
        if host.disk.peak > endpoint.disk_bytes:
            wrong["disk"] = f"{host.disk.peak} bytes on a disk of {endpoint.disk_bytes}"
        if host.is_gone and not host.is_empty():
            wrong["gone"] = f"host {host.row} is gone, but something on it is still in use"
    return wrong
