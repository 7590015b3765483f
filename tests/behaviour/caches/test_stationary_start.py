"""`warm: stationary`: the caches are as if the reference requests had really been served before the run."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from mmesim.engine.kernel.codes import READY
from mmesim.engine.simulation import Simulation, simulate
from mmesim.errors import ScenarioError
from mmesim.scenario import (
    EvictionPolicy,
    Gdsf,
    Poisson,
    Router,
    RouterPolicy,
    RunSettings,
    Scenario,
    Traffic,
    Ttl,
    Zipf,
)
from mmesim.workload.reference import LARGEST_REPLAY, Reference, Room, rates_at_start
from tests.laws.scenarios import MIB, instant_endpoint, instant_model, instant_server, patient_clients, write_trace

RATE = 20.0
SMALL = instant_model("small", count=60, memory_bytes=7 * MIB, artifact_bytes=10**6)
LARGE = instant_model("large", count=20, memory_bytes=47 * MIB, artifact_bytes=5 * 10**6)


def scenario(
    eviction: Any = EvictionPolicy.lru,
    hosts: int = 2,
    usable: int = 400,
    policy: RouterPolicy = RouterPolicy.sticky,
    **keys: Any,
) -> Scenario:
    """80 models of two sizes on hosts that hold some of them; loads take no time."""
    place = {
        "instance_count": hosts,
        "usable_memory_given_bytes": usable * MIB,
        "eviction": eviction,
        "router": Router(policy=policy, overhead_s=0.0, spill_at=10**9),
        "warm": "stationary",
        "pid_limit": None,
    }
    plain: dict[str, Any] = {
        "name": "stationary",
        "endpoint": instant_endpoint(**place | keys.pop("endpoint", {})),
        "server": instant_server(),
        "models": (SMALL, LARGE),
        "traffic": (Traffic(arrivals=Poisson(rate_per_s=RATE), popularity=Zipf(0.8)),),
        "clients": patient_clients(),
        "run": RunSettings(duration_s=60.0, seed=4),
    }
    return Scenario(**plain | keys)


class Cached(NamedTuple):
    """What eviction ranks a loaded model by; times are seconds from the start."""

    model: int
    frequency: int
    credit: float
    accessed_s: float
    loaded_s: float


def caches(sim: Simulation, shift_s: float = 0.0) -> list[list[Cached]]:
    """For each host its models in order of access."""
    pools = sim.plane.tables.views.pools
    rows = np.flatnonzero(pools.state == READY)
    rows = rows[np.argsort(pools.accessed[rows])]
    held: list[list[Cached]] = [[] for _ in sim.hosts]
    for p in rows.tolist():
        times = [round(float(column[p]) - shift_s, 6) for column in (pools.last, pools.t3)]
        held[pools.host[p]].append(Cached(int(pools.model[p]), int(pools.frequency[p]), float(pools.credit[p]), *times))
    return held


def models(host: list[Cached]) -> set[int]:
    return {cached.model for cached in host}


def reference(of: Scenario) -> tuple[Reference, float]:
    """The reference stream of replication 0, and three times its characteristic time, seconds."""
    stream = Reference(of, 0, rates_at_start(of))
    return stream, 3.0 * stream.characteristic_time_s(Room.of(of, of.endpoint.instance_count))


RULES = [
    *(policy for policy in EvictionPolicy if policy is not EvictionPolicy.random),
    Ttl(ttl_s=5.0),
    Gdsf(cost="load_time"),
]


@pytest.mark.parametrize("policy", [RouterPolicy.sticky, RouterPolicy.hash])
@pytest.mark.parametrize("eviction", RULES, ids=str)
def test_as_if_the_reference_requests_had_been_served(tmp_path: Path, eviction: Any, policy: RouterPolicy) -> None:
    of = scenario(eviction, policy=policy)
    stream, length_s = reference(of)
    time, model, _ = next(stream.blocks())
    n = int(np.searchsorted(time, length_s))
    assert n > 200
    names = [row.name for row in of.model_table()]
    requests = [(t, names[m], 0.0) for t, m in zip(time[:n].tolist(), model[:n].tolist(), strict=True)]
    served = of.model_copy(
        update={
            "endpoint": of.endpoint.model_copy(update={"warm": False}),
            "traffic": (write_trace(tmp_path / "t.csv", requests),),
            "run": RunSettings(duration_s=length_s + 1.0, seed=4),
        }
    )
    before, replayed = Simulation(served), Simulation(of)
    before.run()
    assert caches(replayed) == caches(before, shift_s=length_s)
    assert [host.memory.value for host in replayed.hosts] == [host.memory.value for host in before.hosts]
    assert [host.tasks.value for host in replayed.hosts] == [host.tasks.value for host in before.hosts]
    for then, now in zip(before.hosts, replayed.hosts, strict=True):
        assert set(then.artefacts) <= set(now.artefacts)


@pytest.mark.parametrize("eviction", [*RULES, EvictionPolicy.random], ids=str)
def test_the_measured_requests_are_the_same_and_the_start_counts_nothing(eviction: Any) -> None:
    of = scenario(eviction)
    cold = of.model_copy(update={"endpoint": of.endpoint.model_copy(update={"warm": False})})
    warm_run, cold_run = simulate(of, records=-1), simulate(cold, records=-1)
    assert warm_run.records is not None
    assert cold_run.records is not None
    assert np.array_equal(warm_run.records.arrival_s, cold_run.records.arrival_s)
    assert np.array_equal(warm_run.records.model, cold_run.records.model)
    assert set(warm_run.checks.values()) == {"ok"}
    # No load happened before the first miss of the run, and time began at 0.
    assert warm_run.hosts.loads.sum() == warm_run.misses
    assert warm_run.hosts.up_s.tolist() == [60.0, 60.0]
    assert warm_run.misses < cold_run.misses


def test_every_replication_has_its_own_caches_always_the_same() -> None:
    first, again, other = Simulation(scenario()), Simulation(scenario()), Simulation(scenario(), replication=1)
    assert caches(first) == caches(again)
    assert caches(first) != caches(other)


def test_when_all_models_fit_those_with_traffic_are_there() -> None:
    only = Traffic(arrivals=Poisson(rate_per_s=1e-6), models=("small",))
    later = Traffic(arrivals=Poisson(rate_per_s=9.0), models=("large",), start_s=30.0)
    sim = Simulation(scenario(traffic=(only, later), usable=1000))
    names = [row.name for row in sim.scenario.model_table()]
    loaded = [names[cached.model] for host in caches(sim) for cached in host]
    assert sorted(loaded) == [name for name in names if name.startswith("small")]


def test_a_router_without_affinity_wants_every_model_on_every_host() -> None:
    everywhere = Simulation(scenario(policy=RouterPolicy.random, usable=2000))
    assert [len(host) for host in caches(everywhere)] == [80, 80]
    for policy in (RouterPolicy.random, RouterPolicy.round_robin):
        full = Simulation(scenario(policy=policy))
        held = [models(host) for host in caches(full)]
        assert held[0] & held[1]
        assert all(20 < len(host) < 80 for host in held)


def test_no_host_holds_more_than_it_may() -> None:
    sim = Simulation(scenario(endpoint={"disk_bytes": 40 * 10**6, "load_peak": 1.5, "pid_limit": 400}))
    for host in sim.hosts:
        assert host.memory.peak <= 400 * MIB
        assert host.disk.peak <= 40 * 10**6
        assert host.tasks.peak <= 400
        assert host.disk.value == sum(host.artefacts.values())
        assert {model for model in host.present if host.present[model]} <= set(host.artefacts)
    assert set(sim.run().checks.values()) == {"ok"}


def test_artefacts_of_all_models_with_traffic_are_on_disk_where_they_fit() -> None:
    sim = Simulation(scenario())
    assert set().union(*(host.artefacts for host in sim.hosts)) == set(range(80))


def test_a_model_that_can_never_fit_is_left_out() -> None:
    giant = instant_model("giant", memory_bytes=1000 * MIB)
    sim = Simulation(scenario(models=(SMALL, LARGE, giant)))
    assert 80 not in set().union(*map(models, caches(sim)))
    assert any(caches(sim))


def test_a_cache_that_forgets_too_slowly_is_refused() -> None:
    busy = Traffic(arrivals=Poisson(rate_per_s=1000.0), models=("small-000",))
    rare = Traffic(arrivals=Poisson(rate_per_s=1e-6))
    with pytest.raises(ScenarioError, match=f"more than {LARGEST_REPLAY:,} calls would have to be replayed"):
        Simulation(scenario(traffic=(busy, rare)))


def test_a_start_for_traffic_that_is_recorded_is_refused(tmp_path: Path) -> None:
    recorded = write_trace(tmp_path / "t.csv", [(0.0, "small-000", 0.0)])
    with pytest.raises(ValueError, match="'traffic-1' is recorded: what came before its first call is unknown"):
        scenario(traffic=(Traffic(arrivals=Poisson(rate_per_s=1.0)), recorded))
