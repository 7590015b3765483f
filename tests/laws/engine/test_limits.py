"""Laws of every moment of a run: no limit is passed, no capacity idles while work waits, nobody jumps a queue."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from numpy.typing import NDArray

from mmesim.engine.kernel import codes
from mmesim.engine.simulation import Simulation, simulate
from mmesim.scenario import RouterPolicy, Scenario
from tests.laws.digest import EFFORT, digest
from tests.laws.scenarios import scenarios, with_clients
from tests.laws.watched import run_watched

anything = scenarios() | with_clients()
laws = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])

Look = Callable[[Simulation], None]


def rows_in(state: NDArray[np.int64], *wanted: int) -> NDArray[np.int64]:
    return np.flatnonzero(np.isin(state, wanted))


def chain(first: int, following: NDArray[np.int64]) -> Iterator[int]:
    while first >= 0:
        yield int(first)
        first = following[first]


@given(anything)
@laws
def test_looking_at_a_run_does_not_change_it(scenario):
    watched = run_watched(scenario, lambda sim: None)
    assert digest(watched, EFFORT) == digest(simulate(scenario, records=-1), EFFORT)


@given(anything)
@laws
def test_no_host_passes_a_limit(scenario):
    endpoint, models = scenario.endpoint, scenario.model_table()
    pool_bytes = np.array([model.pool_memory_bytes for model in models])
    pool_tasks = np.array([model.pool_tasks for model in models])

    def look(sim: Simulation) -> None:
        pools = sim.plane.tables.views.pools
        for host in sim.hosts:
            held = rows_in(pools.state, codes.READY, codes.DRAINING)
            held = pools.model[held[pools.host[held] == host.row]]
            least = endpoint.base_memory_bytes + pool_bytes[held].sum()
            assert least <= host.memory.value <= endpoint.usable_memory_bytes
            assert scenario.server.base_tasks + pool_tasks[held].sum() <= host.tasks.value
            assert endpoint.pid_limit is None or host.tasks.value <= endpoint.pid_limit
            assert sum(host.artefacts.values()) <= host.disk.value <= endpoint.disk_bytes
            assert set(held.tolist()) <= set(host.artefacts)
            assert host.slots.count <= endpoint.load_slots

    run = run_watched(scenario, look)
    assert np.all(run.hosts.memory_peak_bytes <= endpoint.usable_memory_bytes)
    assert endpoint.pid_limit is None or np.all(run.hosts.tasks_peak <= endpoint.pid_limit)
    assert np.all(run.hosts.cpu_busy_s <= run.hosts.vcpu * run.hosts.up_s * (1 + 1e-12))
    assert np.all(run.hosts.disk_byte_s <= run.hosts.disk_bytes * run.hosts.up_s * (1 + 1e-12))


@given(anything)
@laws
def test_everything_that_was_taken_is_given_back(scenario):
    sim = Simulation(scenario)
    sim.run()
    views = sim.plane.tables.views
    ready = rows_in(views.pools.state, codes.READY)
    models = scenario.model_table()
    for host in sim.hosts:
        held = [models[m] for m in views.pools.model[ready[views.pools.host[ready] == host.row]]]
        assert host.memory.value == scenario.endpoint.base_memory_bytes + sum(m.pool_memory_bytes for m in held)
        assert host.tasks.value == scenario.server.base_tasks + sum(m.pool_tasks for m in held)
        assert host.loaded.value == len(held)
        assert host.disk.value == sum(host.artefacts.values())
        assert (host.slots.count, host.slots.waiting, host.awaits_room) == (0, 0, 0)
    n = len(sim.hosts)
    assert rows_in(views.pools.state, codes.LOADING, codes.DRAINING).size == 0
    assert views.space[0].n_free_pools == views.pools.state.size - ready.size
    assert views.space[0].n_free_attempts == views.attempts.state.size
    assert views.space[0].n_free_workers == views.workers.gen.size - views.pools.workers[ready].sum()
    assert views.space[0].n_free_controls == views.controls.host.size
    for counter in ("heap_n", "threads", "spin", "in_flight", "load_queue", "wanted"):
        assert not np.any(getattr(views.hosts, counter)[:n]), counter


@given(anything)
@laws
def test_no_worker_idles_while_its_queue_holds_a_request(scenario):
    size = scenario.server_kind.queue.bound

    def look(sim: Simulation) -> None:
        views = sim.plane.tables.views
        pools, attempts = views.pools, views.attempts
        live = rows_in(pools.state, codes.LOADING, codes.READY, codes.DRAINING)
        queued = pools.queue_n[live]
        assert np.all(queued <= size)
        assert np.all((queued == 0) | (pools.idle_n[live] == 0))
        assert np.all((queued == 0) | (pools.state[live] == codes.READY))
        taken = np.bincount(attempts.pool[rows_in(attempts.state, codes.A_TAKEN)], minlength=pools.state.size)
        ready = rows_in(pools.state, codes.READY)
        there = np.array([len(list(chain(pools.first_worker[p], views.workers.sibling))) for p in ready], np.int64)
        assert np.array_equal(taken[ready] + pools.idle_n[ready], there)
        assert np.all((there <= pools.workers[ready]) & (pools.workers[ready] <= pools.most_workers[ready]))
        inside = rows_in(attempts.state, codes.A_STALLED, codes.A_PRE, codes.A_QUEUED, codes.A_TAKEN, codes.A_POST)
        assert np.array_equal(
            np.bincount(attempts.pool[inside], minlength=pools.state.size)[live], pools.in_flight[live]
        )
        assert not np.any(pools.in_flight[rows_in(pools.state, codes.DRAINING, codes.LOADING)])

    run_watched(scenario, look)


@pytest.mark.slow
@given(anything)
@laws
def test_every_runnable_thread_gets_its_share_of_the_cpu(scenario):
    host = scenario.endpoint.host
    cores = host.vcpu / host.threads_per_core
    best = cores * (host.smt_yield if host.threads_per_core == 2 else 1.0)

    def look(sim: Simulation) -> None:
        views = sim.plane.tables.views
        hosts, n = views.hosts, len(sim.hosts)
        upcoming = views.ends[views.ends.size // 2 :]
        assert views.ends[1] == upcoming[:n].min()
        for h in range(n):
            tasks = [code_threads(views, int(code)) for code in views.tasks.code[h, : hosts.heap_n[h]]]
            runnable = sum(tasks)
            assert runnable == hosts.threads[h]
            if runnable == 0:
                assert upcoming[h] == np.inf
                continue
            left_s = float(views.tasks.finish[h, : hosts.heap_n[h]].min()) - hosts.virtual[h]
            np.testing.assert_allclose(upcoming[h], hosts.at[h] + max(0.0, left_s) / hosts.rate[h], rtol=1e-12)
            capacity = hosts.rate[h] * runnable / host.cpu_speed
            if runnable <= cores:
                np.testing.assert_allclose(capacity, runnable, rtol=1e-12)
            elif not hosts.spin[h]:
                np.testing.assert_allclose(capacity, min(best, cores + (runnable - cores) * (best - cores) / cores))
            else:
                assert 0.0 < capacity <= best * (1 + 1e-12)

    run_watched(scenario, look)


def code_threads(views: Any, code: int) -> int:
    """Threads of a CPU task, by what it is for."""
    row, kind = code >> 2, code & 3
    if kind == codes.TASK_JOB:
        return int(views.workers.threads[row])
    return int(views.controls.threads[row]) if kind == codes.TASK_CONTROL else 1


@given(scenarios(hosts=1))
@laws
def test_a_queue_is_left_at_its_head_and_joined_at_its_tail(scenario):
    before: dict[tuple[int, int], list[int]] = {}

    def look(sim: Simulation) -> None:
        nonlocal before
        views = sim.plane.tables.views
        pools, attempts = views.pools, views.attempts
        now: dict[tuple[int, int], list[int]] = {}
        for p in np.flatnonzero((pools.state == codes.READY) & (pools.queue_n > 0)):
            rows = list(chain(pools.queue_head[p], attempts.next))
            assert len(rows) == pools.queue_n[p]
            assert np.all(attempts.state[rows] == codes.A_QUEUED)
            assert np.all(np.diff(attempts.queued[rows]) >= 0.0)
            pool = (int(p), int(pools.gen[p]))
            now[pool] = [int(call) for call in attempts.call[rows]]
            old = before.get(pool, [])
            stayed = [call for call in old if call in now[pool]]
            assert stayed == old[len(old) - len(stayed) :]
            assert stayed == now[pool][: len(stayed)]
        before = now

    run_watched(scenario, look)


@given(anything)
@laws
def test_every_request_and_every_copy_is_counted_where_it_is(scenario):
    policy, misroute = scenario.endpoint.router.policy, scenario.endpoint.router.misroute

    def look(sim: Simulation) -> None:
        views = sim.plane.tables.views
        pools, attempts, hosts, n = views.pools, views.attempts, views.hosts, len(sim.hosts)
        used = attempts.state != codes.A_FREE
        assert views.space[0].n_free_attempts == (~used).sum()
        assert views.counts[0].in_system == (used & (attempts.answered == 0)).sum()
        assert (
            views.counts[0].calls - views.counts[0].calls_done
            == views.counts[0].in_system + views.counts[0].backing_off
        )
        at_host = np.bincount(attempts.host[used & (attempts.server_list > 0)], minlength=n)
        assert np.array_equal(at_host, hosts.in_flight[:n])
        waiting = attempts.pool[attempts.state == codes.A_WAITING]
        loading = rows_in(pools.state, codes.LOADING)
        assert np.array_equal(np.bincount(waiting, minlength=pools.state.size)[loading], pools.waiter_n[loading])
        assert np.array_equal(np.bincount(pools.host[loading], minlength=n), hosts.load_queue[:n])
        copies = rows_in(pools.state, codes.LOADING, codes.READY)
        places = list(zip(pools.model[copies].tolist(), pools.host[copies].tolist(), strict=True))
        assert len(set(places)) == len(places)
        if policy == RouterPolicy.sticky and misroute == 0.0:
            assert np.all(np.bincount(pools.model[loading]) <= 1)
        ready = rows_in(pools.state, codes.READY)
        loaded = [host.loaded.value for host in sim.hosts]
        assert np.bincount(pools.host[ready], minlength=n).tolist() == loaded

    run_watched(scenario, look)


@given(anything)
@laws
def test_the_clock_never_runs_backwards(scenario: Scenario):
    times = [(0.0, 0.0)]

    def look(sim: Simulation) -> None:
        times.append((sim.env.now, sim.plane.now))

    run_watched(scenario, look)
    control, data = np.array(times).T
    assert np.all(np.diff(control) >= 0.0)
    assert np.all(np.diff(data) >= 0.0)
