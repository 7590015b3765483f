"""The heap of the pools of a host names the victim that a look at all of them would, call by call."""

from __future__ import annotations

import numpy as np
import pytest

from mmesim.engine.control.eviction import Eviction
from mmesim.engine.control.host import Host
from mmesim.engine.control.ranking import FEW
from mmesim.engine.kernel.codes import NONE, READY
from mmesim.engine.simulation import Simulation
from mmesim.policies.eviction import EVICTION, Pools, Ranked
from mmesim.scenario import EvictionPolicy, Gdsf, Scenario, Service
from mmesim.scenario.values.times import Exponential

MIB = 2**20
RANKED = [EvictionPolicy(name) for name, rule in EVICTION.items() if isinstance(rule, Ranked)]
RULES = [*RANKED, Gdsf(cost="load_time")]


class Compared(Eviction):
    """Looks for each victim in both ways; counts the searches, and those in which the heap gave up."""

    searches = 0
    by_scan = 0

    def victim(self, host: Host, now: float, rng: np.random.Generator | None = None) -> int:
        assert isinstance(self._policy, Ranked)
        scanned = super()._scan(host, now, host.rng)
        found = super().victim(host, now, rng)
        assert found == scanned
        Compared.searches += 1
        return found

    def _scan(self, host: Host, now: float, rng: np.random.Generator) -> int:
        Compared.by_scan += 1
        return super()._scan(host, now, rng)


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> type[Compared]:
    monkeypatch.setattr("mmesim.engine.simulation.Eviction", Compared)
    Compared.searches = Compared.by_scan = 0
    return Compared


def scenario(eviction: object, **keys: object) -> Scenario:
    """Two hosts for 20 to 40 of 90 models of three sizes, one group pinned; most calls load."""
    models = [
        {"name": "small", "count": 50, "memory": "40 MiB", "load": {"cpu": "20 ms"}},
        {"name": "large", "count": 35, "memory": "90 MiB", "load": {"cpu": "80 ms"}},
        {"name": "fixed", "count": 5, "memory": "60 MiB", "pinned": True},
    ]
    common = {"artifact_size": "1 MB", "service": {"cpu": {"lognormal": {"mean": "15 ms", "cv": 1}}}}
    traffic = {"arrivals": {"poisson": {"rate": "60 /s"}}, "popularity": {"zipf": 0.7}}
    base = {
        "name": "ranked",
        "endpoint": {"vcpu": 4, "memory": "16 GiB", "instance_count": 2, "usable_memory": "3 GiB"},
        "models": [model | common for model in models],
        "traffic": [traffic],
        "run": {"duration": "60 s"},
    }
    chosen: Scenario = Scenario.from_dict(base | {key: base[key] | change for key, change in keys.items()})  # type: ignore[operator]
    ruled: Scenario = chosen.model_copy(update={"endpoint": chosen.endpoint.model_copy(update={"eviction": eviction})})
    return ruled


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_the_heap_finds_the_victim_of_the_scan(rule: object, compared: type[Compared]) -> None:
    data = Simulation(scenario(rule)).run()
    assert compared.searches > 500
    assert data.hits > 200


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_from_a_stationary_start_too(rule: object, compared: type[Compared]) -> None:
    simulation = Simulation(
        scenario(rule, endpoint={"warm": "stationary", "router": {"policy": "hash"}, "usable_memory": "2 GiB"})
    )
    before = compared.searches
    assert before > 30  # for the traffic before the run
    simulation.run()
    assert compared.searches > before + 200


def test_where_many_pools_are_in_use_all_are_looked_at(compared: type[Compared]) -> None:
    few = scenario(EvictionPolicy.fifo)
    slow = {
        "count": 150,
        "service": Service(wait=Exponential(2.0)),
        "memory_bytes": 10 * MIB,
        "process_memory_bytes": 0,
    }
    many = few.model_copy(update={"models": (few.models[0].model_copy(update=slow), *few.models[1:])})
    Simulation(many).run()
    assert 100 < compared.by_scan < compared.searches - 100  # the heap gave up now and then


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_a_key_never_falls_while_its_pool_is_ready(rule: object, monkeypatch: pytest.MonkeyPatch) -> None:
    simulation = Simulation(scenario(rule))
    eviction = simulation.loader._eviction
    policy = eviction._policy
    assert isinstance(policy, Ranked)
    seen: dict[tuple[int, int], tuple[float, ...]] = {}
    compared = 0
    victim = Eviction.victim

    def watched(self: Eviction, host: Host, now: float, rng: np.random.Generator | None = None) -> int:
        nonlocal compared
        views = simulation.plane.tables.views
        for pool in simulation.plane.pools_of(host.row):
            if views.pools.state[pool] == READY:
                life = pool, int(views.pools.gen[pool])
                key = policy.key(Pools(views.pools, pool, eviction._figures_on(host.config)))
                assert key >= seen.get(life, key)
                compared += life in seen
                seen[life] = key
        return victim(self, host, now, rng)

    monkeypatch.setattr(Eviction, "victim", watched)
    simulation.run()
    assert compared > 5000


def test_what_is_gone_is_forgotten() -> None:
    simulation = Simulation(scenario(EvictionPolicy.lru))
    host, plane, eviction = simulation.hosts[0], simulation.plane, simulation.loader._eviction
    assert eviction.victim(host, 0.0) == NONE
    ranking = eviction._rankings[0]
    for _ in range(FEW + 1):
        pool = plane.create_pool(0.0, 0, 0)
        plane.pool_ready(0.0, pool)
        eviction.joins(host, pool)
        plane.drain_pool(0.0, pool)
        plane.drop_pool(0.0, pool, on_disk=False)
    assert eviction._rankings.get(0) is not ranking
    assert eviction.victim(host, 0.0) == NONE
