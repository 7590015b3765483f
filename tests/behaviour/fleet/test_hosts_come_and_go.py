"""Hosts are lost, drained, provisioned, replaced: timelines by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mmesim.engine.simulation import Simulation
from mmesim.errors import ScenarioError
from mmesim.scenario import CpuWait, Download, HostType, Router, Scenario
from mmesim.scenario.values.times import Constant, Lognormal
from tests.behaviour.timeline import COPY, MIB, endpoint, model, play, scenario

ONE_WAIT = CpuWait(wait=Constant(0.5))


def fleet(tmp_path, act, requests, models, place, **keys):
    """Replay `requests`; `act(sim)` is a process on the run's clock."""
    sim = Simulation(scenario(tmp_path, requests, models, place, **keys), records=-1)
    sim.env.process(act(sim))
    return sim, play(sim)


def at(time_s, *verbs):
    """Do something at a time: `verbs` are functions of the simulation."""

    def act(sim):
        yield sim.env.timeout(time_s)
        for verb in verbs:
            verb(sim)

    return act


def lose(row):
    return lambda sim: sim.fleet.lose(sim.hosts[row])


def test_every_attempt_on_a_lost_host_fails_at_the_loss_whatever_it_does(tmp_path):
    models = [model("served"), model("loading", load_s=20.0), model("late", load_s=20.0)]
    requests = [
        (1.0, "served", 30.0),  # loads for 1 s, then in a worker
        (3.0, "served", 5.0),  # queued behind it
        (4.0, "loading", 1.0),  # waits for its load, in the slot
        (5.0, "late", 1.0),  # waits for a slot
        (11.0, "served", 1.0),  # there is no host any more
    ]
    place = endpoint(load_slots=1, loss_noticed_after_s=0.0)
    sim, run = fleet(tmp_path, at(10.0, lose(0)), requests, models, place)
    assert run.causes == ["host_lost"] * 5
    assert run.latencies == [9.0, 7.0, 6.0, 5.0, 0.0]
    assert [call.host for call in run.calls] == [0, 0, 0, 0, -1]
    assert sim.hosts[0].gone_s == 10.0
    assert sim.hosts[0].is_empty()
    assert run.data.hosts.up_s.tolist() == [10.0]
    assert run.data.hosts.loaded_s.tolist() == [8.0]  # from 2 s on
    assert run.data.checks["gone"] == "ok"


def test_attempts_in_the_front_end_on_an_event_loop_and_after_the_job_fail_with_their_host(tmp_path):
    requests = [(2.0 + k, "a", 0.5) for k in range(6)]
    answered = []
    overhead = {"pre": ONE_WAIT, "hold": ONE_WAIT, "post": ONE_WAIT}
    for lost_at in np.arange(2.25, 9.0, 0.25):
        server = {"overhead": overhead, "event_loops": 1}
        place = endpoint(warm=True, loss_noticed_after_s=0.0)
        sim, run = fleet(tmp_path, at(lost_at, lose(0)), requests, [model("a", cpu=True)], place, server=server)
        for (start, _, _), call in zip(requests, run.calls, strict=True):
            ended = start + call.latency
            assert ended == max(start, lost_at) if call.cause == "host_lost" else ended <= lost_at
        assert sim.hosts[0].is_empty()
        answered.append(run.causes.count("ok"))
    assert answered == sorted(answered)
    assert (answered[0], answered[-1]) == (0, 5)  # the k-th is answered at 4 + k s


def test_the_router_sends_to_a_lost_host_until_it_knows(tmp_path):
    """Two copies of `a`; the router takes the one with fewer calls in flight, which is the lost one."""
    requests = [(0.0, "a", 100.0), (12.0, "a", 1.0), (29.9, "b", 1.0), (30.1, "a", 1.0), (30.2, "b", 1.0)]
    place = endpoint(hosts=2, warm=True, loss_noticed_after_s=20.0, invocation_timeout_s=600.0)
    sim = Simulation(
        scenario(tmp_path, requests, [model("a"), model("b")], place, clients={"timeout_s": 700.0}), records=-1
    )
    first = sim.plane.tables.views.pools.host
    home = {name: int(first[sim.plane.tables.views.models.first_copy[k]]) for k, name in enumerate("ab")}

    def act():
        yield sim.env.timeout(1.0)
        other = 1 - home["a"]
        yield sim.loader.load(0, other)
        yield sim.env.timeout(10.0 - sim.env.now)
        sim.fleet.lose(sim.hosts[other])

    sim.env.process(act())
    run = play(sim)
    stays = home["a"]
    causes = ["ok", "host_lost", "ok" if home["b"] == stays else "host_lost", "ok", "ok"]
    assert run.causes == causes
    assert run.calls[1].latency == 0.0
    assert run.calls[1].host == -1
    assert run.calls[3].latency == pytest.approx(100.0 - 30.1 + 1.0)  # behind the first call
    assert [host.row for host in sim.fleet.in_service] == [stays]


def test_a_host_is_drained_until_it_is_empty_or_the_deadline(tmp_path):
    gone = []

    def act(sim):
        yield sim.env.timeout(10.0)
        assert (yield sim.fleet.drain(sim.hosts[0])) is None
        gone.append((sim.env.now, sim.hosts[0].gone_s))

    place = endpoint(warm=True, drain_s=5.5)
    for service_s, cause, ends_at in [(11.5, "ok", 13.0), (20.0, "host_lost", 15.5)]:
        sim, run = fleet(tmp_path, act, [(1.0, "a", service_s), (11.0, "a", 1.0)], [model("a")], place)
        assert run.causes == [cause, "host_lost"]
        assert run.latencies == [min(service_s, ends_at - 1.0), 0.0]
        assert gone.pop() == (ends_at, ends_at)
        assert sim.hosts[0].is_empty()


def test_a_host_is_provisioned_with_its_preloads_before_it_takes_calls(tmp_path):
    seen = []

    def act(sim):
        yield sim.env.timeout(100.0)
        host = yield sim.fleet.provision()
        seen.append((sim.env.now, host.row, host.born_s, host.zone, host.loaded.value))

    place = endpoint(
        hosts=1,
        copies=2,
        load_slots=1,
        provisioning=Constant(200.0),
        preload=("b", "c", "d"),
        warm=True,
        router=Router(overhead_s=0.0, spill_at=1),
    )
    requests = [(299.0, "b", 50.0), (301.0, "b", 1.0), (303.0, "b", 1.0)]
    models = [model(name, load_s=1.5) for name in "abcd"]
    _, run = fleet(tmp_path, act, requests, models, place)
    # Two of the three fit, one after the other; until then calls go to the first host, where `b` is ready or loaded.
    assert seen == [(303.0, 1, 300.0, 2, 2)]
    assert [call.host for call in run.calls] == [0, 0, 1]
    assert run.data.hosts.up_s.tolist() == [1000.0, 700.0]


def test_provisioning_times_belong_to_the_number_of_the_action(tmp_path):
    def times(calls):
        born = []

        def act(sim):
            asked = []
            for _ in range(calls):
                asked.append(sim.fleet.provision())
                yield sim.env.timeout(3.0)
            for process in asked:
                host = yield process
                born.append(host.born_s)

        fleet(tmp_path, act, [(1.0, "a", 1.0)], [model("a")], endpoint())
        return born

    assert times(3)[:2] == times(2)
    assert len(set(times(3))) == 3


def test_a_replacement_is_cold_and_in_the_zone_of_the_lost_host(tmp_path):
    def act(sim):
        assert [sim.fleet.zone_of(host) for host in sim.hosts] == [1, 2, 1, 2]
        yield sim.env.timeout(10.0)
        sim.fleet.lose(sim.hosts[1])
        with pytest.raises(ValueError, match="host 1 is gone, since 10 s"):
            sim.fleet.lose(sim.hosts[1])
        host = yield sim.fleet.replace(sim.hosts[1])
        assert (host.row, host.zone, host.loaded.value) == (4, 2, 0)
        assert sim.fleet.desired == 4
        assert len(sim.fleet.alive) == len(sim.fleet.in_service) == 4

    place = endpoint(hosts=4, zones=2, warm=True, provisioning=Constant(60.0))
    fleet(tmp_path, act, [(1.0, "a", 1.0)], [model("a")], place)


def test_a_load_on_a_lost_host_gives_back_slot_memory_disk_and_network_at_every_moment(tmp_path):
    def place(**keys):
        download = Download(first_byte=Constant(1.0), unpack_Bps_per_vcpu=50e6, stream_Bps=100e6)
        host = HostType(vcpu=4, memory_bytes=64 * 1024 * MIB, network_Bps=100e6)
        given = endpoint(copies=2, load_slots=2, download=download, disk_read_Bps=100e6, **keys)
        return given.model_copy(update={"host": host, "disk_bytes": 250_000_000})

    requests = [(k * 0.1, name, 0.1) for k, name in enumerate("abcab")]
    models = [model(name, artifact_bytes=100_000_000, load_s=2.0, workers=1) for name in "abc"]
    for lost_at in np.arange(0.25, 20.0, 0.75):
        sim, run = fleet(tmp_path, at(lost_at, lose(0)), requests, models, place(loss_noticed_after_s=0.0))
        assert sim.hosts[0].is_empty(), lost_at
        assert set(run.causes) <= {"ok", "host_lost"}


def test_a_deploy_to_another_type_has_its_own_workers_memory_cpu_and_slots(tmp_path):
    """A worker for each vCPU: a copy on the larger host has four workers and four times the memory."""
    seen = []

    def act(sim):
        small = sim.scenario.endpoint
        large = small.model_copy(
            update={
                "host": HostType(vcpu=4, memory_bytes=MIB << 20, cpu_speed=2.0, price_usd_per_hour=2.0),
                "load_slots": 3,
            }
        )
        yield sim.env.timeout(10.0)
        host = sim.fleet.add(large)
        assert sim.fleet.add(large).config is host.config
        sim.fleet.remove(sim.hosts[2])
        sim.plane.drain_host(sim.env.now, 0)
        yield sim.env.timeout(100.0)
        seen.append((host.memory.value, host.slots.capacity, sim.hosts[0].memory.value))

    place = endpoint(vcpu=1, copies=100, loss_noticed_after_s=0.0, warm=True)
    place = place.model_copy(update={"host": place.host.model_copy(update={"price_usd_per_hour": 1.0})})
    requests = [(1.0, "a", 1.0), (2.0, "a", 1.0), *((20.0, "a", 2.0) for _ in range(5))]
    models = [model("a", cpu=True, load_s=1.0)]
    server = {"default_workers_per_model": "per_vcpu"}
    _, run = fleet(tmp_path, act, requests, models, place, server=server)
    assert seen == [(3 * MIB + 4 * 97 * MIB, 3, COPY)]
    # Four at once at twice the speed, after a load of 1 s; the fifth waits for the first of them.
    assert run.latencies == [1.0, 1.0, 2.0, 2.0, 2.0, 2.0, 3.0]
    assert run.data.hosts.vcpu.tolist() == [1, 4, 4]
    assert run.data.hosts.usd_per_hour.tolist() == [1.0, 2.0, 2.0]


def test_after_a_rehash_only_copies_at_their_homes_are_used(tmp_path):
    names = [f"m{k}" for k in range(40)]

    def moved(at_scale):
        place = endpoint(hosts=2, warm=True, router=Router(overhead_s=0.0, at_scale=at_scale))
        requests = [(20.0 + k, name, 0.1) for k, name in enumerate(names)]
        _, run = fleet(tmp_path, at(10.0, lambda sim: sim.fleet.add()), requests, [model(n) for n in names], place)
        assert set(run.causes) == {"ok"}
        return [call.host for call in run.calls], [call.hit for call in run.calls]

    hosts, hits = moved("stay")
    assert all(hits)
    assert set(hosts) == {0, 1}
    rehashed, hits = moved("rehash")
    assert all(hit == (host != 2) for host, hit in zip(rehashed, hits, strict=True))
    assert all(new in (old, 2) for old, new in zip(hosts, rehashed, strict=True))
    assert 5 <= rehashed.count(2) <= 22  # a third of them, by chance


@pytest.mark.parametrize("lost_at", [4.0, 6.0])
def test_a_forgotten_copy_on_a_host_not_known_to_be_lost_is_used_again_where_one_is_placed(tmp_path, lost_at):
    """At 5 s a host begins to rest, so the copy on the second host is forgotten, and used again for the third call."""
    requests = [(10.0, "a", 5.0), (11.0, "a", 20.0), (12.0, "a", 1.0), (20.0, "a", 1.0), (31.0, "a", 1.0)]
    router = Router(overhead_s=0.0, at_scale="rehash", spill_at=2)
    models = [model("a", workers=2)]
    place = endpoint(hosts=3, warm=True, router=router, loss_noticed_after_s=24.5)
    sim = Simulation(scenario(tmp_path, requests, models, place), records=-1)
    home, second, third = sim.plane.hosts_in_order(0)

    def act():
        yield sim.loader.load(0, second)
        yield sim.env.timeout(4.0 - sim.env.now)
        for time, verb, row in sorted([(5.0, "rest", third), (lost_at, "lose", second)]):
            yield sim.env.timeout(time - sim.env.now)
            getattr(sim.fleet, verb)(sim.hosts[row])

    sim.env.process(act())
    run = play(sim)
    # The fourth finds one call in flight at home and, as far as the router knows, none on the other copy.
    assert run.causes == ["ok", "ok", "host_lost", "host_lost", "ok"]
    assert [call.host for call in run.calls] == [home, home, -1, -1, home]


def test_what_does_not_change_the_hosts_of_the_router_is_no_rehash(tmp_path):
    """A host that rests is drained and goes, another is lost: the second copy of `a` is used all the time."""
    requests = [(10.0, "a", 30.0), (20.0, "a", 1.0)]
    router = Router(overhead_s=0.0, at_scale="rehash")
    place = endpoint(hosts=4, warm=True, router=router, loss_noticed_after_s=0.0)
    sim = Simulation(scenario(tmp_path, requests, [model("a", workers=2)], place), records=-1)
    home, second, *others = sim.plane.hosts_in_order(0)

    def act():
        for row in others:
            sim.fleet.rest(sim.hosts[row])
        yield sim.loader.load(0, second)
        yield sim.env.timeout(12.0 - sim.env.now)
        sim.fleet.rest(sim.hosts[others[0]])
        sim.fleet.drain(sim.hosts[others[0]])
        sim.fleet.lose(sim.hosts[others[1]])

    sim.env.process(act())
    run = play(sim)
    assert [(call.cause, call.host, call.hit) for call in run.calls] == [("ok", home, True), ("ok", second, True)]


def test_rehash_needs_sticky():
    with pytest.raises(ValueError, match="rehash needs policy: sticky \\(hash always does so\\)"):
        Router(policy="hash", at_scale="rehash")


def in_a_file(**keys):
    """A scenario with these keys of its endpoint."""
    return Scenario.from_dict(
        {
            "name": "keys",
            "endpoint": {"vcpu": 4, "memory": "16 GiB", "network": "1 GB/s"} | keys,
            "models": [{"name": "m", "artifact_size": "1 MB", "memory": "1 MiB", "service": {"cpu": "1 ms"}}],
            "traffic": [{"arrivals": {"poisson": {"rate": "1 /s"}}}],
            "run": {"duration": "1 s"},
        }
    )


def test_the_keys_of_a_changing_fleet_in_a_file():
    given = in_a_file(
        zones=2,
        drain="45 s",
        preload=["m"],
        provisioning="4 min",
        serial_scaling=False,
        loss_noticed_after="5 s",
        router={"at_scale": "rehash"},
    ).endpoint
    assert given.provisioning == Constant(240.0)
    assert (given.zones, given.drain_s, given.preload, given.serial_scaling) == (2, 45.0, ("m",), False)
    assert (given.loss_noticed_after_s, given.router.at_scale) == (5.0, "rehash")
    default = in_a_file().endpoint.provisioning
    assert isinstance(default, Lognormal)
    assert default.mean / (1 + default.cv**2) ** 0.5 == pytest.approx(360.0, abs=0.5)


def test_a_preload_names_a_model():
    with pytest.raises(ScenarioError, match=r"endpoint.preload.0: there is no model or group 'n'"):
        in_a_file(preload=["n"])
