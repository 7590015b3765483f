"""Timelines of at most ten events, computed by hand."""

from __future__ import annotations

from mmesim.engine.simulation import Simulation
from mmesim.scenario import Download, Router
from mmesim.scenario.values.times import Constant
from tests.behaviour.timeline import endpoint, model, play, scenario, timeline


def test_two_requests_share_one_load(tmp_path):
    run = timeline(tmp_path, [(0.0, "a", 0.1), (0.4, "a", 0.1)], [model("a")], endpoint())
    # The load lasts from 0 to 1; then one worker serves both, one after the other.
    assert run.latencies == [1.1, 0.8]
    assert run.calls[0].parts == {"load": 1.0, "service": 0.1}
    assert run.calls[1].parts == {"load": 0.6, "queue": 0.1, "service": 0.1}
    assert [call.hit for call in run.calls] == [False, False]
    assert run.data.hosts.loads.tolist() == [1]


def test_a_load_waits_for_a_load_slot(tmp_path):
    run = timeline(tmp_path, [(0.0, "a", 0.1), (0.2, "b", 0.1)], [model("a"), model("b")], endpoint(load_slots=1))
    # b asks at 0.2, gets the slot at 1, is ready at 2.
    assert run.latencies == [1.1, 1.9]
    assert run.calls[1].parts == {"load_slot_wait": 0.8, "load": 1.0, "service": 0.1}


def test_a_slot_that_covers_the_load_only_lets_downloads_overlap(tmp_path):
    download = Download(first_byte=Constant(0.5), unpack_Bps_per_vcpu=None, stream_Bps=1e18)
    requests = [(0.0, "a", 0.1), (0.0, "b", 0.1)]
    models = [model("a"), model("b")]
    both = timeline(tmp_path, requests, models, endpoint(load_slots=1, download=download))
    load = timeline(tmp_path, requests, models, endpoint(load_slots=1, download=download, slot_covers="load"))
    assert both.latencies == [1.6, 3.1]
    assert both.calls[1].parts == {"load_slot_wait": 1.5, "download": 0.5, "load": 1.0, "service": 0.1}
    assert load.latencies == [1.6, 2.6]
    assert load.calls[1].parts == {"download": 0.5, "load_slot_wait": 1.0, "load": 1.0, "service": 0.1}


def test_an_eviction_waits_for_an_idle_victim(tmp_path):
    run = timeline(tmp_path, [(0.0, "a", 2.0), (0.5, "b", 0.1)], [model("a"), model("b")], endpoint(copies=1))
    # a is busy until 3, its unload takes 20 ms, b loads until 4.02.
    assert run.latencies == [3.0, 3.62]
    assert run.calls[1].parts == {"memory_wait": 2.52, "load": 1.0, "service": 0.1}
    assert run.data.hosts.unloads.tolist() == [1]


def test_loads_that_wait_for_room_look_in_the_order_in_which_they_came(tmp_path):
    requests = [(0.0, "a", 5.0), (0.0, "b", 0.5), (0.2, "c", 0.1), (0.3, "d", 0.1)]
    models = [model(name) for name in "abcd"]
    run = timeline(tmp_path, requests, models, endpoint(copies=3, load_slots=3, load_peak=1.5, slot_covers="load"))
    # Two that load take all memory, and c waits. At 1 the slot of a goes to d, at the moment at which c looks in vain.
    # b is idle from 1.5 and makes room at 1.52, which is for c; d gets that of c, which is idle from 2.62.
    assert run.latencies == [6.0, 1.5, 2.42, 3.44]
    assert run.calls[2].parts == {"memory_wait": 1.32, "load": 1.0, "service": 0.1}
    assert run.calls[3].parts == {"load_slot_wait": 0.7, "memory_wait": 1.64, "load": 1.0, "service": 0.1}


def test_a_load_that_comes_when_room_is_freed_looks_after_those_that_wait(tmp_path):
    requests = [(0.0, "a", 5.0), (0.0, "b", 5.0), (0.2, "c", 0.1), (0.3, "d", 0.1)]
    models = [model(name) for name in "abcd"]
    run = timeline(tmp_path, requests, models, endpoint(copies=4, load_slots=3, load_peak=1.7, slot_covers="load"))
    # At 1 a and b need 3.4 - 2 x 0.7 copies: 2 are free, room for one load: c.
    assert run.latencies == [6.0, 6.0, 1.9, 2.92]
    assert run.calls[2].parts == {"memory_wait": 0.8, "load": 1.0, "service": 0.1}


def test_a_load_that_is_broken_off_before_it_has_room_leaves_its_artefact_to_others(tmp_path):
    requests = [(0.0, "b", 0.1), (1.0, "a", 0.1), (2.5, "c", 0.1)]
    sizes = {"a": (0, 2.9), "b": (40_000_000, 1.0), "c": (30_000_000, 0.5)}
    models = [model(name, artifact_bytes=size, load_s=load_s) for name, (size, load_s) in sizes.items()]
    download = Download(first_byte=Constant(0.0), stream_Bps=20e6, unpack_Bps_per_vcpu=None)
    place = endpoint(
        load_slots=1,
        slot_covers="load",
        disk_bytes=60_000_000,
        download=download,
        load_timeout_s=3.0,
        load_limit_s=3.0,
    )
    run = timeline(tmp_path, requests, models, place)
    # b is on the disk at 2, waits for the slot that a has until 3.9, and is broken off at 3. Only then can its artefact
    # go: c is on the disk at 4.5 and ready at 5.
    assert run.causes == ["load_timeout", "ok", "ok"]
    assert run.latencies == [3.0, 3.0, 2.6]
    assert run.calls[2].parts == {"download": 2.0, "load": 0.5, "service": 0.1}


def test_a_burst_behind_a_cold_load_overflows_the_queue(tmp_path):
    requests = [(k / 10, "a", 0.1) for k in range(5)]
    run = timeline(tmp_path, requests, [model("a")], endpoint(), server={"job_queue_size": 2})
    # At 1 all five reach the queue: one is taken, two wait, two are refused on the spot.
    assert run.causes == ["ok", "ok", "ok", "queue_full", "queue_full"]
    assert run.latencies == [1.1, 1.1, 1.1, 0.7, 0.6]


def test_the_process_limit_evicts_although_memory_is_free(tmp_path):
    # A pool of one worker has 2 processes of one thread and 6 JVM threads; 50 run without any model.
    run = timeline(tmp_path, [(0.0, "a", 0.1), (2.0, "b", 0.1)], [model("a"), model("b")], endpoint(pid_limit=58))
    assert run.latencies == [1.1, 1.12]
    assert run.calls[1].parts == {"memory_wait": 0.02, "load": 1.0, "service": 0.1}
    assert run.data.hosts.tasks_peak.tolist() == [58]


def test_a_job_is_served_although_its_client_had_its_answer(tmp_path):
    requests = [(0.0, "a", 3.0), (1.0, "a", 3.0), (5.5, "a", 0.2)]
    run = timeline(tmp_path, requests, [model("a")], endpoint(warm=True, invocation_timeout_s=2.0))
    # The first is answered at 2 and served until 3, the second answered at 3 and served from 3 to 6.
    assert run.causes == ["invocation_timeout", "invocation_timeout", "ok"]
    assert run.latencies == [2.0, 2.0, 0.7]
    assert run.calls[2].parts == {"queue": 0.5, "service": 0.2}


def test_a_client_gives_up_and_its_job_goes_on(tmp_path):
    requests = [(0.0, "a", 3.0), (0.5, "a", 0.1)]
    run = timeline(tmp_path, requests, [model("a")], endpoint(warm=True), clients={"timeout_s": 1.0})
    assert run.causes == ["client_timeout", "client_timeout"]
    assert run.latencies == [1.0, 1.0]
    assert run.data.hosts.hits.tolist() == [2]


def test_three_threads_share_two_vcpus(tmp_path):
    models = [model(name, cpu=True) for name in "abc"]
    run = timeline(tmp_path, [(0.0, "a", 1.0), (0.0, "b", 1.0), (0.5, "c", 1.0)], models, endpoint(vcpu=2, warm=True))
    # Until 0.5 two threads run at full speed, then three at 2/3 until 1.25, then one.
    assert run.latencies == [1.25, 1.25, 1.25]
    assert [call.parts for call in run.calls] == [{"cpu_wait": 0.25, "service": 1.0}] * 3
    assert round(float(run.data.hosts.cpu_busy_s[0]), 9) == 3.0


def test_a_request_of_two_threads_runs_on_two_vcpus(tmp_path):
    models = [model("a", cpu=True, threads=2), model("b", cpu=True)]
    run = timeline(tmp_path, [(0.0, "a", 1.0), (0.25, "b", 0.5)], models, endpoint(vcpu=2, warm=True))
    # a's threads have 0.25 s each left at 0.25; then three threads get 2/3 each: a ends at 0.625, b has 0.25 s left.
    assert run.latencies == [0.625, 0.625]
    assert run.calls[0].parts == {"cpu_wait": 0.125, "service": 0.5}


def test_a_crowded_model_spills_to_a_second_copy(tmp_path):
    requests = [(0.0, "a", 0.6), (0.1, "a", 0.6), (0.2, "a", 0.1), (0.3, "a", 1.0), (1.5, "a", 0.1)]
    place = endpoint(hosts=2, warm=True, router=Router(overhead_s=0.0, spill_at=2))
    run = timeline(tmp_path, requests, [model("a")], place)
    first = run.calls[0].host
    # The third finds two in flight and causes a load on the other host; the fourth does not wait for that; the fifth
    # finds one in flight on the first host and none on the second.
    assert [call.host == first for call in run.calls] == [True, True, False, True, False]
    assert [call.hit for call in run.calls] == [True, True, False, True, True]
    assert run.latencies == [0.6, 1.1, 1.1, 1.9, 0.1]
    assert run.calls[2].parts == {"load": 1.0, "service": 0.1}
    assert run.data.hosts.loads.sum() == 1


def test_a_model_goes_back_to_the_host_that_has_its_artefact(tmp_path):
    names = [f"m{k}" for k in range(20)]
    download = Download(first_byte=Constant(0.5), unpack_Bps_per_vcpu=None, stream_Bps=1e18)
    place = endpoint(hosts=2, copies=2, load_slots=1, download=download)
    models = [model(name) for name in names]
    order = Simulation(scenario(tmp_path, [(0.0, "m0", 0.1)], models, place)).plane.hosts_in_order
    left = [name for k, name in enumerate(names) if next(order(k)) == 0]
    right = [name for k, name in enumerate(names) if next(order(k)) == 1]
    # The load queue of host 0 holds two, so the third model that belongs there goes to host 1. Two models that belong
    # to host 1 push it out. When it is asked for again both hosts are free, and host 1 has the artefact.
    requests = [(0.0, left[0], 0.1), (0.01, left[1], 0.1), (0.02, left[2], 0.1)]
    requests += [(10.0, right[0], 0.1), (20.0, right[1], 0.1), (30.0, left[2], 0.1)]
    run = play(Simulation(scenario(tmp_path, requests, models, place), records=-1))
    assert [call.host for call in run.calls] == [0, 0, 1, 1, 1, 1]
    assert run.calls[2].parts == {"download": 0.5, "load": 1.0, "service": 0.1}
    assert run.calls[5].parts == {"memory_wait": 0.02, "load": 1.0, "service": 0.1}


def test_a_load_ends_after_its_waiters_got_429(tmp_path):
    requests = [(0.0, "a", 0.1), (2.0, "a", 0.1), (2.5, "a", 0.1), (4.0, "a", 0.1)]
    run = timeline(tmp_path, requests, [model("a", load_s=3.0)], endpoint(load_timeout_s=1.0))
    # The first gives up at 1. The load ends at 3, in the same instant in which the second would have given up.
    assert run.causes == ["load_timeout", "ok", "ok", "ok"]
    assert run.latencies == [1.0, 1.1, 0.7, 0.1]
    assert [call.hit for call in run.calls] == [False, False, False, True]
    assert run.data.hosts.loads.tolist() == [1]


def test_a_load_is_one_episode_whoever_is_answered_first(tmp_path):
    # The call that asks for the load gives up at 1 and is served until 1.3; two later ones wait for the load as well.
    requests = [(0.0, "a", 0.1), (0.5, "a", 0.1), (0.6, "a", 0.1)]
    data = timeline(tmp_path, requests, [model("a", load_s=1.2)], endpoint(), clients={"timeout_s": 1.0}).data
    assert data.ok == 2
    assert data.load_episodes.sum() == 1


def test_a_load_that_takes_too_long_is_broken_off(tmp_path):
    requests = [(0.0, "a", 0.1), (4.5, "a", 0.1), (6.0, "b", 0.1)]
    place = endpoint(copies=1, load_slots=1, load_timeout_s=5.0, load_limit_s=5.0)
    run = timeline(tmp_path, requests, [model("a", load_s=9.0), model("b")], place)
    # At 5 a's load is broken off: both waiters get 429, slot and memory are free for b.
    assert run.causes == ["load_timeout", "load_timeout", "ok"]
    assert run.latencies == [5.0, 0.5, 1.1]


def test_a_model_that_never_fits_is_refused_at_once(tmp_path):
    run = timeline(tmp_path, [(0.0, "a", 0.1)], [model("a", memory_bytes=2**40)], endpoint())
    assert run.causes == ["never_fits"]
    assert run.latencies == [0.0]
    assert run.data.hosts.loads.tolist() == [0]


def test_artefacts_leave_a_full_disk_least_recently_used_first(tmp_path):
    download = Download(first_byte=Constant(0.5), unpack_Bps_per_vcpu=None, stream_Bps=1e18)
    models = [model(name, artifact_bytes=1000) for name in "abc"]
    place = endpoint(copies=1, disk_bytes=2000, download=download)
    requests = [(0.0, "a", 0.1), (10.0, "b", 0.1), (20.0, "c", 0.1), (30.0, "b", 0.1), (40.0, "a", 0.1)]
    run = timeline(tmp_path, requests, models, place)
    # c deletes a from the disk, so b need not be downloaded again and a must.
    assert [call.parts.get("download", 0.0) for call in run.calls] == [0.5, 0.5, 0.5, 0.0, 0.5]


def test_downloads_share_the_network_of_a_host(tmp_path):
    download = Download(first_byte=Constant(0.0), unpack_Bps_per_vcpu=None, stream_Bps=100e6)
    models = [model(name, artifact_bytes=10**8) for name in "abc"]
    place = endpoint(load_slots=3, download=download)
    place = place.model_copy(update={"host": place.host.model_copy(update={"network_Bps": 150e6})})
    run = timeline(tmp_path, [(0.0, "a", 0.1), (0.5, "b", 0.1), (0.5, "c", 0.1)], models, place)
    # a moves 50 MB alone at 100 MB/s, then three streams get 50 MB/s each: a ends at 1.5; then two get 75 MB/s each.
    assert [call.parts["download"] for call in run.calls] == [1.5, 1.666666667, 1.666666667]


def test_a_long_wait_of_the_model_server_is_not_counted_as_cpu(tmp_path):
    run = timeline(tmp_path, [(0.0, "a", 2.0)], [model("a")], endpoint(warm=True))
    assert run.calls[0].parts == {"service": 2.0}
    assert run.data.hosts.cpu_busy_s.tolist() == [0.0]
