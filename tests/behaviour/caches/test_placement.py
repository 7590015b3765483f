"""Where `sticky` puts a new copy of a model: by a hash, by room, or by load."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from mmesim.engine.simulation import Simulation, simulate
from mmesim.scenario import Placement, Poisson, Router, RouterPolicy, RunSettings, Scenario, Service, Traffic
from mmesim.scenario.values.times import Constant
from tests.behaviour.timeline import COPY, endpoint, model, play, scenario
from tests.laws.scenarios import instant_model, instant_server, patient_clients

SEEDS = range(1, 9)


def nine_on_nine(placement: Placement, seed: int) -> Scenario:
    """Nine models of one size on three hosts that hold three each, called 3 times a second for ten minutes."""
    place = endpoint(copies=3, hosts=3, router=Router(placement=placement, overhead_s=0.0, spill_at=10**9))
    models = instant_model(count=9, memory_bytes=COPY - 3 * 2**20, service=Service(wait=Constant(0.02)))
    return Scenario(
        name="nine",
        endpoint=place,
        server=instant_server(),
        models=(models.model_copy(update={"process_memory_bytes": 0}),),
        traffic=(Traffic(arrivals=Poisson(rate_per_s=3.0)),),
        clients=patient_clients(),
        run=RunSettings(duration_s=600.0, seed=seed),
    )


@pytest.fixture(scope="module")
def evictions() -> dict[Placement, list[int]]:
    """Evictions with each placement, for each seed."""
    return {
        placement: [int(simulate(nine_on_nine(placement, seed)).hosts.unloads.sum()) for seed in SEEDS]
        for placement in Placement
    }


def test_nine_models_on_nine_places_need_a_router_that_knows_the_room(evictions: dict[Placement, list[int]]) -> None:
    assert sum(n > 0 for n in evictions[Placement.rendezvous]) >= 7
    assert evictions[Placement.most_free] == [0] * len(SEEDS)


def test_the_free_host_gets_the_copy_although_others_have_the_artefact(tmp_path) -> None:
    # Two places on each of two hosts: three copies go to both, the fourth where one place is left.
    calls = [(float(k), name, 0.1) for k, name in enumerate("abcd")]
    for seed in SEEDS:
        place = endpoint(copies=2, hosts=2, router=Router(placement=Placement.most_free, overhead_s=0.0))
        case = scenario(tmp_path, calls, [model(name, load_s=0.1) for name in "abcd"], place)
        case = case.model_copy(update={"run": RunSettings(duration_s=100.0, seed=seed)})
        run = play(Simulation(case, records=-1))
        assert Counter(call.host for call in run.calls) == {0: 2, 1: 2}
        assert run.data.hosts.unloads.sum() == 0


def test_a_warm_start_places_by_room(tmp_path) -> None:
    place = endpoint(copies=3, hosts=3, warm=True, router=Router(placement=Placement.most_free, overhead_s=0.0))
    models = [model(f"m{k}") for k in range(9)]
    run = play(Simulation(scenario(tmp_path, [(0.0, "m0", 0.1)], models, place), records=-1))
    np.testing.assert_allclose(run.data.hosts.loaded_s / run.data.hosts.up_s, [3.0, 3.0, 3.0])


def test_the_least_loaded_host_gets_the_copy(tmp_path) -> None:
    # a is being served for 9 s on its host: b, c and d go to the other one, one after the other.
    calls = [(0.0, "a", 9.0), (2.0, "b", 0.1), (4.0, "c", 0.1), (6.0, "d", 0.1)]
    for seed in SEEDS:
        place = endpoint(hosts=2, router=Router(placement=Placement.least_loaded, overhead_s=0.0))
        case = scenario(tmp_path, calls, [model(name, load_s=0.1) for name in "abcd"], place)
        case = case.model_copy(update={"run": RunSettings(duration_s=100.0, seed=seed)})
        hosts = [call.host for call in play(Simulation(case, records=-1)).calls]
        assert hosts[1:] == [1 - hosts[0]] * 3


def test_a_policy_that_places_nothing_refuses_a_placement() -> None:
    with pytest.raises(ValueError, match="most_free needs policy: sticky"):
        Router(policy=RouterPolicy.hash, placement=Placement.most_free)
