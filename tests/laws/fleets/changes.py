"""Fleets that change at random: hosts are lost, added, provisioned, drained, replaced, slowed down, and workers die.

Every other one changes by what its scenario says, faults, deploys and scaling together (`tests.laws.fleets.eventful`).

`python -m tests.laws.fleets.changes --cases 2000` runs one scenario for each seed, holds it to the laws of a changing
fleet, and prints a digest of each run: with NUMBA_DISABLE_JIT=1 they must be the same. `make fleets` compares them.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Generator
from typing import Any

import numpy as np
import simpy

from mmesim.engine.control.host import Host
from mmesim.engine.kernel.codes import A_FREE, FREE, READY
from mmesim.engine.simulation import Simulation
from mmesim.results.measured.run_data import CAUSES, RunData
from mmesim.scenario import RouterPolicy, Scenario
from mmesim.scenario.values.times import Constant, Exponential
from tests.laws.digest import digest
from tests.laws.fleets.eventful import eventful
from tests.twin.cases.scenarios import scenario as small

Process = Generator[simpy.Event, Any, None]
LOST = CAUSES.index("host_lost")


def changing(of: Scenario, seed: int) -> Scenario:
    """The scenario with random rules for hosts that come and go."""
    rng = np.random.default_rng([seed, 1])
    router = of.endpoint.router
    if router.policy is RouterPolicy.sticky:
        router = router.model_copy(update={"at_scale": ("stay", "rehash")[int(rng.integers(2))]})
    group = of.models[int(rng.integers(len(of.models)))].name
    update = {
        "router": router,
        "zones": int(rng.integers(1, 4)),
        "provisioning": (Constant(1.0), Exponential(3.0))[int(rng.integers(2))],
        "preload": (None, (group,))[int(rng.integers(2))],
        "drain_s": float(rng.choice([0.0, 0.7, 4.0])),
        "loss_noticed_after_s": float(rng.choice([0.0, 0.3, 5.0])),
    }
    changed: Scenario = of.model_copy(update={"endpoint": of.endpoint.model_copy(update=update)})
    return changed


def come_and_go(sim: Simulation, seed: int) -> Process:
    """Up to a dozen changes in the run, some of them in one instant."""
    rng = np.random.default_rng([seed, 2])
    changes = int(rng.integers(1, 13))
    times = np.sort(rng.uniform(0.0, sim.scenario.run.duration_s, changes))
    times[rng.uniform(size=changes) < 0.2] = np.round(times[0])
    for time_s in np.sort(times).tolist():
        if time_s > sim.env.now:
            yield sim.env.timeout(time_s - sim.env.now)
        _change(sim, rng)


def _change(sim: Simulation, rng: np.random.Generator) -> None:
    fleet, there = sim.fleet, sim.fleet.alive
    host = there[int(rng.integers(len(there)))] if there else None
    what = str(rng.choice(["lose", "lose", "add", "other", "provision", "replace", "drain", "slow", "crash", "unload"]))
    if what == "add":
        fleet.add()
    elif what == "other":
        fleet.add(_other(sim, rng))
    elif what == "provision":
        fleet.provision(None if rng.uniform() < 0.7 else _other(sim, rng))
    elif what == "replace":
        gone = [one for one in fleet.hosts if one.is_gone]
        if gone:
            fleet.replace(gone[-1])
    elif host is None:
        return
    elif what == "lose":
        fleet.lose(host)
    elif what == "drain":
        fleet.drain(host)
    elif what == "slow":
        speed = float(rng.choice([0.2, 0.5, 1.0])) * host.config.endpoint.host.cpu_speed
        sim.plane.set_speed(sim.env.now, host.row, speed)
    else:
        _hit_a_copy(sim, host, what, rng)


def _other(sim: Simulation, rng: np.random.Generator) -> Any:
    """The endpoint with other hosts: with more or fewer vCPUs, and half the room or twice as much."""
    endpoint, factor = sim.scenario.endpoint, float(rng.choice([0.5, 2.0]))
    larger = {"memory_bytes": 2 * endpoint.host.memory_bytes, "cpu_speed": 1.5, "threads_per_core": 1}
    host = endpoint.host.model_copy(update={"vcpu": int(rng.choice([1, 8])), **larger})
    room = {
        "usable_memory_given_bytes": int(endpoint.usable_memory_bytes * factor),
        "disk_bytes": int(endpoint.disk_bytes * factor),
        "load_slots": int(rng.integers(1, 4)),
    }
    return endpoint.model_copy(update={"host": host, **room})


def _hit_a_copy(sim: Simulation, host: Host, what: str, rng: np.random.Generator) -> None:
    """A worker of a copy dies, or the copy is unloaded though it works."""
    pools = sim.plane.tables.views.pools
    ready = [pool for pool in sim.plane.pools_of(host.row) if int(pools.state[pool]) == READY]
    if ready:
        pool = ready[int(rng.integers(len(ready)))]
        if what == "crash":
            if host.config.kind.death(None) is not None:
                sim.loader.crew.crash(pool, 0)
        else:
            sim.loader.unload(host, pool)


def run_changing(scenario: Scenario, seed: int) -> RunData:
    """Run a scenario under random changes of its fleet; it must obey the laws."""
    sim = Simulation(changing(scenario, seed), records=-1)
    sim.env.process(come_and_go(sim, seed))
    run = sim.run()
    assert_laws(sim, run)
    return run


def run_eventful(seed: int) -> RunData:
    """Run a small scenario under random faults, deploys and scaling together; it must obey the laws."""
    sim = Simulation(eventful(changing(small(seed), seed), seed), records=-1)
    run = sim.run()
    assert_laws(sim, run)
    return run


def assert_laws(sim: Simulation, run: RunData) -> None:
    """Every call has an answer, and what a host, dead or alive, does not use is free."""
    assert set(run.checks.values()) == {"ok"}, run.checks
    assert run.in_flight_at_end == 0
    records, views = run.records, sim.plane.tables.views
    assert records is not None
    assert np.array_equal(records.call, np.arange(records.call.size))
    assert run.ok_all + run.errors_all == run.calls_all >= records.call.size

    space = views.space[0]
    assert space.n_free_attempts == views.attempts.state.size == (views.attempts.state == A_FREE).sum()
    assert space.n_free_controls == views.controls.host.size
    used = views.pools.state != FREE
    assert space.n_free_pools == (~used).sum()
    assert space.n_free_workers == views.workers.pool.size - views.pools.workers[used].sum()
    assert not views.models.loading.any()
    waiting = views.pools.queue_n[used] + views.pools.waiter_n[used] + views.pools.in_flight[used]
    assert not waiting.any()

    gone = np.array([host.is_gone for host in sim.hosts])
    rows, hosts = np.arange(gone.size), views.hosts
    for column in (hosts.heap_n, hosts.threads, hosts.spin, hosts.in_flight, hosts.load_queue):
        assert not column[rows].any()
    assert not gone[views.pools.host[used]].any()
    assert not gone[views.up[: views.clock[0].n_up]].any()
    assert not views.loops.blocked[rows].any()
    assert np.all(views.loops.head[rows] < 0)
    if sim.scenario.uses_devices:
        assert not views.devices.running[rows].any()
        assert not views.devices.used[rows][gone].any()
    for host in sim.hosts:
        assert host.slots.count == host.slots.waiting == host.network.transfers == 0
        assert host.is_empty() if host.is_gone else _holds_its_copies(sim, host)

    gone_s = np.array([np.inf if host.gone_s is None else host.gone_s for host in sim.hosts])
    good = records.cause < 0
    answered = records.arrival_s[good] + records.latency_s[good] - sim.scenario.clients.network_s / 2
    assert np.all(answered <= gone_s[records.host[good]] + 1e-9)
    if not gone.any():
        assert not run.attempt_causes[LOST]
    born = np.array([host.born_s for host in sim.hosts])
    ends = np.minimum(gone_s, run.duration_s)
    np.testing.assert_allclose(run.hosts.up_s, np.maximum(0.0, ends - np.maximum(born, run.warmup_s)), atol=1e-6)


def _holds_its_copies(sim: Simulation, host: Host) -> bool:
    """Whether memory, tasks and disk of a host are those of what is on it."""
    pools, config = sim.plane.tables.views.pools, host.config
    there = sim.plane.pools_of(host.row)
    models = [int(pools.model[pool]) for pool in there]
    extra = [host.extra.get(pool, (0, 0)) for pool in there]
    memory = config.endpoint.base_memory_bytes + sum(config.memory_bytes[model] for model in models)
    tasks = config.kind.server.base_tasks + sum(config.tasks[model] for model in models)
    return (
        host.memory.value == memory + host.left_bytes + sum(more for more, _ in extra)
        and host.tasks.value == tasks + sum(more for _, more in extra)
        and host.disk.value == sum(host.artefacts.values())
        and host.loaded.value == len(models)
    )


def main() -> None:
    """Run the cases and print their digests; the first that breaks a law is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--cases", type=int, default=2000)
    given = parser.parse_args()
    digests: dict[int, str] = {}
    for seed in range(given.first, given.first + given.cases):
        try:
            digests[seed] = digest(run_eventful(seed) if seed % 2 else run_changing(small(seed), seed))
        except Exception:
            sys.stderr.write(f"seed {seed}:\n")
            raise
    sys.stdout.write(json.dumps(digests) + "\n")


if __name__ == "__main__":
    main()
