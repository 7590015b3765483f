"""A host has a beginning and an end: what it adds up is added up in between."""

from __future__ import annotations

import numpy as np
import pytest

from mmesim.engine.simulation import Simulation
from tests.behaviour.timeline import COPY, endpoint, model, play, scenario


def fleet(tmp_path, act):
    """Two hosts with both models ready, one request each at 5 s; `act(sim)` is a process."""
    place = endpoint(hosts=2, warm=True)
    sim = Simulation(scenario(tmp_path, [(5.0, "a", 4.0)], [model("a"), model("b")], place), records=-1)
    sim.env.process(act(sim))
    return sim, play(sim)


def test_a_host_that_goes_adds_up_nothing_from_then_on(tmp_path):
    def act(sim):
        yield sim.env.timeout(400.0)
        sim.fleet.remove(sim.hosts[1])
        assert [host.row for host in sim.fleet.alive] == [0]
        assert sim.fleet.hosts[1].gone_s == 400.0

    sim, run = fleet(tmp_path, act)
    hosts = run.data.hosts
    assert hosts.up_s.tolist() == [1000.0, 400.0]
    base = sim.scenario.endpoint.base_memory_bytes
    held = [host.loaded.value for host in sim.hosts]
    assert sum(held) == 2
    np.testing.assert_allclose(hosts.loaded_s, [1000.0 * held[0], 400.0 * held[1]])
    np.testing.assert_allclose(hosts.memory_byte_s, hosts.up_s * (base + np.array(held) * COPY))
    # A window before, the one in which it goes, and one after: hosts on average, and models on each.
    loaded = run.data.windows["LoadedModelCount"]
    assert loaded[3] == 1.0
    assert loaded[6] == pytest.approx((held[0] * 60.0 + held[1] * 40.0) / 100.0)
    assert loaded[8] == held[0]


def test_a_host_that_works_does_not_go(tmp_path):
    told = []

    def act(sim):
        yield sim.env.timeout(6.0)
        (busy,) = (host for host in sim.hosts if sim.plane.tables.views.hosts.in_flight[host.row])
        with pytest.raises(ValueError, match=rf"host {busy.row} is busy \(in flight: 1, loads: 0\): drain it first"):
            sim.fleet.remove(busy)
        told.append(busy.gone_s)

    fleet(tmp_path, act)
    assert told == [None]


def test_a_user_sees_the_hosts_that_are_there(tmp_path):
    place = endpoint(hosts=2, warm=True)
    given = scenario(tmp_path, [(5.0, "a", 4.0)], [model("a")], place)
    seen = []

    def watch(env, control):
        yield env.timeout(100.0)
        seen.append([host.row for host in control.hosts])
        sim.fleet.remove(sim.fleet.hosts[0])
        seen.append([host.row for host in control.hosts])

    sim = Simulation(given, records=-1, processes=[watch])
    play(sim)
    assert seen == [[0, 1], [1]]
