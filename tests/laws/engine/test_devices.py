"""Laws of devices at every moment of a run: what is on them, who waits for them, and what is given back."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, given, settings

from mmesim.arrays import Ints
from mmesim.engine.kernel.codes import D_AWAY, D_ON, D_WAITS, FREE, NONE
from mmesim.engine.simulation import Simulation
from mmesim.scenario import Scenario
from tests.laws.scenarios import scenarios, with_clients
from tests.laws.watched import run_watched

anything = (scenarios() | with_clients()).filter(lambda scenario: scenario.uses_devices)
laws = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


def look(sim: Simulation) -> None:
    """At this moment: memory, jobs, the line and the order of use of every device."""
    views = sim.plane.tables.views
    on, devices = views.on_device, views.devices
    there = np.flatnonzero((on.resident == 1) | (on.state != D_AWAY))
    host_of = views.pools.host[views.workers.pool[there]]
    assert (views.pools.state[views.workers.pool[there]] != FREE).all()  # no memory stays taken
    for host in sim.hosts:
        for k in range(devices.head.shape[1]):
            here = there[(host_of == host.row) & (on.device[there] == k)]
            resident = here[on.resident[here] == 1]
            assert devices.used[host.row, k] == on.bytes[resident].sum() <= devices.room[host.row, k]
            running, waiting = (int((on.state[here] == state).sum()) for state in (D_ON, D_WAITS))
            assert devices.running[host.row, k] == running <= devices.at_once[host.row, k]
            assert not waiting or running == devices.at_once[host.row, k]  # no place is idle while a job waits
            assert len(_chain(devices.head[host.row, k], on.next)) == waiting
            order = _chain(devices.oldest[host.row, k], on.newer)
            assert sorted(order) == resident.tolist()
            assert order[::-1] == _chain(devices.newest[host.row, k], on.older)


def _chain(first: int, following: Ints) -> list[int]:
    rows = []
    while first != NONE:
        rows.append(int(first))
        first = following[first]
    return rows


@given(anything)
@laws
def test_devices_hold_and_do_no_more_than_they_can(scenario: Scenario) -> None:
    run = run_watched(scenario, look)
    assert run.devices is not None
    assert set(run.checks.values()) == {"ok"}
    assert (run.devices.busy_s <= run.devices.device_s * (1 + 1e-12)).all()
    assert (run.devices.memory_byte_s <= run.devices.memory_bytes * run.hosts.up_s * (1 + 1e-12)).all()
