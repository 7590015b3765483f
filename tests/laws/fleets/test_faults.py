"""Whatever goes wrong, no call vanishes, and nothing stays taken."""

from __future__ import annotations

import numpy as np
from hypothesis import given

from mmesim.engine.control.host import Host
from mmesim.engine.kernel.codes import A_FREE, READY
from mmesim.engine.simulation import Simulation
from tests.laws.digest import digest
from tests.laws.engine.test_laws import laws
from tests.laws.fleets.faults import with_faults


def held(simulation: Simulation, host: Host) -> tuple[int, int]:
    """Memory and tasks that a host must hold when nothing is under way."""
    pools, models = simulation.plane.tables.views.pools, simulation.scenario.model_table()
    server, endpoint = simulation.scenario.server, simulation.scenario.endpoint
    memory_bytes, tasks = endpoint.base_memory_bytes + host.left_bytes, server.base_tasks
    for pool in simulation.plane.pools_of(host.row):
        assert pools.state[pool] == READY
        model = models[int(pools.model[pool])]
        more_bytes, more_tasks = host.extra.get(pool, (0, 0))
        memory_bytes += model.pool_memory_bytes + more_bytes
        tasks += model.pool_tasks + more_tasks
    return memory_bytes, tasks


@given(with_faults())
@laws
def test_no_call_vanishes_and_nothing_stays_taken(scenario):
    simulation = Simulation(scenario, records=-1)
    run = simulation.run()
    assert {name: text for name, text in run.checks.items() if text != "ok"} == {}
    assert run.calls_all == run.ok_all + run.errors_all
    assert run.in_flight_at_end == 0
    views = simulation.plane.tables.views
    for host in simulation.fleet.alive:
        assert (host.memory.value, host.tasks.value) == held(simulation, host)
        assert (host.slots.count, host.slots.waiting, int(views.hosts.load_queue[host.row])) == (0, 0, 0)
        assert host.disk.value == sum(host.artefacts.values())
        assert int(views.hosts.in_flight[host.row]) == 0
    assert int(np.count_nonzero(views.attempts.state != A_FREE)) == 0
    began = [one.at_s for one in run.happened]
    assert began == sorted(began)


@given(with_faults())
@laws
def test_the_same_faults_come_again(scenario):
    one, two = (Simulation(scenario, records=-1).run() for _ in range(2))
    assert digest(one) == digest(two)
    assert one.happened == two.happened
