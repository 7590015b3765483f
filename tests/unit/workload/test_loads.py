"""How long loads take: keyed by model and request, free where nothing is random."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
from scipy import stats

from mmesim.scenario import CpuWait, Poisson, Scenario, Server, Traffic
from mmesim.scenario.values.times import Constant, Exponential, Lognormal
from mmesim.workload.loads import LoadDraw, LoadTimes

MakeScenario = Callable[..., Scenario]
TRAFFIC = [Traffic(arrivals=Poisson(rate_per_s=1.0))]


def _scenario(make: MakeScenario, mean_s: float = 0.4, seed: int = 1) -> Scenario:
    return make(
        TRAFFIC,
        seed=seed,
        workers=3,
        load=CpuWait(cpu=Exponential(mean_s), wait=Lognormal(0.2, 0.5)),
        server=Server(process_start=CpuWait(cpu=Exponential(0.2))),
        endpoint={"download": {"first_byte": {"exponential": {"mean": "50 ms"}}}},
    )


def _values(draw: LoadDraw) -> list[float]:
    return [draw.start_cpu, draw.start_wait, draw.first_byte, *draw.cpu, *draw.wait]


def test_constants_are_given_as_they_are(make_scenario: MakeScenario) -> None:
    scenario = make_scenario(TRAFFIC, workers=2, load=CpuWait(cpu=Constant(0.4), wait=Constant(0.1)))
    draw = LoadTimes(scenario, 0).draw(1, 77)
    assert (draw.start_cpu, draw.start_wait, draw.first_byte) == (0.2, 0.0, 0.05)
    assert (draw.cpu, draw.wait) == ((0.4, 0.4), (0.1, 0.1))


def test_constants_are_made_once(make_scenario: MakeScenario) -> None:
    times = LoadTimes(make_scenario(TRAFFIC), 0)
    assert times.draw(0, 1) is times.draw(0, 2)


def test_every_load_is_the_same_in_whatever_order_loads_happen(make_scenario: MakeScenario) -> None:
    scenario = _scenario(make_scenario)
    keys = [(0, 5), (0, 6), (1, 5)]
    expected = {key: _values(LoadTimes(scenario, 0).draw(*key)) for key in keys}
    for order in itertools.permutations(keys):
        times = LoadTimes(scenario, 0)
        for key in order:
            assert _values(times.draw(*key)) == expected[key]
    assert len({tuple(values) for values in expected.values()}) == 3


def test_replications_and_seeds_differ(make_scenario: MakeScenario) -> None:
    first, other_seed = _scenario(make_scenario), _scenario(make_scenario, seed=2)
    draws = {LoadTimes(s, r).draw(0, 0).start_cpu for s, r in [(first, 0), (first, 1), (other_seed, 0)]}
    assert len(draws) == 3


def test_a_changed_mean_changes_only_what_it_scales(make_scenario: MakeScenario) -> None:
    before = LoadTimes(_scenario(make_scenario, 0.4), 0).draw(0, 9)
    after = LoadTimes(_scenario(make_scenario, 0.8), 0).draw(0, 9)
    assert after.cpu == tuple(2 * cpu_s for cpu_s in before.cpu)
    assert after.wait == before.wait
    assert (after.start_cpu, after.first_byte) == (before.start_cpu, before.first_byte)


def test_workers_load_at_speeds_of_their_own(make_scenario: MakeScenario) -> None:
    draw = LoadTimes(_scenario(make_scenario), 0).draw(0, 0)
    assert len(draw.cpu) == len(draw.wait) == 3
    assert len(set(draw.cpu)) == 3


def test_draws_over_many_loads_follow_the_distribution(make_scenario: MakeScenario) -> None:
    # False alarm: 1 in 1,000, were the seed not fixed.
    times = LoadTimes(_scenario(make_scenario), 0)
    cpu = np.concatenate([times.draw(i % 2, i).cpu for i in range(3000)])
    assert stats.kstest(cpu, stats.expon(scale=0.4).cdf).pvalue > 1e-3
