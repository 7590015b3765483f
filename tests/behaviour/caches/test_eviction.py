"""Which model goes when memory is needed: timelines computed by hand, and request by request against references."""

from __future__ import annotations

import libcachesim
import numpy as np
import pytest

from mmesim.engine.simulation import simulate
from mmesim.errors import UserCodeError, UserError
from mmesim.policies.eviction import EVICTION
from mmesim.scenario import EvictionPolicy, Function, Gdsf, RunSettings, Scenario, Ttl
from mmesim.scenario.models.resolve import expand
from tests.behaviour.timeline import MIB, endpoint, model, timeline
from tests.laws.scenarios import instant_endpoint, instant_model, instant_server, patient_clients, write_trace

BY_LOAD_TIME = Gdsf(cost="load_time")


def sized(name: str, mib: int, **keys):
    """A model whose copy needs so many MiB."""
    return model(name, memory_bytes=(mib - 3) * MIB, **keys)


def hits(tmp_path, requests, models, **keys):
    """For each request whether it found its model ready; unloads take no time, services 0.1 s."""
    calls = [(time, name, 0.1) for time, name in requests]
    run = timeline(tmp_path, calls, models, endpoint(unload_s=0.0, **keys))
    return [call.hit for call in run.calls]


def test_every_name_has_a_policy():
    assert list(EVICTION) == [str(name) for name in EvictionPolicy]


def test_size_unloads_the_largest_and_of_equals_the_least_recently_used(tmp_path):
    models = [sized("a", 100), sized("b", 150), sized("c", 50), sized("d", 100)]
    requests = [(0.0, "a"), (10.0, "b"), (20.0, "c"), (30.0, "d"), (40.0, "a"), (50.0, "c"), (60.0, "b"), (70.0, "a")]
    # a, b and c fill 300 MiB. d pushes b out; b then pushes d out, which is as large as a and was used before it.
    assert hits(tmp_path, requests, models, copies=3, eviction="size") == [0, 0, 0, 0, 1, 1, 0, 1]


def test_gdsf_ages_what_was_popular_and_lfu_does_not(tmp_path):
    models = [sized("a", 100), sized("b", 80), sized("c", 80), sized("d", 80)]
    requests = [(0.0, "a"), (10.0, "a"), (20.0, "b"), (30.0, "c"), (40.0, "d"), (50.0, "c"), (60.0, "a")]
    # Priorities in requests per 100 MiB: a 2, b 1.25. c pushes b out, the clock is 1.25, so c has 2.5: d pushes a out.
    assert hits(tmp_path, requests, models, copies=2, eviction="gdsf") == [0, 1, 0, 0, 0, 1, 0]
    # For LFU a has two requests and c one: d pushes c out, c pushes d out.
    assert hits(tmp_path, requests, models, copies=2, eviction="lfu") == [0, 1, 0, 0, 0, 0, 1]


def test_gdsf_keeps_the_clock_of_the_last_access(tmp_path):
    models = [sized(name, 80) for name in "abcd"]
    requests = [(0.0, "a"), (10.0, "b"), (20.0, "c"), (30.0, "b"), (40.0, "d"), (50.0, "b")]
    # In requests per 80 MiB: c pushes a out (clock 1) and has 2; b's second request gives it 1 + 2 = 3: d pushes c out.
    assert hits(tmp_path, requests, models, copies=2, eviction="gdsf") == [0, 0, 0, 1, 0, 1]


def test_gdsf_can_keep_what_loads_slowly(tmp_path):
    models = [model("a", load_s=5.0), model("b", load_s=0.5), model("c")]
    requests = [(0.0, "a"), (10.0, "b"), (20.0, "c"), (30.0, "a")]
    assert hits(tmp_path, requests, models, copies=2, eviction=BY_LOAD_TIME) == [0, 0, 0, 1]
    assert hits(tmp_path, requests, models, copies=2, eviction="gdsf") == [0, 0, 0, 0]


def test_ttl_unloads_what_was_loaded_too_long_ago_then_the_least_recently_used(tmp_path):
    models = [model(name) for name in "abc"]
    requests = [(0.0, "a"), (10.0, "b"), (14.0, "a"), (20.0, "c"), (30.0, "b")]
    # At 20 a was loaded 19 s ago and b 9 s ago; b was used before a.
    assert hits(tmp_path, requests, models, copies=2, eviction=Ttl(ttl_s=15.0)) == [0, 0, 1, 0, 1]
    assert hits(tmp_path, requests, models, copies=2, eviction=Ttl(ttl_s=25.0)) == [0, 0, 1, 0, 0]
    assert hits(tmp_path, requests, models, copies=2, eviction=Ttl(ttl_s=5.0)) == [0, 0, 1, 0, 0]


def test_a_pinned_model_is_no_victim(tmp_path):
    models = [model("a", pinned=True), model("b"), model("c")]
    requests = [(0.0, "a"), (10.0, "b"), (20.0, "c"), (30.0, "a"), (40.0, "b")]
    assert hits(tmp_path, requests, models, copies=2) == [0, 0, 0, 1, 0]


def test_a_load_that_only_pinned_models_could_make_room_for_waits(tmp_path):
    place = endpoint(copies=1, load_timeout_s=2.0, load_limit_s=3.0)
    requests = [(0.0, "a", 0.1), (10.0, "b", 0.1), (20.0, "a", 0.1)]
    run = timeline(tmp_path, requests, [model("a", pinned=True), model("b", pinned=True)], place)
    assert run.causes == ["ok", "load_timeout", "ok"]
    assert run.latencies == [1.1, 2.0, 0.1]
    assert run.data.hosts.unloads.tolist() == [0]


def own_rule(folder, body):
    (folder / "rule.py").write_text(f"def pick(pools):\n    {body}\n")
    return Function(function="rule:pick", folder=folder)


def test_a_rule_of_ones_own_decides(tmp_path):
    rule = own_rule(tmp_path, "return pools.name.index('b') if 'b' in pools.name else pools.idle_s.argmax()")
    models = [model(name) for name in "abcd"]
    requests = [(0.0, "a"), (10.0, "b"), (20.0, "c"), (30.0, "a"), (40.0, "d"), (50.0, "a")]
    # c pushes b out; then d pushes out c, which has been idle longer than a.
    assert hits(tmp_path, requests, models, copies=2, eviction=rule) == [0, 0, 0, 1, 0, 1]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return None", r"^eviction rule:pick returned None: it must return the index of an idle pool, 0 to 1$"),
        ("return 2", "returned 2: "),
        ("return -1", "returned -1: "),
        ("return True", "returned True: "),
        ("return 'a'", "returned 'a': "),
        ("return 0.0", r"returned 0\.0: "),
        ("return pools.nothing", r"^eviction rule:pick raised AttributeError: .*nothing.*rule\.py, line 2\)$"),
    ],
)
def test_nonsense_of_ones_own_rule_ends_the_run(tmp_path, body, message):
    with pytest.raises(UserCodeError, match=message) as error:
        hits(
            tmp_path,
            [(0.0, "a"), (10.0, "b"), (20.0, "c")],
            [model(name) for name in "abc"],
            copies=2,
            eviction=own_rule(tmp_path, body),
        )
    assert error.value.exit_code == 70


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("norule:pick", "there is no module norule in"),
        ("rule:pock", r"rule\.py has no function pock"),
        ("rule:number", r"rule\.py has no function number"),
        ("broken:pick", r"broken:pick: the module cannot be imported: SyntaxError: .*broken\.py, line 1\)"),
        ("needs:pick", "needs:pick: ModuleNotFoundError: No module named 'not_there'"),
    ],
)
def test_a_rule_that_is_not_there_is_refused_before_the_run(tmp_path, name, message):
    (tmp_path / "rule.py").write_text("number = 1\n")
    (tmp_path / "broken.py").write_text("def pick(:\n")
    (tmp_path / "needs.py").write_text("import not_there\n")
    with pytest.raises(UserError, match=message) as error:
        hits(tmp_path, [(0.0, "a")], [model("a")], eviction=Function(function=name, folder=tmp_path))
    assert error.value.exit_code == 64


def cache(tmp_path, eviction, requests, sizes_mib, capacity_mib):
    """Hits on one host where nothing takes any time, and the memory of a copy of each model."""
    models = tuple(instant_model(f"m{k:02}", memory_bytes=size * MIB) for k, size in enumerate(sizes_mib.tolist()))
    traffic = write_trace(tmp_path / "trace.csv", [(float(k), f"m{m:02}", 0.0) for k, m in enumerate(requests)])
    bench = Scenario(
        name="cache",
        endpoint=instant_endpoint(usable_memory_given_bytes=capacity_mib * MIB, eviction=eviction, load_slots=1),
        server=instant_server(),
        models=models,
        traffic=(traffic,),
        clients=patient_clients(),
        run=RunSettings(duration_s=float(len(requests))),
    )
    records = simulate(bench, records=-1).records
    assert records is not None
    return records.hit, np.array([m.pool_memory_bytes for m in expand(models, bench.server_kind)])


def test_size_decides_as_libcachesim_does(tmp_path):
    rng = np.random.default_rng(5)
    requests = rng.zipf(1.2, 4_000) % 40
    # Sizes differ: of equals libCacheSim takes another than the least recently used.
    ours, sizes = cache(tmp_path, "size", requests, rng.permutation(np.arange(10, 50)), 400)
    there = libcachesim.Size(cache_size=400 * MIB)
    theirs = [there.get(libcachesim.Request(obj_id=m + 1, obj_size=int(sizes[m]))) for m in requests.tolist()]
    assert 0.3 < np.mean(theirs) < 0.7
    assert np.array_equal(ours, theirs)


def test_gdsf_decides_as_the_textbook_does(tmp_path):
    # libCacheSim's own does not admit a newcomer of low priority; an endpoint has to.
    rng = np.random.default_rng(6)
    requests = rng.zipf(1.2, 4_000) % 40
    capacity = 400
    ours, sizes = cache(tmp_path, "gdsf", requests, rng.integers(10, 50, size=40), capacity)
    clock, cached, theirs = 0.0, dict[int, tuple[float, int, int]](), []
    for now, m in enumerate(requests.tolist()):
        theirs.append(m in cached)
        used = sum(int(sizes[k]) for k in cached)
        while m not in cached and used + sizes[m] > capacity * MIB:
            victim = min(cached, key=cached.__getitem__)
            clock = cached.pop(victim)[0]
            used -= int(sizes[victim])
        frequency = cached[m][2] + 1 if m in cached else 1
        cached[m] = (clock + frequency * 1e6 / int(sizes[m]), now, frequency)
    assert 0.3 < np.mean(theirs) < 0.9
    assert np.array_equal(ours, theirs)
