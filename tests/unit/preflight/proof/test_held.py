"""The most that memory can be worth, against every way to fill it; and the order of fleets by their misses."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmesim.analytic.lru import che
from mmesim.preflight.proof.cold import most_held
from mmesim.preflight.proof.order import everything_in_memory, predicted_miss_ratio
from tests.helpers.proofs import CALM, MODEL, NEVER, TEN, scenario

ITEM = st.tuples(st.integers(0, 9), st.integers(1, 6))


@given(items=st.lists(ITEM, min_size=1, max_size=5), has=st.integers(0, 9), hosts=st.integers(1, 2))
def test_no_set_of_models_that_fits_is_worth_more(items, has, hosts):
    value, needs = (np.array(column, dtype=np.float64) for column in zip(*items, strict=True))
    best = 0.0
    for places in product(range(hosts + 1), repeat=len(items)):  # the last place is none
        at = np.array(places)
        if all(needs[at == host].sum() <= has for host in range(hosts)):
            best = max(best, float(value[at < hosts].sum()))
    assert most_held(value, needs, float(has), hosts) >= best - 1e-9


def test_equal_models_are_not_broken():
    value, needs = np.array([4.0, 3.0, 2.0, 1.0]), np.full(4, 2.0)
    assert most_held(value, needs, 3.9, 2) == 7.0  # one on each
    assert most_held(value, needs, 4.0, 1) == 7.0
    assert most_held(value, needs, 4.0, 2) == 10.0
    assert most_held(value, np.array([np.inf, 2.0, 2.0, 2.0]), 8.0, 1) == 6.0
    assert most_held(value, needs, 1.0, 9) == 0.0
    assert most_held(value, np.zeros(4), 0.0, 1) == 10.0


def test_the_dearest_place_is_divided():
    # 5 for 1, then 3 of the 4 that 8 needs
    assert most_held(np.array([8.0, 5.0]), np.array([4.0, 1.0]), 4.0, 1) == pytest.approx(5.0 + 6.0)


def test_predicted_misses_are_those_of_che():
    zipf = [CALM | {"popularity": {"zipf": 1.0}}]
    rates = 1.0 / np.arange(1, 11)

    def ratio(*overrides: str) -> float | None:
        return predicted_miss_ratio(scenario("p99 < 1 s", *overrides, models=TEN, traffic=zipf))

    memory = "endpoint.usable_memory=550 MiB"  # five, not 5.5
    assert ratio(memory) == pytest.approx(che(rates, 5).total_miss_ratio, rel=1e-6)
    assert ratio("endpoint.usable_memory=350 MiB", "endpoint.instance_count=2") == pytest.approx(
        che(rates, 6).total_miss_ratio, rel=1e-6
    )
    spread = ratio("endpoint.usable_memory=550 MiB", "endpoint.instance_count=2", "endpoint.router.policy=random")
    assert spread == pytest.approx(che(rates, 5).total_miss_ratio, rel=1e-6)
    assert ratio("endpoint.usable_memory=1000 MiB") == 0.0
    assert ratio("endpoint.usable_memory=99 MiB") == 1.0


def test_misses_of_models_that_never_fit_and_of_recorded_calls():
    given = scenario("p90 < 1 s", "endpoint.usable_memory=1 GiB", models=NEVER, traffic=CALM)
    assert predicted_miss_ratio(given) == pytest.approx(0.5)


FITS = {
    "to the last byte": (["endpoint.usable_memory=1000 MiB"], True),
    "one byte too little": (["endpoint.usable_memory=1048575999 B"], False),
    "five on each": (["endpoint.usable_memory=500 MiB", "endpoint.instance_count=2"], True),
    "4.99 on each": (["endpoint.usable_memory=499 MiB", "endpoint.instance_count=2"], False),
    "10 of 3.5 are 9": (["endpoint.usable_memory=350 MiB", "endpoint.instance_count=3"], False),
    "all on each": (
        ["endpoint.usable_memory=500 MiB", "endpoint.instance_count=2", "endpoint.router.policy=random"],
        False,
    ),
    "tasks": (["endpoint.usable_memory=1000 MiB", "endpoint.pid_limit=60"], False),
    "disk": (["endpoint.usable_memory=1000 MiB", "endpoint.disk_size=9 MB"], False),
}


@pytest.mark.parametrize("case", FITS)
def test_everything_in_memory(case):
    overrides, fits = FITS[case]
    assert everything_in_memory(scenario("p99 < 1 s", *overrides, models=TEN, traffic=CALM)) is fits


def test_models_of_several_sizes_are_packed():
    models = [MODEL | {"name": name, "workers": 1, "memory": f"{size - 43} MiB"} for name, size in SIZES.items()]
    two = ["endpoint.instance_count=2", "endpoint.usable_memory=600 MiB"]
    assert everything_in_memory(scenario("p99 < 1 s", *two, models=models, traffic=CALM))
    assert not everything_in_memory(scenario("p99 < 1 s", two[0], "endpoint.usable_memory=599 MiB", models=models))


SIZES = {"a": 400, "b": 300, "c": 300, "d": 200}
